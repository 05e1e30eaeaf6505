"""A server whose connections and port fail as faults demand, with TLS if asked for."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterable
from typing import Any

from exporter.simulator.app import SimulatedApp
from exporter.simulator.http_server import Connection, Listener, SimulatorServer
from exporter.simulator.reply import Reply
from tests.faults.apps import FaultyApp
from tests.faults.faults import Fault
from tests.faults.replies import FaultyReply

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # struct linger: on, 0 seconds


class FaultyConnection(Connection):
    """Sends replies late, slowly, in part, or not at all."""

    def send(self, reply: Reply) -> None:
        """Send a response as its faults demand."""
        if not isinstance(reply, FaultyReply):
            super().send(reply)
            return
        if reply.delay and self.server.stopping.wait(reply.delay):
            return
        if reply.ending != "keep":
            self.close_connection = True
        if reply.ending == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        elif reply.ending == "silent":
            self.rfile.read(1)  # returns when the client leaves or the server stops
        elif reply.bytes_per_second:
            self._send_slowly(reply)
        else:
            for part in reply.parts():
                self.connection.sendall(part)

    def _send_slowly(self, reply: FaultyReply) -> None:
        response = b"".join(reply.parts())
        start = 0 if reply.slow_from == "header" else len(reply.head())
        self.connection.sendall(response[:start])
        for byte in response[start:]:
            self.connection.sendall(bytes((byte,)))
            if self.server.stopping.wait(1 / reply.bytes_per_second):
                return


class FaultyServer(SimulatorServer):
    """Serves apps with their faults.

    It refuses connections while the fault REFUSED is switched on for any of them.
    """

    def __init__(
        self,
        apps: Iterable[SimulatedApp],
        *args: Any,
        tls_context: ssl.SSLContext | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(apps, *args, **kwargs)
        self._tls_context = tls_context
        self._running = False
        self._reserved: socket.socket | None = None
        self._faulty = [app for app in self.apps.values() if isinstance(app, FaultyApp)]
        for app in self._faulty:
            app.faults.on_change(self._follow_faults)

    @property
    def url(self) -> str:
        """Return the address of the running server, without a trailing slash."""
        return super().url if self._tls_context is None else super().url.replace("http", "https", 1)

    def make_listener(self) -> Listener:
        """Bind the port."""
        address = (self.host, self.port)
        listener = Listener(address, self.apps, self.clock, FaultyConnection)
        if self._tls_context is not None:
            # The handshake is in the connection's thread, at its first read: it blocks no other.
            listener.socket = self._tls_context.wrap_socket(
                listener.socket, server_side=True, do_handshake_on_connect=False
            )
        return listener

    def start(self) -> None:
        """Begin to serve, or to refuse."""
        super().start()
        self._running = True
        self._follow_faults()

    def stop(self) -> None:
        """Close the port and all connections."""
        self._running = False
        super().stop()
        self._free_port()

    def _follow_faults(self) -> None:
        refuse = any(app.faults.is_on(Fault.REFUSED) for app in self._faulty)
        if not self._running or refuse == (self._reserved is not None):
            return
        if refuse:
            assert self._listener is not None
            family = self._listener.address_family
            self._listener.stop()
            self._listener = None
            # Bound without listening: connections are refused, and no other process takes the port.
            self._reserved = socket.socket(family, socket.SOCK_STREAM)
            self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._reserved.bind((self.host, self.port))
        else:
            self._free_port()
            super().start()

    def _free_port(self) -> None:
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None
