"""Requests and responses as plain data, and what a handler of them is.

No I/O: the ASGI application reads and writes them, handlers and tests see only these.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

PLAIN_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names are lower-case, repeated ones joined with commas (RFC 9110, 5.3).

    `query` is the part after the question mark, still encoded.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return a header's value, empty where the peer sent none."""
        return self.headers.get(name, "")


@dataclass(frozen=True, slots=True)
class Response:
    """One response; the length, and what every answer carries, is added when it is sent."""

    status: int
    body: bytes
    content_type: str = PLAIN_TEXT
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Awaitable[Response]]
Methods = Mapping[str, Handler]
Routes = Mapping[str, Methods]
"""Path -> method -> handler. HEAD is answered by GET's handler and is not listed."""


class BodyHandler(ABC):
    """A handler with a limit of its own for the body of a request."""

    max_body_bytes: ClassVar[int]

    @abstractmethod
    async def __call__(self, request: Request) -> Response:
        """Answer a request whose body is within the limit."""

    @abstractmethod
    def refuse_body(self) -> Response:
        """Return the answer to a request whose body is larger; its connection ends."""


def text(status: int, message: str, **headers: str) -> Response:
    """Return a plain text answer of one line; `headers` as `Name=value`."""
    return Response(status, f"{message}\n".encode(), headers=headers)
