"""The command line of the main job: shapes, exit codes, one-line errors."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
Run = Callable[..., Any]
START = ("--z", "-1/4", "--T", "1.8")


def test_list_and_show(edgestab: Run) -> None:
    listed = edgestab("list", "--json", "-")
    assert listed.code == 0
    claims = {c["id"]: c for c in json.loads(listed.out)["claims"]}
    assert claims["theorem-1"]["source"]["locator"] == "Theorem 1"
    assert {"statement", "assumptions", "level", "uses"} <= claims["theorem-1"].keys()
    for form in ("text", "latex", "json", "coq"):
        assert edgestab("show", "theorem-1", "--format", form).code == 0
    assert "Definition claim_theorem_1 : Prop :=" in edgestab("show", "theorem-1", "--format", "coq").out


def test_verify_prints_a_table_and_json(edgestab: Run, tmp_path: Path) -> None:
    path = tmp_path / "evidence.json"
    ran = edgestab("verify", "printed-z-recurrence", "--effort", "quick", "--jobs", "1", "--json", str(path))
    assert ran.code == 0
    assert "printed-z-recurrence" in ran.out
    record = json.loads(path.read_text(encoding="utf-8"))
    assert all(e["tested"] > 0 and e["verdict"] == "TRUE" for e in record["evidence"])


def test_json_to_stdout_is_json_alone(edgestab: Run) -> None:
    ran = edgestab("verify", "one-step-map", "--effort", "quick", "--jobs", "1", "--json", "-")
    assert json.loads(ran.out)["evidence"][0]["claim"] == "one-step-map"
    assert "one-step-map" in ran.err


def test_verify_exit_codes(edgestab: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module("edgestab.proofs.verify")
    from edgestab.proofs.claims import Outcome, Verdict

    for verdict, code in ((Verdict.FALSE, 1), (Verdict.UNKNOWN, 3)):
        found = Outcome(verdict, 1, undecided=verdict is Verdict.UNKNOWN, rejected=verdict is Verdict.FALSE)
        right = module.run_check

        def planted(
            claim: object, index: int, context: object, found: Outcome = found, right: object = right
        ) -> object:

            return replace(right(claim, index, context), outcome=found)  # type: ignore[operator]

        monkeypatch.setattr(module, "run_check", planted)
        assert edgestab("verify", "one-step-map", "--effort", "quick", "--jobs", "1").code == code
        monkeypatch.undo()


def test_two_step_json(edgestab: Run) -> None:
    ran = edgestab("derive", "two-step", "--order", "3", "--format", "json")
    record = json.loads(ran.out)
    assert record["variables"] == ["z", "y", "epsilon"]
    assert record["order"] == 3
    assert {"exponents": [1, 1, 0], "coefficient": "2"} in record["z_increment"]
    assert {"exponents": [2, 0, 1], "coefficient": "-4"} in record["y_increment"]


@pytest.mark.parametrize("what", ["one-step", "two-step", "nullcline"])
@pytest.mark.parametrize("form", ["text", "latex", "python", "json"])
def test_derive_in_every_format(edgestab: Run, what: str, form: str) -> None:
    ran = edgestab("derive", what, "--order", "2", "--format", form)
    assert ran.code == 0
    assert len(ran.out) > 20


def test_simulate(edgestab: Run, tmp_path: Path) -> None:
    ran = edgestab("simulate", "--epsilon", "0.1", *START, "--json", "-")
    record = json.loads(ran.out)
    assert record["status"] == "converged"
    assert 1.9 < record["T"] < 2
    assert {"steps", "z", "digits", "trusted_digits", "edge"} <= record.keys()
    wide = json.loads(edgestab("simulate", "--epsilon", "1/10", *START, "--digits", "40", "--json", "-").out)
    assert isinstance(wide["T"], str)
    assert abs(float(wide["T"]) - record["T"]) < 1e-12
    assert wide["trusted_digits"] >= 38
    plot = tmp_path / "orbit.png"
    assert edgestab("simulate", "--epsilon", "0.1", *START, "--plot", str(plot)).code == 0
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_a_json_file_records_its_run(edgestab: Run, tmp_path: Path) -> None:
    path = tmp_path / "orbit.json"
    assert edgestab("simulate", "--epsilon", "0.1", *START, "--json", str(path)).code == 0
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["status"] == "converged"
    assert {"argv", "versions", "config"} == record["run"].keys()


def test_simulate_from_theta_is_the_same_orbit(edgestab: Run) -> None:
    by_theta = edgestab("simulate", "--epsilon", "1/10", "--theta", "1,5", "--eta", "4/5", "--json", "-")
    # z = eta (a^2 - eps b^2)/2, T = eta (a^2 + eps^2 b^2)
    by_state = edgestab("simulate", "--epsilon", "1/10", "--z", "-3/5", "--T", "1", "--json", "-")
    assert json.loads(by_theta.out) == json.loads(by_state.out)


def test_divergence_and_step_limit_are_statuses(edgestab: Run) -> None:
    gone = edgestab("simulate", "--epsilon", "0.1", "--z", "5", "--T", "9", "--json", "-")
    assert gone.code == 0
    assert json.loads(gone.out)["status"] == "diverged"
    short = edgestab("simulate", "--epsilon", "0.1", *START, "--steps", "3", "--json", "-")
    assert json.loads(short.out)["status"] == "max_steps"
    assert json.loads(short.out)["steps"] == 3


BAD = [
    ("simulate", "--epsilon", "0", *START),
    ("simulate", "--epsilon", "1.5", *START),
    ("simulate", "--epsilon", "nan", *START),
    ("simulate", "--epsilon", "small", *START),
    ("simulate", "--epsilon", "1e-999999999", *START),
    ("simulate", "--epsilon", "0.1", *START, "--digits", "-3"),
    ("simulate", "--epsilon", "0.1", *START, "--digits", "1000000000"),
    ("simulate", "--epsilon", "0.1", *START, "--steps", "-1"),
    ("simulate", "--epsilon", "0.1", *START, "--until", "x"),
    ("simulate", "--epsilon", "0.1", "--z", "1"),
    ("simulate", "--epsilon", "0.1"),
    ("simulate", "--epsilon", "0.1", "--theta", "1", "--eta", "1"),
    ("simulate", "--epsilon", "0.1", "--theta", "1,2", "--eta", "-1"),
    ("simulate", "--epsilon", "0.1", *START, "--json", "/nonexistent/x.json"),
    ("simulate", "--epsilon", "0.1", *START, "--plot", "x.unknown"),
    ("derive", "two-step", "--order", "0"),
    ("derive", "two-step", "--order", "100000"),
    ("derive", "nothing"),
    ("verify", "theorem1"),
    ("verify", "--effort", "huge"),
    ("show", "teorem-1"),
    ("show", "one-step-map", "--format", "coq"),
    ("nonsense",),
]


@pytest.mark.parametrize("argv", BAD, ids=" ".join)
def test_bad_input_is_one_line_and_exit_2(
    edgestab: Run, argv: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = edgestab(*argv)
    assert ran.code == 2
    assert ran.out == ""
    last = ran.err.strip().splitlines()[-1]
    assert "Error" in last
    assert "Traceback" not in ran.err
    assert list(tmp_path.iterdir()) == []


def test_unknown_claims_suggest_the_nearest(edgestab: Run) -> None:
    assert "theorem-1" in edgestab("verify", "theorem1").err


def test_existing_files_are_kept(edgestab: Run, tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    path.write_text("precious", encoding="utf-8")
    kept = edgestab("derive", "nullcline", "--format", "json", "-o", str(path))
    assert kept.code == 2
    assert "--force" in kept.err
    assert path.read_text(encoding="utf-8") == "precious"
    assert edgestab("derive", "nullcline", "--format", "json", "-o", str(path), "--force").code == 0
    assert json.loads(path.read_text(encoding="utf-8"))["order"] == 3


def test_module_and_command_are_equal() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "edgestab", "derive", "nullcline", "--order", "1"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert "T = 2" in done.stdout


JSON_COMMANDS = (
    ("list", "--json", "-"),
    ("show", "one-step-map", "--format", "json"),
    ("verify", "one-step-map", "--effort", "quick", "--jobs", "1", "--json", "-"),
    ("derive", "two-step", "--order", "2", "--format", "json"),
    ("theorem-2", "--format", "json"),
    ("simulate", "--epsilon", "1/10", *START, "--json", "-"),
    ("limit", "--epsilon", "1/10", "--json", "-"),
    ("basin", "--epsilon", "1/10", "--grid", "4", "--json", "-"),
    ("dynamics", "run", "-D", "2", "-P", "3", "--steps", "5", "--json", "-"),
)


@pytest.mark.parametrize("arguments", JSON_COMMANDS, ids=lambda a: a[0])
def test_every_json_names_its_schema_and_its_run(edgestab: Run, arguments: tuple[str, ...]) -> None:
    record = json.loads(edgestab(*arguments).out)
    assert record["schema"] == "edgestab 1"
    assert isinstance(record["run"]["argv"], list)
    assert "edgestab" in record["run"]["versions"]


def test_mutants_of_a_statement_are_listed(edgestab: Run) -> None:
    ran = edgestab("verify", "printed-z-recurrence", "--mutants", "--json", "-")
    record = json.loads(ran.out)
    assert ran.code == 0
    fates = [row["fate"] for row in record["mutants"]]
    assert fates.count("noticed") == 7
    assert fates.count("weaker") == 2
    assert "9 mutants: 7 noticed, 2 weaker, 0 not noticed" in ran.err
