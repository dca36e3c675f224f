"""Chunks arrive whole, in any order, from threads, processes and a real Dask cluster, and survive dying workers."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from edgestab.numeric.runs.cluster import ClusterError, map_chunks
from edgestab.symbolic.algebra.errors import DomainError


def square(n: int) -> int:
    return n * n


def square_slowly(n: int) -> int:
    time.sleep(0.1)
    return n * n


def square_or_die_once(chunk: tuple[str, int]) -> int:
    flag, n = chunk
    if n == 3 and not Path(flag).exists():
        Path(flag).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return n * n


def always_die(n: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return n


def fail(n: int) -> int:
    raise DomainError.of("fail()", "no call", n, "It always fails.")


def test_threads_give_every_chunk_once() -> None:
    for workers in (1, 2, 5):
        found = list(map_chunks(square, range(40), workers=workers))
        assert sorted(found) == [(n, n * n) for n in range(40)]


def test_no_chunks_no_results() -> None:
    assert list(map_chunks(square, [])) == []


def test_an_error_of_the_function_reaches_the_caller() -> None:
    for workers in (1, 2):
        with pytest.raises(DomainError, match="It always fails"):
            list(map_chunks(fail, range(4), workers=workers))


def test_a_consumer_may_stop_early() -> None:
    results = map_chunks(square_slowly, range(1000), workers=2)
    assert next(results)[1] in (0, 1)
    results.close()  # type: ignore[attr-defined]


def test_a_killed_local_process_loses_nothing(tmp_path: Path) -> None:
    chunks = [(str(tmp_path / "died"), n) for n in range(6)]
    found = list(map_chunks(square_or_die_once, chunks, workers=2, backend="processes"))
    assert (tmp_path / "died").exists()
    assert sorted(found) == [(n, n * n) for n in range(6)]


def test_workers_that_always_die_are_an_error() -> None:
    with pytest.raises(ClusterError, match="2 deaths"):
        list(map_chunks(always_die, [1, 2], workers=2, backend="processes", attempts=2))


@pytest.mark.parametrize("address", ["", "localhost", "tcp://nowhere", "http://127.0.0.1:8786", "tcp://127.0.0.1:x"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(DomainError, match="tcp://10.0.0.5:8786"):
        list(map_chunks(square, [1], scheduler=address))


def test_workers_below_one() -> None:
    with pytest.raises(DomainError, match="at least one worker; got 0"):
        list(map_chunks(square, [1], workers=0))


def test_nobody_listens() -> None:
    pytest.importorskip("distributed", reason="needs the extra [dask]")
    with pytest.raises(ClusterError, match=r"a Dask scheduler at tcp://127.0.0.1:9; got no answer within 0.5 s"):
        list(map_chunks(square, [1], scheduler="tcp://127.0.0.1:9", timeout=0.5))


def test_a_cluster_gives_what_threads_give(dask_cluster: Any) -> None:
    found = list(map_chunks(square, range(50), scheduler=dask_cluster.address))
    assert sorted(found) == sorted(map_chunks(square, range(50), workers=2))
    with pytest.raises(DomainError, match="It always fails"):
        list(map_chunks(fail, range(4), scheduler=dask_cluster.address))


def test_a_killed_cluster_worker_loses_nothing(dask_cluster: Any) -> None:
    victim = dask_cluster.start_worker()
    dask_cluster.wait_for_workers(3)
    found = []
    for count, pair in enumerate(map_chunks(square_slowly, range(40), scheduler=dask_cluster.address), 1):
        found.append(pair)
        if count == 5:
            victim.kill()
    assert victim.wait(timeout=10) == -signal.SIGKILL
    assert sorted(found) == [(n, n * n) for n in range(40)]
