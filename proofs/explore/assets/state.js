// What the reader has chosen, and the address that says so.

const knobsOf = (optimiser) => [...DATA.optimisers.find((o) => o.name === optimiser).knobs, ...DATA.knobs];

function defaults(optimiser = DATA.optimisers[0].name) {
    const values = { optimiser, theme: "auto", show: DATA.layers.filter((l) => l.shown).map((l) => l.name) };
    for (const knob of knobsOf(optimiser)) values[knob.name] = knob.default;
    return values;
}

// the number that a text means for a knob; throws with words for the reader
function readNumber(knob, text) {
    const value = text.trim() === "" ? NaN : Number(text);
    if (!Number.isFinite(value) || value < knob.low || value > knob.high || (knob.whole && !Number.isInteger(value))) {
        const kind = knob.whole ? "a whole number" : "a number";
        throw new RangeError(`${knob.name} must be ${kind} from ${knob.low} to ${knob.high}, got "${text}"`);
    }
    return value;
}

// values and problems of an address; what cannot be read keeps its default
function parseAddress(hash) {
    const given = new URLSearchParams(hash.replace(/^#/, ""));
    const problems = [];
    let optimiser = given.get("optimiser") ?? DATA.optimisers[0].name;
    if (!DATA.optimisers.some((o) => o.name === optimiser)) {
        problems.push(`optimiser must be one of ${DATA.optimisers.map((o) => o.name).join(", ")}, got "${optimiser}"`);
        optimiser = DATA.optimisers[0].name;
    }
    const values = defaults(optimiser);
    for (const [name, text] of given) {
        const knob = knobsOf(optimiser).find((k) => k.name === name);
        if (knob) {
            try {
                values[name] = readNumber(knob, text);
            } catch (error) {
                problems.push(error.message);
            }
        } else if (name === "show") {
            const wanted = text.split(",").filter((part) => part !== "");
            const known = wanted.filter((part) => DATA.layers.some((l) => l.name === part));
            if (known.length < wanted.length) problems.push(`show lists layers of this page, got "${text}"`);
            values.show = known;
        } else if (name === "theme" && ["light", "dark", "auto"].includes(text)) {
            values.theme = text;
        } else if (name !== "optimiser") {
            problems.push(`the address has "${name}=${text}", which this page does not know`);
        }
    }
    return { values, problems };
}

function writeAddress(values) {
    const parts = [["optimiser", values.optimiser]];
    for (const knob of knobsOf(values.optimiser)) parts.push([knob.name, String(values[knob.name])]);
    parts.push(["show", values.show.join(",")], ["theme", values.theme]);
    return "#" + parts.map(([name, text]) => `${name}=${encodeURIComponent(text).replaceAll("%2C", ",")}`).join("&");
}
