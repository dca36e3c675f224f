"""The explorable page as its reader meets it: the same numbers as Python's, pointer and keys, address, exports, axe."""

import json
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgestab.numeric.codegen.compile import compile_map
from edgestab.numeric.orbits.basin import OUTCOMES
from edgestab.numeric.orbits.limit_prediction import predict_limit
from edgestab.numeric.runs.status import Status
from edgestab.proofs.catalogue.optimiser_limits import FAMILIES
from edgestab.proofs.certificates.theorem_1 import regions
from edgestab.proofs.explore.optimisers import OPTIMISERS
from edgestab.proofs.explore.page import build_explorer
from edgestab.symbolic.algebra.symbols import symbol
from edgestab.symbolic.models.quadratic import MAIN_MODEL, main_case
from edgestab.symbolic.optimisers.limit import derive_limit
from edgestab.symbolic.optimisers.optimiser import NAMED

from .conftest import DESKTOP, PHONE, Visit

pytestmark = pytest.mark.browser

ALL = "even,odd,sharpness,edge,law,series,manifold,nullcline,region,basin"
Open = Callable[..., Visit]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("explore") / "explore.html"
    path.write_text(build_explorer(), encoding="utf-8")
    return path


@pytest.fixture
def explore(visit: Open, page_file: Path) -> Open:
    """Open the page and wait until it is drawn and its words and address are those of its values."""

    def go(fragment: str = "", **settings: Any) -> Visit:
        seen = visit(page_file, fragment=fragment, **settings)
        seen.page.wait_for_selector("html[data-ready=true]", state="attached")
        settled(seen)
        return seen

    return go


def settled(seen: Visit) -> None:
    """Wait until the words and the address have followed the values (both come after a quarter of a second)."""
    seen.page.wait_for_timeout(450)


def values(seen: Visit) -> dict[str, Any]:
    found: dict[str, Any] = seen.page.evaluate("({ ...window.edgestab.values })")
    return found


def basin_finished(seen: Visit) -> None:
    seen.page.wait_for_selector("html[data-basin=finished]", state="attached", timeout=120_000)


@pytest.mark.parametrize(
    ("epsilon", "z", "T"), [(0.001, -0.4, 1.5), (0.0013, 0.21, 2.5), (0.002, -0.11, 1.9)], ids=lambda v: str(v)
)
def test_orbits_have_the_bits_of_the_float64_kernel(explore: Open, epsilon: float, z: float, T: float) -> None:
    seen = explore(f"epsilon={epsilon}&z={z}&T={T}&steps=12000&show=even,odd")
    run = seen.page.evaluate(
        "(({ run }) => ({ taken: run.taken, z: [...run.z], T: [...run.T] }))(window.edgestab.result)"
    )
    kernel = compile_map(main_case())
    assert run["taken"] >= 10_000
    for n in range(run["taken"] + 1):
        _, taken, state = kernel.run((z, T), (epsilon,), n, 1e-12, 1e6)
        assert (taken, *state) == (n, run["z"][n], run["T"][n])


