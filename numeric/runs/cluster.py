"""Map a function over chunks: on the local cores, or on a Dask cluster.

The result of a chunk may depend on the chunk alone, so every backend, every number of workers and every
order of completion gives the same results. A worker that dies loses nothing: its chunks are run again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context
from typing import Any, Literal, TypeVar

from ...symbolic.algebra.errors import DomainError, EdgestabError

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")
Backend = Literal["threads", "processes"]
#: Chunks handed out per worker before the first result is back: enough to hide latency, few enough to bound memory.
IN_FLIGHT = 3
_ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx)://[^\s/:]+:\d{1,5}/?")


class ClusterError(EdgestabError):
    """A chunk could not be run: no scheduler, no worker, or workers that keep dying.

    Example:
        >>> issubclass(es.runs.ClusterError, es.EdgestabError)
        True
    """


def count_cores() -> int:
    """Return the number of cores this process may use (its affinity mask, not the machine's total)."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


def map_chunks(
    function: Callable[[Chunk], Result],
    chunks: Sequence[Chunk],
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    backend: Backend = "threads",
    attempts: int = 3,
    timeout: float = 10.0,
) -> Iterator[tuple[int, Result]]:
    """Run a function on every chunk, on the local cores or on a cluster.

    Args:
        function: A function of one chunk that depends on nothing else. For processes and for a cluster it must be
            importable (defined at the top level of a module), and chunk and result must pickle.
        chunks: The chunks; ``index`` counts them from 0.
        workers: Local workers; default: the cores this process may use. Ignored with a scheduler.
        scheduler: Address of a Dask scheduler such as ``tcp://10.0.0.5:8786``; default: this machine alone.
        backend: ``"threads"`` for functions that release the interpreter lock (compiled kernels),
            ``"processes"`` for those that do not. Ignored with a scheduler.
        attempts: How often a chunk is run before a dying worker becomes an error.
        timeout: Seconds to wait for the scheduler, and for its first worker.

    Returns:
        Pairs ``(index of a chunk, its result)`` in order of completion, as results arrive.

    Raises:
        DomainError: For a worker count below 1 or an address that is not one.
        ClusterError: If no scheduler or worker answers, or a chunk's workers died ``attempts`` times.

    Source:
        Derived here.

    Example:
        >>> sorted(es.runs.map_chunks(abs, [-1, -2]))
        [(0, 1), (1, 2)]
    """
    if workers is not None and workers < 1:
        raise DomainError.of("map_chunks()", "at least one worker", workers, "Leave it out to use every core.")
    if scheduler is not None:
        return _map_dask(function, chunks, scheduler, attempts, timeout)
    workers = min(workers or count_cores(), max(1, len(chunks)))
    if workers == 1:
        return ((index, function(chunk)) for index, chunk in enumerate(chunks))
    return _map_local(function, chunks, workers, backend, attempts)


def _map_local(
    function: Callable[[Chunk], Result], chunks: Sequence[Chunk], workers: int, backend: Backend, attempts: int
) -> Iterator[tuple[int, Result]]:
    remaining = list(range(len(chunks)))[::-1]
    deaths = 0
    while remaining:
        pool: Executor = (
            ThreadPoolExecutor(workers)
            if backend == "threads"
            else ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
        )
        running: dict[Future[Result], int] = {}
        try:
            while remaining or running:
                while remaining and len(running) < IN_FLIGHT * workers:
                    index = remaining.pop()
                    running[pool.submit(function, chunks[index])] = index
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    result = future.result()
                    yield running.pop(future), result
        except BrokenProcessPool as error:
            # The pool is lost as a whole: every chunk in flight goes back to the queue, finished ones stay finished.
            deaths += 1
            if deaths >= attempts:
                raise ClusterError.of(
                    "map_chunks()",
                    "worker processes that live to the end of a chunk",
                    f"{deaths} deaths",
                    "Check memory: use fewer workers or smaller chunks.",
                ) from error
            remaining.extend(sorted(running.values(), reverse=True))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _fingerprint() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("edgestab")
    except PackageNotFoundError:
        return "source"


def _run_guarded(function: Callable[[Any], Any], chunk: Any, expected: str) -> Any:
    """Run a chunk on a cluster worker after checking that the worker runs the same edgestab."""
    found = _fingerprint()
    if found != expected:
        raise ClusterError.of(
            "map_chunks()", f"workers that run edgestab {expected}", found, "Install the same version on every worker."
        )
    return function(chunk)


def _connect(address: str, timeout: float) -> Any:
    if not _ADDRESS.fullmatch(address):
        raise DomainError.of(
            "map_chunks()",
            "a scheduler address such as tcp://10.0.0.5:8786",
            address,
            "Start one with `dask scheduler`, which prints its address.",
        )
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise ClusterError.of(
            "map_chunks()",
            "the package `distributed` to reach a scheduler",
            "no such package",
            "Install it with: pip install 'edgestab[dask]'.",
        ) from error
    try:
        client = Client(address, timeout=timeout, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise ClusterError.of(
            "map_chunks()",
            f"a Dask scheduler at {address}",
            f"no answer within {timeout:g} s",
            "Start one with `dask scheduler` and check the address.",
        ) from error
    try:
        client.wait_for_workers(1, timeout=timeout)
    except (OSError, TimeoutError) as error:
        client.close()
        raise ClusterError.of(
            "map_chunks()",
            f"at least one worker at {address}",
            f"none after {timeout:g} s",
            f"Start some with `dask worker {address}`.",
        ) from error
    return client


def _map_dask(
    function: Callable[[Chunk], Result], chunks: Sequence[Chunk], address: str, attempts: int, timeout: float
) -> Iterator[tuple[int, Result]]:
    if not chunks:
        return
    client = _connect(address, timeout)
    from distributed import as_completed
    from distributed.client import FutureCancelledError
    from distributed.scheduler import KilledWorker

    tried = [0] * len(chunks)
    running: dict[Any, int] = {}
    stamp = _fingerprint()

    def submit(index: int) -> Any:
        tried[index] += 1
        # pure=False: equal chunks of two sweeps must not share a key, or cancelling one would cancel the other.
        future = client.submit(_run_guarded, function, chunks[index], stamp, pure=False)
        running[future] = index
        return future

    try:
        slots = max(1, sum(client.nthreads().values()))
        queue = iter(range(len(chunks)))
        ready = as_completed([submit(index) for index in islice(queue, IN_FLIGHT * slots)], loop=client.loop)
        while running:
            future = next(ready)
            index = running.pop(future)
            try:
                result = future.result()
            except (KilledWorker, FutureCancelledError) as error:
                if tried[index] >= attempts:
                    raise ClusterError.of(
                        "map_chunks()",
                        f"a worker that finishes chunk {index}",
                        f"{tried[index]} that were lost",
                        "Check the workers' memory and logs.",
                    ) from error
                ready.add(submit(index))
                continue
            future.release()
            following = next(queue, None)
            if following is not None:
                ready.add(submit(following))
            yield index, result
    finally:
        client.cancel(list(running), force=True)
        client.close()
