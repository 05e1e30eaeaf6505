"""Measure what a collection costs with each strategy, by tasks and by changes an interval.

    python -m benchmarks.collection_cost [--large]

One table: for 1,000, 10,000 and 100,000 tasks (with --large 1,000,000 too) and 0, 10 and 1,000
changes an interval, it shows the requests of one collection, the seconds that they take at 20 a
second if answers are immediate, the CPU seconds, and the resident memory afterwards. The simulated
API runs in the same process without a network; its CPU time and memory are subtracted. A second
table shows the cost of the first collection and of a resync. Each size and strategy is measured in
a separate process.

A quarter of the changes each: tasks are created, start to upload, succeed, and expire on time. No
task leaves the list.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import platform
import time
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path

from exporter.collection.collector import Collector
from exporter.config import AppSettings, CollectionSettings
from exporter.history.counters import AppCounters
from exporter.simulator.app import SimulatedApp
from exporter.simulator.bookkeeping import Nonces
from exporter.simulator.lifecycle import Lifecycle
from exporter.simulator.state import expected_state
from exporter.simulator.task import CANCELLED, EXPIRED, FAILED, SUCCEEDED, UPLOADING, WAITING
from exporter.zego.limiter import RateLimiter
from tests.direct import DirectTransport

APP_ID = 1234567890
SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - opens the simulator alone
NOW = 1_700_000_000.0
RATE = 20
INTERVAL = 60.0
SIZES, LARGE = (1_000, 10_000, 100_000), 1_000_000
CHANGES = (0, 10, 1_000)
MIXTURE = (*[SUCCEEDED] * 6, *[EXPIRED] * 2, FAILED, CANCELLED)
UNLIMITED = 1e9


@dataclass(frozen=True)
class Cost:
    """What one collection took."""

    requests: int
    cpu_seconds: float
    resident_mib: float
    """Beyond what was resident before the first collection."""


class Site:
    """A collector of one app, in this process."""

    def __init__(self, strategy: str, tasks: int) -> None:
        self.elapsed = 0.0
        self.life = Lifecycle(pace=0, start=NOW, log_limit=0)
        self.life.add_tasks(tasks, statuses=MIXTURE)
        for status in (WAITING, UPLOADING):
            for _ in range(5):
                self.life.add_task(status=status)
        self.app = SimulatedApp(APP_ID, SECRET, self.life, rate_limit=None)
        due = sorted(self.life.by_status[SUCCEEDED], key=lambda task: task.expires_at)
        self._due = iter([task.id for task in due])
        self._transports: list[DirectTransport] = []
        collection = CollectionSettings.model_validate({"strategy": strategy, "deadline": 1e6})
        settings = AppSettings.model_validate(
            {
                "name": "vod",
                "app_id": APP_ID,
                "server_secret": SECRET,
                "endpoint": "https://cloud-player-api.zego.im",
                "collection": collection,
            }
        )
        self.collector = Collector(
            settings,
            RateLimiter(UNLIMITED, clock=lambda: 0.0),
            AppCounters(),
            clock=lambda: self.elapsed,
            wall_clock=lambda: NOW + self.elapsed,
            new_transport=self._new_transport,
        )
        gc.collect()
        self._before = resident_mib()

    def change(self, changes: int) -> None:
        """Let that many things happen: a quarter of each kind."""
        life, each = self.life, changes // 4 + (changes % 4 > 0)
        for task in list(islice(life.by_status[UPLOADING], each)):
            life.set_status(task.id, SUCCEEDED, expires_at=int(NOW + 1e6))
        for task in list(islice(life.by_status[WAITING], each)):
            life.set_status(task.id, UPLOADING)
        for _ in range(changes // 4):
            life.add_task()
        for task_id in islice(self._due, changes // 4):
            life.set_status(task_id, EXPIRED)

    def collect(self) -> Cost:
        """Make one collection, one interval after the last one; its counts must be the truth."""
        self.elapsed += INTERVAL
        self.app.nonces = Nonces()  # the simulated API's memory of requests is not ours
        requests, theirs = self.app.arrivals.requests, self._simulator_seconds()
        started = time.process_time()
        self.collector.collect()
        cpu = time.process_time() - started - (self._simulator_seconds() - theirs)
        view = self.collector.state.view()
        assert view.snapshot is not None, view.last_error
        counts = {status.value: s.tasks for status, s in view.snapshot.summaries.items()}
        assert counts == expected_state(self.app, NOW + self.elapsed)["counts"]
        return Cost(self.app.arrivals.requests - requests, cpu, resident_mib() - self._before)

    def _new_transport(self) -> DirectTransport:
        self._transports.append(DirectTransport(self.app, lambda: NOW + self.elapsed))
        return self._transports[-1]

    def _simulator_seconds(self) -> float:
        return sum(transport.simulator_seconds for transport in self._transports)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_formatter)
    parser.add_argument("--large", action="store_true", help="measure 1,000,000 tasks too")
    sizes = (*SIZES, LARGE) if parser.parse_args().large else SIZES
    print(f"Python {platform.python_version()}, {platform.machine()}\n")
    print("| tasks | changes | strategy | requests | seconds at 20/s | CPU s | MiB |")
    print("|---:|---:|---|---:|---:|---:|---:|")
    whole: list[str] = []
    for tasks in sizes:
        costs = {strategy: measured(strategy, tasks) for strategy in ("full", "incremental")}
        for changes in CHANGES:
            for strategy, by_occasion in costs.items():
                print(f"| {tasks} | {changes} | {strategy} | {row(by_occasion[str(changes)])} |")
        ours = costs["incremental"]
        whole += [f"| {tasks} | {word} | {row(ours[word])} |" for word in ("first", "resync")]
    print("\nCollections of the incremental strategy that are full walks\n")
    print("| tasks | collection | requests | seconds at 20/s | CPU s | MiB |")
    print("|---:|---|---:|---:|---:|---:|", *whole, sep="\n")


def row(cost: Cost) -> str:
    """Return the cells of a collection."""
    seconds = cost.requests / RATE
    return f"{cost.requests} | {seconds:.1f} | {cost.cpu_seconds:.2f} | {cost.resident_mib:.0f}"


def measured(strategy: str, tasks: int) -> dict[str, Cost]:
    """Return the costs by occasion, measured in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=measure, args=(theirs, strategy, tasks)
    )
    process.start()
    theirs.close()
    costs: dict[str, Cost] = ours.recv()
    process.join()
    return costs


def measure(pipe: Connection, strategy: str, tasks: int) -> None:
    """Send the costs of each occasion; in the child process."""
    site = Site(strategy, tasks)
    costs = {"first": site.collect()}
    for changes in CHANGES:
        for _ in range(2):  # until as many tasks wait and upload as then move on
            site.change(changes)
            if strategy == "incremental":  # a full walk owes nothing to the one before
                site.collect()
        site.change(changes)
        costs[str(changes)] = site.collect()
    if strategy == "incremental":
        site.elapsed += site.collector.settings.collection.resync_interval
        costs["resync"] = site.collect()
    pipe.send(costs)


def resident_mib() -> float:
    """Return the resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.RawDescriptionHelpFormatter(prog)


if __name__ == "__main__":
    main()
