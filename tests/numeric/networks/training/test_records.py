"""Records survive kills, are read back, and tell what is wrong with a file."""

import os
from pathlib import Path

import pytest

import edgestab as es
from edgestab.numeric.networks.training.records import RecordFile, read_records


def test_a_half_line_is_left_out_and_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    file = RecordFile(path)
    for step in (0, 10, 20):
        file.append({"step": step, "loss": 0.5})
    path.write_bytes(path.read_bytes() + b'{"step": 30, "lo')
    assert [r["step"] for r in read_records(path)] == [0, 10, 20]
    again = RecordFile(path, resume=True)
    again.append({"step": 30, "loss": 0.1})
    assert [r["step"] for r in read_records(path)] == [0, 10, 20, 30] == [r["step"] for r in again.records]


def test_a_step_that_comes_again_replaces_what_follows(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "run.jsonl")
    for step in (0, 10, 20, 30, 20):
        file.append({"step": step, "loss": float(len(file.records))})
    assert read_records(file.path) == [{"step": 0, "loss": 0.0}, {"step": 10, "loss": 1.0}, {"step": 20, "loss": 4.0}]


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = RecordFile(tmp_path / "run.jsonl")
    file.append({"step": 0, "loss": 1.0})
    before, write = file.path.read_bytes(), os.write
    monkeypatch.setattr(os, "write", lambda handle, line: write(handle, line[:4]))
    with pytest.raises(es.algebra.OutputError, match="no space left"):
        file.append({"step": 10, "loss": 1.0})
    assert file.path.read_bytes() == before
    assert len(file.records) == 1


def test_what_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text('{"step": 0}\nno record\n{"step": 10}\n')
    with pytest.raises(es.algebra.OutputError, match="It is kept"):
        RecordFile(path)
    with pytest.raises(es.DomainError, match="line 2 of run.jsonl"):
        RecordFile(path, resume=True)
    assert RecordFile(path, force=True).records == [] == read_records(path)
    with pytest.raises(es.DomainError, match="No such file"):
        read_records(tmp_path / "gone.jsonl")
    with pytest.raises(es.algebra.OutputError, match="run.jsonl: No such"):
        RecordFile(tmp_path / "gone" / "run.jsonl")


def test_pandas_reads_them_in_one_line(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    file = RecordFile(tmp_path / "run.jsonl")
    for step in (0, 10):
        file.append({"step": step, "loss": None, "sharpness": [2.0, 1.0]})
    table = pandas.read_json(file.path, lines=True)
    assert table["step"].tolist() == [0, 10]
    assert table["sharpness"][1] == [2.0, 1.0]
