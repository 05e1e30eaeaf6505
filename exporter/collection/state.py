"""The state of one app: its current snapshot, and counts of its collections since the start.

One thread writes (the app's collector), any thread reads a consistent copy with `view`.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from exporter.collection.schedule import count_ticks, elapsed_clock
from exporter.config import AppSettings
from exporter.errors import FAILURE_REASONS, CollectionError
from exporter.history.counters import AppCounters, CountersView, WalkChanges
from exporter.tasks import Snapshot
from exporter.zego.decoding import MALFORMED_REASONS
from exporter.zego.stats import ApiStats, ApiStatsView


@dataclass(frozen=True, slots=True, kw_only=True)
class AppView:
    """One consistent copy of an app's state, taken once for each scrape.

    Attributes:
        settings: The app.
        snapshot: The last snapshot, None if it is older than `stale_after`.
        latest: The last snapshot of any age, None before the first one.
        up: Whether the last collection succeeded, None until one has ended.
        last_attempt: Start of the last collection in Unix seconds.
        last_success: End of the last complete collection in Unix seconds.
        last_error: The failure of the last collection, None if it succeeded.
        next_collection: Time of the next collection in Unix seconds.
        collections: Collections started.
        skipped: Ticks that were skipped because a collection was running.
        failures: Failed collections by reason.
        malformed: Entries that could not be read, by reason.
        strategy: The strategy in effect.
        corrections: Tasks whose changes the incremental strategy had missed and resyncs found.
        api: Counts of the app's requests.
        counters: Persistent counters; they belong to the same walk as `latest`.
        callback_rejections: Refused callbacks by reason.
    """

    settings: AppSettings
    snapshot: Snapshot | None = None
    latest: Snapshot | None = None
    up: bool | None = None
    last_attempt: float | None = None
    last_success: float | None = None
    last_error: CollectionError | None = None
    next_collection: float | None = None
    collections: int = 0
    skipped: int = 0
    failures: Mapping[str, int]
    malformed: Mapping[str, int]
    strategy: str
    corrections: int = 0
    api: ApiStatsView
    counters: CountersView
    callback_rejections: Mapping[str, int]


class AppState:
    """The mutable state behind `AppView`; `clock` returns monotonic seconds.

    `rejections` returns the refused callbacks by reason.

    Attributes:
        stats: Counters of the app's requests.
    """

    def __init__(
        self,
        settings: AppSettings,
        stats: ApiStats,
        counters: AppCounters,
        *,
        rejections: Callable[[], Mapping[str, int]] = dict,
        clock: Callable[[], float] = elapsed_clock,
    ) -> None:
        self.stats = stats
        self._counters = counters
        self._rejections = rejections
        self._clock = clock
        self._lock = threading.Lock()
        self._published_at = 0.0
        self._tick_while_running = math.inf
        # `view` adds the values that depend on the time, and the counts of others.
        self._view = AppView(
            settings=settings,
            failures=dict.fromkeys(FAILURE_REASONS, 0),
            malformed=dict.fromkeys(MALFORMED_REASONS, 0),
            strategy=settings.collection.strategy,
            api=stats.view(),
            counters=counters.view(),
            callback_rejections={},
        )

    def change_settings(self, settings: AppSettings) -> None:
        """Use `settings` from now on, which list the same tasks."""
        with self._lock:
            strategy = settings.collection.strategy
            if strategy != self._view.settings.collection.strategy:
                self._view = replace(self._view, strategy=strategy)
            self._view = replace(self._view, settings=settings)
            self._tick_while_running = math.inf  # the collection that was running has been cut

    def start_collection(self, now: float) -> None:
        """Note that a collection starts at `now` (Unix seconds)."""
        with self._lock:
            collections = self._view.collections + 1
            self._view = replace(self._view, collections=collections, last_attempt=now)

    def publish(
        self,
        snapshot: Snapshot,
        walk: WalkChanges,
        malformed: Mapping[str, int],
        *,
        strategy: str | None = None,
        corrections: int = 0,
    ) -> None:
        """Note that the collection succeeded: record `walk`, and make `snapshot` the current one.

        Both become visible together. `strategy` is the strategy in effect (None: the configured
        one), `corrections` the number of missed changes that its resyncs have found so far.
        """
        with self._counters.written(walk) as apply, self._lock:
            apply()
            self._published_at = self._clock()
            self._view = replace(
                self._view,
                latest=snapshot,
                up=True,
                last_success=snapshot.completed_at,
                last_error=None,
                malformed={
                    reason: count + malformed.get(reason, 0)
                    for reason, count in self._view.malformed.items()
                },
                strategy=strategy or self._view.settings.collection.strategy,
                corrections=corrections,
            )

    def fail(self, error: CollectionError) -> None:
        """Note that the collection failed; the last snapshot stays until it is stale."""
        # The frames of the traceback would keep the answer in memory.
        error.__traceback__ = error.__context__ = error.__cause__ = None
        with self._lock:
            failures = {**self._view.failures}
            failures[error.reason] += 1
            self._view = replace(self._view, up=False, last_error=error, failures=failures)

    def schedule(self, next_collection: float) -> None:
        """Set the time of the next collection (Unix seconds)."""
        with self._lock:
            self._view = replace(self._view, next_collection=next_collection)

    def begin_ticks(self, next_tick: float) -> None:
        """Count ticks as skipped from `next_tick` (time of `clock`) on, until `end_ticks`."""
        with self._lock:
            self._tick_while_running = next_tick

    def end_ticks(self, ticks: int) -> None:
        """Note that the collection has ended and has skipped `ticks`."""
        with self._lock:
            self._tick_while_running = math.inf
            self._view = replace(self._view, skipped=self._view.skipped + ticks)

    def view(self) -> AppView:
        """Return a consistent copy of the state."""
        api, rejections = self.stats.view(), self._rejections()  # these have locks of their own
        with self._lock:
            now, collection = self._clock(), self._view.settings.collection
            ticks = count_ticks(now, self._tick_while_running, collection.interval)
            is_current = now - self._published_at <= collection.stale_after
            return replace(
                self._view,
                snapshot=self._view.latest if is_current else None,
                skipped=self._view.skipped + ticks,
                api=api,
                counters=self._counters.view(),
                callback_rejections=rejections,
            )
