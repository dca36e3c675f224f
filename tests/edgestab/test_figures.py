"""The table of figures: each is drawn, readable in one column, holds what it says, and its numbers are those drawn."""

import inspect
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

from edgestab import figure_data
from edgestab.figures import FIGURES, draw_figure, figure_result
from edgestab.numeric.runs.figure_data import drawn_data
from edgestab.numeric.runs.figure_style import COLOURS, COLUMN, SMALLEST_TEXT
from edgestab.symbolic.algebra.errors import DomainError

mpl.use("Agg")
ROOT = Path(__file__).parents[2]
SMALL: dict[str, dict[str, Any]] = {
    "landscape": {"steps": 60},
    "sharpness": {},
    "orbit": {},
    "plane": {"steps": 200},
    "deviation": {"steps": 60},
    "limit": {"order": 9, "grid": 3},
    "optimisers": {"grid": 3},
    "central-flow": {"steps": 60},
    "basin": {"grid": 12},
    "theorem-2": {"outputs": 2, "parameters": 4, "samples": 50},
    "convergence": {"outputs": 3, "parameters": 6, "samples": 2, "steps": 300},
    "split": {},
    "rise": {"outputs": 3, "parameters": 6, "samples": 2},
    "mean-field": {"outputs": 6, "parameters": 12, "samples": 1, "steps": 12},
    "phase": {"grid": 16, "steps": 20_000},
    "network": {"hidden": "6,6", "steps": 30},
}
"""Options that keep each figure cheap."""

LABELS = {
    "landscape": {"gradient flow", "gradient descent"},
    "sharpness": {r"$\lambda_1$ NTK", r"$\lambda_2$ NTK", "flow", r"$2/\eta$"},
    "orbit": {"even steps", "odd steps", "edge of stability"},
    "plane": {"orbits, every 2nd step", "nullcline", "slow manifold"},
    "deviation": {"limit series (relaxed orbits)", "orbit", "limit law, from the start alone"},
    "limit": {r"to $\epsilon^{1}$", r"to $\epsilon^{8}$", "resummed"},
    "optimisers": {"gradient descent", r"heavy ball, $\beta$ = 1/2", r"SAM, $\rho$ = 1"},
    "central-flow": {"orbit, $\\tilde T$", "smoothed orbit", "central flow", "orbit, $x^2$"},
    "basin": {"proved, slope 7/5"},
    "theorem-2": {"exact at this size", r"large $D$ and $P$"},
    "convergence": set(),
    "split": {"linear in the residual", "non-linear", "two-step change", r"$2/\eta$"},
    "rise": {"measured, 2 pairs", r"$c\,t^2/2$", "fixed kernel", "infinite size"},
    "mean-field": {"measured", "displacement law", "the law at infinite size", "infinite size"},
    "phase": set(),
    "network": {"$h_{1}$ Hessian", r"$2/\eta$", "central flow"},
}
SLOW = {
    "central-flow",
    "theorem-2",
    "limit",
    "optimisers",
    "landscape",
    "deviation",
    "rise",
    "mean-field",
    "convergence",
    "network",
}
EVERY = pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.thorough] * (n in SLOW)) for n in FIGURES])


@cache
def small(name: str) -> tuple[Any, Any]:
    result = figure_result(name, **SMALL[name])
    drawing = draw_figure(name, result)
    drawing.canvas.draw()
    return result, drawing


def texts(drawing: Any) -> list[Any]:
    """Every piece of text that is seen."""
    found = [t for t in drawing.findobj(mpl.text.Text) if t.get_visible() and t.get_text().strip()]
    hidden = {t for ax in drawing.axes for axis in (ax.xaxis, ax.yaxis) for t in _outside(axis)}
    return [t for t in found if t not in hidden]


def _outside(axis: Any) -> list[Any]:
    """Labels of ticks beyond the limits, which are never drawn."""
    shown = {id(tick) for tick in axis._update_ticks()}
    ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
    return [label for tick in ticks if id(tick) not in shown for label in (tick.label1, tick.label2)]


def unreadable(drawing: Any) -> list[str]:
    """Text below 8 points, or cut off by the border of the figure."""
    page = drawing.bbox.padded(1.5)
    wrong = [f"{t.get_fontsize():g} pt: {t.get_text()}" for t in texts(drawing) if t.get_fontsize() < SMALLEST_TEXT]
    for text in texts(drawing):
        box = text.get_window_extent()
        if not (page.contains(box.x0, box.y0) and page.contains(box.x1, box.y1)):
            wrong.append(f"cut off: {text.get_text()}")
    return wrong


@EVERY
def test_every_figure_reads_well_in_one_column(name: str) -> None:
    _, drawing = small(name)
    assert drawing.get_size_inches()[0] == pytest.approx(COLUMN)
    assert unreadable(drawing) == []
    for ax in drawing.axes:
        if ax.get_label() != "<colorbar>":
            assert ax.get_ylabel()
    assert drawing.axes[len(FIGURES[name].panels) - 1].get_xlabel()


