"""Listening sockets, opened before anything is served.

An address is `host:port` as other exporters write it: `:10317` and `[::]:10317` are every interface
of both families, `0.0.0.0:10317` every interface of IPv4, `[::1]:10317` one IPv6 address,
`localhost:10317` a name (of which, as in Go, one address is used, IPv4 first). All addresses are
bound or none: an exporter that serves on half of them helps nobody.
"""

from __future__ import annotations

import errno
import os
import resource
import socket
from collections.abc import Collection, Sequence
from contextlib import ExitStack

from exporter.config.addresses import split_listen_address
from exporter.errors import ExporterError

BACKLOG = 1024  # connections that wait to be accepted; the kernel may lower it
SEND_BUFFER_BYTES = 256 * 1024
"""Kernel buffer for a client that does not read. The default grows to some megabytes each."""

WANTED_OPEN_FILES = 16_384
"""Each connection takes a descriptor: far more than the server accepts (`Limits.connections`)."""

_ADVICE = {
    errno.EADDRINUSE: " (another exporter? choose another with {flag})",
    errno.EACCES: " (ports below 1024 need a privilege; choose another with {flag})",
    errno.EADDRNOTAVAIL: " (this machine does not have that address)",
}


class ListenError(ExporterError):
    """An address that cannot be listened on; the message has address, reason and remedy."""


def listen_error(address: str, error: OSError, flag: str) -> ListenError:
    """Return the error for an address that cannot be bound; `flag` is the one that sets it."""
    if isinstance(error, socket.gaierror):
        what = f"the name cannot be resolved ({error.strerror})"
    else:
        what = os.strerror(error.errno).lower() if error.errno else str(error)
        what += _ADVICE.get(error.errno or 0, "").format(flag=flag)
    return ListenError(f"cannot listen on {address}: {what}")


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
    # `0.0.0.0:P` beside `[::]:P` already has the IPv4 side of that port.
    taken = {port for host, port in map(parse_listen_address, addresses) if host == "0.0.0.0"}  # noqa: S104
    with ExitStack() as opened:  # closes them if a later one fails
        sockets = [opened.enter_context(_open(address, taken)) for address in addresses]
        opened.pop_all()
    return sockets


def format_address(sock: socket.socket) -> str:
    """Return `host:port` of a bound socket, an IPv6 host in brackets, as it goes into a URL."""
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if sock.family == socket.AF_INET6 else f"{host}:{port}"


def raise_open_files_limit(wanted: int = WANTED_OPEN_FILES) -> int:
    """Raise the limit of open files of this process towards `wanted`; return the new limit.

    The usual limit of 1,024 is for small programs. No privilege is needed up to the hard limit,
    above which it is never raised; a limit that is higher already stays.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    possible = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if possible > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    return max(soft, possible)


def _open(address: str, ipv4_taken: Collection[int]) -> socket.socket:
    host, port = parse_listen_address(address)
    try:
        sock = _bind(host, port, both=port not in ipv4_taken)
    except OSError as error:
        raise listen_error(address, error, "--web.listen-address") from error
    # Connections inherit both.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    # Else the last piece of an answer waits 40 ms for the peer's delayed acknowledgement; asyncio
    # sets it only on sockets that name their protocol, which those of `create_server` do not.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _bind(host: str, port: int, *, both: bool) -> socket.socket:
    """Bind one address; every interface of IPv6 takes IPv4 too where `both` is wanted."""
    if host in ("", "::") and socket.has_dualstack_ipv6():
        return socket.create_server(
            ("", port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=both
        )
    if not host:
        return socket.create_server(("", port), backlog=BACKLOG)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    # `localhost` is ::1 and 127.0.0.1: IPv4 first, as in Go.
    family, _, _, _, target = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return socket.create_server((str(target[0]), port), family=family, backlog=BACKLOG)
