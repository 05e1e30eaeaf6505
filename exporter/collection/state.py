"""What is known of one app: its current snapshot and its collections since the start.

One thread writes (the app's collector), any number read: `view` gives a consistent, frozen copy.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exporter.collection.schedule import ticks_by
from exporter.config import AppSettings
from exporter.errors import FAILURE_REASONS, CollectionError
from exporter.history.counters import AppCounters, CountersView
from exporter.tasks import Snapshot
from exporter.zego.decoding import MALFORMED_REASONS
from exporter.zego.stats import ApiStats, ApiStatsView


@dataclass(frozen=True, slots=True)
class AppView:
    """One consistent look at an app, taken once for each scrape.

    `snapshot` is the last complete one, None once it is older than `stale_after` (contract,
    section 1.2); `latest` is the same without that limit. `up` is None until the first collection
    has ended. Instants are Unix seconds. `last_error` is None when the last collection succeeded.
    `strategy` is the one at work, `corrections` what its resyncs have set right.
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
    ledger: CountersView
    callback_rejections: Mapping[str, int]


class AppState:
    """The mutable side of `AppView`. Staleness is measured with `clock`, which never jumps."""

    def __init__(
        self,
        settings: AppSettings,
        stats: ApiStats,
        ledger: AppCounters,
        *,
        rejections: Callable[[], Mapping[str, int]] = dict,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.stats = stats
        self.ledger = ledger
        self._rejections = rejections
        self._clock = clock
        self._lock = threading.Lock()
        self._latest: Snapshot | None = None
        self._fresh_until = 0.0
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

    def begin(self, now: float) -> None:
        """Note that a collection starts at `now` (Unix seconds)."""
        with self._lock:
            self._collections += 1
            self._last_attempt = now

    def publish(
        self,
        snapshot: Snapshot,
        malformed: Mapping[str, int],
        *,
        strategy: str | None = None,
        corrections: int = 0,
    ) -> None:
        """Note that the collection succeeded, and make its snapshot the current one.

        `strategy` is the one at work (None: the configured one), `corrections` counts what it has
        set right since the start.
        """
        with self._lock:
            self._strategy = strategy or self.settings.collection.strategy
            self._corrections = corrections
            self._latest = snapshot
            self._fresh_until = self._clock() + self.settings.collection.stale_after
            self._last_success = snapshot.completed_at
            self._up, self._last_error = True, None
            self._malformed.update(malformed)

    def fail(self, error: CollectionError) -> None:
        """Note that the collection failed; the last snapshot stays until it is stale."""
        # Its frames would keep what was read, up to some 16 MiB, for as long as the failure lasts.
        error.__traceback__ = error.__context__ = error.__cause__ = None
        with self._lock:
            self._up, self._last_error = False, error
            self._failures[error.reason] += 1

    def schedule(self, next_collection: float) -> None:
        """Note when the next collection is due (Unix seconds)."""
        with self._lock:
            self._next_collection = next_collection

    def expect_tick(self, tick: float) -> None:
        """Note when, on `clock`, the next tick comes if the collection then still runs."""
        with self._lock:
            self._tick_while_running = tick

    def skip(self, ticks: int) -> None:
        """Note that the collection has ended, and how many ticks came while it ran."""
        with self._lock:
            self._tick_while_running = math.inf
            self._skipped += ticks

    def view(self) -> AppView:
        """Return what is known now."""
        api, ledger, rejections = self.stats.view(), self.ledger.view(), self._rejections()
        with self._lock:
            fresh = self._latest is not None and self._clock() <= self._fresh_until
            return AppView(
                settings=self.settings,
                snapshot=self._latest if fresh else None,
                latest=self._latest,
                up=self._up,
                last_attempt=self._last_attempt,
                last_success=self._last_success,
                last_error=self._last_error,
                next_collection=self._next_collection,
                collections=self._collections,
                skipped=self._skipped + self._skipped_by_now(),
                failures=dict(self._failures),
                malformed=dict(self._malformed),
                strategy=self._strategy,
                corrections=self._corrections,
                api=api,
                ledger=ledger,
                callback_rejections=rejections,
            )

    def _skipped_by_now(self) -> int:
        """Return how many ticks have come since the running collection began."""
        return ticks_by(self._clock(), self._tick_while_running, self.settings.collection.interval)