def test_what_is_unreadable_is_noticed() -> None:
    _, drawing = small("orbit")
    fresh = draw_figure("orbit", small("orbit")[0])
    fresh.axes[0].set_title("x" * 200, fontsize=6)
    fresh.canvas.draw()
    assert [w.split(":")[0] for w in unreadable(fresh)] == ["6 pt", "cut off"]
    assert unreadable(drawing) == []


@EVERY
def test_every_figure_holds_its_curves(name: str) -> None:
    panels = drawn_data(small(name)[1])["panels"]
    assert len(panels) == len(FIGURES[name].panels)
    drawn = {line["label"] for panel in panels for line in panel["lines"]}
    assert drawn >= LABELS[name], drawn
    for panel in panels:
        assert panel["lines"] or panel["meshes"]
        for line in panel["lines"]:
            assert len(line["x"]) == len(line["y"]) > 0


@EVERY
def test_every_panel_is_a_public_function_and_every_option_an_argument(name: str) -> None:
    figure = FIGURES[name]
    for panel in figure.panels:
        room, function = panel.function.split(".")
        module = import_module(f"edgestab.numeric.{room}")
        assert function in module.__all__
        assert "ax" in inspect.signature(getattr(module, function)).parameters
    arguments = inspect.signature(getattr(figure_data, figure.source)).parameters
    assert list(arguments) == list(figure.options) or set(arguments) == set(figure.options)
    assert all(key == key.lower() or key == "T" for key in figure.options)


def test_the_edge_is_dotted_and_the_unstable_minima_are_too() -> None:
    lines = drawn_data(small("plane")[1])["panels"][0]["lines"]
    minima = [line for line in lines if np.all(line["x"] == 0) and len(line["x"]) == 2]
    assert {line["style"] for line in minima if max(line["y"]) > 2} == {":"}
    assert {line["style"] for line in minima if max(line["y"]) <= 2} == {"-"}
    for name in ("plane", "sharpness", "orbit", "split"):
        flat = [x for x in drawn_data(small(name)[1])["panels"][0]["lines"] if np.all(np.asarray(x["y"]) == 2)]
        assert [line["style"] for line in flat] == [":"], name
    unstable = [x for x in drawn_data(small("landscape")[1])["panels"][0]["lines"] if x["style"] == ":"]
    land = small("landscape")[0]
    assert len(unstable[0]["x"]) == int(np.sum(land.sharpness >= 2)) > 0


def test_the_data_are_those_of_the_result() -> None:
    land, drawing = small("landscape")
    lines = {line["label"]: line for line in drawn_data(drawing)["panels"][0]["lines"]}
    drawn = np.stack([lines["gradient descent"]["x"], lines["gradient descent"]["y"]], axis=1)
    assert {tuple(p) for p in drawn} <= {tuple(p) for p in land.descents[0]}
    assert np.array_equal(drawn[[0, 1, -1]], land.descents[0][[0, 1, -1]])  # points at rest are drawn once
    (split, drawing) = small("split")
    lines = {line["label"]: line for line in drawn_data(drawing)["panels"][1]["lines"]}
    assert np.array_equal(lines["non-linear"]["y"], split.nonlinear)
    (result, drawing) = small("phase")
    assert drawn_data(drawing)["panels"][0]["meshes"][-1]["values"].shape == result.grid.shape[:2][::-1]


def test_the_landscape_is_that_of_the_loss() -> None:
    land = small("landscape")[0]
    e: float = float(land.epsilon)
    a, b = (float(v) for v in land.descents[0][0])
    for step in range(5):
        assert land.descents[0][step] == pytest.approx((a, b), abs=1e-12)
        z = (a * a - e * b * b) / 2  # a' = a (1 - z), b' = b (1 + e z), by hand
        a, b = a * (1 - z), b * (1 + e * z)
    x, y = land.minima.T
    assert np.abs(x * x - e * y * y).max() < 1e-12
    assert land.sharpness == pytest.approx(x * x + e * e * y * y)
    for flow in land.flows:
        kept = flow[:, 0] ** e * flow[:, 1]  # conserved along the flow
        assert np.ptp(kept) < 1e-6 * kept[0]


def test_the_field_and_the_curves_are_those_of_the_map() -> None:
    plane = small("plane")[0]
    e = float(plane.epsilon)

    def twice(z: Any, T: Any) -> tuple[Any, Any]:
        for _ in range(2):
            a, b = T + 2 * e * z, T - 2 * z  # (1 + e) theta_1^2 and e (1 + e) theta_2^2, by hand
            a, b = a * (1 - z) ** 2, b * (1 + e * z) ** 2
            z, T = (a - b) / (2 * (1 + e)), (a + e * b) / (1 + e)
        return z, T

    z, T = np.meshgrid(plane.z, plane.T)
    after = twice(z, T)
    assert plane.field[0] == pytest.approx(after[0] - z, abs=1e-12)
    assert plane.field[1] == pytest.approx(after[1] - T, abs=1e-12)
    assert np.abs(twice(plane.z, plane.nullcline)[0] - plane.z).max() < 1e-9
    near = np.abs(plane.z) < 0.15
    image = twice(plane.z[near], plane.manifold[near])
    drift = image[1] - np.interp(image[0], plane.z, plane.manifold)
    assert np.abs(drift).max() < 2e-4  # e^4 and the interpolation


