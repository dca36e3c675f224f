"""Chunk files are whole or absent, belong to one configuration, and hold no pickle."""

import json
from pathlib import Path

import numpy as np
import pytest

from edgestab.numeric.runs.chunk_store import ChunkStore, digest_config, write_atomic
from edgestab.symbolic.algebra.errors import OutputError


def arrays(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"z": rng.normal(size=5), "status": rng.integers(0, 3, 5).astype(np.int8)}


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    store = ChunkStore(tmp_path / "run", {"seed": 1}, 3)
    store.save(1, arrays(1))
    again = ChunkStore(tmp_path / "run", {"seed": 1}, 3)
    loaded = again.load(1)
    assert loaded is not None
    for name, values in arrays(1).items():
        assert loaded[name].dtype == values.dtype
        assert np.array_equal(loaded[name], values)
    assert again.load(0) is None
    assert not [p for p in (tmp_path / "run").iterdir() if p.name.startswith(".")]


def test_a_damaged_chunk_counts_as_missing(tmp_path: Path) -> None:
    store = ChunkStore(tmp_path, {}, 3)
    for index in range(3):
        store.save(index, arrays(index))
    whole = store.path(0).read_bytes()
    store.path(0).write_bytes(whole[: len(whole) // 2])
    store.path(1).write_bytes(b"")
    flipped = bytearray(whole)
    flipped[whole.index(arrays(0)["z"].tobytes()) + 3] ^= 0xFF
    store.path(2).write_bytes(bytes(flipped))
    assert [store.load(index) for index in range(3)] == [None, None, None]


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    store = ChunkStore(tmp_path, {}, 1)
    np.savez(store.path(0), z=np.array([{"a": 1}], dtype=object))
    assert store.load(0) is None


def test_a_folder_belongs_to_one_configuration(tmp_path: Path) -> None:
    ChunkStore(tmp_path, {"seed": 1}, 2).save(0, arrays(0))
    with pytest.raises(OutputError, match="the run.json of another"):
        ChunkStore(tmp_path, {"seed": 2}, 2)
    fresh = ChunkStore(tmp_path, {"seed": 2}, 2, force=True)
    assert fresh.load(0) is None
    assert json.loads((tmp_path / "run.json").read_text())["config"] == {"seed": 2}


def test_foreign_files_are_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.npz").write_bytes(b"precious")
    for force in (False, True):
        with pytest.raises(OutputError, match="other .npz files in"):
            ChunkStore(tmp_path, {}, 1, force=force)
    assert (tmp_path / "mine.npz").read_bytes() == b"precious"


def test_an_unreadable_run_json_is_another_run(tmp_path: Path) -> None:
    for text in ("", "[]", "{", '{"config_digest": 3}'):
        (tmp_path / "run.json").write_text(text)
        with pytest.raises(OutputError, match="the run.json of another"):
            ChunkStore(tmp_path, {}, 1)


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="a folder that can be written"):
        ChunkStore(tmp_path / "file", {}, 1)


def test_run_json_tells_when_it_is_finished(tmp_path: Path) -> None:
    store = ChunkStore(tmp_path, {"a": 1}, 1, info={"argv": ["sweep"]})
    assert json.loads((tmp_path / "run.json").read_text())["finished"] is False
    store.write_run(finished=True, summary={"converged": 5})
    content = json.loads((tmp_path / "run.json").read_text())
    assert (content["finished"], content["summary"], content["argv"]) == (True, {"converged": 5}, ["sweep"])
    assert content["config_digest"] == digest_config({"a": 1})
    ChunkStore(tmp_path, {"a": 1}, 1)
    assert json.loads((tmp_path / "run.json").read_text())["finished"] is True


def test_digests_ignore_order_only() -> None:
    assert digest_config({"a": 1, "b": 2}) == digest_config({"b": 2, "a": 1})
    assert digest_config({"a": 1}) != digest_config({"a": 2})


def test_write_atomic_replaces(tmp_path: Path) -> None:
    write_atomic(tmp_path / "f", b"1")
    write_atomic(tmp_path / "f", b"2")
    assert (tmp_path / "f").read_bytes() == b"2"
    assert [p.name for p in tmp_path.iterdir()] == ["f"]
