"""All collectors together: one for each app, one limiter for each AppId."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

from exporter.collection.callbacks import CallbackReceiver
from exporter.collection.collector import Collector
from exporter.collection.state import AppView
from exporter.config import AppSettings
from exporter.history.counters import AppCounters
from exporter.history.database import HistoryFile
from exporter.history.journal import Journal
from exporter.tasks import Snapshot
from exporter.zego.limiter import RateLimiter

RELOAD_STOP_SECONDS = 2.0
"""How long a reload waits for the threads of apps that are gone or changed."""


class CollectorPool:
    """The collectors of all configured apps.

    ZEGO counts its limits for each AppId, so apps that share one share its limiter; the
    configuration gives them one rate. `apply` and `stop` are for one thread, the rest for any.
    `prepare` is called with an app's name and each new snapshot, in the thread of its collector.
    """

    def __init__(
        self,
        history: HistoryFile | None = None,
        *,
        prepare: Callable[[str, Snapshot], None] = lambda _app, _snapshot: None,
    ) -> None:
        self._history = history
        self._prepare = prepare
        self._collectors: tuple[Collector, ...] = ()
        self._limiters: dict[int, RateLimiter] = {}
        self._ledgers: dict[tuple[str, int], AppCounters] = {}

    def apply(self, apps: Sequence[AppSettings]) -> None:
        """Collect exactly `apps` from now on.

        An app whose settings are what they were goes on undisturbed; one that changed begins anew,
        with its counters as long as name and AppId are the same. Raises HistoryError, with
        everything as it was, where the history of a new app cannot be read.
        """
        running = {collector.settings: collector for collector in self._collectors}
        ledgers = {_identity(app): self._ledger(app) for app in apps}
        ending = [running[settings] for settings in running if settings not in apps]
        _stop(ending, RELOAD_STOP_SECONDS)
        self._limiters = {app.app_id: self._limiter(app) for app in apps}
        self._ledgers = ledgers
        self._collectors = tuple(
            running.get(app)
            or Collector(
                app,
                self._limiters[app.app_id],
                ledgers[_identity(app)],
                prepare=self._prepare,
            )
            for app in apps
        )
        for collector in self._collectors:
            collector.start()

    def collect_once(
        self, apps: Sequence[AppSettings], *, every: float
    ) -> Iterator[Sequence[AppView]]:
        """Collect each of `apps` once, all at the same time, in place of `apply`.

        Yields the views `every` so many seconds while it lasts, and once at its end.
        """
        self._limiters = {app.app_id: self._limiter(app) for app in apps}
        self._collectors = tuple(
            Collector(app, self._limiters[app.app_id], self._ledger(app)) for app in apps
        )
        with ThreadPoolExecutor(max_workers=len(apps)) as threads:
            running = {threads.submit(collector.collect_once) for collector in self._collectors}
            try:
                while running:
                    _, running = wait(running, timeout=every)
                    yield self.views()
            finally:
                for collector in self._collectors:
                    collector.stop()

    def stop(self, timeout: float) -> bool:
        """End every collector, waiting `timeout` seconds at most; return whether all have ended."""
        return _stop(self._collectors, timeout)

    def views(self) -> Sequence[AppView]:
        """Return one look at each app, in the order of the configuration."""
        return [collector.state.view() for collector in self._collectors]

    def inboxes(self) -> Mapping[str, CallbackReceiver]:
        """Return, by the app's name, who takes its callbacks: apps without a secret take none."""
        return {
            collector.settings.name: collector.inbox
            for collector in self._collectors
            if collector.settings.takes_callbacks
        }

    def healthy(self) -> bool:
        """Whether every collector's thread lives."""
        return all(collector.alive for collector in self._collectors)

    def _limiter(self, app: AppSettings) -> RateLimiter:
        """Return the limiter of the AppId, which goes on: ZEGO's count does, too."""
        rate = app.collection.requests_per_second
        limiter = self._limiters.get(app.app_id)
        if limiter is None:
            return RateLimiter(rate)
        limiter.set_rate(rate)
        return limiter

    def _ledger(self, app: AppSettings) -> AppCounters:
        known = self._ledgers.get(_identity(app))
        if known is not None:
            return known
        return AppCounters(Journal(self._history, app.name, app.app_id) if self._history else None)


def _identity(app: AppSettings) -> tuple[str, int]:
    return app.name, app.app_id


def _stop(collectors: Iterable[Collector], timeout: float) -> bool:
    """Stop all at once, then wait for each; return whether all have ended."""
    ending = list(collectors)
    for collector in ending:
        collector.stop()
    deadline = time.monotonic() + timeout
    return all([collector.join(deadline - time.monotonic()) for collector in ending])  # noqa: C419 - each is waited for, also after one that has not ended
