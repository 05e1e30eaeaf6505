"""The routes of the status page and its JSON form."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.web.negotiation import accepts_gzip
from exporter.web.responses import PiecewiseResponse
from exporter.web.status import api
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

Render = Callable[[], PiecewiseResponse]
RenderForRequest = Callable[[Request, Hashable, Render], Awaitable[Response]]
"""Answers a request with a rendering; equal keys promise equal pages."""


class StatusRoutes:
    """Answers `/`, `/api/v1/apps` and `/api/v1/tasks`.

    `views`, `tasks` (the settings) and `now` (Unix seconds) are called again for each request.
    """

    def __init__(
        self,
        render: RenderForRequest,
        views: Callable[[], Sequence[AppView]],
        tasks: Callable[[], TaskSettings],
        now: Callable[[], float],
        telemetry_path: str,
    ) -> None:
        self._render = render
        self._views = views
        self._settings = tasks
        self._now = now
        self._telemetry_path = telemetry_path
        self._desk = Desk()

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/", self.page),
            Route("/api/v1/apps", self.apps),
            Route("/api/v1/tasks", self.tasks),
        ]

    async def page(self, request: Request) -> Response:
        """Answer with the status page; it names a query that cannot be used, with 400."""
        return await self._answer(request, self._page)

    async def apps(self, request: Request) -> Response:
        """Answer with the apps as JSON."""
        return await self._answer(request, self._apps)

    async def tasks(self, request: Request) -> Response:
        """Answer with the tasks as JSON."""
        return await self._answer(request, self._tasks)

    async def _answer(
        self, request: Request, answer: Callable[[str], PiecewiseResponse]
    ) -> Response:
        query = request.url.query
        gzip = accepts_gzip(",".join(request.headers.getlist("accept-encoding")))

        def render() -> PiecewiseResponse:
            try:
                response = answer(query)
            except QueryError as error:
                response = api.answer_error(error)
            return response.compressed() if gzip else response

        return await self._render(request, (answer.__name__, query, gzip), render)

    def _page(self, text: str) -> PiecewiseResponse:
        # Not at the start of the program: Jinja2 and the templates take as long as Starlette.
        from exporter.web.status.page import HTML, HTML_HEADERS, render_status  # noqa: PLC0415

        views = self._views()
        query, problem = TaskQuery(), ""
        try:
            query = replace(read_query(read_fields(text), _names(views)), limit=PAGE_LIMIT)
        except QueryError as error:
            problem = str(error)
        settings = self._settings()
        status = self._desk.status(views, settings, query, self._now())
        body = render_status(status, settings, telemetry_path=self._telemetry_path, problem=problem)
        status_code = 400 if problem else 200
        return PiecewiseResponse(body, status_code, content_type=HTML, headers=HTML_HEADERS)

    def _apps(self, text: str) -> PiecewiseResponse:
        views, now = self._views(), self._now()
        named = read_apps(read_fields(text, ("app",)), _names(views))
        cards = self._desk.cards(views, self._settings(), now)
        return api.answer_apps([card for card in cards if not named or card.name in named], now)

    def _tasks(self, text: str) -> PiecewiseResponse:
        views, now = self._views(), self._now()
        fields = read_fields(text, PARAMETERS)
        query = read_query(fields, _names(views), status=ALL, limit=api.DEFAULT_LIMIT)
        return api.answer_tasks(self._desk.tasks(views, self._settings(), query, now), query, now)


def _names(views: Sequence[AppView]) -> Sequence[str]:
    return [view.settings.name for view in views]