def test_a_target_and_a_step_size_run_the_map_that_has_them(explore: Open) -> None:
    seen = explore("epsilon=0.1&E=0.3&eta=0.5&z=-0.2&T=1.9&steps=3000")
    run = seen.page.evaluate(
        "(({ run }) => ({ taken: run.taken, z: [...run.z], T: [...run.T] }))(window.edgestab.result)"
    )
    kernel = compile_map(OPTIMISERS[0].cases()[1].one_step)
    for n in (0, 1, 2, 57, run["taken"]):
        _, taken, state = kernel.run((-0.2, 1.9), (0.5 * 0.3, 0.1), n, 1e-12, 1e6)
        assert (taken, *state) == (n, run["z"][n], run["T"][n])
    assert "no closed law" in seen.page.inner_text("#predicted")
    assert seen.page.is_hidden("input[value=law]")
    seen.page.fill("#knob-E", "0")
    seen.page.keyboard.press("Tab")
    settled(seen)
    assert "no closed law" not in seen.page.inner_text("#predicted")
    assert seen.page.is_visible("input[value=law]")


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("heavy-ball", {"beta": 0.6}),
        ("nesterov", {"beta": 0.3}),
        ("averaged-gradient", {"beta": 0.5}),
        ("sam", {"rho": 0.2}),
        ("weight-decay", {"gamma": 0.003}),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_every_optimiser_runs_its_own_map(explore: Open, name: str, parameters: dict[str, float]) -> None:
    """Weights and memory to the bit, the plane from the weights, and against steps written out here."""
    text = "&".join(f"{k}={v}" for k, v in parameters.items())
    seen = explore(f"optimiser={name}&epsilon=0.2&E=0.1&{text}&z=-0.2&T=1.4&steps=600&show=even,odd,edge")
    assert seen.page.is_hidden("#alert")
    case = next(o for o in OPTIMISERS if o.name == name).cases()[0]
    values = {"epsilon": 0.2, "E": 0.1, **parameters}
    given = tuple(values[str(s)] for s in case.one_step.parameters)
    weights = [math.sqrt(x) for x in ((1.4 + 2 * 0.2 * -0.1) / 1.2, (1.4 - 2 * -0.1) / (0.2 * 1.2))]
    start = (*weights, *(0.0 for _ in case.rest))
    found = seen.page.evaluate(
        """([name, start, steps]) => {
            const { run } = window.edgestab.result;
            const columns = start.map(() => new Float64Array(steps + 1));
            run.functions.kernel(start, run.parameters, steps, -1, 1e6, columns);
            return { states: Array.from(columns[0], (_, k) => columns.map((c) => c[k])), edge: run.edge,
                z: [...run.z], T: [...run.T], start: run.functions.squares(-0.2, 1.4, run.parameters) };
        }""",
        [name, start, 300],
    )
    assert found["start"] == pytest.approx([x**2 for x in weights], rel=1e-14)
    kernel = compile_map(case.one_step)
    for n in range(0, 301, 7):
        assert kernel.run(start, given, n, -1.0, 1e6)[2] == tuple(found["states"][n])
    (parameter,) = parameters.values()
    assert found["edge"] == pytest.approx(EDGES[name](parameter), rel=1e-14)
    for k, (z, T) in enumerate(written_out(name, parameter, weights)):
        assert (found["z"][k], found["T"][k]) == (pytest.approx(z, abs=1e-11), pytest.approx(T, abs=1e-11))


EDGES: dict[str, Callable[[float], float]] = {
    "heavy-ball": lambda b: 2 + 2 * b,
    "nesterov": lambda b: (2 + 2 * b) / (1 + 2 * b),
    "averaged-gradient": lambda b: 2 * (1 + b) / (1 - b),
    "sam": lambda r: (math.sqrt(1 + 8 * r) - 1) / (2 * r),
    "weight-decay": lambda g: 2 - g,
}
"""Curvature at which a multiplier of the linear step is -1, by hand."""


def written_out(name: str, parameter: float, weights: list[float]) -> list[tuple[float, float]]:
    """The first states in the plane, each optimiser written as papers write it (epsilon 0.2, target 0.1, eta 1)."""
    Q, x, v = np.diag([1, -0.2]), np.array(weights), np.zeros(2)

    def slope(at: Any) -> Any:
        return (at @ Q @ at / 2 - 0.1) * (Q @ at)

    states = []
    for _ in range(40):
        states.append((float(x @ Q @ x / 2 - 0.1), float((Q @ x) @ (Q @ x))))
        if name == "heavy-ball":
            v = parameter * v - slope(x)
            x = x + v
        elif name == "nesterov":
            v = parameter * v - slope(x + parameter * v)
            x = x + v
        elif name == "averaged-gradient":
            v = parameter * v + (1 - parameter) * slope(x)
            x = x - v
        elif name == "sam":
            x = x - slope(x + parameter * slope(x))
        else:
            x = (1 - parameter) * x - slope(x)
    return states


