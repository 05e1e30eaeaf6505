"""The running exporter: collectors, exposition, web server and reload, wired together."""

from __future__ import annotations

import re
from collections.abc import Callable

from exporter import __version__
from exporter.collection.collectors import CollectorPool
from exporter.commands.reload import Reloader
from exporter.config import Settings
from exporter.flags import DEFAULT_MAX_REQUESTS
from exporter.history import open_history
from exporter.logs import get_logger
from exporter.metrics.exposition import Exposition
from exporter.tasks import Snapshot
from exporter.web.app import Application, Sources
from exporter.web.server import build_server, open_web_config

# Together well under the 5 seconds of `docs/guarantees.md`, section 9; the log has half a second.
WEB_STOP_SECONDS = 1.5
COLLECTORS_STOP_SECONDS = 2.0

_EVERY_INTERFACE = re.compile(r"^(\[::\]|0\.0\.0\.0)(?=:)")

log = get_logger(__name__)


class Service:
    """Collects and serves between `start` and `stop`; not restartable.

    `load` loads the configuration again for a reload; `lifecycle` allows a reload over HTTP;
    `max_requests` is the number of answers that may be in progress, 0 for no limit. Raises
    ConfigError where the web configuration cannot be used, HistoryError where the history file
    cannot.
    """

    def __init__(
        self,
        settings: Settings,
        load: Callable[[], Settings],
        *,
        lifecycle: bool = False,
        max_requests: int = DEFAULT_MAX_REQUESTS,
    ) -> None:
        web_config = open_web_config(settings.web.config_file)
        self._history = open_history(settings.history.path)
        self._collectors = CollectorPool(self._history, prepare=self._prepare)
        self._reloader = Reloader(settings, load, self._apply)
        self._exposition = self._expose(settings)
        sources = Sources(
            render_metrics=self._render_metrics,
            views=self._collectors.views,
            healthy=self._collectors.healthy,
            tasks=lambda: self._reloader.settings.tasks,
            reload=self._reloader.reload if lifecycle else None,
            callback_receivers=self._collectors.callback_receivers,
        )
        application = Application(
            sources, telemetry_path=settings.web.telemetry_path, max_requests=max_requests
        )
        self._web = build_server(application, settings.web.listen_address, web_config)
        self.reload = self._reloader.reload

    def start(self) -> None:
        """Begin to collect and serve. Raises ListenError or HistoryError, having stopped again."""
        settings = self._reloader.settings
        for warning in settings.warnings:
            log.warning("configuration", warning=warning)
        try:
            self._apply(settings)
            self._web.start()
        except BaseException:
            self.stop()
            raise
        apps = ",".join(app.name for app in settings.apps)
        for url in self.urls:
            metrics = url + settings.web.telemetry_path
            log.info(
                "serving", status_page=f"{url}/", metrics=metrics, version=__version__, apps=apps
            )

    @property
    def urls(self) -> tuple[str, ...]:
        """Where it serves, as addresses that can be clicked, without a trailing slash."""
        hosts = [_EVERY_INTERFACE.sub("localhost", address) for address in self._web.addresses]
        return tuple(f"{self._web.scheme}://{host}" for host in hosts)

    def stop(self) -> None:
        """End everything within seconds, whatever the API and peers are doing."""
        self._web.stop(WEB_STOP_SECONDS)
        self._collectors.stop(COLLECTORS_STOP_SECONDS)
        if self._history is not None:
            self._history.close()

    def _render_metrics(
        self, *, apps: frozenset[str] | None, openmetrics: bool, gzip: bool
    ) -> bytes:
        # Not the method of one exposition: a reload replaces it.
        return self._exposition.render(apps=apps, openmetrics=openmetrics, gzip=gzip)

    def _prepare(self, app: str, snapshot: Snapshot) -> None:
        # As above. Rendering is done before the snapshot is published, so that no scrape waits.
        self._exposition.prepare(app, snapshot)

    def _apply(self, settings: Settings) -> None:
        self._collectors.apply(settings.apps)
        self._exposition = self._expose(settings)

    def _expose(self, settings: Settings) -> Exposition:
        return Exposition(self._collectors.views, settings.tasks, program=self._reloader.view)
