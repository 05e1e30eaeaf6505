"""A small site for the tests of the server: answers that the exporter's own pages do not have."""

from __future__ import annotations

import threading

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from exporter.web.app import make_starlette, rendered
from exporter.web.render_pool import RenderPool
from exporter.web.responses import Admission, BytesInFlight, PiecewiseResponse, text

LARGE = bytes(range(256)) * 4096 * 12  # 12 MiB: more than the kernel takes for a client


class SampleSite:
    """`/` small, `/large` (`?BYTES` of it), `/echo` for bodies, `/broken`.

    `/gated` is rendered once `gate` opens. `max_requests` is the limit, 0 for none.
    """

    def __init__(self, max_requests: int = 0) -> None:
        self.pool = RenderPool()
        self.gate = threading.Event()
        self.gated = threading.Event()  # a rendering waits at the gate
        self.in_flight = BytesInFlight()
        self.renderings = 0
        routes = [
            Route("/", self.small),
            Route("/large", self.large),
            Route("/echo", self.echo, methods=["POST", "PUT"]),
            Route("/broken", self.broken),
            Route("/gated", self.wait_at_gate),
        ]
        self._app = Admission(make_starlette(routes), max_requests)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI, scope type `http`)."""
        await self._app(scope, receive, send)

    def close(self) -> None:
        """Cancel all renderings."""
        self.pool.close()

    async def small(self, _: Request) -> Response:
        """Answer with one line."""
        return text(200, "small")

    async def large(self, request: Request) -> Response:
        """Answer with more than the kernel buffers, or with as much as the query says."""
        part = LARGE[: int(request.url.query or len(LARGE))]
        return self.in_flight.bounded(PiecewiseResponse(part))

    async def echo(self, request: Request) -> Response:
        """Answer with the request's body."""
        return PiecewiseResponse(await request.body())

    async def broken(self, _: Request) -> Response:
        """Fail as a defect would."""
        raise RuntimeError("a defect")

    async def wait_at_gate(self, request: Request) -> Response:
        """Render once the gate is open."""
        return await rendered(self.pool, request, ("gated", request.url.query), self._render)

    def _render(self) -> PiecewiseResponse:
        self.renderings += 1
        self.gated.set()
        self.gate.wait()
        return text(200, "gated")
