"""The bytes of an HTTP response."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from email.utils import formatdate
from http.client import responses
from typing import Any

_WORTH_COMPRESSING = 1024

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass
class Reply:
    """A response."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    body: bytes = b""

    @property
    def content_length(self) -> int:
        """Return the length of the body that the header declares."""
        return len(self.body)

    def head(self) -> bytes:
        """Return the status line and the header, up to the empty line."""
        phrase = responses.get(self.status, "Unknown")
        lines = [f"HTTP/1.1 {self.status} {phrase}", f"Content-Length: {self.content_length}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def compress(self) -> None:
        """Compress a body that is long enough and not compressed yet."""
        if len(self.body) > _WORTH_COMPRESSING and "Content-Encoding" not in self.headers:
            self.body = gzip.compress(self.body, 1)
            self.headers["Content-Encoding"] = "gzip"


def encode_json(value: Any) -> bytes:
    """Return `value` as JSON in UTF-8; half a surrogate pair becomes a JSON escape."""
    return _to_json(value).encode(errors="backslashreplace")


def make_reply(payload: Any, date: float) -> Reply:
    """Return the response with `payload` as JSON; `date` is the server's time in Unix seconds."""
    reply = Reply(body=encode_json(payload))
    reply.headers["Date"] = formatdate(date, usegmt=True)
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
