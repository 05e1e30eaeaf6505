"""Sends one request and returns its answer: the only module that uses the network.

Rules that this file keeps (docs/guarantees.md, sections 9 and 11):

- A request ends within its time limit, whatever the peer does, and reads at most 2 MiB.
- No redirect is followed: a signature must never reach another host.
- Every error of a library becomes one of ours. The texts of library errors can quote the URL with
  the signature, so only safe parts are used: classes, error numbers, OpenSSL's verify result.
- Nothing is sent twice here: the rate limiter must allow each try (`client.py`).
- A connection is kept only while requests follow each other closely. A NAT may have forgotten an
  idle one, which would cost a whole time-out, and a new connection follows a change of DNS.
"""

from __future__ import annotations

import logging
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import requests
import requests.adapters

from exporter import __version__
from exporter.errors import ApiError, NetworkError, Stopped
from exporter.zego.cutoff import Cutoff, CutoffConnection, CutoffTlsConnection
from exporter.zego.decoding import invalid_response
from exporter.zego.network_errors import (
    LIBRARY_ERRORS,
    proxy_url,
    timed_out,
    translate_error,
)
from exporter.zego.trust import trust_context

USER_AGENT = f"zego-upload-exporter/{__version__}"

MAX_BYTES = 2 * 1024 * 1024
"""Maximum size of a body, both as received and as decompressed.

A usual page is about 50 kB. The largest has 50 tasks with a title of 100 bytes and three URLs of
1,024 (docs/zego-api.md, "Slots, retention, titles"): 175 kB, or 1 MiB if JSON escapes each byte.
"""

MAX_IDLE_SECONDS = 5.0
"""A connection that was idle for longer is replaced; walks pause for less, intervals are longer."""

_HEADERS = {
    "User-Agent": USER_AGENT,
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "Content-Type": "application/json",
}
_PIECE_BYTES = 64 * 1024
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS  # zlib reads the header to tell which

# urllib3 logs the request's URL with its signature at debug, and with a broken header at warning.
logging.getLogger("urllib3").setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer to one request."""

    status: int
    """HTTP status."""

    headers: Mapping[str, str]
    """Header fields; names are case-insensitive."""

    body: bytes = field(repr=False)  # media URLs in it contain tokens
    """Decompressed body; empty unless the status is 2xx."""


class Transport:
    """A connection to one endpoint; for one thread, except for `abort`.

    `ca_file` is trusted in addition to the usual certificates. `clock` is monotonic, in seconds.
    """

    def __init__(
        self, *, ca_file: Path | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ca_file = ca_file
        self._clock = clock
        self._cutoff = Cutoff()
        self._session: requests.Session | None = None
        self._proxy = ""
        self._last_used = 0.0

    def post(self, url: str, *, params: Mapping[str, str], body: bytes, timeout: float) -> Response:
        """Send one POST request and return its answer, also one with an error status.

        The body is read only if the status is a success (2xx). `timeout` bounds the whole request,
        in seconds. Raises NetworkError, RequestTimeout or ProtocolError, and Stopped after `abort`.
        """
        if self._cutoff.aborted:
            raise Stopped
        outcome: Response | ApiError
        with self._cutoff.request(timeout):
            try:
                outcome = self._exchange(url, params, body, timeout)
            except LIBRARY_ERRORS as error:
                outcome = translate_error(error, url=url, timeout=timeout)
            except ApiError as error:
                outcome = error.with_traceback(None)  # its frames would keep the body in memory
        self._last_used = self._clock()
        # The cut decides: after it, any error or a short body is only its consequence.
        if self._cutoff.aborted:
            raise Stopped
        if self._cutoff.timed_out:
            raise timed_out(timeout)
        if isinstance(outcome, ApiError):
            # Raised here, after the handler, so that the library's error is not its context.
            try:
                raise outcome
            finally:
                del outcome  # this frame and the error would keep each other in memory
        return outcome

    def abort(self) -> None:
        """Cut a request in flight and refuse all later ones: both raise Stopped. Any thread."""
        self._cutoff.abort()

    def close(self) -> None:
        """Close the connection, if there is one; the next request opens another."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _exchange(
        self, url: str, params: Mapping[str, str], body: bytes, timeout: float
    ) -> Response:
        if self._clock() - self._last_used > MAX_IDLE_SECONDS:
            self.close()
        if self._session is None:
            self._proxy = proxy_url(url)
            context = trust_context(self._ca_file) if url.startswith("https:") else None
            self._session = _Session(self._cutoff, context)
        answer = self._session.post(
            url,
            params=params,
            data=body,
            timeout=timeout,
            stream=True,  # otherwise the body is read here, without a limit
            allow_redirects=False,
            # Also where it is empty: `requests` would use the environment's for a loopback address.
            proxies={"http": self._proxy, "https": self._proxy},
        )
        # Closing the raw answer drops the connection, unless it was read to its end.
        with closing(answer.raw):
            content = b""
            if answer.status_code // 100 == HTTPStatus.OK // 100:
                # Not decoded: urllib3 decompresses without a limit.
                pieces = answer.raw.stream(_PIECE_BYTES, decode_content=False)
                content = read_body(pieces, encoding=answer.headers.get("Content-Encoding", ""))
        return Response(answer.status_code, answer.headers, content)


