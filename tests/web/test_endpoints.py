from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from gzip import compress, decompress

import pytest

from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.errors import ServerError
from exporter.web.app import Application
from exporter.web.endpoints import Sources, build_application
from exporter.web.http import Request, Response
from tests.builders import NOW
from tests.web.peers import fetch, serving
from tests.web.views import SECRET, make_view

DOWN = make_view("a", tasks=None, error=ServerError("it fell", code="http_500"))


@dataclass
class Site:
    """An application over data that a test may change; `body` is what it exposes."""

    shown: Sequence[AppView] = (DOWN, make_view("b"))
    alive: bool = True
    body: bytes = b"metric 1\n" * 1000
    seen: list[tuple[frozenset[str] | None, str]] = field(default_factory=list)

    def application(self, telemetry_path: str = "/metrics") -> Application:
        """Return the application."""
        sources = Sources(
            render_metrics=self.render,
            views=lambda: self.shown,
            healthy=lambda: self.alive,
            tasks=TaskSettings,
            now=lambda: NOW,
        )
        return build_application(sources, telemetry_path=telemetry_path)

    def render(
        self,
        *,
        apps: frozenset[str] | None,
        accept: str,
        gzip: bool,
    ) -> tuple[bytes, str]:
        """Render the exposition, noting what was asked for."""
        self.seen.append((apps, accept))
        return compress(self.body) if gzip else self.body, "text/plain; version=0.0.4"


@pytest.fixture
def pages() -> Site:
    """Return a site with one app that is down and one that is up."""
    return Site()


def ask(
    pages: Site,
    path: str,
    query: str = "",
    *,
    method: str = "GET",
    telemetry_path: str = "/metrics",
    **headers: str,
) -> Response:
    """Return the answer to one request; `headers` with underscores for hyphens."""

    async def scenario() -> Response:
        application = pages.application(telemetry_path)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return await application.respond(Request(method, path, query, named))
        finally:
            application.close()

    return asyncio.run(scenario())


def test_a_scrape_gets_the_exposition(pages: Site) -> None:
    """All apps are rendered, for what the scraper accepts, with the renderer's content type."""
    answer = ask(pages, "/metrics", accept="text/plain")
    assert (answer.status, answer.body) == (200, pages.body)
    assert answer.content_type == "text/plain; version=0.0.4"
    assert answer.headers == {"Vary": "Accept, Accept-Encoding"}
    assert pages.seen == [(None, "text/plain")]


@pytest.mark.parametrize(
    ("query", "apps"),
    [
        ("", None),
        ("unrelated=1", None),
        ("app=a", {"a"}),
        ("app=a&app=b&app=a", {"a", "b"}),
        ("x=1&app=%62", {"b"}),
    ],
)
def test_apps_can_be_chosen(pages: Site, query: str, apps: set[str] | None) -> None:
    """`?app=` names the apps to expose, as often as it comes; without it, all."""
    assert ask(pages, "/metrics", query).status == 200
    assert pages.seen[0][0] == apps


@pytest.mark.parametrize(
    "query", ["app=c", "app=a&app=c", "app=", "app=%00%ff", "app=" + "x" * 9000]
)
def test_an_unknown_app_is_refused_with_the_known_ones(pages: Site, query: str) -> None:
    """A name that is not configured is 400, and a short plain text says which are."""
    answer = ask(pages, "/metrics", query)
    assert answer.status == 400
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.body.startswith(b"unknown app '")
    assert answer.body.endswith(b"; configured: a, b\n")
    assert len(answer.body) < 200
    assert pages.seen == []


def test_a_query_without_end_is_refused(pages: Site) -> None:
    """Thousands of parameters are 400, not work."""
    assert ask(pages, "/metrics", "app=a&" * 2000).status == 400


@pytest.mark.parametrize("path", ["/metrics", "/"])
def test_gzip_is_given_to_those_who_take_it(pages: Site, path: str) -> None:
    """The same page comes packed or plain, as asked."""
    plain = ask(pages, path, accept_encoding="gzip;q=0")
    packed = ask(pages, path, accept_encoding="deflate, gzip")
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert decompress(packed.body) == plain.body
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "Accept-Encoding" in plain.headers["Vary"]


def test_the_telemetry_path_can_be_chosen(pages: Site) -> None:
    """The exposition is where it is configured, and the status page links to it there."""
    assert ask(pages, "/custom", telemetry_path="/custom").body == pages.body
    assert ask(pages, "/metrics", telemetry_path="/custom").status == 404
    assert b'href="/custom"' in ask(pages, "/", telemetry_path="/custom").body


def test_the_telemetry_path_may_be_the_root(pages: Site) -> None:
    """With the exposition at `/` there is no status page."""
    assert ask(pages, "/", telemetry_path="/").body == pages.body


def test_the_status_page_is_html_that_loads_nothing(pages: Site) -> None:
    """The page comes with a policy that allows its own style alone, and is not stored."""
    answer = ask(pages, "/")
    assert (answer.status, answer.content_type) == (200, "text/html; charset=utf-8")
    assert answer.headers["Content-Security-Policy"].startswith(
        "default-src 'none'; style-src 'sha256-"
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert b"it fell" in answer.body
    assert SECRET.encode() not in answer.body


def test_health_is_that_of_the_threads_alone(pages: Site) -> None:
    """An app that is down is no reason to be unhealthy; a dead thread is."""
    pages.shown = [DOWN]
    assert ask(pages, "/-/healthy").status == 200
    pages.alive = False
    answer = ask(pages, "/-/healthy")
    assert (answer.status, answer.body) == (503, b"unhealthy: a collection thread has ended\n")


def test_it_is_ready_once_every_first_collection_has_ended(pages: Site) -> None:
    """A first collection that failed counts as ended; one under way does not."""
    assert ask(pages, "/-/ready").status == 200
    pages.shown = [DOWN, make_view("c", tasks=None)]
    answer = ask(pages, "/-/ready")
    assert (answer.status, answer.body) == (
        503,
        b"not ready: waiting for the first collection of c\n",
    )


@pytest.mark.parametrize(
    "path", ["/", "/metrics", "/-/healthy", "/-/ready", "/api/v1/apps", "/api/v1/tasks"]
)
def test_no_endpoint_takes_other_methods(pages: Site, path: str) -> None:
    """Everything is read only."""
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = ask(pages, path, method=method)
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


def _junk_headers() -> Iterator[dict[str, str]]:
    for value in (
        "",
        ";",
        "application/openmetrics-text;version=abc",
        "\xff\xfe",
        "q=;;,=",
        "*" * 8000,
    ):
        yield {"Accept": value, "Accept-Encoding": value, "User-Agent": value}


def test_junk_in_headers_is_no_error(pages: Site) -> None:
    """Whatever a peer sends in its headers, over a real connection, it gets the page."""
    with serving(pages.application()) as server:
        for headers in _junk_headers():
            assert fetch(server, "/metrics", headers=headers).status == 200
            assert fetch(server, "/", headers=headers).status == 200
