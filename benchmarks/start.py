"""Measure the start: from the command to the first metrics.

    python -m benchmarks.start [--quick]

Medians of several starts of each program in alternation. The exporter reads one page from the
simulator, after a random delay of up to a tenth of its interval, which is one second here.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from benchmarks.peers import (
    Peer,
    empty_client,
    empty_pushgateway,
    exporter,
    has_collected,
    simulator,
    wait_for,
)

NAMES = ("this exporter", "prometheus_client", "pushgateway")
TASKS = 50  # one page


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="fewer starts")
    starts = 3 if parser.parse_args().quick else 15
    print(f"From the command to the first metrics, medians of {starts} starts\n")
    print("| program | answers a scrape | shows its first tasks |")
    print("|---|---|---|")
    with simulator(TASKS, limited=False) as endpoint:
        programs = (lambda: exporter(endpoint, interval=1), empty_client, empty_pushgateway)
        times = [[measure(program) for program in programs] for _ in range(starts)]
    for name, *measured in zip(NAMES, *times, strict=True):
        answers = statistics.median(answer for answer, _ in measured)
        collected = [tasks for _, tasks in measured if tasks is not None]
        shows = f"{statistics.median(collected):.2f} s" if collected else ""
        print(f"| {name} | {answers:.2f} s | {shows} |")


def measure(
    program: Callable[[], AbstractContextManager[Peer]],
) -> tuple[float, float | None]:
    """Return the seconds to the first answer, and for the exporter to its first tasks."""
    started = time.perf_counter()
    with program() as peer:
        wait_for(peer, lambda _: True)
        answered = time.perf_counter() - started
        if peer.name != "this exporter":
            return answered, None
        wait_for(peer, has_collected)
        return answered, time.perf_counter() - started


if __name__ == "__main__":
    main()
