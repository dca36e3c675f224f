"""``edgestab explore``: one self-contained file. What it does in a browser is tested under tests/browser."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgestab.cli import cli
from edgestab.proofs.explore.page import build_explorer
from edgestab.symbolic.algebra.errors import DomainError, OutputError

ADDRESS = re.compile(r"""(?:src|href|url|import|fetch)\s*[=(:]?\s*["'(]\s*(?:https?:)?//""")
"""How a page asks for something from a network."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("explore") / "page.html"
    options = ["--epsilon", "1/80", "--z", "-0.35", "--T", "1.5", "--steps", "5000"]
    done = CliRunner().invoke(cli, ["explore", "-o", str(path), *options], catch_exceptions=False)
    assert done.exit_code == 0
    return path


def test_the_file_stands_alone(written: Path) -> None:
    page = written.read_text(encoding="utf-8")
    own = page[: page.index("<script>")] + page[page.index('id="data"') :]
    assert ADDRESS.search(own) is None
    assert ADDRESS.search('<link href="https://cdn.example/x.css">')
    assert len(page) < 2_500_000


def test_the_knobs_stand_where_they_were_asked_to(written: Path) -> None:
    page = written.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert found is not None
    data = json.loads(found.group(1))
    knobs = {k["name"]: k["default"] for k in (*data["knobs"], *data["optimisers"][0]["knobs"])}
    assert knobs == {"steps": 5000, "z": -0.35, "T": 1.5, "epsilon": 0.0125, "eta": 1, "E": 0}


@pytest.mark.skipif(shutil.which("node") is None, reason="no JavaScript engine")
def test_the_scripts_parse(written: Path, tmp_path: Path) -> None:
    scripts = re.findall(r"<script>(.*?)</script>", written.read_text(encoding="utf-8"), re.S)
    (tmp_path / "page.js").write_text(scripts[-1], encoding="utf-8")
    subprocess.run(["node", "--check", "page.js"], cwd=tmp_path, check=True, timeout=60)


def test_an_existing_file_is_kept(written: Path) -> None:
    with pytest.raises(OutputError, match="--force"):
        CliRunner().invoke(cli, ["explore", "-o", str(written)], catch_exceptions=False)


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ({"epsilon": "2"}, r"epsilon of the page: expected a number in 1/1000\.\.9/10; got 2"),
        ({"z": "nan"}, "z of the page: expected a number"),
        ({"steps": "12.5"}, "a whole number"),
        ({"momentum": 0.9}, "a knob among epsilon, eta, E"),
    ],
)
def test_a_start_that_no_knob_can_show_is_refused(start: dict[str, object], said: str) -> None:
    with pytest.raises(DomainError, match=said):
        build_explorer(start)