def test_choosing_an_optimiser_brings_its_knobs(explore: Open) -> None:
    seen = explore("epsilon=0.07&z=-0.2&T=1.5")
    seen.page.select_option("#optimiser", "heavy-ball")
    settled(seen)
    assert seen.page.is_visible("#slide-beta")
    assert seen.page.is_hidden("input[value=nullcline]")
    assert "the edge of this optimiser" in seen.page.inner_text("#predicted")
    assert values(seen)["epsilon"] == 0.07
    assert "optimiser=heavy-ball" in seen.page.url
    top = "window.edgestab.tools.figures.plane.model.y_range.end"
    assert seen.page.evaluate(top) == pytest.approx(6)  # twice the edge 2 + 2 beta
    seen.page.fill("#knob-beta", "0.25")
    seen.page.keyboard.press("Tab")
    settled(seen)
    assert seen.page.evaluate(top) == pytest.approx(5)
    basin_finished(seen)
    seen.shoot("explore-heavy-ball")
    seen.page.select_option("#optimiser", "gradient-descent")
    settled(seen)
    assert seen.page.locator("#slide-beta").count() == 0
    assert "The limit law" in seen.page.inner_text("#predicted")


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        ("heavy-ball", "beta", "3/5"),
        ("nesterov", "beta", "1/4"),
        ("averaged-gradient", "beta", "1/2"),
        ("sam", "rho", "1"),
    ],
)
def test_the_limit_series_of_an_optimiser_is_the_derived_one(
    explore: Open, name: str, parameter: str, value: str
) -> None:
    """Against the invariant curve at this number, and near where the page's own run ends."""
    epsilon = 0.01
    seen = explore(f"optimiser={name}&epsilon={epsilon}&{parameter}={float(Fraction(value))}&z=-0.2&T=2&steps=20000")
    shown = seen.page.evaluate("window.edgestab.result.known.series")
    stated = FAMILIES[name].coefficients
    exact = derive_limit(NAMED[name]().substitute({symbol(parameter): Fraction(value)}), len(stated) - 1).coefficients
    total = sum(float(c) * epsilon**n for n, c in enumerate(exact))
    assert shown["value"] == pytest.approx(total, rel=1e-13)
    assert "Its limit series expects T =" in seen.page.inner_text("#predicted")
    assert seen.page.is_visible("input[value=series]")
    assert seen.page.is_hidden("input[value=law]")
    seen.page.fill("#knob-E", "0.2")
    seen.page.keyboard.press("Tab")
    settled(seen)
    assert seen.page.is_hidden("input[value=series]")
    assert "no law of its end is drawn" in seen.page.inner_text("#predicted")


def test_runs_of_momentum_end_at_its_limit_series(explore: Open) -> None:
    seen = explore("optimiser=heavy-ball&epsilon=0.02&beta=0.3&z=-0.25&T=2.2&steps=20000")
    found = seen.page.evaluate(
        "(({ run, known }) => [run.status, run.T[run.taken], known.series.value, run.edge])(window.edgestab.result)"
    )
    status, end, series, edge = found
    assert status == "converged"
    assert abs(end - series) < 0.1 * abs(edge - series)
    seen.shoot("explore-heavy-ball-series")


def test_sharpness_and_nullcline_are_those_of_the_exact_objects(explore: Open) -> None:
    """The Hessian in numbers, at weights of the orbit's states; the two-step map on the curve."""
    seen = explore("epsilon=0.2&z=-0.3&T=1.7&steps=300&show=sharpness")
    columns = "{ z: [...run.z], T: [...run.T], y: [...run.y], s: [...run.sharpness] }"
    run = seen.page.evaluate(f"(({{ run }}) => ({columns}))(window.edgestab.result)")
    kernel, epsilon = compile_map(main_case()), 0.2
    for k in (0, 1, 5, 20, 60):
        z, T = run["z"][k], run["T"][k]
        theta = np.sqrt([(T + 2 * epsilon * z) / (1 + epsilon), (T - 2 * z) / (epsilon * (1 + epsilon))])
        Q = np.diag([1, -epsilon])
        J = Q @ theta
        assert theta @ Q @ theta / 2 == pytest.approx(z, abs=1e-12)
        assert run["s"][k] == pytest.approx(np.linalg.eigvalsh(np.outer(J, J) + z * Q)[-1], rel=1e-12)
        on_curve = (z, T - run["y"][k])
        twice = kernel.step(kernel.step(on_curve, (epsilon,)), (epsilon,))
        assert twice[0] == pytest.approx(z, abs=1e-13)
    assert max(map(abs, run["y"])) > 0.01
    assert MAIN_MODEL.eigenvalues[0] == 1


