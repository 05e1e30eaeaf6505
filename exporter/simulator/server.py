"""The simulated API as an HTTP or HTTPS server.

    with SimulatorServer([SimulatedApp(1, "secret", Life())]) as server:
        ...  # server.url is the endpoint for an exporter

The addresses under /simulator/ are described in `control`.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import final
from urllib.parse import quote

from exporter.simulator.app import SimulatedApp
from exporter.simulator.callbacks import CallbackSender
from exporter.simulator.faults import Fault
from exporter.simulator.listener import Listener


@final
class SimulatorServer:
    """Serves `apps`, told apart by AppId, while the `with` block runs.

    With `port` 0 the system chooses one, and `url` names it. `clock` gives Unix seconds: it drives
    the life of the tasks, the check of timestamps and the Date header. While the fault REFUSED
    is on for any of the apps, the port stays reserved but nobody listens on it.
    """

    def __init__(
        self,
        apps: Iterable[SimulatedApp],
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls_context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.apps = {app.app_id: app for app in apps}
        self.host = host
        self.port = port
        self.clock = clock
        self._tls_context = tls_context
        self._listener: Listener | None = None
        self._reserved: socket.socket | None = None
        self._running = False
        self._senders: list[CallbackSender] = []
        for app in self.apps.values():
            app.faults.on_change(self._follow_faults)

    @property
    def url(self) -> str:
        """Return the address of the running server, without a trailing slash."""
        scheme = "http" if self._tls_context is None else "https"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"

    def __enter__(self) -> SimulatorServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to serve; OSError where the address cannot be used."""
        self._listen()
        self._running = True
        self._follow_faults()

    def stop(self) -> None:
        """End the callbacks, close the port and all connections, in well under a second."""
        self._running = False
        while self._senders:
            self._senders.pop().stop()
        self._free_port()

    def callbacks_to(self, url: str) -> None:
        """Send the callbacks of each app that has a secret for them to `url`/callback/<its name>.

        `url` is http, without a trailing slash. They end with the server.
        """
        for app in self.apps.values():
            if app.callback_secret:
                address = f"{url}/callback/{quote(app.name, safe='')}"
                sender = CallbackSender(app, address, clock=self.clock)
                self._senders.append(sender)
                sender.start()

    def _follow_faults(self) -> None:
        refuse = any(app.faults.is_on(Fault.REFUSED) for app in self.apps.values())
        if not self._running or refuse == (self._listener is None):
            return
        self._free_port()
        if refuse:
            self._reserve_port()
        else:
            self._listen()

    def _listen(self) -> None:
        self._listener = Listener((self.host, self.port), self.apps, self.clock, self._tls_context)
        self.port = self._listener.server_address[1]

    def _reserve_port(self) -> None:
        """Bind the port without listening: connections are refused, and nobody else takes it."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._reserved = socket.socket(family, socket.SOCK_STREAM)
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind((self.host, self.port))

    def _free_port(self) -> None:
        if self._listener is not None:
            self._listener.stop()
            self._listener = None
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None
