"""The HTTP side of the exporter: a Starlette application with every endpoint.

Rules that this file keeps (docs/guarantees.md, section 15):

- Starlette decides about 404, 405 and HEAD; only the texts are ours.
- Pages and metrics are rendered in the pool, from the snapshots that exist: none asks the API.
- A client that leaves while its page is rendered is forgotten immediately.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.collection.callbacks import CallbackReceiver
from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.errors import ConfigError, ExporterError
from exporter.web.callbacks import CallbackRoute
from exporter.web.negotiation import accepts_gzip, choose_metrics_format, joined
from exporter.web.render_pool import Render, RenderPool
from exporter.web.responses import Admission, BytesInFlight, PiecewiseResponse, text
from exporter.web.status.query import QueryError, read_apps, read_fields
from exporter.web.status.routes import StatusRoutes


class RenderMetrics(Protocol):
    """Renders the exposition of all apps (None) or of those named; called in any thread."""

    def __call__(self, *, apps: frozenset[str] | None, openmetrics: bool, gzip: bool) -> bytes:
        """Return the body; with `gzip` it is gzip-coded: the renderer keeps compressed parts."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Sources of the answers; each is called again for every request."""

    render_metrics: RenderMetrics
    views: Callable[[], Sequence[AppView]]
    """The apps in the order of the configuration."""

    healthy: Callable[[], bool]
    """Whether all collection threads are alive."""

    tasks: Callable[[], TaskSettings]
    reload: Callable[[], None] | None = None
    """Raises ExporterError. None: reloading over HTTP is not enabled."""

    callback_receivers: Callable[[], Mapping[str, CallbackReceiver]] = dict
    """The receivers of the apps that accept callbacks, by name."""

    now: Callable[[], float] = time.time
    """Unix time in seconds."""


class Application:
    """An ASGI application with every endpoint; owns the threads that pages are rendered in.

    `max_requests` pages may be in progress, 0 for no limit. With the telemetry path `/` there is no
    status page.
    """

    def __init__(
        self, sources: Sources, *, max_requests: int, telemetry_path: str = "/metrics"
    ) -> None:
        self._sources = sources
        self._pool = RenderPool()
        self._in_flight = BytesInFlight()
        pages = StatusRoutes(
            self._render, sources.views, sources.tasks, sources.now, telemetry_path
        )
        routes = [  # the first that matches is taken
            Route(telemetry_path, self._metrics),
            *pages.routes(),
            Route("/-/healthy", self._healthy),
            Route("/-/ready", self._ready),
            Route("/-/reload", self._reload, methods=["POST"]),
            CallbackRoute(sources.callback_receivers, sources.now),
        ]
        self._app = Admission(make_starlette(routes), max_requests)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI, scope type `http`)."""
        if scope["path"].endswith("\n"):  # the `$` of Starlette's patterns matches before it
            scope["path"] += "/"
        await self._app(scope, receive, send)

    def close(self) -> None:
        """Cancel all renderings; called in the event loop when it ends."""
        self._pool.close()

    async def _metrics(self, request: Request) -> Response:
        """Answer a scrape: of all apps, or of those that `?app=` names."""
        apps = None
        try:
            fields = read_fields(request.scope["query_string"])
            if "app" in fields:  # else not: the views copy every counter
                configured = [view.settings.name for view in self._sources.views()]
                apps = frozenset(read_apps(fields, configured))
        except QueryError as error:
            return text(400, str(error))
        form = choose_metrics_format(joined(request, "accept"))
        gzip = accepts_gzip(joined(request, "accept-encoding"))

        def render() -> PiecewiseResponse:
            body = self._sources.render_metrics(apps=apps, openmetrics=form.openmetrics, gzip=gzip)
            headers = {"Vary": "Accept, Accept-Encoding"}
            if gzip:
                headers["Content-Encoding"] = "gzip"
            return PiecewiseResponse(body, content_type=form.content_type, headers=headers)

        return await self._render(request, ("metrics", apps, form, gzip), render)

    async def _healthy(self, _: Request) -> Response:
        """Tell whether this process works; the state of the API has no part in it."""
        if self._sources.healthy():
            return text(200, "healthy")
        return text(503, "unhealthy: a collection thread has ended")

    async def _ready(self, _: Request) -> Response:
        """Tell whether the first collection of every app has ended, well or badly."""
        waiting = [v.settings.name for v in self._sources.views() if v.up is None]
        if waiting:
            return text(503, f"not ready: waiting for the first collection of {', '.join(waiting)}")
        return text(200, "ready")

    async def _reload(self, _: Request) -> Response:
        """Reload the configuration; on any error the answer says why, and nothing changes."""
        if self._sources.reload is None:
            return text(403, "not enabled (start with --web.enable-lifecycle)")
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._sources.reload)
        except ConfigError as error:
            return text(500, "\n".join(error.problems))
        except ExporterError as error:
            return text(500, str(error))
        return text(200, "reloaded")

    async def _render(self, request: Request, key: Hashable, render: Render) -> Response:
        return self._in_flight.bounded(await rendered(self._pool, request, key, render))


def make_starlette(routes: Sequence[BaseRoute]) -> ASGIApp:
    """Return a Starlette application over `routes` with our wording of its own answers."""

    def refuse(_: Request, error: Exception) -> Response:
        status, headers = getattr(error, "status_code", 500), {}
        if allowed := (getattr(error, "headers", None) or {}).get("Allow"):
            headers["Allow"] = ", ".join(sorted(allowed.split(", ")))
        return text(status, HTTPStatus(status).phrase.lower(), headers)

    def forget(_: Request, _error: Exception) -> Response:
        return text(499, "client closed request")  # written to nobody

    def fail(_: Request, _error: Exception) -> Response:
        return text(500, "internal server error")  # Starlette raises it again: uvicorn logs it

    app = Starlette(
        routes=routes,
        exception_handlers={HTTPException: refuse, ClientDisconnect: forget, Exception: fail},
    )
    app.router.redirect_slashes = False  # 404 elsewhere, no redirects

    return app


async def rendered(
    pool: RenderPool, request: Request, key: Hashable, render: Render
) -> PiecewiseResponse:
    """Return the result of `render` in the pool. Raises ClientDisconnect if the client leaves."""
    connection = request.scope.get("state", {}).get("connection")
    rendering = asyncio.ensure_future(
        pool.render(key, render, lambda: connection is not None and connection.half_closed)
    )

    async def disconnected() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass  # a part of a body that nobody reads

    gone = asyncio.ensure_future(disconnected())
    try:
        await asyncio.wait({rendering, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not rendering.done():
            raise ClientDisconnect
        return rendering.result()
    finally:
        rendering.cancel()
        gone.cancel()
