"""Measure what the history file costs a collection, beside the decoding of its walk.

    python -m benchmarks.history

A walk over 100,000 tasks, as the simulator writes its pages, is decoded. Then 1 % of the tasks
change, and the changes are written to the history file. Both are timed in alternation, so that both
run under the same load. The goal is under 10 % (medians). The time to find the changes
and write them is shown too.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from exporter.history import Update
from exporter.history.counters import AppCounters
from exporter.history.database import HistoryFile
from exporter.simulator.app import Query, SimulatedApp
from exporter.simulator.bookkeeping import Cursor
from exporter.simulator.demo import sized_app
from exporter.simulator.reply import encode_json
from exporter.tasks import TaskStatus, UploadTask
from exporter.zego.decoding import decode_answer, decode_page
from tests.history.updates import record_walk

TASKS = 100_000
CHANGES = TASKS // 100
ROUNDS = 11
NOW = 1_700_000_000.0


def main() -> None:
    """Print the table."""
    app = sized_app(TASKS, now=NOW)
    pages = list(render_pages(app))
    decoding, writing, recording = measure(pages)
    print(
        f"{TASKS} tasks on {len(pages)} pages ({sum(map(len, pages)) / 1e6:.0f} MB), {CHANGES} "
        f"changes for each collection, median of {ROUNDS} rounds\n"
    )
    print("| step | milliseconds | of the decoding |")
    print("|---|---|---|")
    print(row("decoding of the walk", decoding, decoding))
    print(row("writing of the history", writing, decoding))
    print(row("comparison and writing together", recording, decoding))


def row(step: str, seconds: float, whole: float) -> str:
    """Return one row of the table."""
    return f"| {step} | {seconds * 1000:.1f} | {seconds / whole:.1%} |"


def render_pages(app: SimulatedApp) -> Iterator[bytes]:
    """Yield the answers of a whole walk."""
    query: Query | None = Query(Cursor())
    while query is not None:
        payload = app.list_tasks(query)
        yield encode_json(payload)
        cursor = app.tokens.find(payload["Data"]["NextPageToken"])
        query = None if cursor is None else Query(cursor)


class TimedHistory(HistoryFile):
    """A history file that keeps how long each write took, in seconds."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.times: list[float] = []

    def write(self, name: str, app_id: int, update: Update) -> None:
        """Write one walk."""
        self.times.append(timed(lambda: super(TimedHistory, self).write(name, app_id, update)))


def measure(pages: Sequence[bytes]) -> tuple[float, float, float]:
    """Return the seconds of decoding, of writing the history, and of comparing and writing."""
    decoding, recording = [], []
    tasks = decode(pages)
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(TimedHistory(Path(folder) / "history.sqlite")) as history,
    ):
        counters = AppCounters(history, "vod", 1)
        record_walk(counters, tasks, NOW)
        history.times.clear()  # the baseline writes every task
        for number in range(ROUNDS):
            decoding.append(timed(lambda: decode(pages)))
            tasks = change(tasks, number)
            now = NOW + 60 * (number + 1)
            recording.append(timed(partial(record_walk, counters, tasks, now)))
        assert not counters.view().history_errors
        tracked = history.read("vod", 1).tracked or {}
        assert sum(not entry.missing for entry in tracked.values()) == TASKS
    return (
        statistics.median(decoding),
        statistics.median(history.times),
        statistics.median(recording),
    )


def decode(pages: Sequence[bytes]) -> list[UploadTask]:
    """Return the tasks of the pages, as the client decodes them."""
    return [task for page in pages for task in decode_page(decode_answer(page).data).tasks]


def change(tasks: Sequence[UploadTask], number: int) -> list[UploadTask]:
    """Return the tasks after changes all over the list: moved, vanished and new ones."""
    statuses = list(TaskStatus)
    changed = list(tasks)
    for place, index in enumerate(range(number, TASKS, TASKS // CHANGES)):
        task = changed[index]
        if place % 10 == 0:
            changed[index] = replace(task, id=f"new_{number}_{place}")  # one vanished, one is new
        else:
            following = statuses[(statuses.index(task.status) + 1) % len(statuses)]
            changed[index] = replace(task, status=following)
    return changed


def timed(act: Callable[[], object]) -> float:
    """Return the seconds that `act` takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
