"""All collectors together: one for each app, one limiter for each AppId."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from exporter.collection.collector import Collector
from exporter.collection.history import History
from exporter.collection.inbox import Inbox
from exporter.collection.journal import Journal
from exporter.collection.ledger import Ledger
from exporter.collection.state import AppView
from exporter.config import AppSettings
from exporter.zego.limiter import RateLimiter


class Fleet:
    """The collectors of all configured apps.

    ZEGO counts its limits for each AppId, so apps that share one share its limiter; the
    configuration gives them one rate.
    """

    def __init__(self, apps: Sequence[AppSettings], history: History | None = None) -> None:
        limiters = {app.app_id: RateLimiter(app.collection.requests_per_second) for app in apps}
        self._collectors = tuple(
            Collector(app, limiters[app.app_id], _ledger(app, history)) for app in apps
        )

    def start(self) -> None:
        """Start every collector."""
        for collector in self._collectors:
            collector.start()

    def stop(self, timeout: float) -> bool:
        """End every collector, waiting `timeout` seconds at most; return whether all have ended."""
        for collector in self._collectors:
            collector.stop()
        deadline = time.monotonic() + timeout
        return all(c.join(max(0.0, deadline - time.monotonic())) for c in self._collectors)

    def views(self) -> Sequence[AppView]:
        """Return one look at each app, in the order of the configuration."""
        return [collector.state.view() for collector in self._collectors]

    def inboxes(self) -> Mapping[str, Inbox]:
        """Return, by the app's name, who takes its callbacks: apps without a secret take none."""
        return {
            collector.settings.name: collector.inbox
            for collector in self._collectors
            if collector.settings.takes_callbacks
        }

    def healthy(self) -> bool:
        """Whether every collector's thread lives."""
        return all(collector.alive for collector in self._collectors)


def _ledger(app: AppSettings, history: History | None) -> Ledger:
    return Ledger(Journal(history, app.name, app.app_id) if history else None)
