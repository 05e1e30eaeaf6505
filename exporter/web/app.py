"""The ASGI application: reads a request, finds its handler in the routes, writes the answer.

Rules that this file keeps:

- HEAD is answered like GET, without the body (contract, section 5); 404 for a path that no route
  has, 405 with `Allow` for a method that a path does not have.
- At most `MAX_BODY_BYTES` of a request's body are read, or what its handler takes; more is 413 and
  ends the connection.
- A peer that goes away while its answer is being made is forgotten at once.
- Answers are written in pieces, each when the peer took the one before (the server's flow control).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import replace
from typing import Any

from exporter.web.http import BodyHandler, Handler, Methods, Request, Response, Routes, text
from exporter.web.render_pool import RenderPool

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_BODY_BYTES = 8 * 1024
PIECE_BYTES = 256 * 1024


class _TooLarge(Exception):
    """The body of the request is larger than may be."""


class Application:
    """An ASGI application over `routes`; owns the threads that its handlers render in."""

    def __init__(self, routes: Routes, pool: RenderPool) -> None:
        self._routes = routes
        self._pool = pool

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request (ASGI, scope type `http`)."""
        handler = _find(self._routes.get(scope["path"]), scope["method"])
        limit = handler.max_body_bytes if isinstance(handler, BodyHandler) else MAX_BODY_BYTES
        try:
            request = await _read_request(scope, receive, limit)
        except ConnectionResetError:
            return
        except _TooLarge:
            await _write(scope["method"], _refuse_body(handler), send)
            return
        response = await _unless_gone(self.respond(request), receive)
        if response is not None:
            await _write(request.method, response, send)

    async def respond(self, request: Request) -> Response:
        """Return the answer; for HEAD it still has the body, whose length is to be sent."""
        methods = self._routes.get(request.path)
        if methods is None:
            return text(404, "not found")
        handler = _find(methods, request.method)
        if handler is None:
            return text(405, "method not allowed", Allow=_allowed(methods))
        return await handler(request)

    def close(self) -> None:
        """Give up what is being rendered; called in the event loop when it ends."""
        self._pool.close()


def _find(methods: Methods | None, method: str) -> Handler | None:
    return (methods or {}).get("GET" if method == "HEAD" else method)


def _refuse_body(handler: Handler | None) -> Response:
    if isinstance(handler, BodyHandler):
        refusal = handler.refuse_body()
    else:
        refusal = text(413, f"request body larger than {MAX_BODY_BYTES} bytes")
    return replace(refusal, headers={**refusal.headers, "Connection": "close"})


def _allowed(methods: Methods) -> str:
    return ", ".join(sorted({*methods, "HEAD"} if "GET" in methods else methods))


async def _read_request(scope: Mapping[str, Any], receive: Receive, limit: int) -> Request:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=await _read_body(receive, limit),
    )


async def _read_body(receive: Receive, limit: int) -> bytes:
    """Return the body; raise `_TooLarge`, or `ConnectionResetError` when the peer went away."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        body += message["body"]
        if len(body) > limit:
            raise _TooLarge
        if not message["more_body"]:
            return bytes(body)


async def _unless_gone(answer: Awaitable[Response], receive: Receive) -> Response | None:
    """Return the answer, or None as soon as the peer has gone away."""
    answering = asyncio.ensure_future(answer)
    gone = asyncio.ensure_future(receive())  # the request was read: only http.disconnect is left
    try:
        await asyncio.wait({answering, gone}, return_when=asyncio.FIRST_COMPLETED)
        return answering.result() if answering.done() else None
    finally:
        answering.cancel()
        gone.cancel()


async def _write(method: str, response: Response, send: Send) -> None:
    body = b"" if method == "HEAD" else response.body
    headers = {
        "Content-Type": response.content_type,
        "Content-Length": str(len(response.body)),
        "X-Content-Type-Options": "nosniff",
        **response.headers,
    }
    encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})
    for start in range(0, len(body), PIECE_BYTES):
        piece = body[start : start + PIECE_BYTES]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
