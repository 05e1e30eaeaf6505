"""The HTTP server: uvicorn (h11) with an event loop in a thread of its own.

The rest of the program is plain threads; only this file and the application know of asyncio.
Models, TLS and bcrypt are imported only if there is a web configuration: they take a tenth of the
CPU time of a start, and most exporters have none.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import threading
from asyncio import sslproto
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote

import uvicorn
from starlette.types import Receive, Scope, Send

from exporter.errors import ConfigError
from exporter.web.deadlines import Admits, Limits, admits_all, protocol_class
from exporter.web.listen import BACKLOG, format_address, open_sockets

if TYPE_CHECKING:
    from exporter.web.security.reloading import LiveWebConfig

TLS_BUFFER_BYTES = 16 * 1024  # one TLS record: requests are small

_NOT_TLS = b"This port speaks HTTPS: use https:// (the request came as plain HTTP).\n"
_NOT_TLS_ANSWER = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(_NOT_TLS), _NOT_TLS)
)
_ABSOLUTE_FORM = re.compile(rb"https?://[^/?#]*", re.IGNORECASE)


class AsgiApplication(Protocol):
    """An ASGI application; `close` is called once, in the event loop, when serving has ended."""

    def __call__(  # noqa: D102 - the ASGI specification says it
        self, scope: Scope, receive: Receive, send: Send
    ) -> Awaitable[None]: ...

    def close(self) -> None: ...  # noqa: D102 - said above


class WebServer:
    """Serves `app` on all of `listen_addresses` from `start` until `stop`; not restartable.

    With `tls`, it serves HTTPS to clients whose certificate `admits` accepts.
    """

    def __init__(
        self,
        app: AsgiApplication,
        listen_addresses: Sequence[str],
        *,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
        admits: Admits = admits_all,
    ) -> None:
        self._app = app
        self._listen_addresses = tuple(listen_addresses)
        self._limits = limits or Limits()
        self._sockets: list[socket.socket] = []
        config = uvicorn.Config(
            _OriginForm(app),
            # Not certificate files: uvicorn would read them once, and not follow renewed ones.
            ssl_context_factory=None if tls is None else lambda _config, _default: tls,
            http=protocol_class(self._limits, admits),
            ws="none",
            loop="asyncio",
            lifespan="off",
            interface="asgi3",
            log_config=None,  # logging is the program's; uvicorn's records reach the root logger
            log_level="error",  # defects only: no client may write lines into the log
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            limit_concurrency=self._limits.connections,
            timeout_keep_alive=self._limits.keep_alive_seconds,
            timeout_graceful_shutdown=2,  # a last resort behind `_cut`
            h11_max_incomplete_event_size=self._limits.head_bytes,
        )
        self._server = _Server(config, self._limits)
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self.scheme = "http" if tls is None else "https"
        self.addresses: tuple[str, ...] = ()  # `host:port` with the real ports, once started

    def start(self) -> None:
        """Bind every address, then serve; raise `ListenError` when one cannot be had."""
        self._sockets = open_sockets(self._listen_addresses)
        self.addresses = tuple(format_address(sock) for sock in self._sockets)
        self._thread.start()
        self._server.ready.wait()

    def stop(self, timeout: float = 3.0) -> None:
        """Stop within about a second, whatever peers do; wait at most `timeout` seconds for it."""
        if self._thread.is_alive():
            self._server.stop(self._limits.stop_seconds)
            self._thread.join(timeout)

    def is_alive(self) -> bool:
        """Tell whether the server's thread lives."""
        return self._thread.is_alive()

    def _run(self) -> None:
        async def serve() -> None:
            try:
                await self._server.serve(self._sockets)
            finally:
                self._app.close()

        try:
            asyncio.run(serve())
        finally:
            for sock in self._sockets:
                sock.close()
            self._server.ready.set()  # `start` must not wait for a server that failed to start


def check_web_config(path: Path | None) -> None:
    """Raise ConfigError where the web configuration at `path` (None: none) cannot be used.

    Its lines begin with the path.
    """
    if path is not None:
        from exporter.web.security.loading import load_web_config

        with _named(path):
            load_web_config(path)


def open_web_config(path: Path | None) -> LiveWebConfig | None:
    """Return the web configuration at `path`, None where there is none. Raises ConfigError."""
    if path is None:
        return None
    from exporter.web.security.reloading import LiveWebConfig

    with _named(path):
        return LiveWebConfig(path)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Begin each problem with the path, once."""
    try:
        yield
    except ConfigError as error:
        prefix = f"{path}: "
        problems = [prefix + problem.removeprefix(prefix) for problem in error.problems]
        raise ConfigError(problems, passing=error.passing, source=str(path)) from None


def build_server(
    app: AsgiApplication,
    listen_addresses: Sequence[str],
    web_config: LiveWebConfig | None,
    *,
    limits: Limits | None = None,
) -> WebServer:
    """Return the server of `app`, guarded as the web configuration says, if there is one."""
    if web_config is None:
        return WebServer(app, listen_addresses, limits=limits)
    from exporter.web.security.auth import Guard

    return WebServer(
        Guard(app, web_config.current),
        listen_addresses,
        limits=limits,
        tls=web_config.context(),
        admits=web_config.admits,
    )


class _OriginForm:
    """An ASGI application around another, which sees targets without scheme and authority.

    Servers accept the absolute form (RFC 9112, 3.2.2); it must not get around a rule about paths.
    """

    def __init__(self, app: AsgiApplication) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if absolute := _ABSOLUTE_FORM.match(scope["raw_path"]):
            scope["raw_path"] = scope["raw_path"][absolute.end() :] or b"/"
            scope["path"] = unquote(scope["raw_path"].decode("ascii"))
        await self._app(scope, receive, send)


class _TlsProtocol(sslproto.SSLProtocol):
    """asyncio's TLS, which answers plain HTTP in plain words, as Go's servers do."""

    max_size = TLS_BUFFER_BYTES  # taken for each connection; the default is for large uploads

    def _on_handshake_complete(self, handshake_exc: BaseException | None) -> None:
        plain_http = getattr(handshake_exc, "reason", "") == "HTTP_REQUEST"
        if plain_http and isinstance(self._transport, asyncio.Transport):
            self._transport.write(_NOT_TLS_ANSWER)
        super()._on_handshake_complete(handshake_exc)


class _Server(uvicorn.Server):
    """uvicorn's server, with a stop from other threads that no peer can hold up."""

    def __init__(self, config: uvicorn.Config, limits: Limits) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._limits = limits
        config.load()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept, then let `WebServer.start` return."""
        loop = asyncio.get_running_loop()
        if self.config.ssl is not None:
            # asyncio has no other way to choose the protocol; nothing else here serves TLS by it.
            sslproto.SSLProtocol = _TlsProtocol  # type: ignore[misc]
            # uvicorn hands no deadline on, and asyncio's own is a minute.
            loop.create_server = partial(  # type: ignore[method-assign]
                loop.create_server, ssl_handshake_timeout=self._limits.request_seconds
            )
        await super().startup(sockets)
        self._loop = loop
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End as uvicorn does, without waiting for peers that have not ended their handshake."""
        for server in self.servers:
            server.close()
        self.servers = []  # from CPython 3.12.1 on, their wait_closed() would wait for those
        await super().shutdown(sockets)

    def stop(self, grace: float) -> None:
        """Accept no more, give answers under way `grace` seconds, then cut all connections."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.call_later, grace, self._cut)

    def _cut(self) -> None:
        # uvicorn would wait for peers.
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        asyncio.get_running_loop().call_later(0.1, self._cut)  # those accepted a moment ago
