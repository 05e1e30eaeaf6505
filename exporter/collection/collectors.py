"""The collectors of all apps, and one limiter for each AppId."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from exporter.collection.callbacks import CallbackReceiver
from exporter.collection.collector import Collector
from exporter.collection.state import AppView
from exporter.config import AppSettings
from exporter.history.counters import AppCounters
from exporter.tasks import Snapshot
from exporter.zego.limiter import RateLimiter

if TYPE_CHECKING:
    from exporter.history.database import HistoryFile

RELOAD_STOP_SECONDS = 2.0
"""How long a reload waits for the threads of apps that were removed or changed."""


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
        self._app_counters: dict[tuple[str, int], AppCounters] = {}

    def apply(self, apps: Sequence[AppSettings]) -> None:
        """Collect exactly `apps` from now on.

        An app whose settings have not changed continues undisturbed. A changed one gets a new
        collector, with all that is known of the app if its name is the same and it lists the same
        tasks. Its persistent counters need the same name and AppId, and its knowledge of the API's
        totals needs the same tasks. Raises ExporterError at the thread limit; the earlier apps are
        collected undisturbed then.
        """
        running = {collector.settings: collector for collector in self._collectors}
        counters = {_identity(app): self._counters_of(app) for app in apps}
        totals = {_source(known.settings): known.totals for known in self._collectors}
        previous = {(c.settings.name, _source(c.settings)): c for c in self._collectors}
        limiters = {app.app_id: self._limiter(app) for app in apps}
        collectors = {
            app: running.get(app)
            or Collector(
                app,
                limiters[app.app_id],
                counters[_identity(app)],
                totals=totals.get(_source(app)),
                previous=previous.get((app.name, _source(app))),
                prepare=self._prepare,
            )
            for app in apps
        }
        starting: list[Collector] = []
        try:
            for app in apps:
                if app not in running:
                    collectors[app].start()
                    starting.append(collectors[app])
        except BaseException:
            _stop(starting, RELOAD_STOP_SECONDS)
            raise
        # Nothing can fail from here on.
        ending = [running[settings] for settings in running if settings not in collectors]
        # Before their successors begin: two collectors of one app would share counters and rate.
        _stop(ending, RELOAD_STOP_SECONDS)
        for app in apps:
            limiters[app.app_id].set_rate(app.collection.requests_per_second)
        self._limiters = limiters
        self._app_counters = counters
        self._collectors = tuple(collectors.values())
        for collector in starting:
            collector.begin()

    def collect_once(
        self, apps: Sequence[AppSettings], *, every: float
    ) -> Iterator[Sequence[AppView]]:
        """Collect each of `apps` once, all at the same time; for commands that do not serve.

        Yields the views every `every` seconds, and once more at the end.
        """
        self._limiters = {app.app_id: self._limiter(app) for app in apps}
        self._collectors = tuple(
            Collector(app, self._limiters[app.app_id], self._counters_of(app)) for app in apps
        )
        with ThreadPoolExecutor(max_workers=len(apps)) as threads:
            try:
                running = {threads.submit(collector.collect_once) for collector in self._collectors}
                while running:
                    _, running = wait(running, timeout=every)
                    yield self.views()
            finally:
                for collector in self._collectors:
                    collector.stop()

    def stop(self, timeout: float) -> bool:
        """Stop every collector and wait for `timeout` seconds; return whether all have ended."""
        return _stop(self._collectors, timeout)

    def views(self) -> Sequence[AppView]:
        """Return the state of each app, in the order of the configuration."""
        return [collector.state.view() for collector in self._collectors]

    def callback_receivers(self) -> Mapping[str, CallbackReceiver]:
        """Return the callback receivers by app name; apps without a callback secret have none."""
        return {
            collector.settings.name: collector.callbacks
            for collector in self._collectors
            if collector.settings.takes_callbacks
        }

    def healthy(self) -> bool:
        """Whether no collector's thread has ended by itself."""
        return not any(collector.died for collector in self._collectors)

    def _limiter(self, app: AppSettings) -> RateLimiter:
        """Return the limiter of the AppId; it survives reloads, as ZEGO's own count does."""
        limiter = self._limiters.get(app.app_id)
        return limiter or RateLimiter(app.collection.requests_per_second)

    def _counters_of(self, app: AppSettings) -> AppCounters:
        known = self._app_counters.get(_identity(app))
        if known is not None:
            return known
        return AppCounters(self._history, app.name, app.app_id)


def _identity(app: AppSettings) -> tuple[str, int]:
    return app.name, app.app_id


def _source(app: AppSettings) -> tuple[int, str, bool | None]:
    """Return the settings that decide which tasks the API lists."""
    return app.app_id, app.endpoint, app.is_test


def _stop(collectors: Iterable[Collector], timeout: float) -> bool:
    """Stop all of them first, then wait for each; return whether all have ended."""
    ending = list(collectors)
    for collector in ending:
        collector.stop()
    deadline = time.monotonic() + timeout
    return all([collector.join(deadline - time.monotonic()) for collector in ending])  # noqa: C419 - each is waited for, also after one that has not ended
