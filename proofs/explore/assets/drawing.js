// The figures: Bokeh models made in Python, filled here.

const figures = {};

async function loadFigures() {
    for (const [name, item] of Object.entries(DATA.figures)) {
        const manager = await Bokeh.embed.embed_item(item, name);
        const view = [...manager.roots][0];
        const model = view.model;
        // a legend is laid out anew whenever a line moves: it waits outside until a figure is exported
        const legend = model.below.find((part) => part.type === "Legend");
        legend.visible = true;
        model.below = model.below.filter((part) => part !== legend);
        for (const part of view.computed_renderer_views) {
            // what moves has a layer of its own, which Bokeh does not clip
            if (part.model.level === "overlay") Object.defineProperty(part, "needs_clip", { value: true });
            // at every paint Bokeh places an empty element around each curve: the page's styles are computed anew for it
            if (part.model.type === "GlyphRenderer") part.position.replace = () => {};
        }
        // Bokeh leaves half a pixel at the sides, where the first layout may have drawn something
        const layer = view.canvas_view.overlays;
        layer.clear = () => layer.ctx.clearRect(-1, -1, layer.bbox.width + 2, layer.bbox.height + 2);
        const sources = Map.groupBy(model.renderers, (r) => r.name);
        sources.forEach((found, layer) => sources.set(layer, [...new Set(found.map((r) => r.data_source))]));
        figures[name] = { view, model, legend, sources, few: {}, wanted: {}, rescaled: false };
    }
}

const renderers = (figure, name) => figures[figure].model.renderers.filter((r) => r.name === name);

// the same few numbers are not filled in again: they would be painted again
function fill(figure, name, data) {
    const [column] = Object.values(data);
    if (column.length <= 1) {
        const text = JSON.stringify(data);
        if (figures[figure].few[name] === text) return;
        figures[figure].few[name] = text;
    } else {
        delete figures[figure].few[name];
    }
    for (const source of figures[figure].sources.get(name)) source.data = data;
}

// Bokeh paints when it is told here to: once a frame, when all has been filled
function holdFigures() {
    for (const { view } of Object.values(figures)) view.pause();
}

// a new range changes axes and layout, new data only the layer of what moves
function paintFigures() {
    for (const figure of Object.values(figures)) {
        figure.view.unpause(true);
        if (figure.rescaled) {
            figure.view.repaint();
        } else {
            // all ranges are set here: none follows the data, and nothing is to be laid out
            figure.view.invalidate_dataranges = false;
            figure.view.paint();
        }
        figure.rescaled = false;
    }
}

// states of one parity that a pixel tells apart, never across a gap in the order
function thinPlane(run, parity, pixel) {
    const out = { x: [], y: [], step: [] };
    let [x, y] = [NaN, NaN];
    for (let k = parity; k <= run.taken; k += 2) {
        const last = k + 2 > run.taken;
        if (!last && Math.abs(run.z[k] - x) < pixel.x && Math.abs(run.T[k] - y) < pixel.y) continue;
        [x, y] = [run.z[k], run.T[k]];
        out.x.push(x);
        out.y.push(y);
        out.step.push(k);
    }
    return out;
}

const room = { x: new Float64Array(MOST + 1), y: new Float64Array(MOST + 1) };

// values of every stride-th step against step + 1; of many, each bin of the logarithmic axis keeps its extremes
function thinSteps(values, first, stride, bins, scale = 1) {
    const { x, y } = room;
    let count = 0;
    const push = (k) => {
        x[count] = k + 1;
        y[count] = values[k] * scale;
        count += 1;
    };
    const perBin = bins / Math.log(values.length);
    const few = (values.length - first) / stride < 2 * bins;
    for (let k = first; k < values.length; ) {
        const bin = Math.floor(Math.log(k + 1) * perBin);
        const end = few ? k + 1 : Math.min(values.length, Math.max(k + 1, Math.ceil(Math.exp((bin + 1) / perBin) - 1)));
        let [low, high] = [k, k];
        for (; k < end; k += stride) {
            if (values[k] < values[low]) low = k;
            if (values[k] > values[high]) high = k;
        }
        push(Math.min(low, high));
        if (low !== high) push(Math.max(low, high));
    }
    return { x: x.slice(0, count), y: y.slice(0, count) };
}

const line = (f, [low, high], count = 240) => {
    const x = Array.from({ length: count + 1 }, (_, i) => low + ((high - low) * i) / count);
    return { x, y: x.map(f) };
};

const LEGEND_COLUMN = 135;
const PLANE_HEIGHT = 470;

