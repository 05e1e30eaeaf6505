"""Two collectors of the same simulated tasks, one for each strategy, to compare their metrics."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from exporter.collection.collector import Collector
from exporter.collection.state import AppView
from exporter.config import AppSettings, CollectionSettings, TaskSettings
from exporter.history.counters import AppCounters
from exporter.metrics.exposition import Exposition
from exporter.simulator.lifecycle import Lifecycle
from exporter.tasks import TaskStatus
from exporter.zego.limiter import RateLimiter
from tests.builders import NOW, make_settings
from tests.direct import Before, DirectTransport
from tests.faults import FaultyApp
from tests.faults.faults import Fault

INTERVAL = 60.0
RESYNC_INTERVAL = 3600.0
PAGE_SIZE = 3

IDLE_REQUESTS = 8
"""Requests of an incremental collection without changes: three unfinished statuses, four terminal
ones, and all tasks."""

OF_THE_STRATEGY = re.compile(
    r"zego_upload_(api_\w+|collection_(duration_seconds|pages|strategy)|resync_corrections_total)"
    r"|process_\w+|python_info"
)
"""Metrics of how an app was collected, and of the process."""

OF_ITS_HISTORY = re.compile(
    r"zego_upload_(task_transitions_total|task_(phase_)?duration_seconds\w*|\w*status_since\w*"
    r"|collection_failures_total)"
)
"""Metrics of past changes, and of the times at which they were seen."""

Samples = Mapping[str, str]


class Twin:
    """One collector, and the simulated app that it collects; both twins' apps share their tasks."""

    def __init__(
        self,
        strategy: str,
        life: Lifecycle,
        clock: Callable[[], float],
        *,
        before: Before = lambda _: None,
        page_size: int = PAGE_SIZE,
        **switches: Any,
    ) -> None:
        collection = CollectionSettings.model_validate(
            {
                "strategy": strategy,
                "page_size": page_size,
                "max_retries": 0,
                "interval": INTERVAL,
                "resync_interval": RESYNC_INTERVAL,
                "deadline": 1e6,
            }
        )
        self.settings: AppSettings = make_settings(collection=collection)
        secret = self.settings.read_secret()
        self.app = FaultyApp(self.settings.app_id, secret, life, rate_limit=None, **switches)
        self._now = lambda: NOW + clock()
        self.collector = Collector(
            self.settings,
            RateLimiter(1e9, clock=lambda: 0.0),
            AppCounters(),
            clock=clock,
            wall_clock=self._now,
            new_transport=lambda: DirectTransport(self.app, self._now, before),
        )

    def collect(self) -> AppView:
        """Make a collection and return what is known then."""
        self.collector.collect()
        return self.collector.state.view()

    def samples(self) -> Samples:
        """Return everything that is exposed, by name and labels, except metrics of the strategy."""
        tasks = TaskSettings(limit=10_000, statuses=tuple(TaskStatus))
        page = Exposition(lambda: [self.collector.state.view()], tasks, now=self._now)
        text = page.render().decode()
        lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        return {key: value for key, value in lines if not OF_THE_STRATEGY.match(key)}


class Twins:
    """Both strategies over the same tasks, which only the test changes."""

    def __init__(self, *, before: Before = lambda _: None, **switches: Any) -> None:
        self.elapsed = 0.0
        self.before = before
        self.life = Lifecycle(pace=0, start=NOW)
        self.full = Twin("full", self.life, self.clock, **switches)
        self.incremental = Twin(
            "incremental",
            self.life,
            self.clock,
            before=lambda asked: self.before(asked),  # noqa: PLW0108 - a test replaces it
            **switches,
        )

    def clock(self) -> float:
        """Return the seconds since the start."""
        return self.elapsed

    def switch_on(self, fault: Fault, parameter: Any = None, *, page: int | None = None) -> None:
        """Inject `fault` into both."""
        for twin in (self.full, self.incremental):
            twin.app.faults.switch_on(fault, parameter, page=page)

    def switch_off(self) -> None:
        """End all faults."""
        for twin in (self.full, self.incremental):
            twin.app.faults.switch_off()

    def collect(self) -> AppView:
        """Let an interval pass and collect with both; return the state of the incremental one."""
        self.elapsed += INTERVAL
        self.full.collect()
        return self.incremental.collect()

    def requests(self) -> int:
        """Return how many requests the next incremental collection makes."""
        before = self.incremental.app.arrivals.requests
        self.collect()
        return self.incremental.app.arrivals.requests - before

    def assert_same(self) -> None:
        """Check that both expose the same samples."""
        assert self.incremental.samples() == self.full.samples()

    def assert_same_tasks(self) -> None:
        """Check that both expose the same samples, except those of past changes."""
        ours, theirs = (
            {key: value for key, value in twin.samples().items() if not OF_ITS_HISTORY.match(key)}
            for twin in (self.incremental, self.full)
        )
        assert ours == theirs

    def assert_same_counts(self) -> None:
        """Check that both expose the same number of tasks by status."""
        ours, theirs = (
            {key: value for key, value in twin.samples().items() if "upload_tasks{" in key}
            for twin in (self.incremental, self.full)
        )
        assert ours == theirs

    def close(self) -> None:
        """Close both."""
        for twin in (self.full, self.incremental):
            twin.collector.close()
