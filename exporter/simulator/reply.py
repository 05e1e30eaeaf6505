"""The bytes of an HTTP response, and how they are sent."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Literal

_WORTH_COMPRESSING = 1024

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(slots=True)
class Reply:
    """A response: its content, how slowly it is sent, and how it ends.

    Attributes:
        body: The body, which is sent `repeat` times.
        delay: Seconds before the first byte.
        bytes_per_second: Counts from the first byte of `slow_from` on; 0 for no limit.
        ending: "cut" declares twice the length that is sent; "reset" and "silent" send nothing.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    body: bytes = b""
    repeat: int = 1
    delay: float = 0.0
    bytes_per_second: float = 0.0
    slow_from: Literal["header", "body"] = "body"
    ending: Literal["keep", "cut", "reset", "silent"] = "keep"

    def head(self) -> bytes:
        """Return the status line and the header, up to the empty line."""
        length = len(self.body) * self.repeat * (2 if self.ending == "cut" else 1)
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Unknown"
        lines = [f"HTTP/1.1 {self.status} {phrase}", f"Content-Length: {length}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def parts(self) -> Iterable[bytes]:
        """Return the response in pieces that may be sent one after another."""
        first = self.head() + self.body
        return itertools.chain((first,), itertools.repeat(self.body, self.repeat - 1))


def encode_json(value: Any) -> bytes:
    """Return `value` as JSON in UTF-8; half a surrogate pair becomes a JSON escape."""
    return _to_json(value).encode(errors="backslashreplace")


def make_reply(
    payload: Any,
    date: float,
    *,
    accept_gzip: bool,
    alter: Callable[[Reply], None] | None = None,
) -> Reply:
    """Return the response with `payload` as JSON; `date` is the server's time in Unix seconds.

    `alter` can change the response before it is compressed.
    """
    reply = Reply(body=encode_json(payload))
    reply.headers["Date"] = formatdate(date, usegmt=True)
    if alter is not None:
        alter(reply)
    plain = "Content-Encoding" not in reply.headers and reply.repeat == 1
    if accept_gzip and plain and len(reply.body) > _WORTH_COMPRESSING:
        reply.body = gzip.compress(reply.body, 1)
        reply.headers["Content-Encoding"] = "gzip"
    return reply


def become_gateway_error(reply: Reply, status: int = 502) -> None:
    """Turn a response into the web page that a gateway sends when it has no answer."""
    reply.status = status
    reply.headers["Content-Type"] = "text/html"
    reply.body = (
        b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
        b"<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n"
        b"</body>\r\n</html>\r\n"
    )
