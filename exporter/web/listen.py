"""Listening sockets, opened before anything is served.

An address is `host:port` as other exporters write it: `:10317` is every interface, `[::1]:10317`
one IPv6 address, `localhost:10317` a name (of which, as in Go, one address is used, IPv4 first).
All addresses are bound or none: an exporter that serves on half of them helps nobody.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Sequence

from exporter.config.addresses import split_listen_address
from exporter.errors import ExporterError

BACKLOG = 1024  # connections that wait to be accepted; the kernel may lower it
SEND_BUFFER_BYTES = 256 * 1024
"""What the kernel holds for a peer that does not read; left alone it would be some megabytes."""

_ADVICE = {
    errno.EADDRINUSE: " (another exporter? choose another with --web.listen-address)",
    errno.EACCES: " (ports below 1024 need a privilege; choose another with --web.listen-address)",
    errno.EADDRNOTAVAIL: " (this machine does not have that address)",
}


class ListenError(ExporterError):
    """An address that cannot be listened on; the message names it, the reason and what helps."""


def parse_listen_address(address: str) -> tuple[str, int]:
    """Return host (empty: every interface) and port; raise `ListenError` for anything else."""
    try:
        return split_listen_address(address)
    except ValueError:
        raise ListenError(
            f"cannot listen on {address!r}: not an address (host:port, [IPv6]:port or :port)"
        ) from None


def open_sockets(addresses: Sequence[str]) -> list[socket.socket]:
    """Return a listening socket for each address; raise `ListenError`, leaving none open."""
    sockets: list[socket.socket] = []
    try:
        for address in addresses:
            sockets.append(_open(address))  # noqa: PERF401 - those before a failure are to be closed
    except ListenError:
        for opened in sockets:
            opened.close()
        raise
    return sockets


def format_address(sock: socket.socket) -> str:
    """Return `host:port` of a bound socket, an IPv6 host in brackets, as it goes into a URL."""
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if sock.family == socket.AF_INET6 else f"{host}:{port}"


def _open(address: str) -> socket.socket:
    host, port = parse_listen_address(address)
    try:
        sock = _bind(host, port)
    except OSError as error:
        raise ListenError(f"cannot listen on {address}: {_explain(error)}") from error
    # Connections inherit both.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    # Else the last piece of an answer waits 40 ms for the peer's delayed acknowledgement; asyncio
    # sets it only on sockets that name their protocol, which those of `create_server` do not.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _bind(host: str, port: int) -> socket.socket:
    if host:
        family, target = _resolve(host, port)
        return socket.create_server(target, family=family, backlog=BACKLOG)
    if socket.has_dualstack_ipv6():
        return socket.create_server(
            ("", port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True
        )
    return socket.create_server(("", port), backlog=BACKLOG)


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, target = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return family, (str(target[0]), port)


def _explain(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return f"the name cannot be resolved ({error.strerror})"
    reason = os.strerror(error.errno).lower() if error.errno else str(error)
    return reason + _ADVICE.get(error.errno or 0, "")
