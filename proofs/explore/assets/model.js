// One run of the exact map in the page's kernel, what is measured along it, and what is predicted of it.

const STATUS = ["converged", "diverged", "not finished"];
const MOST = DATA.knobs.find((knob) => knob.name === "steps").high;
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

function runOrbit(values) {
    const { info, functions, parameters } = chooseCase(values);
    const { status, taken } = functions.run(
        values.z, values.T, parameters, values.steps, DATA.until, DATA.ceiling, [buffers.z, buffers.T]
    );
    const [z, T] = [buffers.z.subarray(0, taken + 1), buffers.T.subarray(0, taken + 1)];
    const nullcline = makeNullcline(functions, parameters);
    const [y, sharpness] = [new Float64Array(taken + 1), new Float64Array(taken + 1)];
    for (let k = 0; k <= taken; k += 1) {
        y[k] = T[k] - nullcline(z[k]);
        sharpness[k] = functions.sharpness(z[k], T[k], parameters);
    }
    const weights = functions.squares(values.z, values.T, parameters);
    return { status: STATUS[status], taken, z, T, y, sharpness, parameters, info, functions, nullcline, weights };
}

// what is known of the end without running; null for a map whose end is not known
function predictOrbit(values, info) {
    if (!info.law) return null;
    const region = provedRegion(info.regions, values.epsilon);
    return {
        law: predictLimit(info.law, values.epsilon, values.z, values.T),
        series: limitSeries(info.law, values.epsilon),
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
    const gap = digits((2 - end) / values.epsilon, 4);
    const at = `T = ${digits(end, 10)}, that is 2 minus ${gap} epsilon; the eigenvalue is ${digits(end / values.eta, 8)}.`;
    const told = {
        converged: `Converged after ${run.taken} steps at ${at}`,
        diverged: `Diverged after ${run.taken} steps: the residual grows without bound.`,
        "not finished": `Not finished after ${run.taken} steps: z = ${digits(run.z[run.taken], 3)}, ${at}`,
    };
    const unreal = run.weights.some((square) => square < 0) ? " No real weights have this start." : "";
    return { told: told[run.status] + unreal, predicted: describeKnown(values, run, known) };
}

function describeKnown(values, run, known) {
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
        until: DATA.until,
        status: run.status,
        steps: run.taken,
        orbit: { z: [...run.z], T: [...run.T] },
        y: [...run.y].map((x) => (Number.isNaN(x) ? null : x)),
        sharpness: [...run.sharpness].map((x) => (Number.isNaN(x) ? null : x)),
        prediction: known && {
            ...known.law,
            error: Number.isFinite(known.law.error) ? known.law.error : null,
            series: known.series.value,
            in_proved_region: known.inside,
        },
    };
}
