"""Responses, and how many of them and of their bytes may be in progress.

Rules that this file keeps:

- A body is sent in pieces, each once the client has taken the previous one: written in one piece,
  it would be copied for every client that does not read. Browsers never guess at its type.
- At most `max_requests` pages are rendered or sent at a time (`--web.max-requests`); further
  requests get 503. Health checks and callbacks do not count: a crowd of scrapers must not get the
  exporter restarted, and callbacks are small.
- When all places are taken, a client that may have left, or that has taken nothing of its answer
  for `STALL_SECONDS`, loses its place to the new one: slow clients hold up themselves alone
  (docs/guarantees.md, section 9).
- Bodies in flight are bounded in bytes. Equal answers share one body, which counts once.
"""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.metrics.gzip_stream import GZIP_LEVEL
from exporter.web.deadlines import DeadlineProtocol

PIECE_BYTES = 64 * 1024
"""Size of a piece. A client has `Limits.write_seconds` for each, so a slow link can keep up."""

PLAIN_TEXT = "text/plain; charset=utf-8"

MAX_BYTES_IN_FLIGHT = 64 * 1024 * 1024
"""No further body is sent while so many bytes are: at most this and one page are in flight."""

STALL_SECONDS = 2.0
"""Time without any progress after which a client may lose its place."""

_UNCOUNTED: Final = ("/-/", "/callback/")


class PiecewiseResponse(Response):
    """A response whose body is sent in pieces."""

    def __init__(
        self,
        body: bytes,
        status: int = 200,
        *,
        content_type: str = PLAIN_TEXT,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        every = {"X-Content-Type-Options": "nosniff", **(headers or {})}
        super().__init__(body, status, every, content_type)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the response; HEAD gets the head of GET, length included, and no body."""
        head = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **head})
        body = b"" if scope["method"] == "HEAD" else self.body
        for start in range(0, len(body), PIECE_BYTES):
            piece = body[start : start + PIECE_BYTES]  # no copy of a body that is one piece
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        # Empty, because sending it waits until the client has taken the last piece: until then the
        # answer counts as in progress.
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def compressed(self) -> PiecewiseResponse:
        """Return the same response, gzip-coded."""
        packed = PiecewiseResponse(gzip.compress(self.body, GZIP_LEVEL, mtime=0), self.status_code)
        kept = [header for header in self.raw_headers if header[0] != b"content-length"]
        length = str(len(packed.body)).encode()
        packed.raw_headers = [*kept, (b"content-encoding", b"gzip"), (b"content-length", length)]
        return packed


def text(status: int, message: str, headers: Mapping[str, str] | None = None) -> PiecewiseResponse:
    """Return a plain text response of one line."""
    return PiecewiseResponse(f"{message}\n".encode(), status, headers=headers)


def busy(reason: str) -> PiecewiseResponse:
    """Return the answer to a request that cannot be served now."""
    return text(503, reason, {"Retry-After": "1"})


class Admission:
    """An ASGI application around another: bounds the requests in progress; 0 for no limit."""

    def __init__(self, app: ASGIApp, max_requests: int) -> None:
        self._app = app
        self._max_requests = max_requests
        self._in_progress: dict[object, DeadlineProtocol | None] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI, scope type `http`)."""
        if not self._max_requests or scope["path"].startswith(_UNCOUNTED):
            await self._app(scope, receive, send)
            return
        if len(self._in_progress) >= self._max_requests and not self._free_a_place():
            await busy("too many requests (raise --web.max-requests)")(scope, receive, send)
            return
        place = object()
        self._in_progress[place] = scope.get("state", {}).get("connection")
        try:
            await self._app(scope, receive, send)
        finally:
            self._in_progress.pop(place, None)  # `_free_a_place` may have removed it

    def _free_a_place(self) -> bool:
        for place, connection in self._in_progress.items():
            if connection is not None and connection.may_be_dropped(STALL_SECONDS):
                del self._in_progress[place]  # now, not when its task ends: it counts once
                connection.reset()
                return True
        return False


class BytesInFlight:
    """The bodies that are being sent; a body that several clients get counts once."""

    def __init__(self, limit: int = MAX_BYTES_IN_FLIGHT) -> None:
        self._limit = limit
        self._bytes = 0
        self._clients: Counter[int] = Counter()

    def bounded(self, response: PiecewiseResponse) -> Response:
        """Return `response` so that it is sent within the bound, or 503 in its place."""
        return _Bounded(self, response)

    @contextmanager
    def sending(self, response: PiecewiseResponse) -> Iterator[bool]:
        """Count the body while the block lasts; yield False where it must not be sent."""
        key = id(response)  # stays unique: the caller holds the response during the block
        if key not in self._clients:
            if self._bytes >= self._limit:
                yield False
                return
            self._bytes += len(response.body)
        self._clients[key] += 1
        try:
            yield True
        finally:
            self._clients[key] -= 1
            if not self._clients[key]:
                del self._clients[key]
                self._bytes -= len(response.body)


class _Bounded(Response):
    def __init__(self, in_flight: BytesInFlight, response: PiecewiseResponse) -> None:
        super().__init__()
        self._in_flight = in_flight
        self._response = response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._in_flight.sending(self._response) as admitted:
            response = self._response if admitted else busy("too many bytes in flight")
            await response(scope, receive, send)
