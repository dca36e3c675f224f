"""A real Dask scheduler with two worker processes, on loopback only."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass
class LoopbackCluster:
    """Addresses and processes of a cluster that lives as long as the tests."""

    folder: Path
    address: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        log = open(self.folder / f"log-{len(self.processes)}.txt", "wb")  # noqa: SIM115
        environment = {**os.environ, "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "10s", "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, stdout=log, stderr=log, env=environment)
        log.close()
        self.processes.append(process)
        return process

    def start_scheduler(self) -> None:
        ready = self.folder / "scheduler.json"
        self.start(
            "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show",
            "--scheduler-file", str(ready),
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while not ready.exists():
            assert time.monotonic() < deadline, (self.folder / "log-0.txt").read_text()
            time.sleep(0.05)
        import json

        time.sleep(0.1)
        self.address = json.loads(ready.read_text())["address"]

    def start_worker(self) -> subprocess.Popen[bytes]:
        return self.start(
            "distributed.cli.dask_worker", self.address, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny",
            "--no-dashboard", "--local-directory", str(self.folder), "--memory-limit", "1GB",
        )  # fmt: skip

    def wait_for_workers(self, count: int) -> None:
        from distributed import Client

        with Client(self.address, timeout=20, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=40)

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.kill()
        for process in self.processes:
            process.wait(timeout=20)


@pytest.fixture(scope="session")
def dask_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackCluster]:
    """A scheduler and two workers; a test that kills a worker starts another."""
    pytest.importorskip("distributed", reason="needs the extra [dask]")
    cluster = LoopbackCluster(tmp_path_factory.mktemp("dask"))
    try:
        cluster.start_scheduler()
        for _ in range(2):
            cluster.start_worker()
        cluster.wait_for_workers(2)
        yield cluster
    finally:
        cluster.stop()
