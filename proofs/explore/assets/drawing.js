// The figures: Bokeh models made in Python, filled here.

const BINS = 700;
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
        figures[name] = { view, model, legend };
    }
}

const renderers = (figure, name) => figures[figure].model.renderers.filter((r) => r.name === name);
const fill = (figure, name, data) => renderers(figure, name).forEach((r) => (r.data_source.data = data));

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

// values of every stride-th step against step + 1; of many, each bin of the logarithmic axis keeps its extremes
function thinSteps(values, first, stride, scale = 1) {
    const out = { x: [], y: [], step: [] };
    const push = (k) => {
        out.step.push(k);
        out.x.push(k + 1);
        out.y.push(values[k] * scale);
    };
    if ((values.length - first) / stride < 2 * BINS) {
        for (let k = first; k < values.length; k += stride) push(k);
        return out;
    }
    const perBin = BINS / Math.log(values.length);
    for (let k = first; k < values.length; ) {
        const bin = Math.floor(Math.log(k + 1) * perBin);
        const end = Math.min(values.length, Math.max(k + 1, Math.ceil(Math.exp((bin + 1) / perBin) - 1)));
        let [low, high] = [k, k];
        for (; k < end; k += stride) {
            if (values[k] < values[low]) low = k;
            if (values[k] > values[high]) high = k;
        }
        push(Math.min(low, high));
        if (low !== high) push(Math.max(low, high));
    }
    return out;
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
    setRange(figures.plane.model.x_range, residuals);
    setRange(figures.plane.model.y_range, eigenvalues);
}

function zoom(factor, edge) {
    const { x_range: xs, y_range: ys } = figures.plane.model;
    if (factor === 0) {
        showPlane(edge);
        return;
    }
    // about the end of the edge, where everything happens
    setRange(xs, [xs.start * factor, xs.end * factor]);
    setRange(ys, [edge + (ys.start - edge) * factor, edge + (ys.end - edge) * factor]);
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
    fill("plane", "law", known && known.law.regime !== "outside" ? { x: [0], y: [known.law.value] } : NOTHING);
    fill("plane", "series", known ? { x: [0], y: [known.series.value] } : NOTHING);
    const key = JSON.stringify([values.optimiser, run.parameters, span]);
    if (key === curvesDrawn) return;
    curvesDrawn = key;
    const curve = (z) => slowManifold(run.info.law, run.info.drawn, values.epsilon, z);
    fill("plane", "edge", { y: [run.edge] });
    fill("plane", "nullcline", run.nullcline ? line(run.nullcline, span) : NOTHING);
    fill("plane", "manifold", known ? line(curve, span) : NOTHING);
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

const widen = (low, high) => [low - 0.06 * (high - low || 1), high + 0.06 * (high - low || 1)];

function setRange(range, [start, end]) {
    if (range.start !== start || range.end !== end) range.setv({ start, end });
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

function drawSteps(values, run, known) {
    const scale = 1 / values.eta;
    const law = known && known.law.regime !== "outside" ? [known.law.value] : [];
    const series = known ? [known.series.value] : [];
    const shown = values.show.includes("sharpness");
    for (const [name, parity] of [["even", 0], ["odd", 1]]) {
        fill("steps", name, thinSteps(run.T, parity, 2, scale));
        fill("deviation", name, thinSteps(run.y, parity, 2));
    }
    const tops = shown ? [0, 1].map((parity) => thinSteps(run.sharpness, parity, 2, scale)) : [];
    const joined = (axis) => tops.flatMap((part) => [...part[axis], NaN]);
    fill("steps", "sharpness", { x: joined("x"), y: joined("y") });
    fill("steps", "edge", { y: [run.edge * scale] });
    fill("steps", "law", { y: law.map((T) => T * scale) });
    fill("steps", "series", { y: series.map((T) => T * scale) });
    const title = run.nullcline ? "Deviation y = T - f(z)" : "Deviation y = T - edge";
    if (figures.deviation.model.title.text !== title) figures.deviation.model.title.text = title;
    fill("deviation", "edge", { y: [0] });
    fill("deviation", "law", { y: law.map((T) => T - 2) });
    fill("deviation", "series", { y: series.map((T) => T - 2) });
    const steps = known ? thinSteps(run.y, 0, 1).step : [];
    const y = run.y;
    const onManifold = (k) => y[k] + slowManifold(run.info.law, run.info.drawn, values.epsilon, run.z[k]) - run.T[k];
    fill("deviation", "manifold", { x: steps.map((k) => k + 1), y: steps.map(onManifold) });
    const band = figures.steps.model.center.find((r) => r.name === "region");
    band.visible = Boolean(known && known.inside && values.show.includes("region"));
    if (band.visible) band.setv({ bottom: (2 - known.region.width * values.epsilon) * scale, top: 2 * scale });
    const [low, high] = extent([run.T, shown ? run.sharpness : [], law, series, [run.edge]], -1, 3 * run.edge);
    setRange(figures.steps.model.y_range, widen(low * scale, high * scale));
    setRange(figures.deviation.model.y_range, widen(...extent([run.y, [0], law.map((T) => T - 2)], -3, 3)));
    for (const name of ["steps", "deviation"]) setRange(figures[name].model.x_range, [0.9, Math.max(1000, 1.1 * (run.taken + 1))]);
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
