"""The web side of an exporter for tests: data that a test may change, and requests to it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from gzip import compress
from typing import Any

from exporter.collection.callbacks import CallbackReceiver
from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.web.app import Application, Sources
from exporter.web.server import AsgiApplication
from tests.builders import NOW


@dataclass(frozen=True)
class Answer:
    """A response: header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Site:
    """Everything that the exporter serves; `body` is its exposition, `asked` notes the scrapes."""

    shown: Sequence[AppView] = ()
    tasks: TaskSettings = field(default_factory=TaskSettings)
    alive: bool = True
    body: bytes = b"metric 1\n" * 1000
    callback_receivers: Mapping[str, CallbackReceiver] = field(default_factory=dict)
    asked: list[tuple[frozenset[str] | None, bool]] = field(default_factory=list)

    def application(self, **options: Any) -> Application:
        """Return the application; `options` are those of `Application`."""
        sources = Sources(
            render_metrics=self.render,
            views=lambda: self.shown,
            healthy=lambda: self.alive,
            tasks=lambda: self.tasks,
            callback_receivers=lambda: self.callback_receivers,
            now=lambda: NOW,
        )
        return Application(sources, **{"max_requests": 0, **options})

    def render(self, *, apps: frozenset[str] | None, openmetrics: bool, gzip: bool) -> bytes:
        """Render the exposition, and note the request."""
        self.asked.append((apps, openmetrics))
        return compress(self.body) if gzip else self.body

    def ask(
        self,
        path: str,
        query: str = "",
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Answer:
        """Return the answer to one request."""
        return ask(self.application(**options), path, query, method=method, headers=headers)


def ask(
    application: AsgiApplication,
    path: str,
    query: str = "",
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Return the answer of an ASGI application to one request without a body, and close it."""
    sent = asyncio.run(talk(application, [], path, query, method=method, headers=headers))
    start, *pieces = sent
    body = b"".join(piece.get("body", b"") for piece in pieces)
    named = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
    return Answer(start["status"], named, body)


async def talk(
    application: AsgiApplication,
    messages: list[dict[str, Any]],
    path: str,
    query: str = "",
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
) -> list[Any]:
    """Return what the application sends to a client that sends `messages` and then waits."""
    left = [*messages] or [{"type": "http.request", "body": b"", "more_body": False}]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(errors="surrogateescape"),
        "root_path": "",
        "query_string": query.encode(errors="surrogateescape"),
        "headers": [
            (name.lower().encode(), value.encode("latin-1"))
            for name, value in (headers or {}).items()
        ],
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if left:
            return left.pop(0)
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    async def send(message: Any) -> None:
        sent.append(message)

    try:
        await application(scope, receive, send)
    finally:
        application.close()
    return sent
