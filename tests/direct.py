"""The simulated API without a network: requests are answered in the same process."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping

from exporter.errors import Stopped
from exporter.simulator.app import SimulatedApp, handle
from exporter.zego.transport import Response, Transport

Before = Callable[[Mapping[str, object]], object]
"""Called with the fields of each request, before it is answered."""


class DirectTransport(Transport):
    """A transport to `app` at the time `now()`.

    `simulator_seconds` is the CPU time that the simulated API itself took.
    """

    def __init__(
        self, app: SimulatedApp, now: Callable[[], float], before: Before = lambda _: None
    ) -> None:
        self._app = app
        self._now = now
        self._before = before
        self._aborted = False
        self.simulator_seconds = 0.0

    def post(self, url: str, *, params: Mapping[str, str], body: bytes, timeout: float) -> Response:
        """Answer a request immediately; the faults that a connection would show do not happen."""
        del url, timeout
        if self._aborted:
            raise Stopped
        started = time.thread_time()
        self._before(json.loads(body))
        reply = handle({self._app.app_id: self._app}, params, body, self._now())
        self.simulator_seconds += time.thread_time() - started
        return Response(reply.status, reply.headers, reply.body)

    def abort(self) -> None:
        """Refuse all later requests."""
        self._aborted = True

    def close(self) -> None:
        """Close nothing: there is no connection."""