def test_predictions_are_those_of_python(explore: Open) -> None:
    seen = explore()
    rng = np.random.default_rng(5)
    starts = [
        (float(e), float(z), float(T))
        for e, z, T in zip(
            10 ** rng.uniform(-3, -0.7, 160), rng.uniform(-0.6, 0.4, 160), rng.uniform(1.2, 2.6, 160), strict=True
        )
    ]
    found = seen.page.evaluate(
        """(starts) => starts.map(([e, z, T]) => {
            const { error, ...rest } = window.edgestab.tools.predictLimit(
                window.edgestab.data.optimisers[0].cases[0].law, e, z, T);
            return { ...rest, error: String(error) };
        })""",
        starts,
    )
    regimes = set()
    for start, got in zip(starts, found, strict=True):
        true = predict_limit(*start)
        if true.proved_range is not None:
            continue
        regimes.add(true.regime)
        assert got["regime"] == true.regime, start
        if true.regime == "outside":
            assert got["error"] == "Infinity"
            continue
        assert got["weight"] == true.weight, start
        assert got["value"] == pytest.approx(true.value, abs=1e-9), start
        assert float(got["error"]) == pytest.approx(true.expected_error, rel=1e-4, abs=1e-13), start
    assert {"relaxed", "outside", "between"} <= regimes


def test_the_proved_region_is_that_of_python(explore: Open) -> None:
    seen = explore()
    barriers = [barrier for barrier, _ in regions(main_case(), Fraction(1))]
    rng = np.random.default_rng(6)
    points = np.stack([rng.uniform(0.001, 0.9, 2000), rng.uniform(-1, 0.6, 2000), rng.uniform(0.5, 3.5, 2000)], 1)
    found = seen.page.evaluate(
        """(points) => points.map(([e, z, T]) => window.edgestab.tools.provedRegion(
            window.edgestab.data.optimisers[0].cases[0].regions, e).contains(z, T))""",
        points.tolist(),
    )
    true = []
    for e, z, T in points:
        barrier = next(b for b in barriers if b.epsilon_range[0] < e <= b.epsilon_range[1])
        true.append(bool(barrier.contains(z, T, e)))
    assert found == true
    assert 20 < sum(true) < 1000


def test_the_basin_is_that_of_the_kernel(explore: Open) -> None:
    seen = explore(f"epsilon=0.2&show={ALL}")
    basin_finished(seen)
    cells = seen.page.evaluate(
        """(() => {
            const { figures, GRID, cellCentre } = window.edgestab.tools;
            const image = figures.plane.model.renderers.find((r) => r.name === "basin").data_source.data.image[0];
            return [...image].map((code, k) => [code,
                cellCentre(k % GRID.columns, GRID.columns, window.edgestab.data.plane[0]),
                cellCentre(Math.floor(k / GRID.columns), GRID.rows, window.edgestab.data.plane[1])]);
        })()"""
    )
    kernel, epsilon = compile_map(main_case()), 0.2
    codes = {Status.DIVERGED: 2, Status.MAX_STEPS: 3}
    seen_codes = set()
    for code, z, T in cells[::7]:
        if min((T + 2 * epsilon * z), (T - 2 * z)) < 0:
            true = 4
        else:
            status, _, state = kernel.run((z, T), (epsilon,), 2300, 1e-9, 1e6)
            true = codes.get(status, 0 if 2 - epsilon - 1e-7 <= state[1] <= 2 + 1e-7 else 1)
        assert code == true, (z, T)
        seen_codes.add(true)
    assert {OUTCOMES[c] for c in seen_codes} >= {"ends in the band", "ends below it", "diverges", "no real weights"}