def test_the_defaults_show_the_phenomenon() -> None:
    """The run crosses the edge and comes back below it, where the flow stays above."""
    both = small("sharpness")[0]
    run, flow = both["run"], both["flow"]
    eta = run.step_sizes[0]
    assert 2.1 < run.peak[0] < 3
    assert 1.8 < eta * run.ntk[-1, 0, 0] < 2
    assert eta * flow.ntk[-1, 0] > 2.1
    split = small("split")[0].phases()
    assert split is not None
    assert split.while_falling > 1 > split.while_sharpening
    orbit = small("orbit")[0]
    assert orbit.T.max() > 2.4
    assert orbit.T[-1] < 2
    ends = [path.prediction.regime for path in small("deviation")[0].paths]
    assert {"relaxed", "between", "frozen"} <= set(ends)
    assert {float(t) > 2 for t in small("landscape")[0].sharpness} == {True, False}


def test_unknown_names_and_options_are_refused() -> None:
    with pytest.raises(DomainError, match="edgestab plot --list"):
        draw_figure("plan")
    with pytest.raises(DomainError, match="options epsilon, steps"):
        figure_result("plane", eta=1)
    with pytest.raises(DomainError, match="inches"):
        draw_figure("orbit", small("orbit")[0], width=100)
    with pytest.raises(DomainError, match="epsilon"):
        figure_result("landscape", epsilon="2")


MACHADO = {  # Machado, Oliveira, Fernandes 2009, severity 1, on linear RGB
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def lab(linear: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """CIE L*a*b* of linear RGB, D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(linear, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def closest(colours: tuple[str, ...], sight: str | None) -> float:
    """The least difference of two colours (CIE 1976) for an eye that lacks a cone, or for any eye."""
    matrix = np.eye(3) if sight is None else np.array(MACHADO[sight])
    srgb = [np.array(mpl.colors.to_rgb(c)) for c in colours]
    seen = [lab(matrix @ np.where(c > 0.04045, ((c + 0.055) / 1.055) ** 2.4, c / 12.92)) for c in srgb]
    return min(float(np.linalg.norm(a - b)) for i, a in enumerate(seen) for b in seen[:i])


@pytest.mark.parametrize("sight", [None, *MACHADO])
def test_the_colours_are_told_apart_by_every_eye(sight: str | None) -> None:
    assert closest(COLOURS, sight) > 25
    assert closest(("#b22222", "#3b7d23"), "deutan") < 20 < closest(("#b22222", "#3b7d23"), None)


@pytest.mark.thorough
@EVERY
def test_every_figure_reads_well_with_its_defaults(name: str) -> None:
    drawing = draw_figure(name)
    drawing.canvas.draw()
    assert unreadable(drawing) == []


def picture(name: str) -> Any:
    return pytest.mark.mpl_image_compare(
        baseline_dir=str(ROOT / "tests" / "golden" / "figures"),
        filename=f"{name}.png",
        tolerance=12,
        savefig_kwargs={"dpi": 70},
        style="default",
        deterministic=True,
    )


@pytest.mark.thorough
@picture("plane")
def test_the_picture_of_the_plane() -> Any:
    return draw_figure("plane", steps=200)


@pytest.mark.thorough
@picture("landscape")
def test_the_picture_of_the_landscape() -> Any:
    return draw_figure("landscape", steps=60)


@pytest.mark.thorough
def test_the_edge_of_the_network_is_dotted() -> None:
    lines = drawn_data(small("network")[1])["panels"][0]["lines"]
    flat = [x for x in lines if np.allclose(x["y"], 2 / 0.2)]
    assert [line["style"] for line in flat] == [":"]


@pytest.mark.thorough
@picture("split")
def test_the_picture_of_the_split() -> Any:
    return draw_figure("split")


def test_the_page_lists_every_figure_with_its_functions() -> None:
    text = (ROOT / "docs" / "figures.md").read_text(encoding="utf-8")
    for figure in FIGURES.values():
        functions = ", ".join(f"`es.{panel.function}`" for panel in figure.panels)
        assert f"| `{figure.name}` | {figure.title} | {functions} |" in text


def test_the_pictures_of_the_readme_are_small() -> None:
    for path in (ROOT / "docs" / "images").iterdir():
        assert path.stat().st_size < 150_000
        assert path.stem in FIGURES
