"""Ten thousand collections of a busy app: the counters equal the visible changes exactly.

The expectation comes from the simulator's own log: between two complete walks, a task's moves
collapse to where it was and where it is. Nothing of `exporter.history.transitions` is used.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from random import Random

import pytest

from exporter.collection.walk import WalkResult, walk
from exporter.errors import ServerError
from exporter.history.counters import AppCounters
from exporter.simulator.app import SimulatedApp, handle
from exporter.simulator.demo import BUSY
from exporter.simulator.lifecycle import Lifecycle
from exporter.simulator.task import STATUS_WORDS, Change
from exporter.zego.decoding import Page, decode_page
from tests.history.updates import record_walk
from tests.simulator.calls import NOW, SECRET, signed_query

WALKS = 10_000
FAILING = 0.1
"""How likely a walk fails at one of its pages."""

PAGE_SIZE = 20
LIVELY = replace(
    BUSY,
    arrival_interval=20.0,
    burst_chance=0.2,
    troubled_chance=0.4,
    cancel_chance=0.1,
    retentions=((120.0, 0.5), (300.0, 0.5)),
    linger=120.0,
)
"""About 25 tasks at a time, of which something happens to one every few seconds."""

ENDED = ("succeeded", "failed", "cancelled", "expired")


class Expectation:
    """The expected counters, from the changes that the simulator reports."""

    def __init__(self, life: Lifecycle) -> None:
        self.transitions: Counter[tuple[str, str]] = Counter()
        self.finished: Counter[str] = Counter()
        self.seconds: Counter[str] = Counter()
        self.created: dict[str, int] = {}
        self._moves: dict[str, tuple[int | None, int | None]] = {}
        life.on_event(lambda change, task: self._note(change, task.created_at))

    def _note(self, change: Change, created_at: int) -> None:
        before, _ = self._moves.get(change.task_id, (change.before, None))
        self._moves[change.task_id] = (before, change.after)
        self.created[change.task_id] = created_at

    def forget(self) -> None:
        """Take what happened so far for the baseline."""
        self._moves.clear()

    def complete_walk(self, now: int) -> None:
        """Count the changes that a complete walk at `now` makes visible."""
        for task_id, (before, after) in self._moves.items():
            if before == after:
                continue
            start = STATUS_WORDS[before] if before else "new"
            end = STATUS_WORDS[after] if after else "gone"
            self.transitions[start, end] += 1
            if end in {"succeeded", "failed"} and start not in ENDED:
                self.finished[end] += 1
                self.seconds[end] += now - self.created[task_id]
        self._moves.clear()


def collect(app: SimulatedApp, now: int, fails_at: int | None) -> WalkResult:
    """Walk over all pages as they are at `now`; ServerError at page number `fails_at`."""
    pages = 0

    def fetch(token: str) -> Page:
        nonlocal pages
        pages += 1
        if pages == fails_at:
            raise ServerError("failed", code="350010000")
        body = json.dumps({"PageToken": token, "PageSize": PAGE_SIZE}).encode()
        reply = handle({app.app_id: app}, signed_query(app, now=now), body, now)
        return decode_page(json.loads(reply.body)["Data"])

    return walk(fetch, max_pages=100)


def nonzero(counters: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """Return the counters that have counted something."""
    return {pair: count for pair, count in counters.items() if count}


@pytest.mark.long
def test_counters_equal_the_visible_changes() -> None:
    """Transitions and durations are exact, although one walk in ten fails and misses changes."""
    random, now = Random(1), int(NOW)  # noqa: S311 - a test's course
    life = Lifecycle(1, start=now, workload=LIVELY, log_limit=None)
    app = SimulatedApp(1, SECRET, life, rate_limit=None)
    expected, counters = Expectation(life), AppCounters()
    now += 600
    record_walk(counters, collect(app, now, None).tasks, now)
    expected.forget()
    for _ in range(WALKS):
        now += random.randrange(1, 30)
        fails_at = random.randrange(1, 3) if random.random() < FAILING else None
        try:
            result = collect(app, now, fails_at)
        except ServerError:
            continue
        record_walk(counters, result.tasks, now)
        expected.complete_walk(now)
    # A task is gone after the second walk without it.
    record_walk(counters, collect(app, now, None).tasks, now)
    view = counters.view()
    assert nonzero(view.transitions) == expected.transitions
    assert sum(expected.transitions.values()) > 2 * WALKS
    assert len(expected.transitions) > 20
    assert len(life.log) > 1.1 * sum(expected.transitions.values())  # the others were not visible
    for status, (buckets, seconds) in view.durations.items():
        assert buckets[-1] == (math.inf, expected.finished[status.value])
        assert seconds == expected.seconds[status.value]
