// One run of the exact map in the page's kernel, what is measured along it, and what is predicted of it.

const STATUS = ["converged", "diverged", "not finished"];
const MOST = DATA.knobs.find((knob) => knob.name === "steps").high;
// the part of the plane that is shown: up to twice the edge
function planeOf(edge) {
    const [residuals, [low, high]] = DATA.plane;
    return [residuals, [low, clamp(2 * edge, high, DATA.knobs.find((knob) => knob.name === "T").high)]];
}
const buffers = { z: new Float64Array(MOST + 1), T: new Float64Array(MOST + 1) };

// the map that serves these values, with its parameters in rescaled units
function chooseCase(values) {
    const optimiser = DATA.optimisers.find((o) => o.name === values.optimiser);
    const index = optimiser.cases.findIndex((c) => c.zero === "" || values[c.zero] === 0);
    const info = optimiser.cases[index];
    const rescaled = { ...values, E: values.eta * values.E };
    const parameters = Object.fromEntries(info.parameters.map((name) => [name, rescaled[name]]));
    return { info, functions: CASES[values.optimiser][index], parameters };
}

const BLOCK = 256;

// steps in the weights and the optimiser's memory, at rest at the start, seen in (z, T); it has converged when two
// residuals in a row are small, since a memory may carry one of them through 0
function runInWeights(functions, count, z0, T0, parameters, steps, until, ceiling, [zs, Ts]) {
    const squares = functions.squares(z0, T0, parameters);
    let state = [...squares.map(Math.sqrt), ...new Array(count - squares.length).fill(0)];
    const columns = state.map(() => new Float64Array(BLOCK + 1));
    if (state.some(Number.isNaN)) {
        [zs[0], Ts[0]] = [z0, T0];
        return { status: 1, taken: 0 };
    }
    for (let from = 0; ; from += BLOCK) {
        const wanted = Math.min(BLOCK, steps - from);
        const { taken } = functions.kernel(state, parameters, wanted, -1, ceiling, columns);
        for (let k = 0; k <= taken; k += 1) {
            const at = from + k;
            [zs[at], Ts[at]] = functions.plane(columns[0][k], columns[1][k], parameters);
            if (!(Math.abs(zs[at]) <= ceiling)) return { status: 1, taken: at };
            if (at > 0 && Math.abs(zs[at]) < until && Math.abs(zs[at - 1]) < until) return { status: 0, taken: at };
        }
        if (taken < wanted) return { status: 1, taken: from + taken };
        if (from + wanted >= steps) return { status: 2, taken: steps };
        state = columns.map((column) => column[taken]);
    }
}

// a run of either kind; columns are those of z and T
function runMap({ functions, info, parameters }, z, T, steps, until, columns) {
    if (functions.plane) {
        return runInWeights(functions, info.variables, z, T, parameters, steps, until, DATA.ceiling, columns);
    }
    return functions.kernel([z, T], parameters, steps, until, DATA.ceiling, columns);
}

function runOrbit(values) {
    const chosen = chooseCase(values);
    const { info, functions, parameters } = chosen;
    const { status, taken } = runMap(chosen, values.z, values.T, values.steps, DATA.until, [buffers.z, buffers.T]);
    const [z, T] = [buffers.z.subarray(0, taken + 1), buffers.T.subarray(0, taken + 1)];
    const edge = functions.edge(parameters);
    // a map with a memory has no nullcline in the plane: there y is the distance from the edge
    const nullcline = functions.nullclineRows ? makeNullcline(functions, parameters) : null;
    const weights = functions.squares(values.z, values.T, parameters);
    // made when first asked for: a frame that draws the plane alone needs neither
    const along = (measure) => {
        let made = null;
        return () => {
            if (made) return made;
            made = new Float64Array(taken + 1);
            for (let k = 0; k <= taken; k += 1) made[k] = measure(z[k], T[k]);
            return made;
        };
    };
    const y = along((at, T) => T - (nullcline ? nullcline(at) : edge));
    const sharpness = along((at, T) => functions.sharpness(at, T, parameters));
    return {
        status: STATUS[status], taken, z, T, parameters, info, functions, nullcline, edge, weights,
        get y() {
            return y();
        },
        get sharpness() {
            return sharpness();
        },
    };
}

