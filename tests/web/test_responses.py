"""Compressed answers, and limits on the number and bytes of answers in progress."""

from __future__ import annotations

import asyncio
import gzip
from contextlib import ExitStack
from typing import Any

import pytest
from starlette.types import Scope

from exporter.web.deadlines import DeadlineProtocol
from exporter.web.responses import STALL_SECONDS, Admission, BytesInFlight, PiecewiseResponse
from exporter.web.server import WebServer
from tests.web.peers import GET_LARGE, PATIENCE, Answer, connected, fetch, read_to_end, serving
from tests.web.sample_site import SampleSite
from tests.web.site import Site

GATED = b"GET /gated?%d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def gated(number: int) -> bytes:
    """Return a request for a page of its own."""
    return GATED % number


def test_further_requests_get_503(caplog: pytest.LogCaptureFixture) -> None:
    """With all places taken the answer is 503 with Retry-After; then a place is free again."""
    site = SampleSite(max_requests=2)
    with serving(site) as server, ExitStack() as stack:
        waiting = [stack.enter_context(connected(server, gated(n))) for n in range(2)]
        assert site.gated.wait(PATIENCE)
        answer = _fetch_until(server, 503)
        assert answer.body == b"too many requests (raise --web.max-requests)\n"
        assert answer.headers["retry-after"] == "1"
        site.gate.set()
        assert all(read_to_end(peer).endswith(b"gated\n") for peer in waiting)
        assert _fetch_until(server, 200).body == b"small\n"
    assert caplog.text == ""


def _fetch_until(server: WebServer, status: int) -> Answer:
    for _ in range(200):
        answer = fetch(server)
        if answer.status == status:
            return answer
    raise AssertionError(answer)


@pytest.mark.parametrize("path", ["/-/healthy", "/-/ready"])
def test_health_does_not_count(path: str) -> None:
    """A crowd of scrapers does not get the exporter restarted."""

    async def never(*_: object) -> Any:
        await asyncio.get_running_loop().create_future()

    async def scenario() -> list[str]:
        asked: list[str] = []

        async def app(scope: Scope, *_: object) -> None:
            asked.append(scope["path"])
            if scope["path"] == "/":
                await never()

        admission = Admission(app, 1)
        taken = asyncio.ensure_future(admission({"path": "/"}, never, never))
        await asyncio.sleep(0)
        await admission({"path": path}, never, never)
        taken.cancel()
        return asked

    assert asyncio.run(scenario()) == ["/", path]


def test_no_limit_is_no_limit() -> None:
    """0 means that nothing is counted."""
    site = Site()
    assert site.ask("/metrics", max_requests=0).status == 200


def test_a_client_that_may_have_left_loses_its_place() -> None:
    """A half-closed client keeps its place until another client needs it."""
    site = SampleSite(max_requests=2)
    with serving(site) as server, ExitStack() as stack:
        for number in range(2):
            with connected(server, gated(number)):
                assert site.gated.wait(PATIENCE)
        _fetch_until(server, 200)  # the server has noticed that they left
        waiting = [stack.enter_context(connected(server, gated(n))) for n in (10, 11)]
        site.gate.set()
        assert all(read_to_end(peer).endswith(b"gated\n") for peer in waiting)


def test_a_client_that_takes_nothing_loses_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stalled readers delay only themselves, not the scrape that comes after them."""
    site = SampleSite(max_requests=3)
    with serving(site) as server, ExitStack() as stack:
        for _ in range(3):
            peer = stack.enter_context(connected(server, GET_LARGE, buffer=4096))
            assert peer.recv(1)
        assert fetch(server).status == 503
        may_be_dropped = DeadlineProtocol.may_be_dropped
        monkeypatch.setattr(  # as if STALL_SECONDS had passed
            DeadlineProtocol,
            "may_be_dropped",
            lambda connection, seconds: may_be_dropped(connection, seconds - STALL_SECONDS),
        )
        assert fetch(server).status == 200


def test_bytes_in_flight_are_bounded() -> None:
    """No body is sent above the bound; one that is sent already may have more clients."""
    in_flight = BytesInFlight(limit=100)
    large, other = (PiecewiseResponse(bytes(100)) for _ in range(2))
    with in_flight.sending(large) as first, in_flight.sending(large) as second:
        assert (first, second) == (True, True)
        with in_flight.sending(other) as third:
            assert not third
    with in_flight.sending(other) as afterwards:
        assert afterwards


def test_a_body_of_any_size_is_sent_where_nothing_else_is() -> None:
    """The bound is the limit and one body: a page larger than the limit is served."""
    in_flight = BytesInFlight(limit=100)
    with in_flight.sending(PiecewiseResponse(bytes(10_000))) as alone:
        assert alone


def test_what_is_above_the_bound_is_503() -> None:
    """Over a real connection, while the answers of slow readers use up the bound."""
    site = SampleSite()
    site.in_flight = BytesInFlight(limit=20 * 1024 * 1024)
    with serving(site) as server, ExitStack() as stack:
        for _ in range(2):
            peer = stack.enter_context(connected(server, GET_LARGE, buffer=4096))
            assert peer.recv(1)
        answer = fetch(server, "/large")
        assert (answer.status, answer.body) == (503, b"too many bytes in flight\n")
        assert fetch(server).status == 200


def test_a_place_is_free_again_after_a_defect(caplog: pytest.LogCaptureFixture) -> None:
    """An exception in a handler gives its place back."""
    site = SampleSite(max_requests=1)
    with serving(site) as server:
        for _ in range(3):
            assert _fetch_until(server, 200).status == 200
            assert fetch(server, "/broken").status in (500, 503)
    assert "a defect" in caplog.text


def test_a_compressed_response_says_so_and_keeps_its_headers() -> None:
    """The body unpacks to the plain one, and equal pages stay equal bytes."""
    plain = PiecewiseResponse(
        b"metric 1\n" * 100, 400, content_type="text/x; charset=x", headers={"Vary": "Accept"}
    )
    packed = plain.compressed()
    assert gzip.decompress(packed.body) == plain.body
    assert packed.status_code == 400
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["content-length"] == str(len(packed.body)) != str(len(plain.body))
    assert packed.headers["content-type"] == "text/x; charset=x"
    assert packed.headers["vary"] == "Accept"
    assert packed.headers["x-content-type-options"] == "nosniff"
    assert plain.compressed().body == packed.body
