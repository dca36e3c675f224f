// What is known of an orbit without running it, from the coefficients in the page. The rules are those of
// `edgestab limit` (numeric/orbits/limit_prediction.py), here in doubles; a test compares the two.

function polynomial(row, x) {
    let total = 0;
    for (const c of row) total = total * x + c;
    return total;
}
const quotient = ([top, bottom], x) => polynomial(top, x) / polynomial(bottom, x);
const ascending = (row, x) => row.reduceRight((total, c) => total * x + c, 0);
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);

// u, p and the deviation x of a start, the slow manifold to one power of epsilon
function lawStart(law, order, epsilon, z, T) {
    const curve = law.rows.slice(0, order + 1).map((row) => quotient(row, z));
    return { u: quotient(law.u, z), p: quotient(law.p, z), x: T - ascending(curve, epsilon) };
}

const relaxedLimit = (law, weight, epsilon) => ascending(law.limits.slice(0, Math.floor((weight + 1) / 2) + 1), epsilon);

// where x - scale ln|x| = scale L ends to leading order: Lambert's W, written for logarithms so that nothing underflows
function leadingEnd(x, scale, logarithm) {
    if (logarithm < -700) return 0;
    if (x > 0 && logarithm > -1) return -scale * realPartPastTheFold(logarithm);
    const sign = x < 0 ? 1 : -1;
    let g = x < 0 && logarithm > 1 ? Math.log(logarithm) : logarithm;
    for (let round = 0; round < 80; round += 1) {
        const step = (g + sign * Math.exp(g) - logarithm) / (1 + sign * Math.exp(g));
        if (!Number.isFinite(step)) break;
        g -= step;
        if (Math.abs(step) < 1e-15 * Math.max(1, Math.abs(g))) break;
    }
    return -scale * sign * Math.exp(g);
}

// Re W(-exp(L)) for L > -1 on the principal branch: Newton's iteration of w + ln w = L + i pi
function realPartPastTheFold(L) {
    let [a, b] = L > 1 ? [L - Math.log(L), 2] : [-1 + (L + 1) / 3, Math.sqrt(2 * (L + 1))];
    for (let round = 0; round < 60; round += 1) {
        const [f, g] = [a + Math.log(Math.hypot(a, b)) - L, b + Math.atan2(b, a) - Math.PI];
        // divided by 1 + 1/w
        const size = a * a + b * b;
        const [c, d] = [1 + a / size, -b / size];
        const [re, im] = [(f * c + g * d) / (c * c + d * d), (g * c - f * d) / (c * c + d * d)];
        a -= re;
        b -= im;
        if (Math.hypot(re, im) < 1e-14) break;
    }
    return a;
}

// the law of one weight at one start: limit of T, x at the end, x at the start; NaN where it has no end
function lawAt(law, weight, epsilon, z, T) {
    const { u, p, x } = lawStart(law, Math.floor((weight + 1) / 2), epsilon, z, T);
    const limit = relaxedLimit(law, weight, epsilon);
    if (x === 0) return { limit, end: 0, x };
    const scale = law.logarithm * epsilon;
    const held = law.terms.filter(([a, b, c, d]) => a + 2 * (b + c + d) <= weight);
    const total = held.reduce((sum, [a, b, c, d, k]) => sum + k * u ** a * p ** b * x ** c * epsilon ** d, 0);
    const atEnd = held.filter(([a, b, c, d]) => a === 0 && b === 0 && !(c === 1 && d === 0));
    let end = leadingEnd(x, scale, Math.log(Math.abs(x) / scale) - total / scale);
    if (end === 0) return { limit, end, x };
    for (let round = 0; round < law.rules.rounds; round += 1) {
        let [terms, slope] = [0, end - scale];
        for (const [, , j, d, k] of atEnd) {
            const term = k * epsilon ** d * end ** j;
            terms += term;
            slope += j * term;
        }
        if (!(slope < 0) || Math.abs(end) > law.rules.largest) break;
        const step = (total - scale * Math.log(Math.abs(x / end)) - end - terms) / slope;
        end *= Math.exp(clamp(step, -law.rules.longest, law.rules.longest));
        if (Math.abs(step) <= 1e-13 / epsilon) return { limit: limit + end, end, x };
    }
    return { limit: NaN, end: NaN, x };
}

// after which weight least is left out, and an estimate of that
function bestCut(law, values, size) {
    const { reach, slowest, least, safety } = law.rules;
    const ratio = Math.min(size / reach, slowest);
    const weights = law.weights;
    const steps = new Map([[2, size * least]]);
    for (let i = 1; i < weights.length; i += 1) {
        const step = Math.abs(values[i] - values[i - 1]);
        if (Number.isNaN(step)) break;
        steps.set(weights[i], step);
    }
    let [best, error] = [0, Infinity];
    weights.forEach((w, i) => {
        const known = steps.has(w + 2) ? w + 2 : w;
        if (steps.size < 2 || !steps.has(known) || known === 2) return;
        let follow = 0;
        for (const [b, step] of steps) {
            if (b <= known) follow = Math.max(follow, step * ratio ** Math.trunc((w + 2 - b) / 2));
        }
        const left = (safety * follow) / (1 - ratio);
        if (left < error) [best, error] = [i, left];
    });
    return { best, error };
}

