"""The routes of the status page, its JSON form and the runbooks of alerts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.languages import Language
from exporter.web.negotiation import accepts_gzip, joined, prefers_chinese
from exporter.web.render_pool import Render
from exporter.web.responses import PiecewiseResponse, text
from exporter.web.status import api
from exporter.web.status.query import (
    ALL,
    PAGE_LIMIT,
    PARAMETERS,
    Fields,
    QueryError,
    TaskQuery,
    read_apps,
    read_fields,
    read_language,
    read_query,
)
from exporter.web.status.task_list import Tables, select


@dataclass(frozen=True, slots=True)
class Asked:
    """The parts of a request that its answer depends on."""

    path: str
    query: bytes
    language: Language
    """The one that Accept-Language prefers; the parameter `lang` takes precedence."""


Answer = Callable[[Asked], PiecewiseResponse]
"""Returns the answer to a request; raises QueryError where that is to be answered in JSON."""

RenderForRequest = Callable[[Request, Hashable, Render], Awaitable[Response]]
"""Answers a request with a rendering; equal keys promise equal pages."""


HTML: Final = "text/html; charset=utf-8"

_RUNBOOK_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding, Accept-Language",
}


class StatusRoutes:
    """Answers `/`, `/api/v1/apps`, `/api/v1/tasks` and `/runbooks/<alert>`.

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
        self._tables = Tables()

    def routes(self) -> list[Route]:
        """Return the routes."""
        answers: Mapping[str, Answer] = {
            "/": self._page,
            "/api/v1/apps": self._apps,
            "/api/v1/tasks": self._tasks,
            "/runbooks/{alert}": self._runbook,
        }
        return [Route(path, partial(self._answer, answer)) for path, answer in answers.items()]

    async def _answer(self, answer: Answer, request: Request) -> Response:
        gzip = accepts_gzip(joined(request, "accept-encoding"))
        language: Language = "zh" if prefers_chinese(joined(request, "accept-language")) else "en"
        asked = Asked(request.scope["path"], request.scope["query_string"], language)

        def render() -> PiecewiseResponse:
            try:
                response = answer(asked)
            except QueryError as error:
                response = api.answer_error(error)
            return response.compressed() if gzip else response

        return await self._render(request, (asked, gzip), render)

    def _page(self, asked: Asked) -> PiecewiseResponse:
        """Return the status page; it names a query that cannot be used, with 400."""
        # Not at the start of the program: Jinja2 and the templates take as long as Starlette.
        from exporter.web.status.page import HTML_HEADERS, render_status  # noqa: PLC0415

        views, settings, now = self._views(), self._settings(), self._now()
        fields: Fields = {}
        query, problem = TaskQuery(), None
        try:
            # Unknown parameters are ignored, unlike in the API: other programs add theirs to links.
            fields = read_fields(asked.query)
            query = read_query(fields, _names(views))
        except QueryError as error:
            problem = error
        language = read_language(fields)
        body = render_status(
            views,
            self._tables.of(views, settings.title),
            settings,
            replace(query, limit=PAGE_LIMIT, language=language or ""),
            now,
            language=language or asked.language,
            telemetry_path=self._telemetry_path,
            problem=problem,
        )
        status = 400 if problem else 200
        return PiecewiseResponse(body, status, content_type=HTML, headers=HTML_HEADERS)

    def _runbook(self, asked: Asked) -> PiecewiseResponse:
        # Not at the start of the program: only people who handle an alert need the runbooks.
        from exporter.alerting.shipped import runbook_page  # noqa: PLC0415

        alert = asked.path.rpartition("/")[2]
        try:
            language = read_language(read_fields(asked.query)) or asked.language
        except QueryError as error:
            return text(400, str(error))
        page = runbook_page(alert, language)
        if page is None:
            return text(404, "not found")
        return PiecewiseResponse(page.encode(), content_type=HTML, headers=_RUNBOOK_HEADERS)

    def _apps(self, asked: Asked) -> PiecewiseResponse:
        views, settings, now = self._views(), self._settings(), self._now()
        named = read_apps(read_fields(asked.query, ("app",)), _names(views))
        chosen = [view for view in views if not named or view.settings.name in named]
        tables = self._tables.of(views, settings.title)
        return api.answer_apps(chosen, tables, settings, now)

    def _tasks(self, asked: Asked) -> PiecewiseResponse:
        views, now = self._views(), self._now()
        fields = read_fields(asked.query, PARAMETERS)
        query = read_query(fields, _names(views), status=ALL, limit=api.DEFAULT_LIMIT)
        tables = self._tables.of(views, self._settings().title)
        return api.answer_tasks(select(views, tables, query, now), query, now)


def _names(views: Sequence[AppView]) -> Sequence[str]:
    return [view.settings.name for view in views]
