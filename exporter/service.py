"""The running exporter: collectors, exposition, web server and reload, wired together."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from exporter import __version__
from exporter.collection.fleet import Fleet
from exporter.collection.history import History
from exporter.config import Settings
from exporter.logs import fields
from exporter.metrics.exposition import Exposition
from exporter.reload import Reloader
from exporter.web.app import Application
from exporter.web.endpoints import Sources, build_application
from exporter.web.server import WebServer

# Together well under the 5 seconds of the contract, section 5.
WEB_STOP_SECONDS = 1.5
FLEET_STOP_SECONDS = 2.0

_EVERY_INTERFACE = re.compile(r"^(\[::\]|0\.0\.0\.0)(?=:)")

log = logging.getLogger(__name__)


class Service:
    """Collects and serves between `start` and `stop`; not restartable.

    `load` gives the configuration anew for a reload. Raises ConfigError where the history file
    cannot be used.
    """

    def __init__(
        self, settings: Settings, load: Callable[[], Settings], *, lifecycle: bool = False
    ) -> None:
        path = settings.history.path
        self._history = History(path) if path is not None else None
        self._fleet = Fleet(self._history)
        self._exposition = Exposition(self._fleet.views, settings.tasks)
        self._reloader = Reloader(settings, load, self._apply)
        self._web = WebServer(self._application(lifecycle), settings.web.listen_address)
        self.reload = self._reloader.reload

    def start(self) -> None:
        """Begin to collect and serve. Raises ListenError or HistoryError, having stopped again."""
        settings = self._reloader.settings
        for warning in settings.warnings:
            log.warning("configuration", extra=fields(warning=warning))
        try:
            self._apply(settings)
            self._web.start()
        except BaseException:
            self.stop()
            raise
        self._announce(settings)

    def stop(self) -> None:
        """End everything within seconds, whatever the API and peers are doing."""
        self._web.stop(WEB_STOP_SECONDS)
        self._fleet.stop(FLEET_STOP_SECONDS)
        if self._history is not None:
            self._history.close()

    def _application(self, lifecycle: bool) -> Application:
        sources = Sources(
            render_metrics=self._render_metrics,
            views=self._fleet.views,
            healthy=self._fleet.healthy,
            reload=self._reloader.reload if lifecycle else None,
        )
        path = self._reloader.settings.web.telemetry_path
        return build_application(sources, telemetry_path=path)

    def _render_metrics(self, *, apps: frozenset[str] | None, accept: str) -> tuple[bytes, str]:
        # Not the method of one exposition: a reload replaces it.
        return self._exposition.render(apps=apps, accept=accept)

    def _apply(self, settings: Settings) -> None:
        self._fleet.apply(settings.apps)
        self._exposition = Exposition(self._fleet.views, settings.tasks)

    def _announce(self, settings: Settings) -> None:
        """Log where the pages are, as addresses that can be clicked."""
        apps = ",".join(app.name for app in settings.apps)
        for address in self._web.addresses:
            page = f"http://{_EVERY_INTERFACE.sub('localhost', address)}/"
            metrics = page.rstrip("/") + settings.web.telemetry_path
            log.info(
                "serving",
                extra=fields(status_page=page, metrics=metrics, version=__version__, apps=apps),
            )