// the names of the layers that this map has something to show for
function layersOf(values) {
    const { info, functions } = chooseCase(values);
    const shows = ({ name, predicted }) => {
        if (name === "nullcline") return Boolean(functions.nullclineRows);
        return !predicted || Boolean(info.law) || (name === "series" && Boolean(functions.limits) && values.E === 0);
    };
    return DATA.layers.filter(shows).map((layer) => layer.name);
}

// what is known of the end without running; null for a map whose end is not known
function predictOrbit(values, { info, functions, parameters }) {
    if (!info.law) {
        if (!functions.limits || values.E !== 0) return null;
        const series = limitSeries(functions.limits(parameters), values.epsilon);
        return { law: null, series, region: null, inside: false };
    }
    const region = provedRegion(info.regions, values.epsilon);
    return {
        law: predictLimit(info.law, values.epsilon, values.z, values.T),
        series: limitSeries(info.law.limits, values.epsilon),
        region,
        inside: region !== null && region.contains(values.z, values.T),
    };
}

function digits(x, n) {
    if (!Number.isFinite(x)) return "none";
    const rounded = Number(x.toPrecision(n));
    return Math.abs(rounded) < 1e-3 && rounded !== 0 ? rounded.toExponential() : String(rounded);
}

// two paragraphs: how the run ended, and what was known of that before
function describe(values, run, known) {
    const end = run.T[run.taken];
    const gap = digits((run.edge - end) / values.epsilon, 4);
    const at = `T = ${digits(end, 10)}, that is ${digits(run.edge, 6)} minus ${gap} epsilon; the eigenvalue is ${digits(end / values.eta, 8)}.`;
    const told = {
        converged: `Converged after ${run.taken} steps at ${at}`,
        diverged: `Diverged after ${run.taken} steps: the residual grows without bound.`,
        "not finished": `Not finished after ${run.taken} steps: z = ${digits(run.z[run.taken], 3)}, ${at}`,
    };
    const unreal = run.weights.some((square) => square < 0) ? " No real weights have this start." : "";
    return { told: told[run.status] + unreal, predicted: describeKnown(values, run, known) };
}

function describeKnown(values, run, known) {
    const edge = digits(run.edge, 10);
    if (!run.nullcline) {
        const first = `The step loses stability at T = ${edge}, the edge of this optimiser`;
        if (!known) return `${first}; no law of its end is drawn.`;
        const { value, error } = known.series;
        const away = run.status === "converged" ? ` The run is ${digits(Math.abs(run.T[run.taken] - value), 2)} away.` : "";
        const expected = `expects T = ${digits(value, 10)} of orbits that forget their start, up to about ${digits(error, 2)}`;
        return `${first}. Its limit series ${expected}.${away}`;
    }
    if (!known) return "With a target other than 0 no closed law is known: the nullcline and the basin are drawn.";
    const { law, inside, region } = known;
    const words = {
        relaxed: "the orbit forgets its start",
        frozen: "the orbit freezes before it forgets its start",
        between: "the orbit forgets its start in part",
    };
    let text = "The limit law says nothing of this start: it lies too far from the edge.";
    if (law.regime !== "outside") {
        text = `The limit law expects T = ${digits(law.value, 10)}, with an error of about ${digits(law.error, 2)}: ${words[law.regime]}.`;
        if (run.status === "converged") text += ` The run is ${digits(Math.abs(run.T[run.taken] - law.value), 2)} away.`;
    }
    if (inside) return `${text} The start lies in the proved region: 2 - ${digits(region.width * values.epsilon, 4)} <= lim T <= 2 for certain.`;
    return `${text} The start lies outside the proved region of this epsilon.`;
}

// the run as others read it: every double to its last bit
function exportRun(values, run, known) {
    return {
        made_by: `edgestab ${DATA.version} explore`,
        map_digest: run.info.digest,
        parameters: { ...values, show: undefined, theme: undefined },
        rescaled: run.parameters,
        edge: run.edge,
        until: DATA.until,
        status: run.status,
        steps: run.taken,
        orbit: { z: [...run.z], T: [...run.T] },
        y: [...run.y].map((x) => (Number.isNaN(x) ? null : x)),
        sharpness: [...run.sharpness].map((x) => (Number.isNaN(x) ? null : x)),
        prediction: known && {
            ...known.law,
            error: known.law && Number.isFinite(known.law.error) ? known.law.error : null,
            series: known.series.value,
            series_error: known.series.error,
            in_proved_region: known.inside,
        },
    };
}