def orbit_drawn(seen: Visit) -> list[float]:
    found: list[float] = seen.page.evaluate(
        "[...window.edgestab.tools.figures.steps.model.renderers.find((r) => r.name === 'even').data_source.data.y]"
    )
    return found


def test_sliders_and_fields_move_the_curve(explore: Open) -> None:
    seen = explore()
    for name in ("epsilon", "eta", "E", "steps"):
        before, drawn = values(seen), orbit_drawn(seen)
        seen.page.focus(f"#slide-{name}")
        for _ in range(40):
            seen.page.keyboard.press("ArrowLeft")
        settled(seen)
        now = values(seen)
        assert now[name] < before[name]
        assert name == "steps" or orbit_drawn(seen) != drawn
        assert seen.page.input_value(f"#knob-{name}") == f"{now[name]:.15g}"
        if name == "eta":  # the weights stay
            assert now["z"] / now["eta"] == pytest.approx(before["z"] / before["eta"], rel=1e-11)
    seen.page.fill("#knob-steps", "20")
    seen.page.keyboard.press("Tab")
    settled(seen)
    assert seen.page.evaluate("window.edgestab.result.run.taken") == 20
    assert "Not finished after 20 steps" in seen.page.inner_text("#summary")
    seen.page.fill("#knob-epsilon", "0.123456789")
    seen.page.keyboard.press("Tab")
    assert values(seen)["epsilon"] == 0.123456789
    seen.page.fill("#knob-epsilon", "7")
    seen.page.keyboard.press("Tab")
    assert "epsilon must be a number from 0.001 to 0.9" in seen.page.inner_text("#alert")
    assert values(seen)["epsilon"] == 0.123456789


def place(seen: Visit, z: float, T: float) -> tuple[float, float]:
    """Where a point of the plane is in the window."""
    x, y = seen.page.evaluate(
        """([z, T]) => {
            const { view } = window.edgestab.tools.figures.plane;
            const box = view.canvas_view.el.getBoundingClientRect();
            return [box.x + view.frame.x_scale.compute(z), box.y + view.frame.y_scale.compute(T)];
        }""",
        [z, T],
    )
    return float(x), float(y)


def test_the_start_is_dragged_and_moved_by_keys(explore: Open) -> None:
    seen = explore()
    drawn = orbit_drawn(seen)
    now = values(seen)
    mouse = seen.page.mouse
    mouse.move(*place(seen, now["z"], now["T"]))
    mouse.down()
    mouse.move(*place(seen, 0.1, 2.0), steps=5)
    mouse.move(*place(seen, 0.2, 2.5), steps=5)
    mouse.up()
    settled(seen)
    now = values(seen)
    assert (now["z"], now["T"]) == (pytest.approx(0.2, abs=0.01), pytest.approx(2.5, abs=0.02))
    assert orbit_drawn(seen) != drawn
    assert "T = " in seen.page.inner_text("#summary")
    seen.page.focus("#plane")
    seen.page.keyboard.press("ArrowLeft")
    seen.page.keyboard.press("Shift+ArrowUp")
    moved = values(seen)
    assert (moved["z"], moved["T"]) == (pytest.approx(now["z"] - 0.01), pytest.approx(now["T"] + 0.1))
    mouse.click(*place(seen, -0.5, 1.0))
    seen.page.wait_for_timeout(500)
    assert values(seen)["z"] == pytest.approx(-0.5, abs=0.01)


def test_a_finger_moves_the_start(explore: Open) -> None:
    seen = explore(size=PHONE)
    seen.page.touchscreen.tap(*place(seen, 0.3, 2.4))
    seen.page.wait_for_timeout(500)
    assert values(seen)["z"] == pytest.approx(0.3, abs=0.02)


def test_the_address_holds_everything(explore: Open) -> None:
    seen = explore("epsilon=0.0123&eta=2&E=0.25&z=-0.125&T=1.75&steps=777&show=even,law,nullcline&theme=dark")
    address = seen.page.url.split("#")[1]
    again = explore(address)
    assert values(again) == values(seen)
    assert values(again) | {"epsilon": 0.0123, "eta": 2, "E": 0.25, "z": -0.125, "steps": 777} == values(again)
    assert values(again)["show"] == ["even", "law", "nullcline"]
    assert again.page.evaluate("document.documentElement.dataset.theme") == "dark"
    again.page.evaluate("location.hash = '#epsilon=0.3'")
    settled(again)
    assert values(again)["epsilon"] == 0.3
    assert values(again)["theme"] == "auto"


