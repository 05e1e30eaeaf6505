"""Measure latency and CPU of scrapes, compared with `prometheus_client` and a pushgateway.

    python -m benchmarks.scrape [--quick] [--before FOLDER]

All three have the same samples and are measured in alternation in one run. Each connection is kept
and sends the next request immediately after an answer. The second table is about this exporter
only: idle, and while it collects continuously at 20 requests a second. There, scrapes come at a
fixed interval.

With `--before`, the `exporter` package in that folder is measured beside this one, and nothing
else.
"""

from __future__ import annotations

import argparse
import math
import statistics
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import (
    TEXT,
    Peer,
    exporter,
    has_collected,
    plain_client,
    pushgateway,
    simulator,
    wait_for,
)

SIZES = (200, 2_000, 10_000, 20_000)
GOAL_TASKS = 10_000
SECONDS = 2.0
ROUNDS = 4
"""Two versions take turns so often: other work of the machine then hits both."""

PACE_SECONDS = 0.05
REST_SECONDS = 240.0
"""Between two collections: long enough to measure in, and the first one comes within a tenth."""


@dataclass(frozen=True)
class Measured:
    """Latencies in seconds, ascending, and CPU seconds of the server for each scrape."""

    latencies: Sequence[float]
    cpu: float
    body: int

    def quantile(self, part: float) -> float:
        """Return the latency that `part` of all scrapes did not exceed."""
        return self.latencies[math.ceil(part * len(self.latencies)) - 1]


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="fewer sizes, shorter")
    parser.add_argument("--before", type=Path, help="folder with an older `exporter` package")
    flags = parser.parse_args()
    quick = flags.quick
    if flags.before is not None:
        print(
            "| tasks | encoding | connections | version | scrapes | p50 ms | p99 ms "
            "| CPU ms per scrape | CPU, times before |"
        )
        print("|" + "---|" * 9)
        for tasks in (200, GOAL_TASKS) if quick else SIZES:
            compare_versions(tasks, SECONDS / 2 if quick else SECONDS, flags.before)
        return
    print("Scrapes of the same samples, at rest\n")
    print(
        "| tasks | series | encoding | connections | server | scrapes | p50 ms | p99 ms "
        "| CPU ms per scrape | CPU, times ours | body kB |"
    )
    print("|" + "---|" * 11)
    for tasks in (200, GOAL_TASKS) if quick else SIZES:
        compare(tasks, SECONDS / 2 if quick else SECONDS)
    seconds = 10.0 if quick else 25.0
    print(f"\n{GOAL_TASKS:,} tasks, gzip, one scrape every {PACE_SECONDS * 1000:.0f} ms\n")
    print("| connections | state | scrapes | p50 ms | p99 ms | highest ms | p99, times at rest |")
    print("|" + "---|" * 7)
    compare_states(seconds)


def compare(tasks: int, seconds: float) -> None:
    """Print the rows for one number of tasks."""
    with ExitStack() as stack:
        endpoint = stack.enter_context(simulator(tasks, limited=False))
        ours = stack.enter_context(exporter(endpoint, interval=REST_SECONDS))
        page = wait_for(ours, has_collected)
        peers = (
            ours,
            stack.enter_context(pushgateway(page)),
            stack.enter_context(plain_client(page)),
        )
        series = count_series(page)
        assert all(count_series(peer.fetch()) == series for peer in peers)
        for gzip in (False, True):
            for connections in (1, 8):
                results = [scrape(peer, gzip, connections, seconds) for peer in peers]
                for peer, result in zip(peers, results, strict=True):
                    print(
                        f"| {tasks:,} | {series:,} | {'gzip' if gzip else 'plain'} | {connections} "
                        f"| {peer.name} | {len(result.latencies)} "
                        f"| {result.quantile(0.5) * 1000:.1f} | {result.quantile(0.99) * 1000:.1f} "
                        f"| {result.cpu * 1000:.2f} | {result.cpu / results[0].cpu:.0f} "
                        f"| {result.body / 1000:.0f} |",
                        flush=True,
                    )


