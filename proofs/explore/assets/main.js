// The page: knobs, keys and the pointer change the values; each frame runs the model once and draws.

const byId = (id) => document.getElementById(id);
let values = defaults();
let weights = { residual: 0, eigenvalue: 0 };
let result = { run: null, known: null };
let [pending, lastFrame, dragging] = [false, 0, false];
let layersShown = "";
const later = {};

function soon(name, delay, action) {
    clearTimeout(later[name]);
    later[name] = setTimeout(action, delay);
}

// without the last digits, which are those of a rounded product
const readable = (x) => Number(x.toPrecision(12));

function holdWeights() {
    weights = { residual: values.z / values.eta, eigenvalue: values.T / values.eta };
}

// change some values; a new step size keeps the weights, everything else the point in the plane
function change(some) {
    const eta = some.eta !== undefined && some.eta !== values.eta;
    values = { ...values, ...some };
    if (eta && some.z === undefined && some.T === undefined) {
        const [z, T] = ["z", "T"].map((name) => DATA.knobs.find((k) => k.name === name));
        values.z = clamp(readable(values.eta * weights.residual), z.low, z.high);
        values.T = clamp(readable(values.eta * weights.eigenvalue), T.low, T.high);
    } else {
        holdWeights();
    }
    if (!pending) {
        pending = true;
        requestAnimationFrame(frame);
        // in the same frame, when Bokeh's promises about the new data are kept
        requestAnimationFrame(paintFigures);
    }
}

const basin = makeBasin(
    (rows, eigenvalues, finished) => {
        drawBasin(rows, eigenvalues);
        document.documentElement.dataset.basin = finished ? "finished" : "growing";
    },
    () => dragging || pending || performance.now() - lastFrame < 50
);

function frame() {
    pending = false;
    const run = runOrbit(values);
    const known = predictOrbit(values, run);
    result = { run, known };
    holdFigures();
    drawPlane(values, run, known);
    drawSteps(values, run, known);
    if (layersOf(values).join() !== layersShown) showChoices();
    showKnobs();
    if (values.show.includes("basin")) {
        document.documentElement.dataset.basin ??= "growing";
        basin(values, run);
    }
    lastFrame = performance.now();
    soon("tell", 250, tell);
    soon("settle", 250, settleFigures);
    soon("address", 250, () => history.replaceState(null, "", writeAddress(values)));
}

// words and numbers, once the reader rests
function tell() {
    const { run, known } = result;
    const { told, predicted } = describe(values, run, known);
    byId("summary").textContent = told;
    byId("predicted").textContent = predicted;
    byId("colophon").textContent =
        `Made by edgestab ${DATA.version}. Kernel and predictions are generated from exact maps; digest ${run.info.digest}.`;
    const rows = [[`this run, ${run.status}`, run.status === "diverged" ? NaN : run.T[run.taken]]];
    if (known?.law) {
        rows.push([`limit law, weight ${known.law.weight}`, known.law.regime === "outside" ? NaN : known.law.value]);
    }
    if (known) rows.push(["limit series, relaxed", known.series.value]);
    byId("numbers").tBodies[0].replaceChildren(
        ...rows.map(([how, T]) => {
            const row = document.createElement("tr");
            const head = Object.assign(document.createElement("th"), { scope: "row", textContent: how });
            const cells = [digits(T, 12), digits((run.edge - T) / values.epsilon, 6)].map((text) =>
                Object.assign(document.createElement("td"), { textContent: text })
            );
            row.append(head, ...cells);
            return row;
        })
    );
}

const PARTS = 1000;
const toSlider = (knob, x) =>
    Math.round(PARTS * (knob.scale === "log" ? Math.log(x / knob.low) / Math.log(knob.high / knob.low) : (x - knob.low) / (knob.high - knob.low)));

function fromSlider(knob, position) {
    const share = position / PARTS;
    const x = knob.scale === "log" ? knob.low * (knob.high / knob.low) ** share : knob.low + share * (knob.high - knob.low);
    const rounded = knob.whole ? Math.round(x) : Number(x.toPrecision(3));
    return clamp(rounded, knob.low, knob.high);
}

// a knob has a field for any number and, but for the start, a slider; both carry the knob's name
function buildKnobs() {
    const rows = knobsOf(values.optimiser).map((knob) => {
        const row = Object.assign(document.createElement("div"), { className: "knob" });
        const label = Object.assign(document.createElement("label"), { htmlFor: `knob-${knob.name}`, textContent: knob.label });
        const field = Object.assign(document.createElement("input"), { type: "text", inputMode: "text", id: `knob-${knob.name}`, name: knob.name });
        field.setAttribute("aria-describedby", `hint-${knob.name}`);
        field.addEventListener("change", () => {
            try {
                change({ [knob.name]: readNumber(knob, field.value) });
                warn([]);
                field.removeAttribute("aria-invalid");
            } catch (error) {
                field.setAttribute("aria-invalid", "true");
                warn([error.message]);
            }
        });
        row.append(label, field);
        if (!["z", "T"].includes(knob.name)) {
            const slider = Object.assign(document.createElement("input"), { type: "range", min: 0, max: PARTS, id: `slide-${knob.name}` });
            slider.setAttribute("aria-label", knob.label);
            slider.addEventListener("input", () => change({ [knob.name]: fromSlider(knob, Number(slider.value)) }));
            row.append(slider);
        }
        row.append(Object.assign(document.createElement("p"), { className: "hint", id: `hint-${knob.name}`, textContent: knob.hint }));
        return row;
    });
    byId("knobs").replaceChildren(...rows);
}