@pytest.mark.parametrize(
    ("fragment", "said"),
    [
        ("epsilon=2", 'epsilon must be a number from 0.001 to 0.9, got "2"'),
        ("epsilon=&z=abc", 'z must be a number from -4 to 4, got "abc"'),
        ("steps=12.5", "steps must be a whole number"),
        ("optimiser=nothing", "optimiser must be one of gradient-descent"),
        ("show=even,smoke", "show lists layers"),
        ("colour=%3Cb%3Ered", 'the address has "colour=<b>red"'),
        ("epsilon=NaN&T=Infinity&eta=-1", "eta must be a number"),
        ("theme=%E0%A4%A", "the address has"),
    ],
)
def test_a_bad_address_is_told_and_the_page_runs(explore: Open, fragment: str, said: str) -> None:
    seen = explore(fragment)
    assert said in seen.page.inner_text("#alert")
    assert seen.page.is_visible("#alert")
    assert "Converged after 959 steps" in seen.page.inner_text("#summary")


def test_exports_are_what_they_say(explore: Open, tmp_path: Path) -> None:
    seen = explore("epsilon=0.1&z=-0.25&T=1.8")
    texts = {}
    for kind, figure in (("json", "plane"), ("svg", "plane"), ("svg", "steps"), ("png", "deviation")):
        seen.page.select_option("#figure", figure)
        with seen.page.expect_download() as waiting:
            seen.page.click(f"[data-export={kind}]")
        path = tmp_path / f"{figure}.{kind}"
        waiting.value.save_as(path)
        assert waiting.value.suggested_filename == (
            "edgestab-run.json" if kind == "json" else f"edgestab-{figure}.{kind}"
        )
        texts[figure, kind] = path.read_bytes()
    record = json.loads(texts["plane", "json"])
    assert record["map_digest"] == main_case().digest()
    assert record["status"] == "converged"
    assert len(record["orbit"]["z"]) == record["steps"] + 1
    _, taken, state = compile_map(main_case()).run((-0.25, 1.8), (0.1,), 2000, 1e-12, 1e6)
    assert (record["steps"], record["orbit"]["z"][-1], record["orbit"]["T"][-1]) == (taken, *state)
    assert record["prediction"]["in_proved_region"] is True
    assert texts["deviation", "png"].startswith(b"\x89PNG")
    for figure in ("plane", "steps"):
        root = ET.fromstring(texts[figure, "svg"])
        assert root.tag.endswith("svg")
        words = "".join(root.itertext())
        assert "limit law" in words
        assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) > 20


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_anybody_can_use_it(explore: Open, scheme: str, size: tuple[int, int]) -> None:
    seen = explore(f"show={ALL}&E=0", scheme=scheme, size=size)
    basin_finished(seen)
    settled(seen)
    assert seen.violations() == []
    assert seen.width_past_the_window() == 0
    ground = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 28)"}[scheme]
    assert seen.page.get_attribute("#summary", "aria-live") == "polite"
    unlabelled = seen.page.evaluate(
        """[...document.querySelectorAll("input, select")].filter(
            (e) => !e.labels.length && !e.getAttribute("aria-label")).map((e) => e.id)"""
    )
    assert unlabelled == []
    seen.shoot(f"explore-{scheme}-{'phone' if size == PHONE else 'desktop'}")


def test_the_switch_between_dark_and_light_paints_the_figures(explore: Open) -> None:
    seen = explore()
    background = "window.edgestab.tools.figures.plane.model.background_fill_color"
    light = seen.page.evaluate(background)
    seen.page.click("#theme")
    assert seen.page.evaluate(background) != light
    assert seen.page.get_attribute("#theme", "aria-pressed") == "true"
    seen.page.click("#theme")
    assert seen.page.evaluate(background) == light


