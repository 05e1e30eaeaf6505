"""The handlers of the status page and its JSON form.

All are rendered in the pool, from the snapshots that there are: none asks the API anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.web.http import Request, Response, Routes
from exporter.web.negotiation import accepts_gzip, compress
from exporter.web.render_pool import RenderPool
from exporter.web.status import api
from exporter.web.status.page import HTML, HTML_HEADERS, render_status
from exporter.web.status.query import (
    ALL,
    PAGE_LIMIT,
    PARAMETERS,
    QueryError,
    TaskQuery,
    read_apps,
    read_fields,
    read_query,
)
from exporter.web.status.view import Desk


class StatusPages:
    """Answers `/`, `/api/v1/apps` and `/api/v1/tasks`.

    `views`, `tasks` (the settings) and `now` (Unix seconds) are called anew for each request.
    """

    def __init__(
        self,
        pool: RenderPool,
        views: Callable[[], Sequence[AppView]],
        tasks: Callable[[], TaskSettings],
        now: Callable[[], float],
        telemetry_path: str,
    ) -> None:
        self._pool = pool
        self._views = views
        self._settings = tasks
        self._now = now
        self._telemetry_path = telemetry_path
        self._desk = Desk()

    def routes(self) -> Routes:
        """Return the routes."""
        return {
            "/": {"GET": self.page},
            "/api/v1/apps": {"GET": self.apps},
            "/api/v1/tasks": {"GET": self.tasks},
        }

    async def page(self, request: Request) -> Response:
        """Answer with the status page; a query that cannot be used is told on it, with 400."""
        return await self._render("page", request, self._page)

    async def apps(self, request: Request) -> Response:
        """Answer with the apps as JSON."""
        return await self._render("apps", request, self._apps)

    async def tasks(self, request: Request) -> Response:
        """Answer with the tasks as JSON."""
        return await self._render("tasks", request, self._tasks)

    async def _render(
        self, name: str, request: Request, answer: Callable[[str], Response]
    ) -> Response:
        gzip = accepts_gzip(request.header("accept-encoding"))

        def render() -> Response:
            try:
                response = answer(request.query)
            except QueryError as error:
                response = api.answer_error(error)
            return compress(response) if gzip else response

        return await self._pool.render((name, request.query, gzip), render)

    def _page(self, text: str) -> Response:
        views = self._views()
        query, problem = TaskQuery(), ""
        try:
            query = replace(read_query(read_fields(text), _names(views)), limit=PAGE_LIMIT)
        except QueryError as error:
            problem = str(error)
        settings = self._settings()
        status = self._desk.status(views, settings, query, self._now())
        body = render_status(status, settings, telemetry_path=self._telemetry_path, problem=problem)
        return Response(400 if problem else 200, body, HTML, HTML_HEADERS)

    def _apps(self, text: str) -> Response:
        views, now = self._views(), self._now()
        named = read_apps(read_fields(text, ("app",)), _names(views))
        cards = self._desk.cards(views, self._settings(), now)
        return api.answer_apps([card for card in cards if not named or card.name in named], now)

    def _tasks(self, text: str) -> Response:
        views, now = self._views(), self._now()
        fields = read_fields(text, PARAMETERS)
        query = read_query(fields, _names(views), status=ALL, limit=api.DEFAULT_LIMIT)
        return api.answer_tasks(self._desk.tasks(views, self._settings(), query, now), query, now)


def _names(views: Sequence[AppView]) -> Sequence[str]:
    return [view.settings.name for view in views]
