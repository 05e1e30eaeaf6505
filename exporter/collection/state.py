"""The state of one app: its current snapshot, and counts of its collections since the start.

One thread writes (the app's collector), any thread reads a consistent copy with `view`.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exporter.collection.schedule import count_ticks, elapsed_clock
from exporter.config import AppSettings
from exporter.errors import FAILURE_REASONS, CollectionError
from exporter.history.counters import AppCounters, CountersView, WalkChanges
from exporter.tasks import Snapshot
from exporter.zego.decoding import MALFORMED_REASONS
from exporter.zego.stats import ApiStats, ApiStatsView


@dataclass(frozen=True, slots=True)
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
    snapshot: Snapshot | None
    latest: Snapshot | None
    up: bool | None
    last_attempt: float | None
    last_success: float | None
    last_error: CollectionError | None
    next_collection: float | None
    collections: int
    skipped: int
    failures: Mapping[str, int]
    malformed: Mapping[str, int]
    strategy: str
    corrections: int
    api: ApiStatsView
    counters: CountersView
    callback_rejections: Mapping[str, int]


class AppState:
    """The mutable state behind `AppView`; `clock` returns monotonic seconds.

    `rejections` returns the refused callbacks by reason.

    Attributes:
        settings: The app.
        stats: Counters of its requests.
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
        self.settings = settings
        self.stats = stats
        self._counters = counters
        self._rejections = rejections
        self._clock = clock
        self._lock = threading.Lock()
        self._latest: Snapshot | None = None
        self._published_at = 0.0
        self._up: bool | None = None
        self._last_attempt: float | None = None
        self._last_success: float | None = None
        self._last_error: CollectionError | None = None
        self._next_collection: float | None = None
        self._collections = 0
        self._skipped = 0
        self._tick_while_running = math.inf
        self._failures = Counter(dict.fromkeys(FAILURE_REASONS, 0))
        self._malformed = Counter(dict.fromkeys(MALFORMED_REASONS, 0))
        self._strategy: str = settings.collection.strategy
        self._corrections = 0

    def change_settings(self, settings: AppSettings) -> None:
        """Use `settings` from now on, which list the same tasks."""
        with self._lock:
            if settings.collection.strategy != self.settings.collection.strategy:
                self._strategy = settings.collection.strategy
            self.settings = settings
            self._tick_while_running = math.inf  # the collection that was running has been cut

    def start_collection(self, now: float) -> None:
        """Note that a collection starts at `now` (Unix seconds)."""
        with self._lock:
            self._collections += 1
            self._last_attempt = now

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
            self._strategy = strategy or self.settings.collection.strategy
            self._corrections = corrections
            self._latest = snapshot
            self._published_at = self._clock()
            self._last_success = snapshot.completed_at
            self._up, self._last_error = True, None
            self._malformed.update(malformed)

    def fail(self, error: CollectionError) -> None:
        """Note that the collection failed; the last snapshot stays until it is stale."""
        # The frames of the traceback would keep the answer in memory.
        error.__traceback__ = error.__context__ = error.__cause__ = None
        with self._lock:
            self._up, self._last_error = False, error
            self._failures[error.reason] += 1

    def schedule(self, next_collection: float) -> None:
        """Set the time of the next collection (Unix seconds)."""
        with self._lock:
            self._next_collection = next_collection

    def begin_ticks(self, next_tick: float) -> None:
        """Count ticks as skipped from `next_tick` (time of `clock`) on, until `end_ticks`."""
        with self._lock:
            self._tick_while_running = next_tick

    def end_ticks(self, ticks: int) -> None:
        """Note that the collection has ended and has skipped `ticks`."""
        with self._lock:
            self._tick_while_running = math.inf
            self._skipped += ticks

    def view(self) -> AppView:
        """Return a consistent copy of the state."""
        api, rejections = self.stats.view(), self._rejections()  # these have locks of their own
        with self._lock:
            age = self._clock() - self._published_at
            return AppView(
                settings=self.settings,
                snapshot=self._latest if age <= self.settings.collection.stale_after else None,
                latest=self._latest,
                up=self._up,
                last_attempt=self._last_attempt,
                last_success=self._last_success,
                last_error=self._last_error,
                next_collection=self._next_collection,
                collections=self._collections,
                skipped=self._skipped
                + count_ticks(
                    self._clock(), self._tick_while_running, self.settings.collection.interval
                ),
                failures=dict(self._failures),
                malformed=dict(self._malformed),
                strategy=self._strategy,
                corrections=self._corrections,
                api=api,
                counters=self._counters.view(),
                callback_rejections=rejections,
            )
