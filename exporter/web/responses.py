"""Responses of the exporter: Starlette's, sent in pieces and never guessed at by browsers."""

from __future__ import annotations

import gzip
from collections.abc import Mapping

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from exporter.metrics.gzip_stream import GZIP_LEVEL

PIECE_BYTES = 64 * 1024
"""Size of a piece. A client has `Limits.write_seconds` for each, so a slow link can keep up."""

PLAIN_TEXT = "text/plain; charset=utf-8"


class PiecewiseResponse(Response):
    """A response whose body is sent in pieces, each once the client has taken the previous one.

    A large body written in one piece would be copied for every client that does not read.
    """

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
        # answer counts as in progress (`exporter.web.admission`).
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