class _Adapter(requests.adapters.HTTPAdapter):
    """Keeps one connection, which `cutoff` can cut.

    `context` alone decides about trust, None where there is no TLS: by default, `requests` would
    add its own trust store.
    """

    def __init__(self, cutoff: Cutoff, context: ssl.SSLContext | None) -> None:
        self._cutoff = cutoff
        self._context = context
        super().__init__(pool_connections=1, pool_maxsize=1)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """Return the pool of connections for a request."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        connection = CutoffTlsConnection if pool.scheme == "https" else CutoffConnection
        pool.ConnectionCls = partial(connection, self._cutoff)
        return pool

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Return the pools of connections through one proxy, which may use TLS itself."""
        return super().proxy_manager_for(proxy, proxy_ssl_context=self._context, **kwargs)

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> Any:
        """Return the key of a pool: the host and the TLS settings."""
        host, _ = super().build_connection_pool_key_attributes(*args, **kwargs)
        return host, {"ssl_context": self._context, "cert_reqs": "CERT_REQUIRED"}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave the pool unchanged."""


class _Session(requests.Session):
    """Sends our headers only, follows no redirect and keeps no cookie."""

    def __init__(self, cutoff: Cutoff, context: ssl.SSLContext | None) -> None:
        super().__init__()
        self.headers.clear()
        self.headers.update(_HEADERS)
        self.auth = lambda request: request  # without one, credentials in .netrc would be sent
        # A gateway's cookie would make requests depend on each other.
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = _Adapter(cutoff, context)
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return no target: `requests` would read the body of a redirect without a limit."""


def read_body(pieces: Iterable[bytes], *, encoding: str, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the decoded body.

    `pieces` are the bytes as received, `encoding` is the Content-Encoding ("" for none). Raises
    ProtocolError for more than `max_bytes` before or after decompression, and for an unknown or
    broken encoding; NetworkError for a compressed body that ends too early.
    """
    encoding = encoding.strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise invalid_response("the answer is in an encoding that we did not ask for")
    received = bytearray()
    for piece in pieces:
        received += piece
        if len(received) > max_bytes:
            raise invalid_response(f"the answer is larger than {max_bytes} bytes")
    if encoding in ("", "identity"):
        return bytes(received)
    inflater = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        body = inflater.decompress(received, max_bytes + 1)  # one more shows that there is more
    except zlib.error:
        raise invalid_response("the answer's compression is broken") from None
    if len(body) > max_bytes:
        raise invalid_response(f"the answer is larger than {max_bytes} bytes")
    if not inflater.eof:
        raise NetworkError("the answer ends too early", code="connection", transient=True)
    return body