// the limit of T from (z, T), with its expected error; `outside` where the law says nothing
function predictLimit(law, epsilon, z, T) {
    const rules = law.rules;
    const ends = law.weights.map((w) => lawAt(law, w, epsilon, z, T));
    const { p, x } = lawStart(law, 1, epsilon, z, T);
    const strength = (2 * Math.min(p, rules.stable) + Math.min(x, 0)) / (law.logarithm * epsilon);
    let size = Math.max(p, Math.abs(x), epsilon);
    let outside = Math.max(p, x, epsilon) >= rules.reach || 2 * p + x > rules.trapped;
    let values = ends.map((end) => end.limit);
    let rest = 0;
    const robust = strength > rules.robust;
    if (robust) {
        size = epsilon;
        outside = epsilon >= rules.reach;
        values = law.weights.map((w) => relaxedLimit(law, w, epsilon));
        const known = ends.map((end) => Math.abs(end.end)).filter((end) => !Number.isNaN(end));
        rest = 16 * epsilon * Math.exp(-strength) + 2 * (known.length ? Math.max(...known) : Infinity);
    }
    const { best, error } = bestCut(law, values, size);
    const norm = T - 2 * (1 - epsilon) * z;
    const far = norm > rules.highest || z > rules.widest || Math.max(2 * z, -2 * epsilon * z) > T || z === 0;
    const expected = outside || far ? Infinity : error + rest;
    const value = values[best];
    const relaxed = relaxedLimit(law, law.weights[best], epsilon);
    const kept = robust ? ends[best].end : value - relaxed;
    const memory = !ends[best].x || Number.isNaN(kept) ? 0 : Math.abs(kept / ends[best].x);
    const regime =
        expected === Infinity ? "outside" : memory < rules.relaxed ? "relaxed" : memory > rules.frozen ? "frozen" : "between";
    return { value, error: expected, weight: law.weights[best], relaxed, memory, regime };
}

// the limit series cut before its smallest term, and that term
function limitSeries(limits, epsilon) {
    let total = limits[0];
    for (let n = 1; n < limits.length; n += 1) {
        const term = limits[n] * epsilon ** n;
        const next = n + 1 < limits.length ? Math.abs(limits[n + 1] * epsilon ** (n + 1)) : 0;
        total += term;
        if (next > Math.abs(term)) return { value: total, error: next };
    }
    return { value: total, error: Math.abs(limits[limits.length - 1] * epsilon ** (limits.length - 1)) };
}

// T on the slow manifold, NaN where its series in epsilon no longer shrinks
function slowManifold(law, highest, epsilon, z) {
    let [total, last, before, power] = [0, 0, 0, 1];
    for (let n = 0; n <= highest; n += 1) {
        [before, last] = [last, quotient(law.rows[n], z) * power];
        total += last;
        power *= epsilon;
    }
    return z < 1 && Math.abs(last) <= Math.abs(before) && Math.abs(last) < 0.03 ? total : NaN;
}

// T on the two-step nullcline: Newton's iteration on its exact equation, cubic in T, from its closed form at 0
function makeNullcline(functions, parameters) {
    const rows = functions.nullclineRows(parameters).map((row) => Float64Array.from(row));
    const width = rows[0].length;
    const degree = rows.length - 1;
    const at = new Float64Array(degree + 1);
    return (z) => {
        if (!(z < 1)) return NaN;
        for (let j = 0; j <= degree; j += 1) {
            let total = 0;
            const row = rows[j];
            for (let i = width - 1; i >= 0; i -= 1) total = total * z + row[i];
            at[j] = total;
        }
        let T = functions.nullclineStart(z);
        for (let round = 0; round < 30; round += 1) {
            let [value, slope] = [0, 0];
            for (let j = degree; j >= 0; j -= 1) {
                slope = slope * T + value;
                value = value * T + at[j];
            }
            const step = value / slope;
            T -= step;
            if (Math.abs(step) <= 4e-16 * Math.abs(T)) return T;
            if (!(Math.abs(T) < 100)) return NaN;
        }
        return Math.abs(T) < 20 ? T : NaN;
    };
}

// the proved trapping region that serves an epsilon: its walls in the plane, and whether it holds a state
function provedRegion(data, epsilon) {
    const piece = data.pieces.find((b) => b.epsilon[0] < epsilon && epsilon <= b.epsilon[1]);
    if (!piece) return null;
    const tilt = polynomial(data.tilt, epsilon);
    const floor = (z) => 2 + piece.slope * quotient(data.invariant, z) - piece.width * epsilon - tilt * z;
    const roof = (z) => 2 + piece.height - piece.width * epsilon - tilt * z;
    return {
        width: piece.width,
        floor,
        roof,
        z: piece.z,
        contains: (z, T) => z !== 0 && z < 1 && floor(z) <= T && T <= roof(z),
    };
}