// what each field has shown last: what stays is not written again, which would cost a layout
const knobsShown = new WeakMap();

function showKnobs() {
    for (const knob of knobsOf(values.optimiser)) {
        const field = byId(`knob-${knob.name}`);
        const text = String(values[knob.name]);
        if (knobsShown.get(field) === text && Number(field.value) === values[knob.name]) continue;
        knobsShown.set(field, text);
        if (field !== document.activeElement || field.value.trim() === "" || Number(field.value) !== values[knob.name]) field.value = text;
        const slider = byId(`slide-${knob.name}`);
        if (!slider) continue;
        if (fromSlider(knob, Number(slider.value)) !== values[knob.name]) slider.value = toSlider(knob, values[knob.name]);
        slider.setAttribute("aria-valuetext", text);
    }
}

function showChoices() {
    byId("optimiser").value = values.optimiser;
    const shows = layersOf(values);
    layersShown = shows.join();
    for (const box of document.querySelectorAll("input[name=layer]")) {
        const known = shows.includes(box.value);
        box.checked = values.show.includes(box.value);
        box.parentElement.hidden = !known;
        for (const item of document.querySelectorAll(`.key [data-layer=${box.value}]`)) item.hidden = !known || !box.checked;
    }
    showLayers(values);
    const dark = values.theme === "dark" || (values.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
    if (values.theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = values.theme;
    byId("theme").setAttribute("aria-pressed", String(dark));
    paint(dark ? "dark" : "light");
}

function warn(problems) {
    byId("alert").hidden = problems.length === 0;
    byId("alert").replaceChildren(...problems.map((text) => Object.assign(document.createElement("p"), { textContent: text })));
}

function moveTo(x, y) {
    const [[left, right], [low, high]] = planeOf(result.run.edge);
    // what a pixel of the pointer means: no more digits than that
    change({ z: Number(clamp(x, left, right).toPrecision(6)), T: Number(clamp(y, low, high).toPrecision(6)) });
}

function readAddress() {
    const { values: read, problems } = parseAddress(location.hash);
    const other = read.optimiser !== values.optimiser;
    values = read;
    holdWeights();
    if (other) buildKnobs();
    showChoices();
    warn(problems.map((problem) => `Address: ${problem}. The default is used.`));
    change({});
}

function save(name, blob) {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function exportAs(kind) {
    if (kind === "json") {
        const record = { ...exportRun(values, result.run, result.known), address: writeAddress(values) };
        save("edgestab-run.json", new Blob([JSON.stringify(record)], { type: "application/json" }));
        return;
    }
    const name = byId("figure").value;
    save(`edgestab-${name}.${kind}`, await exportFigure(name, kind, values.show));
}

function listen() {
    const keys = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    byId("plane").addEventListener("keydown", (event) => {
        if (!keys[event.key]) return;
        event.preventDefault();
        const size = event.shiftKey ? 0.1 : 0.01;
        const [dx, dy] = keys[event.key].map((sign) => sign * size);
        moveTo(Number((values.z + dx).toFixed(6)), Number((values.T + dy).toFixed(6)));
    });
    byId("controls").addEventListener("submit", (event) => event.preventDefault());
    byId("layers").addEventListener("change", (event) => {
        const { value, checked } = event.target;
        const wanted = DATA.layers.map((l) => l.name).filter((name) => (name === value ? checked : values.show.includes(name)));
        change({ show: wanted });
        showChoices();
    });
    byId("optimiser").addEventListener("change", (event) => {
        const kept = Object.fromEntries(["epsilon", "eta", "E", "z", "T", "steps", "theme", "show"].map((name) => [name, values[name]]));
        values = { ...defaults(event.target.value), ...kept };
        buildKnobs();
        showChoices();
        change({});
    });
    byId("theme").addEventListener("click", () => {
        change({ theme: byId("theme").getAttribute("aria-pressed") === "true" ? "light" : "dark" });
        showChoices();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showChoices);
    for (const button of document.querySelectorAll("[data-zoom]")) {
        button.addEventListener("click", () => {
            zoom(Number(button.dataset.zoom), result.run.edge);
            change({});
        });
    }
    addEventListener("resize", () => soon("fit", 150, () => {
        fitFigures();
        change({});
    }));
    byId("reset").addEventListener("click", () => {
        values = { ...defaults(), theme: values.theme };
        buildKnobs();
        showChoices();
        warn([]);
        change({});
    });
    for (const button of document.querySelectorAll("[data-export]")) {
        button.addEventListener("click", () => exportAs(button.dataset.export));
    }
    addEventListener("hashchange", readAddress);
}

window.edgestab = {
    // called by the plane's own events, in its coordinates
    point(event) {
        const kind = event.event_name;
        dragging = kind === "panstart" || kind === "pan";
        if (kind !== "panend") moveTo(event.x, event.y);
    },
    change,
    get values() {
        return values;
    },
    get result() {
        return result;
    },
    cases: CASES,
    tools: { predictLimit, provedRegion, limitSeries, slowManifold, outcomeOf, chooseCase, cellCentre, GRID, figures, thinSteps },
    data: DATA,
};

buildKnobs();
loadFigures().then(() => {
    fitFigures();
    listen();
    readAddress();
    document.documentElement.dataset.ready = "true";
});