def test_without_scripts_the_page_says_so(visit: Open, page_file: Path) -> None:
    seen = visit(page_file, scripts=False)
    assert "switch JavaScript on" in seen.page.inner_text("noscript")


def test_layers_come_and_go(explore: Open) -> None:
    seen = explore()
    visible = (
        "window.edgestab.tools.figures.plane.model.renderers.filter((r) => r.name === '{}').every((r) => r.visible)"
    )
    for name in ("basin", "region", "law", "even"):
        assert seen.page.evaluate(visible.format(name)) is True
        seen.page.uncheck(f"input[value={name}]")
        assert seen.page.evaluate(visible.format(name)) is False
    settled(seen)
    assert re.search(r"show=([\w,]*)", seen.page.url).group(1) == "odd,edge,series,manifold"  # type: ignore[union-attr]


@pytest.mark.parametrize("optimiser", ["gradient-descent", "heavy-ball"])
def test_what_moves_stays_inside_its_axes(explore: Open, optimiser: str) -> None:
    shown = "even,odd,edge,law,series,manifold,nullcline,region"
    seen = explore(f"optimiser={optimiser}&epsilon=0.2&z=-0.9&T=3.9&show={shown}")
    for _ in range(3):
        seen.page.click("[data-zoom='0.7']")
    settled(seen)
    outside, inside = seen.page.evaluate(
        """(() => {
            const { canvas_view, frame } = window.edgestab.tools.figures.plane.view;
            const { ctx, canvas } = canvas_view.overlays;
            const { left, top, width, height } = frame.bbox;
            const count = (...box) => ctx.getImageData(...box).data.filter((byte, i) => i % 4 === 3 && byte > 0).length;
            const all = count(0, 0, canvas.width, canvas.height);
            const own = count(left - 1, top - 1, width + 3, height + 3);
            return [all - own, own];
        })()"""
    )
    assert outside == 0
    assert inside > 1000


def test_frames_at_ten_thousand_steps(explore: Open) -> None:
    """Each frame of a drag runs the model anew; times are printed and not judged, but each frame has to be drawn."""
    seen = explore("epsilon=0.001&z=-0.4&T=1.5&steps=10000&show=even,odd,edge,law,series,manifold,region")
    session = seen.page.context.new_cdp_session(seen.page)
    # the page's own processor time, which other programs do not change
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy() -> float:
        metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
        return float(metrics["TaskDuration"])

    before = busy()
    found = seen.page.evaluate(
        """() => new Promise((done) => {
            const times = [];
            const painted = {};
            for (const { view } of Object.values(window.edgestab.tools.figures)) {
                for (const layer of ["_paint_primary", "_paint_overlays"]) {
                    const paint = view[layer].bind(view);
                    view[layer] = (ctx) => {
                        painted[layer] = (painted[layer] ?? 0) + 1;
                        paint(ctx);
                    };
                }
            }
            let last = performance.now();
            const next = (k) => requestAnimationFrame(() => {
                const now = performance.now();
                times.push(now - last);
                last = now;
                if (k === 90) {
                    const z = window.edgestab.values.z;
                    done({ times: times.slice(10).sort((a, b) => a - b), z, painted });
                }
                else {
                    window.edgestab.change({ z: -0.4 + 0.001 * k, T: 1.5 });
                    next(k + 1);
                }
            });
            next(0);
        })"""
    )
    middle, slow = found["times"][40], found["times"][75]
    work = 1000 * (busy() - before) / 90
    steps = seen.page.evaluate("window.edgestab.result.run.taken")
    print(
        f"\na frame with {steps} steps: {work:.1f} ms of processor time; "
        f"on the clock median {middle:.1f} ms, 95 % below {slow:.1f} ms"
    )
    assert work > 0
    assert steps == 10_000
    # three figures in each frame; their axes only where a range no longer serves
    assert found["painted"]["_paint_overlays"] >= 3 * 85
    assert found["painted"].get("_paint_primary", 0) < 0.3 * 3 * 90
    assert found["z"] == pytest.approx(-0.4 + 0.001 * 89)
