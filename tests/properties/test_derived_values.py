"""Unresolved failures, phases and sources, compared with the state of the simulator.

Over restarts with a history file, and with both strategies; nothing of the exporter's own
computations is used for the expectation.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest

from exporter.collection.collector import Collector
from exporter.collection.state import AppView
from exporter.config import CollectionSettings
from exporter.history.counters import AppCounters
from exporter.history.database import HistoryFile
from exporter.simulator.app import SimulatedApp
from exporter.simulator.demo import BUSY
from exporter.simulator.lifecycle import Lifecycle
from exporter.simulator.task import STATUS_WORDS
from exporter.zego.limiter import RateLimiter
from tests.builders import NOW, make_settings
from tests.direct import DirectTransport

INTERVAL = 60
COLLECTIONS = 80
RESTARTING = 0.15
"""How likely the exporter is restarted before a collection."""

RHYTHM = replace(
    BUSY,
    arrival_interval=25.0,
    burst_chance=0.2,
    troubled_chance=0.5,
    retentions=((900.0, 0.5), (1800.0, 0.5)),
    linger=1200.0,
)
UNFINISHED = ("waiting", "uploading", "waiting_retry")


class Truth:
    """What should be found, from the simulated tasks at each collection."""

    def __init__(self, app: SimulatedApp) -> None:
        self.phases: Counter[str] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.unresolved: set[str] = set()
        self.sources: Counter[tuple[str, str]] = Counter()
        self._app = app
        self._known: dict[str, tuple[str, float | None]] | None = None

    def collect(self, now: float) -> None:
        """Look at all tasks at `now`."""
        with self._app.life.lock:
            self._app.life.advance(now)
            tasks = list(self._app.life.tasks.values())
        before, after = self._known, {}
        for task in tasks:
            word = STATUS_WORDS[task.status]
            since: float | None = None if before is None else now
            if before is not None and task.id in before:
                status, entered = before[task.id]
                if status == word:
                    since = entered
                elif status in UNFINISHED and entered is not None:
                    self.phases[status] += 1
                    self.seconds[status] += now - entered
            after[task.id] = word, since
        self._known = after
        self.unresolved = {
            task.id
            for task in tasks
            if STATUS_WORDS[task.status] == "failed"
            and not any(
                other.title == task.title
                and other.created_at > task.created_at
                and STATUS_WORDS[other.status] in (*UNFINISHED, "succeeded")
                for other in tasks
            )
        }
        self.sources = Counter(
            (str(urlsplit(task.stream_url).hostname), STATUS_WORDS[task.status]) for task in tasks
        )


def histogram(view: AppView) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Return how many phases are counted, and their seconds."""
    counts = {s.value: buckets[-1][1] for s, (buckets, _) in view.counters.phases.items()}
    sums = {s.value: total for s, (_, total) in view.counters.phases.items()}
    assert all(buckets[-1][0] == math.inf for buckets, _ in view.counters.phases.values())
    return counts, sums


@pytest.mark.long
@pytest.mark.parametrize("strategy", ["full", "incremental"])
@pytest.mark.parametrize("seed", [1, 2])
def test_exposed_values_are_those_of_the_simulator(
    tmp_path: Path, strategy: str, seed: int
) -> None:
    """After each of many collections, some of them the first after a restart.

    With the incremental strategy no task is removed: one gone and one added in one status can hide
    each other until the next resync.
    """
    random, now = Random(seed), NOW  # noqa: S311 - a test's course
    workload = RHYTHM if strategy == "full" else replace(RHYTHM, linger=1e6)
    settings = make_settings(
        collection=CollectionSettings.model_validate(
            {"strategy": strategy, "page_size": 20, "max_retries": 0, "deadline": 1e6}
        )
    )
    life = Lifecycle(seed, start=int(now), workload=workload)
    app = SimulatedApp(settings.app_id, settings.read_secret(), life, rate_limit=None)
    truth, unresolved = Truth(app), 0
    path = tmp_path / "history.sqlite"
    left = COLLECTIONS
    while left:
        with closing(HistoryFile(path)) as history:
            collector = Collector(
                settings,
                RateLimiter(1e9, clock=lambda: 0.0),
                AppCounters(history, "vod", 1),
                clock=lambda: now,  # noqa: B023 - the time is the test's
                wall_clock=lambda: now,  # noqa: B023  # noqa: B023 - the time is the test's
                new_transport=lambda: DirectTransport(app, lambda: now),  # noqa: B023
            )
            while left:
                left -= 1
                now += INTERVAL
                collector.collect()
                truth.collect(now)
                view = collector.state.view()
                assert view.snapshot is not None, view.last_error
                assert view.snapshot.unresolved == truth.unresolved
                assert {
                    (host, status.value): count
                    for host, counts in view.snapshot.by_source.items()
                    for status, count in counts.items()
                    if count
                } == truth.sources
                counts, sums = histogram(view)
                assert {k: n for k, n in counts.items() if n} == truth.phases
                assert {k: n for k, n in sums.items() if n} == {
                    k: n for k, n in truth.seconds.items() if n
                }
                unresolved = max(unresolved, len(truth.unresolved))
                if random.random() < RESTARTING:
                    break
    assert sum(truth.phases.values()) > COLLECTIONS / 2
    assert unresolved
