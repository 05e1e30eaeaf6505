"""A small site for the tests of the server and the application."""

from __future__ import annotations

import threading

from exporter.web.app import Application
from exporter.web.http import Request, Response, Routes, text
from exporter.web.render_pool import RenderPool

LARGE = bytes(range(256)) * 4096 * 12  # 12 MiB: more than the kernel takes for a peer


class SampleSite:
    """`/` small, `/large` (`?BYTES` of it), `/echo` for bodies, `/broken`.

    `/gated` is rendered once `gate` opens.
    """

    def __init__(self) -> None:
        self.pool = RenderPool()
        self.gate = threading.Event()
        self.gated = threading.Event()  # a rendering waits at the gate
        self.application = Application(self.routes(), self.pool)

    def routes(self) -> Routes:
        """Return the routes."""
        return {
            "/": {"GET": self.small},
            "/large": {"GET": self.large},
            "/echo": {"POST": self.echo, "PUT": self.echo},
            "/broken": {"GET": self.broken},
            "/gated": {"GET": self.wait_at_gate},
        }

    async def small(self, _: Request) -> Response:
        """Answer with one line."""
        return text(200, "small")

    async def large(self, request: Request) -> Response:
        """Answer with more than the kernel buffers, or with as much as the query says."""
        return Response(200, LARGE[: int(request.query or len(LARGE))])

    async def echo(self, request: Request) -> Response:
        """Answer with the request's body."""
        return Response(200, request.body)

    async def broken(self, _: Request) -> Response:
        """Fail as a defect would."""
        raise RuntimeError("a defect")

    async def wait_at_gate(self, _: Request) -> Response:
        """Render once the gate is open."""
        return await self.pool.render("gated", self._render)

    def _render(self) -> Response:
        self.gated.set()
        self.gate.wait()
        return text(200, "gated")
