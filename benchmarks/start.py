"""Measure the start: from the command to the first metrics, and the CPU that it takes.

    python -m benchmarks.start [--quick] [--before FOLDER]

Medians of several starts of each program in alternation. The exporter reads one page from the
simulator, after a random delay of up to a tenth of its interval, which is one second here. With
`--before`, another checkout (with its `.venv`) is measured in the same run.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from benchmarks.peers import (
    Peer,
    empty_client,
    empty_pushgateway,
    exporter,
    has_collected,
    simulator,
    wait_for,
)

TASKS = 50  # one page


class Start(NamedTuple):
    """One start, in seconds."""

    answered: float
    """Until it answered a scrape."""

    collected: float | None
    """Until the first tasks were shown; None for programs that have none."""

    cpu: float
    """CPU time until then."""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="fewer starts")
    parser.add_argument("--before", metavar="FOLDER", type=Path, help="another checkout")
    flags = parser.parse_args()
    starts = 3 if flags.quick else 15
    checkouts = {"this exporter": (sys.executable, Path.cwd())}
    if flags.before:
        python = str(flags.before.absolute() / ".venv" / "bin" / "python")
        checkouts["this exporter, before"] = (python, flags.before.absolute())
    print(f"From the command to the first metrics, medians of {starts} starts\n")
    print("| program | answers a scrape | shows its first tasks | CPU until then |")
    print("|---|---|---|---|")
    with simulator(TASKS, limited=False) as endpoint:
        programs: dict[str, Callable[[], AbstractContextManager[Peer]]] = {
            name: _start(endpoint, python, folder, name)
            for name, (python, folder) in checkouts.items()
        }
        programs["prometheus_client"] = empty_client
        if shutil.which("prometheus-pushgateway"):
            programs["pushgateway"] = empty_pushgateway
        rounds = [{name: measure(run) for name, run in programs.items()} for _ in range(starts)]
    for name in programs:
        measured = [start[name] for start in rounds]
        collected = [start.collected for start in measured if start.collected is not None]
        shows = f"{statistics.median(collected):.2f} s" if collected else ""
        answers = statistics.median(start.answered for start in measured)
        cpu = statistics.median(start.cpu for start in measured)
        print(f"| {name} | {answers:.2f} s | {shows} | {cpu:.2f} s |")
    print("\n| command | CPU |\n|---|---|")
    for name, (python, folder) in checkouts.items():
        spent = [
            _cpu_of([python, "-P", "-m", "exporter", "--version"], folder) for _ in range(starts)
        ]
        print(f"| {name}: --version | {statistics.median(spent):.2f} s |")


def _start(
    endpoint: str, python: str, folder: Path, name: str
) -> Callable[[], AbstractContextManager[Peer]]:
    def run() -> AbstractContextManager[Peer]:
        os.environ["PYTHONPATH"] = str(folder)
        return exporter(endpoint, interval=1, python=python, name=name)

    return run


def _cpu_of(command: list[str], folder: Path) -> float:
    """Return the CPU seconds that a command takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(  # noqa: S603 - our own program
        command, check=True, stdout=subprocess.DEVNULL, env={"PYTHONPATH": str(folder)}
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(program: Callable[[], AbstractContextManager[Peer]]) -> Start:
    """Return one start of a program; for the exporter up to its first tasks."""
    started = time.perf_counter()
    with program() as peer:
        wait_for(peer, lambda _: True)
        answered = time.perf_counter() - started
        if not peer.name.startswith("this exporter"):
            return Start(answered, None, peer.cpu_seconds())
        wait_for(peer, has_collected)
        return Start(answered, time.perf_counter() - started, peer.cpu_seconds())


if __name__ == "__main__":
    main()