// what depends on the width of the window
function fitFigures() {
    for (const [name, { model, view, legend }] of Object.entries(figures)) {
        const width = view.el.clientWidth || 600;
        if (name === "plane") model.height = clamp(Math.round(1.05 * width), 320, PLANE_HEIGHT);
        legend.ncols = clamp(Math.floor((width - 60) / LEGEND_COLUMN), 1, 8);
    }
}

const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

// a figure as a file; only there it has a legend, of what it shows
async function exportFigure(name, kind, shown) {
    const { model, view, legend } = figures[name];
    const items = legend.items;
    legend.items = items.filter((item) => shown.includes(item.name));
    model.below = [...model.below, legend];
    await painted();
    try {
        return await view.export(kind).to_blob();
    } finally {
        model.below = model.below.filter((part) => part !== legend);
        legend.items = items;
    }
}

function showPlane(edge) {
    const [residuals, eigenvalues] = planeOf(edge);
    setRange("plane", "x", residuals);
    setRange("plane", "y", eigenvalues);
}

function zoom(factor, edge) {
    const { x_range: xs, y_range: ys } = figures.plane.model;
    if (factor === 0) {
        showPlane(edge);
        return;
    }
    // about the end of the edge, where everything happens
    setRange("plane", "x", [xs.start * factor, xs.end * factor]);
    setRange("plane", "y", [edge + (ys.start - edge) * factor, edge + (ys.end - edge) * factor]);
}

const NOTHING = { x: [], y: [] };
let curvesDrawn = "";
let edgeDrawn = NaN;

function drawPlane(values, run, known) {
    if (run.edge !== edgeDrawn) showPlane(run.edge);
    edgeDrawn = run.edge;
    const { x_range: xs, y_range: ys } = figures.plane.model;
    const { width, height } = figures.plane.view.frame.bbox;
    const pixel = { x: (xs.end - xs.start) / (width || 600), y: (ys.end - ys.start) / (height || 400) };
    const span = [xs.start, Math.min(xs.end, 0.995)];
    fill("plane", "even", thinPlane(run, 0, pixel));
    fill("plane", "odd", thinPlane(run, 1, pixel));
    fill("plane", "start", { x: [values.z], y: [values.T] });
    fill("plane", "law", known?.law && known.law.regime !== "outside" ? { x: [0], y: [known.law.value] } : NOTHING);
    fill("plane", "series", known ? { x: [0], y: [known.series.value] } : NOTHING);
    const key = JSON.stringify([values.optimiser, run.parameters, span]);
    if (key === curvesDrawn) return;
    curvesDrawn = key;
    const curve = (z) => slowManifold(run.info.law, run.info.drawn, values.epsilon, z);
    fill("plane", "edge", { y: [run.edge] });
    fill("plane", "nullcline", run.nullcline ? line(run.nullcline, span) : NOTHING);
    fill("plane", "manifold", known?.law ? line(curve, span) : NOTHING);
    fill("plane", "region", known && known.region ? regionOutline(known.region) : NOTHING);
}

function regionOutline(region) {
    const low = line(region.floor, region.z, 160);
    const kept = low.x.map((z, i) => i).filter((i) => low.y[i] <= region.roof(low.x[i]));
    const x = kept.map((i) => low.x[i]);
    return {
        x: [...x, ...x.toReversed()],
        y: [...kept.map((i) => low.y[i]), ...x.toReversed().map(region.roof)],
    };
}

// while the reader moves something a range stays as long as it serves: axes that follow every digit would be laid out
// and drawn anew in every frame, and would hide what moves; `settleFigures` makes it narrow again
function fitHeight(name, low, high) {
    const { start, end } = figures[name].model.y_range;
    const size = high - low || 1;
    figures[name].wanted.y = [low - 0.06 * size, high + 0.06 * size];
    const serves = start <= low && high <= end && high - low > 0.4 * (end - start);
    if (!serves) setRange(name, "y", [low - 0.2 * size, high + 0.2 * size]);
}

function fitLength(name, steps) {
    const { end } = figures[name].model.x_range;
    const length = Math.max(1000, 1.1 * steps);
    figures[name].wanted.x = [0.9, length];
    if (length > end || length < end / 4) setRange(name, "x", [0.9, 1.5 * length]);
}

function settleFigures() {
    for (const [name, figure] of Object.entries(figures)) {
        for (const [axis, range] of Object.entries(figure.wanted)) setRange(name, axis, range);
        // outside a frame Bokeh paints by itself
        figure.rescaled = false;
    }
}

function setRange(name, axis, [start, end]) {
    const range = figures[name].model[`${axis}_range`];
    if (range.start === start && range.end === end) return;
    range.setv({ start, end });
    figures[name].rescaled = true;
}

function extent(rows, low, high) {
    let [a, b] = [Infinity, -Infinity];
    for (const row of rows) {
        for (const x of row) {
            if (x < a) a = x;
            if (x > b) b = x;
        }
    }
    return [Math.max(a, low), Math.min(b, high)];
}

