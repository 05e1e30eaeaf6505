from __future__ import annotations

import logging

import pytest

from exporter.web.server import WebServer
from tests.web.peers import connected, fetch, read_to_end, serving
from tests.web.sample_site import LARGE, SampleSite


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
    """An answer of many pieces is what the handler made."""
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


def test_who_leaves_during_the_rendering_is_forgotten(site: SampleSite) -> None:
    """A peer that goes away while its page is rendered leaves nothing to wait for."""
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
