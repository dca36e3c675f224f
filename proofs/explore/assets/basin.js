// Where the starts of the plane end, in the page's kernel: from coarse to fine, in slices between frames.

const GRID = { columns: DATA.cells, rows: DATA.cells };
const FINE = 1e-7;

const cellCentre = (i, count, [low, high]) => low + ((i + 0.5) * (high - low)) / count;

// the code of one start, an index of DATA.outcomes; the same rules as `edgestab basin`
function outcomeOf(chosen, epsilon, width, z, T, steps, columns) {
    const { functions, parameters } = chosen;
    if (functions.squares(z, T, parameters).some((square) => square < 0)) return 4;
    const { status, taken } = runMap(chosen, z, T, steps, 1e-9, columns);
    if (status === 1) return 2;
    if (status === 2) return 3;
    const end = columns[1][taken];
    const edge = functions.edge(parameters);
    return edge - width * epsilon - FINE <= end && end <= edge + FINE ? 0 : 1;
}

// calls show(rows, range of T, whether this is all) after each pass, where rows[j][i] is the outcome in column i of row j
function makeBasin(show, busy) {
    let job = 0;
    let key = "";
    return (values, chosen) => {
        const { parameters, info } = chosen;
        const wanted = JSON.stringify([values.optimiser, parameters]);
        if (wanted === key) return;
        key = wanted;
        job += 1;
        const mine = job;
        const epsilon = values.epsilon;
        const region = info.regions ? provedRegion(info.regions, epsilon) : null;
        const width = region ? region.width : 1;
        const steps = Math.ceil(60 / epsilon) + 2000;
        const columns = [new Float64Array(steps + 1), new Float64Array(steps + 1)];
        const [residuals, eigenvalues] = planeOf(chosen.edge);
        const rows = Array.from({ length: GRID.rows }, () => new Float64Array(GRID.columns).fill(NaN));
        const strides = [8, 4, 2, 1];
        let [pass, i, j] = [0, 0, 0];
        const fill = (stride, code) => {
            for (let b = j; b < Math.min(j + stride, GRID.rows); b += 1) rows[b].fill(code, i, i + stride);
        };
        const slice = () => {
            if (mine !== job) return;
            if (busy()) {
                setTimeout(slice, 60);
                return;
            }
            const began = performance.now();
            while (performance.now() - began < 8) {
                const stride = strides[pass];
                const done = pass > 0 && i % strides[pass - 1] === 0 && j % strides[pass - 1] === 0;
                if (!done) {
                    const [z, T] = [cellCentre(i, GRID.columns, residuals), cellCentre(j, GRID.rows, eigenvalues)];
                    fill(stride, outcomeOf(chosen, epsilon, width, z, T, steps, columns));
                }
                i += stride;
                if (i >= GRID.columns) [i, j] = [0, j + stride];
                if (j >= GRID.rows) {
                    show(rows, eigenvalues, pass === strides.length - 1);
                    [i, j, pass] = [0, 0, pass + 1];
                    if (pass === strides.length) return;
                }
            }
            setTimeout(slice, 0);
        };
        setTimeout(slice, 0);
    };
}
