"""The endpoints of the contract, section 5, as one table: path -> method -> handler."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qs

from exporter.collection.callbacks import CallbackReceiver
from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.errors import ConfigError, ExporterError
from exporter.web.app import Application
from exporter.web.callbacks import CallbackRoutes
from exporter.web.http import Request, Response, Routes, text
from exporter.web.negotiation import accepts_gzip
from exporter.web.pages import StatusPages
from exporter.web.render_pool import RenderPool

MAX_QUERY_FIELDS = 1000


class RenderMetrics(Protocol):
    """Renders the exposition of all apps (None) or of those named; called in any thread."""

    def __call__(
        self, *, apps: frozenset[str] | None, accept: str, gzip: bool
    ) -> tuple[bytes, str]:
        """Return body and content type; `accept` is whatever the peer sent in that header.

        With `gzip` the body is gzip-coded: the renderer keeps compressed parts.
        """


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the answers come from; everything is called anew for each request.

    `healthy` tells whether the collection threads live; `now` gives Unix seconds. `reload` is None
    where reloading over HTTP is not enabled; it raises ExporterError. `inboxes` are those of
    the apps that take callbacks, by name.
    """

    render_metrics: RenderMetrics
    views: Callable[[], Sequence[AppView]]
    healthy: Callable[[], bool]
    tasks: Callable[[], TaskSettings]
    reload: Callable[[], None] | None = None
    inboxes: Callable[[], Mapping[str, CallbackReceiver]] = dict
    now: Callable[[], float] = time.time


def build_application(sources: Sources, *, telemetry_path: str = "/metrics") -> Application:
    """Return the whole HTTP side, to be served by `WebServer`."""
    pool = RenderPool()
    return Application(build_routes(sources, pool, telemetry_path), pool)


def build_routes(sources: Sources, pool: RenderPool, telemetry_path: str) -> Routes:
    """Return all routes; with the telemetry path `/` there is no status page."""
    endpoints = _Endpoints(sources, pool, telemetry_path)
    routes: Routes = {
        **endpoints.pages.routes(),
        "/-/healthy": {"GET": endpoints.healthy},
        "/-/ready": {"GET": endpoints.ready},
        "/-/reload": {"POST": endpoints.reload},
        telemetry_path: {"GET": endpoints.metrics},
    }
    return CallbackRoutes(routes, sources.inboxes, sources.now)


class _Endpoints:
    def __init__(self, sources: Sources, pool: RenderPool, telemetry_path: str) -> None:
        self._sources = sources
        self._pool = pool
        self.pages = StatusPages(pool, sources.views, sources.tasks, sources.now, telemetry_path)

    async def metrics(self, request: Request) -> Response:
        """Answer a scrape: of all apps, or of those that `?app=` names."""
        try:
            named = parse_qs(
                request.query, keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS
            ).get("app")
        except ValueError:
            return text(400, "too many query parameters")
        apps = None if named is None else frozenset(named)
        configured = [view.settings.name for view in self._sources.views()]
        unknown = sorted((apps or frozenset()).difference(configured))
        if unknown:
            return text(
                400, f"unknown app {unknown[0]!r:.120}; configured: {', '.join(configured)}"
            )
        return await self._render_metrics(request, apps)

    async def _render_metrics(self, request: Request, apps: frozenset[str] | None) -> Response:
        accept = request.header("accept")
        gzip = accepts_gzip(request.header("accept-encoding"))

        def render() -> Response:
            body, content_type = self._sources.render_metrics(apps=apps, accept=accept, gzip=gzip)
            headers = {"Vary": "Accept, Accept-Encoding"}
            if gzip:
                headers["Content-Encoding"] = "gzip"
            return Response(200, body, content_type, headers)

        return await self._pool.render(("metrics", apps, accept, gzip), render)

    async def healthy(self, _: Request) -> Response:
        """Tell whether this process works; what the API does has no part in it."""
        if self._sources.healthy():
            return text(200, "healthy")
        return text(503, "unhealthy: a collection thread has ended")

    async def ready(self, _: Request) -> Response:
        """Tell whether the first collection of every app has ended, well or badly."""
        waiting = [v.settings.name for v in self._sources.views() if v.up is None]
        if waiting:
            return text(503, f"not ready: waiting for the first collection of {', '.join(waiting)}")
        return text(200, "ready")

    async def reload(self, _: Request) -> Response:
        """Reload the configuration; what is wrong with it is the answer, and nothing changes."""
        if self._sources.reload is None:
            return text(403, "not enabled (start with --web.enable-lifecycle)")
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._sources.reload)
        except ConfigError as error:
            return text(500, "\n".join(error.problems))
        except ExporterError as error:
            return text(500, str(error))
        return text(200, "reloaded")