// the slow manifold at the residuals of the run
function manifoldAlong({ info, z, T, y }, epsilon, bins) {
    const thin = thinSteps(y, 0, 1, bins);
    thin.x.forEach((n, i) => (thin.y[i] += slowManifold(info.law, info.drawn, epsilon, z[n - 1]) - T[n - 1]));
    return thin;
}

function drawSteps(values, run, known) {
    const scale = 1 / values.eta;
    const law = known?.law && known.law.regime !== "outside" ? [known.law.value] : [];
    const series = known ? [known.series.value] : [];
    const shown = values.show.includes("sharpness");
    // a bin for each pixel
    const [bins, binsBeside] = ["steps", "deviation"].map((name) => figures[name].view.frame.bbox.width || 600);
    const [tops, offs] = [[], []];
    for (const [name, parity] of [["even", 0], ["odd", 1]]) {
        tops.push(thinSteps(run.T, parity, 2, bins, scale));
        offs.push(thinSteps(run.y, parity, 2, binsBeside));
        fill("steps", name, tops[parity]);
        fill("deviation", name, offs[parity]);
    }
    const sharpest = shown ? [0, 1].map((parity) => thinSteps(run.sharpness, parity, 2, bins, scale)) : [];
    const joined = (axis) => sharpest.flatMap((part) => [...part[axis], NaN]);
    fill("steps", "sharpness", { x: joined("x"), y: joined("y") });
    fill("steps", "edge", { y: [run.edge * scale] });
    fill("steps", "law", { y: law.map((T) => T * scale) });
    fill("steps", "series", { y: series.map((T) => T * scale) });
    const title = run.nullcline ? "Deviation y = T - f(z)" : "Deviation y = T - edge";
    if (figures.deviation.model.title.text !== title) figures.deviation.model.title.text = title;
    fill("deviation", "edge", { y: [0] });
    fill("deviation", "law", { y: law.map((T) => T - run.edge) });
    fill("deviation", "series", { y: series.map((T) => T - run.edge) });
    fill("deviation", "manifold", known?.law ? manifoldAlong(run, values.epsilon, binsBeside) : NOTHING);
    const band = figures.steps.model.center.find((r) => r.name === "region");
    band.visible = Boolean(known && known.inside && values.show.includes("region"));
    if (band.visible) band.setv({ bottom: (2 - known.region.width * values.epsilon) * scale, top: 2 * scale });
    const ends = [...law, ...series, run.edge].map((T) => T * scale);
    const rows = [...tops, ...sharpest].map((part) => part.y);
    fitHeight("steps", ...extent([...rows, ends], -scale, 3 * run.edge * scale));
    fitHeight("deviation", ...extent([...offs.map((part) => part.y), [0], law.map((T) => T - run.edge)], -3, 3));
    for (const name of ["steps", "deviation"]) fitLength(name, run.taken + 1);
}

function drawBasin(rows, [low, high]) {
    const [{ data_source: source }] = renderers("plane", "basin");
    source.data.dh = [high - low];
    rows.forEach((row, j) => source.data.image[0].set(row, j * row.length));
    source.change.emit();
}

function showLayers(values) {
    for (const { model } of Object.values(figures)) {
        for (const renderer of model.renderers) {
            if (renderer.name && renderer.name !== "start") renderer.visible = values.show.includes(renderer.name);
        }
    }
}

function paint(theme) {
    const colours = DATA.colours[theme];
    for (const { model, legend } of Object.values(figures)) {
        model.setv({
            background_fill_color: colours.ground,
            border_fill_color: colours.ground,
            outline_line_color: colours.rule,
        });
        model.title.text_color = colours.ink;
        legend.setv({ label_text_color: colours.ink, background_fill_color: colours.ground });
        for (const part of [...model.below, ...model.left]) {
            part.setv({
                axis_label_text_color: colours.ink,
                major_label_text_color: colours.ink,
                axis_line_color: colours.soft,
                major_tick_line_color: colours.soft,
                minor_tick_line_color: colours.soft,
            });
        }
        for (const part of model.center) {
            if (part.type === "Grid") part.grid_line_color = colours.rule;
            if (part.name === "region") part.setv({ fill_color: colours.layers.region, line_color: colours.layers.region });
        }
        for (const renderer of model.renderers) {
            if (renderer.name === "basin") {
                renderer.glyph.color_mapper.palette = colours.basin;
                continue;
            }
            const colour = { value: colours.layers[renderer.name] ?? colours.ink };
            if (renderer.glyph.line_color !== undefined) renderer.glyph.line_color = colour;
            if (renderer.glyph.fill_color !== undefined) renderer.glyph.fill_color = colour;
        }
    }
}
