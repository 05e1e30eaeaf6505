"""Any bytes that a peer sends to the web server get a known answer within a short time."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exporter.collection.callbacks import CallbackReceiver
from exporter.config import TaskSettings
from exporter.history.counters import AppCounters
from exporter.metrics.exposition import Exposition
from exporter.web.app import Application, Sources
from exporter.web.deadlines import Limits
from exporter.web.server import WebServer
from tests.builders import NOW, make_task
from tests.reliability.mutation import mutated
from tests.web.peers import connected, fetch, read_to_end, serving
from tests.web.views import make_view

PATHS = (
    *(b"/", b"/metrics", b"/api/v1/apps", b"/api/v1/tasks", b"/-/healthy", b"/-/ready"),
    *(b"/-/reload", b"/callback/vod", b"/callback/", b"/nothing", b"*", b"//", b"/%00"),
    *(b"http://x/metrics", b"/%ff", b"/../metrics"),
)
METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"OPTIONS", b"DELETE", b"TRACE", b"get", b"BREW")
HEADERS = (
    *(b"Accept", b"Accept-Encoding", b"Authorization", b"Host", b"Connection", b"Expect"),
    *(b"Transfer-Encoding", b"Content-Length", b"Upgrade", b"Range", b"If-None-Match"),
)
VALUES = (
    *(b"text/plain;version=0.0.4", b"application/openmetrics-text;q=0.5,*/*;q=x", b"*", b"-1"),
    *(b"gzip;q=1.001", b"Basic !!", b"keep-alive", b"100-continue", b"chunked", b"h2c"),
)
QUERY_VALUES = (b"vod", b"all", b"%00", b"%ff", b"%ed%a0%80", b"1e9", b"-", b"9" * 12)
QUERY_NAMES = (b"app", b"status", b"q", b"limit", b"offset", b"sort", b"expiring_within")

LAST = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
STATUS = re.compile(rb"HTTP/1\.1 ([0-9]{3}) ")


def some(*known: bytes) -> st.SearchStrategy[bytes]:
    """Return a strategy for these texts and for any other of printable ASCII."""
    any_other = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20)
    return st.sampled_from(known) | any_other.map(str.encode)


def make_request(
    method: bytes,
    path: bytes,
    query: list[tuple[bytes, bytes]],
    headers: list[tuple[bytes, bytes]],
    body: bytes,
) -> bytes:
    """Return the bytes of a request that keeps the syntax; its content need not make sense."""
    target = path + b"?" * bool(query) + b"&".join(b"%b=%b" % field for field in query)
    fields = [(b"Host", b"x"), *headers, (b"Content-Length", str(len(body)).encode())]
    head = b"".join(b"%b: %b\r\n" % field for field in fields)
    return b"%b %b HTTP/1.1\r\n%b\r\n%b" % (method, target, head, body)


REQUESTS = st.builds(
    make_request,
    st.sampled_from(METHODS),
    st.sampled_from(PATHS),
    st.lists(st.tuples(some(*QUERY_NAMES), some(*QUERY_VALUES)), max_size=4),
    st.lists(st.tuples(st.sampled_from(HEADERS), some(*VALUES)), max_size=4),
    st.binary(max_size=40) | st.sampled_from([b"{}", b"x" * 9_000, b"[" * 60_000]),
)
MUTATED = mutated(REQUESTS, b"\r\n", b"\r\n\r\n", b"\x00", b":", b" ", b"A" * 20_000, within=200)


class Defects(logging.Handler):
    """Keeps logged errors: no peer must be able to cause one."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record."""
        self.records.append(self.format(record))


@pytest.fixture(scope="module")
def defects() -> Iterator[list[str]]:
    """Return the list of the errors that are logged."""
    handler = Defects()
    logging.getLogger().addHandler(handler)
    yield handler.records
    logging.getLogger().removeHandler(handler)


@pytest.fixture(scope="module")
def server() -> Iterator[WebServer]:
    """Serve everything that the exporter serves, to peers that have a fifth of a second."""
    view = make_view("vod", tasks=[make_task(str(number)) for number in range(60)])
    receiver = CallbackReceiver(
        1, lambda: "callback-secret", AppCounters(), request_early_collection=lambda: None
    )
    sources = Sources(
        render_metrics=Exposition(lambda: [view], TaskSettings()).render,
        views=lambda: [view],
        healthy=lambda: True,
        tasks=TaskSettings,
        reload=lambda: None,
        callback_receivers=lambda: {"vod": receiver},
        now=lambda: NOW,
    )
    application = Application(sources, max_requests=40)
    with serving(application, Limits(request_seconds=0.2)) as running:
        yield running


def talk(server: WebServer, sent: bytes) -> bytes:
    """Send bytes, then a good request that ends the connection; return all that comes back."""
    with connected(server) as peer:
        with suppress(OSError):  # the server may have ended the connection already
            peer.sendall(sent + LAST)
        return read_to_end(peer)


CHUNKED = b" / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@example(b"HEAD" + CHUNKED + b"x\r\n")  # its refusal must have no body
@example(b"GET" + CHUNKED + b"x\r\n")
@example(b"GET" + CHUNKED.replace(b"chunked", b"unknown"))
@settings(max_examples=60)
@given(REQUESTS | MUTATED | st.binary(max_size=200))
def test_no_bytes_break_the_server(server: WebServer, defects: list[str], sent: bytes) -> None:
    """They are answered, never with a defect, or the connection ends.

    A request with an unknown transfer coding gets 501 (RFC 9112, 6.1), and no other error of ours.
    """
    received = talk(server, sent)
    statuses = {int(status) for status in STATUS.findall(received)}
    assert max(statuses - {501}, default=0) < 500, received[:500]
    assert not defects


@settings(max_examples=25)
@given(REQUESTS)
def test_a_request_is_answered(server: WebServer, sent: bytes) -> None:
    """What keeps the syntax gets an answer; a refusal where its fields contradict each other."""
    assert STATUS.match(talk(server, sent))


@settings(max_examples=30)
@given(MUTATED)
def test_nobody_waits_for_a_bad_peer(server: WebServer, sent: bytes) -> None:
    """A good scrape is answered beside any other connection."""
    with connected(server) as peer:
        with suppress(OSError):
            peer.sendall(sent)
        assert fetch(server, "/metrics").status == 200
