"""The endpoints, and the answers of Starlette in the exporter's wording."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from gzip import decompress
from html import unescape

import pytest

from exporter.errors import ServerError
from exporter.web.server import WebServer
from tests.web.peers import connected, fetch, read_to_end, serving
from tests.web.sample_site import LARGE, SampleSite
from tests.web.site import Site
from tests.web.views import SECRET, make_view


def test_head_is_get_without_the_body(server: WebServer) -> None:
    """HEAD has the same status and headers as GET, the length included, and no body."""
    for path in ("/", "/large", "/nothing"):
        get, head = (fetch(server, path, method=method) for method in ("GET", "HEAD"))
        assert head.status == get.status
        assert head.body == b""
        assert {**head.headers, "date": ""} == {**get.headers, "date": ""}
        assert int(head.headers["content-length"]) == len(get.body) > 0


def test_every_answer_carries_the_basics(server: WebServer) -> None:
    """Type, length and date are there, nosniff too, and the server does not name itself."""
    headers = fetch(server).headers
    assert headers["content-type"] == "text/plain; charset=utf-8"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["date"].endswith(" GMT")
    assert headers["server"] is None


@pytest.mark.parametrize("path", ["/nothing", "/-/", "//", "/%2e%2e/etc/passwd", "/large/", "/%FF"])
def test_other_paths_are_not_found(server: WebServer, path: str) -> None:
    """A path without a route is 404 with a plain text, for any method."""
    for method in ("GET", "POST", "OPTIONS"):
        answer = fetch(server, path, method=method)
        assert (answer.status, answer.body) == (404, b"not found\n")


def test_other_methods_are_refused_with_those_allowed(server: WebServer) -> None:
    """A method that a path does not have is 405, and Allow lists those it has."""
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"):
        answer = fetch(server, method=method)
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    for method in ("GET", "HEAD"):
        answer = fetch(server, "/echo", method=method)
        assert (answer.status, answer.headers["allow"]) == (405, "POST, PUT")


def test_a_large_answer_arrives_whole(server: WebServer) -> None:
    """The pieces of an answer add up to the body of the handler."""
    assert fetch(server, "/large").body == LARGE


def test_a_body_is_read(server: WebServer) -> None:
    """A body reaches the handler, also when its client waits for 100 Continue."""
    body = b"x" * 8192
    assert fetch(server, "/echo", method="POST", body=body).body == body
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    head += b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    with connected(server, head) as peer:
        assert peer.recv(4096).startswith(b"HTTP/1.1 100")
        peer.sendall(b"ok")
        assert read_to_end(peer).endswith(b"\r\n\r\nok")


def test_a_defect_is_500_and_logged(site: SampleSite, caplog: pytest.LogCaptureFixture) -> None:
    """An exception in a handler is answered without detail, logged, and others are served on."""
    with caplog.at_level(logging.ERROR), serving(site) as server:
        answer = fetch(server, "/broken")
        assert fetch(server).status == 200
    assert (answer.status, answer.body) == (500, b"internal server error\n")
    assert "a defect" in caplog.text


def test_a_client_that_leaves_during_the_rendering_is_dropped(site: SampleSite) -> None:
    """Nothing waits for a peer that leaves while its page is rendered."""
    with serving(site) as server:
        with connected(server, b"GET /gated HTTP/1.1\r\nHost: a\r\n\r\n"):
            assert site.gated.wait(30)
        server.stop()
        assert not server.is_alive()


def test_health_answers_while_pages_are_rendered(site: SampleSite) -> None:
    """Rendering takes place outside the event loop."""
    with (
        serving(site) as server,
        connected(server, b"GET /gated HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") as peer,
    ):
        assert site.gated.wait(30)
        assert fetch(server).body == b"small\n"
        site.gate.set()
        assert read_to_end(peer).endswith(b"gated\n")


DOWN = make_view("a", tasks=None, error=ServerError("it fell", code="http_500"))


@pytest.fixture
def pages() -> Site:
    """Return a site with one app that is down and one that is up."""
    return Site(shown=(DOWN, make_view("b")))


def test_a_scrape_gets_the_exposition(pages: Site) -> None:
    """All apps are rendered, in the format that the scraper accepts, with its content type."""
    answer = pages.ask("/metrics", headers={"accept": "text/plain"})
    assert (answer.status, answer.body) == (200, pages.body)
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    wanted = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8"
    answer = pages.ask("/metrics", headers={"accept": wanted})
    assert answer.headers["content-type"] == (
        "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
    )
    assert pages.asked == [(None, False), (None, True)]


@pytest.mark.parametrize(
    ("query", "apps"),
    [
        ("", None),
        ("unrelated=1", None),
        ("app=a", {"a"}),
        ("app=a&app=b&app=a", {"a", "b"}),
        ("x=1&app=%62", {"b"}),
        ("app=", None),
        ("app=&app=a", {"a"}),
    ],
)
def test_apps_can_be_chosen(pages: Site, query: str, apps: set[str] | None) -> None:
    """`?app=` names the apps to expose, as often as it comes; without it or empty, all."""
    assert pages.ask("/metrics", query).status == 200
    assert pages.asked[0][0] == apps


@pytest.mark.parametrize(
    "query", ["app=c", "app=a&app=c", "app=+", "app=%00%ff", "app=" + "x" * 9000]
)
def test_an_unknown_app_is_refused_with_the_known_ones(pages: Site, query: str) -> None:
    """A name that is not configured is 400, and a short plain text says which are."""
    answer = pages.ask("/metrics", query)
    assert answer.status == 400
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body.startswith(b"app: '")
    assert answer.body.endswith(b" is none of a, b\n")
    assert len(answer.body) < 200
    assert pages.asked == []


def test_an_oversized_query_is_refused(pages: Site) -> None:
    """Thousands of parameters are 400, not work, and one text says so on every path."""
    for path in ("/metrics", "/", "/api/v1/apps", "/api/v1/tasks", "/runbooks/ZegoUploadFailed"):
        for query in ("app=a&" * 1001, "&" * 1001):
            answer = pages.ask(path, query)
            assert answer.status == 400
            assert b"query: has more than 1000 parameters" in answer.body


def test_an_unknown_app_has_one_text(pages: Site) -> None:
    """Whichever path is asked; the page escapes it."""
    for path in ("/metrics", "/", "/api/v1/apps", "/api/v1/tasks"):
        assert "app: 'c' is none of a, b" in unescape(pages.ask(path, "app=c").body.decode())


@pytest.mark.parametrize("path", ["/metrics", "/"])
def test_gzip_is_sent_to_clients_that_accept_it(pages: Site, path: str) -> None:
    """The same page comes packed or plain, as asked."""
    plain = pages.ask(path, headers={"accept-encoding": "gzip;q=0"})
    packed = pages.ask(path, headers={"accept-encoding": "deflate, gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert decompress(packed.body) == plain.body
    assert "Accept-Encoding" in packed.headers["vary"]
    assert "Accept-Encoding" in plain.headers["vary"]


def test_the_telemetry_path_can_be_chosen(pages: Site) -> None:
    """The exposition is where it is configured, and the status page links to it there."""
    assert pages.ask("/custom", telemetry_path="/custom").body == pages.body
    assert pages.ask("/metrics", telemetry_path="/custom").status == 404
    assert b'href="./custom"' in pages.ask("/", telemetry_path="/custom").body


def test_the_telemetry_path_may_be_the_root(pages: Site) -> None:
    """With the exposition at `/` there is no status page."""
    assert pages.ask("/", telemetry_path="/").body == pages.body


def test_the_status_page_is_html_that_loads_nothing(pages: Site) -> None:
    """The page comes with a policy that allows its own style alone, and is not stored."""
    answer = pages.ask("/")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"].startswith(
        "default-src 'none'; style-src 'sha256-"
    )
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert b"it fell" in answer.body
    assert SECRET.encode() not in answer.body


def test_health_is_that_of_the_threads_alone(pages: Site) -> None:
    """An app that is down is no reason to be unhealthy; a dead thread is."""
    pages.shown = [DOWN]
    assert pages.ask("/-/healthy").status == 200
    pages.alive = False
    answer = pages.ask("/-/healthy")
    assert (answer.status, answer.body) == (503, b"unhealthy: a collection thread has ended\n")


def test_it_is_ready_once_every_first_collection_has_ended(pages: Site) -> None:
    """A first collection that failed counts as ended; one under way does not."""
    assert pages.ask("/-/ready").status == 200
    pages.shown = [DOWN, make_view("c", tasks=None)]
    answer = pages.ask("/-/ready")
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
        answer = pages.ask(path, method=method)
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


def _junk_headers() -> Iterator[dict[str, str]]:
    for value in (
        "",
        ";",
        "application/openmetrics-text;version=abc",
        "\xff\xfe",
        "q=;;,=",
        "*" * 5000,
    ):
        yield {"Accept": value, "Accept-Encoding": value, "User-Agent": value}


def test_junk_in_headers_is_no_error(pages: Site) -> None:
    """A peer gets the page with any headers, over a real connection."""
    with serving(pages.application()) as server:
        for headers in _junk_headers():
            assert fetch(server, "/metrics", headers=headers).status == 200
            assert fetch(server, "/", headers=headers).status == 200