def compare_versions(tasks: int, seconds: float, before: Path) -> None:
    """Print the rows of two versions for one number of tasks, measured in alternation."""
    with ExitStack() as stack:
        endpoint = stack.enter_context(simulator(tasks, limited=False))
        peers = [
            stack.enter_context(exporter(endpoint, interval=REST_SECONDS, name=name, tree=tree))
            for name, tree in (("before", before), ("now", Path()))
        ]
        for peer in peers:
            wait_for(peer, has_collected)
        for gzip in (False, True):
            for connections in (1, 8):
                rounds = [
                    [scrape(peer, gzip, connections, seconds / ROUNDS) for peer in peers]
                    for _ in range(ROUNDS)
                ]
                results = [join(results) for results in zip(*rounds, strict=True)]
                for peer, result in zip(peers, results, strict=True):
                    print(
                        f"| {tasks:,} | {'gzip' if gzip else 'plain'} | {connections} "
                        f"| {peer.name} | {len(result.latencies)} "
                        f"| {result.quantile(0.5) * 1000:.1f} | {result.quantile(0.99) * 1000:.1f} "
                        f"| {result.cpu * 1000:.2f} | {result.cpu / results[0].cpu:.2f} |",
                        flush=True,
                    )


def join(rounds: Sequence[Measured]) -> Measured:
    """Return the rounds of one server as one measurement."""
    latencies = sorted(latency for measured in rounds for latency in measured.latencies)
    cpu = sum(measured.cpu * len(measured.latencies) for measured in rounds)
    return Measured(latencies, cpu / len(latencies), rounds[-1].body)


def compare_states(seconds: float) -> None:
    """Print the rows at rest and during collections."""
    with ExitStack() as stack:
        endpoint = stack.enter_context(simulator(GOAL_TASKS))
        resting = stack.enter_context(
            exporter(endpoint, interval=REST_SECONDS, requests_per_second=20)
        )
        wait_for(resting, has_collected)
        # A walk takes ten seconds at that rate: the next one begins as soon as one ends.
        busy = stack.enter_context(exporter(endpoint, interval=1, requests_per_second=20))
        wait_for(busy, has_collected)
        for connections in (1, 8):
            rest = scrape(resting, True, connections, seconds, PACE_SECONDS)
            for state, result in (
                ("at rest", rest),
                ("collecting", scrape(busy, True, connections, seconds, PACE_SECONDS)),
            ):
                print(
                    f"| {connections} | {state} | {len(result.latencies)} "
                    f"| {result.quantile(0.5) * 1000:.1f} | {result.quantile(0.99) * 1000:.1f} "
                    f"| {result.latencies[-1] * 1000:.1f} "
                    f"| {result.quantile(0.99) / rest.quantile(0.99):.1f} |",
                    flush=True,
                )


def scrape(peer: Peer, gzip: bool, connections: int, seconds: float, pace: float = 0.0) -> Measured:
    """Scrape over some connections for that long, each one every `pace` seconds at most."""
    latencies: list[float] = []
    bodies: list[int] = []
    headers = {"Accept": TEXT, "Accept-Encoding": "gzip" if gzip else "identity"}

    def ask_again() -> None:
        connection = peer.connect()
        while True:
            started = time.perf_counter()
            connection.request("GET", peer.path, headers=headers)
            answer = connection.getresponse()
            bodies.append(len(answer.read()))
            latencies.append(time.perf_counter() - started)
            assert answer.status == 200
            assert (answer.headers["Content-Encoding"] == "gzip") == gzip
            if time.perf_counter() > until:
                return connection.close()
            time.sleep(max(0.0, started + pace - time.perf_counter()))

    peer.fetch()
    used = peer.cpu_seconds()
    until = time.perf_counter() + seconds
    threads = [threading.Thread(target=ask_again) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cpu = (peer.cpu_seconds() - used) / len(latencies)
    return Measured(sorted(latencies), cpu, round(statistics.mean(bodies)))


def count_series(page: bytes) -> int:
    """Return the samples of upload tasks on a page."""
    return sum(1 for line in page.splitlines() if line.startswith(b"zego_upload_"))


if __name__ == "__main__":
    main()
