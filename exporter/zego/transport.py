"""Sends one request and returns its answer; the only module that talks to the network.

Rules that this file keeps (docs/guarantees.md, sections 9 and 11):

- A request ends within its time limit, whatever the peer does, and reads at most 16 MiB.
- No redirect is followed: a signature must never reach another host.
- No library error passes, and no error of ours contains a URL's query. The texts of library
  errors quote the URL with the signature, so only what is known to be safe is taken from them:
  classes, error numbers, OpenSSL's result of the verification.
- No request is sent twice: each try is for the rate limiter to allow.
- A connection is kept only while requests follow each other closely. A NAT may have forgotten one
  that was idle, which would cost a whole time-out, and a new one follows a change of DNS.
"""

from __future__ import annotations

import errno
import http.client
import ipaddress
import logging
import os
import re
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from urllib.parse import urlsplit

import requests
import requests.utils
import urllib3.exceptions

from exporter import __version__
from exporter.errors import (
    LIMITS_REMEDY,
    ApiError,
    NetworkError,
    ProtocolError,
    RequestTimeout,
    Stopped,
)
from exporter.zego.cutoff import Cutoff, CutoffAdapter
from exporter.zego.trust import trust_context

USER_AGENT = f"zego-upload-exporter/{__version__}"

MAX_BYTES = 16 * 1024 * 1024
"""Largest body, both as received and as decompressed; a full page is about 50 kB."""

MAX_IDLE_SECONDS = 5.0
"""A connection that was idle for longer is replaced; walks pause for less, intervals are longer."""

_HEADERS = {
    "User-Agent": USER_AGENT,
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "Content-Type": "application/json",
}
_SUCCESS = range(200, 300)
_PIECE_BYTES = 64 * 1024
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS

_LIBRARY_ERRORS = (
    OSError,  # requests' own, ssl's and the socket's
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    ValueError,  # host names that cannot be encoded, proxies that are not URLs
)
_TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: ([1-5][0-9]{2})\b")
_TLS_ENDS = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
_PROXY_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_TLS_REMEDY = (
    "If a proxy here inspects TLS, name its CA file in the app's ca_file or in REQUESTS_CA_BUNDLE. "
    "Otherwise check the endpoint."
)
_ENDPOINT_REMEDY = "Check that the endpoint is ZEGO's and that no proxy answers in its place."

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

    elapsed: float
    """Seconds from sending to the last byte."""


class Transport:
    """A connection to one endpoint; for one thread, except for `abort`.

    `ca_file` is trusted besides the usual certificates; `clock` gives seconds and never goes back.
    """

    def __init__(
        self, *, ca_file: Path | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ca_file = ca_file
        self._clock = clock
        self._cutoff = Cutoff()
        self._session: requests.Session | None = None
        self._last_used = 0.0

    def post(self, url: str, *, params: Mapping[str, str], body: bytes, timeout: float) -> Response:
        """Send one POST request and return its answer, whatever its status.

        Only the body of a success (2xx) is read: the status says all of any other answer.
        `timeout` bounds the whole request, in seconds. Raises NetworkError, RequestTimeout or
        ProtocolError, and Stopped after `abort`.
        """
        if self._cutoff.aborted:
            raise Stopped
        outcome: Response | ApiError
        with self._cutoff.request(timeout):
            try:
                outcome = self._exchange(url, params, body, timeout)
            except _LIBRARY_ERRORS as error:
                outcome = translate_error(error, url=url, timeout=timeout)
            except ApiError as error:
                outcome = error
        self._last_used = self._clock()
        if self._cutoff.aborted:
            raise Stopped
        if self._cutoff.timed_out:
            raise _timed_out(timeout)
        if isinstance(outcome, ApiError):
            # Raised here, after the handler, so that the library's error is not its context.
            raise outcome
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
        started = time.monotonic()
        if self._clock() - self._last_used > MAX_IDLE_SECONDS:
            self.close()
        if self._session is None:
            context = trust_context(self._ca_file) if url.startswith("https:") else None
            self._session = _new_session(self._cutoff, context)
        answer = self._session.post(
            url,
            params=params,
            data=body,
            timeout=timeout,
            stream=True,
            allow_redirects=False,
            # The environment's proxies do not apply to a loopback address.
            proxies={"http": "", "https": ""} if _is_loopback(url) else None,
        )
        # Closing the raw answer drops the connection, unless it was read to its end.
        with closing(answer.raw):
            content = b""
            if answer.status_code in _SUCCESS:
                pieces = answer.raw.stream(_PIECE_BYTES, decode_content=False)
                content = read_body(pieces, encoding=answer.headers.get("Content-Encoding", ""))
        return Response(
            answer.status_code, answer.headers, content, elapsed=time.monotonic() - started
        )


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Know no redirects: the body of one would be read without a limit."""


def _new_session(cutoff: Cutoff, context: ssl.SSLContext | None) -> requests.Session:
    session = _Session()
    session.headers.clear()
    session.headers.update(_HEADERS)
    session.auth = lambda request: request  # without one, credentials in .netrc would be sent
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, CutoffAdapter(cutoff, context))
    return session


def proxy_for(url: str) -> tuple[str, str] | None:
    """Return the environment's proxy for `url`: the variable's name and the proxy's host.

    None where requests go directly. Never the proxy's user and password.
    """
    if _is_loopback(url):
        return None
    proxies = requests.utils.get_environ_proxies(url)
    proxy = requests.utils.select_proxy(url, proxies)
    if not proxy:
        return None
    host = urlsplit(proxy if "://" in proxy else f"http://{proxy}").hostname or ""
    names = (name for upper in _PROXY_VARIABLES for name in (upper.lower(), upper))
    return next((name for name in names if os.environ.get(name) == proxy), "the system"), host


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_body(pieces: Iterable[bytes], *, encoding: str, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the decoded body.

    `pieces` are the bytes as received, `encoding` the Content-Encoding ("" for none). A compressed
    body is decompressed only up to `max_bytes`. Raises ProtocolError for a larger body, and an
    unknown or broken encoding; NetworkError for a compressed body that ends too early.
    """
    encoding = encoding.strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise _invalid("the answer is in an encoding that we did not ask for")
    received = bytearray()
    for piece in pieces:
        received += piece
        if len(received) > max_bytes:
            raise _invalid(f"the answer is larger than {max_bytes} bytes")
    if encoding in ("", "identity"):
        return bytes(received)
    inflater = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        body = inflater.decompress(received, max_bytes + 1)
    except zlib.error:
        raise _invalid("the answer's compression is broken") from None
    if len(body) > max_bytes:
        raise _invalid(f"the answer is larger than {max_bytes} bytes")
    if not inflater.eof:
        raise NetworkError("the answer ends too early", code="connection", transient=True)
    return body


def _invalid(problem: str) -> ProtocolError:
    return ProtocolError(problem, code="invalid_response", remedy=_ENDPOINT_REMEDY)


def _timed_out(timeout: float) -> RequestTimeout:
    return RequestTimeout(
        f"no complete answer within {timeout:.3g} s",
        code="timeout",
        transient=True,
        remedy="Check the network, use the region next to this machine, or raise the time-out.",
    )


def translate_error(error: BaseException, *, url: str, timeout: float) -> ApiError:
    """Return our error for one that a library raised, without its text and not chained to it.

    `url` and `timeout` (seconds) are the request's.
    """
    proxy = proxy_for(url)
    causes = _causes(error)
    for rule in (_tls_error, _proxy_error, _connection_error, _http_error):
        for cause in causes:
            if translated := rule(cause, proxy):
                return translated
            if isinstance(cause, TimeoutError):
                return _timed_out(timeout)
    text = f"the request could not be sent ({type(error).__name__})"
    return NetworkError(text, code="connection", remedy=_network_remedy(proxy))


def _causes(error: BaseException) -> list[BaseException]:
    """Return the error and all that it wraps, innermost first; libraries wrap in four ways."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        candidate = waiting.pop()
        if isinstance(candidate, BaseException) and candidate not in found:
            found.append(candidate)
            waiting += [
                candidate.__context__,
                candidate.__cause__,
                getattr(candidate, "reason", None),
                *candidate.args,
            ]
    return found[::-1]


def _network_remedy(proxy: tuple[str, str] | None) -> str:
    if proxy is None:
        return "Check the endpoint's name, DNS, firewall and HTTPS_PROXY on this machine."
    return f"Check the proxy {proxy[1]} (from {proxy[0]}), or list the endpoint in NO_PROXY."


def _tls_error(cause: BaseException, _proxy: tuple[str, str] | None) -> ApiError | None:
    if isinstance(cause, ssl.SSLCertVerificationError):
        text = f"certificate verify failed: {cause.verify_message}"
    elif isinstance(cause, ssl.SSLError) and not isinstance(cause, _TLS_ENDS):
        text = f"TLS failed: {cause.reason or type(cause).__name__}"
    else:
        return None
    return NetworkError(text, code="tls", remedy=_TLS_REMEDY)


def _proxy_error(cause: BaseException, proxy: tuple[str, str] | None) -> ApiError | None:
    variable, host = proxy or ("HTTPS_PROXY", "")
    if isinstance(cause, requests.exceptions.InvalidSchema | urllib3.exceptions.ProxySchemeUnknown):
        return NetworkError(
            f"the proxy {host} (from {variable}) is not an HTTP proxy".replace("  ", " "),
            code="connection",
            remedy=f"SOCKS is not supported: set {variable} to http://HOST:PORT, or list the "
            "endpoint in NO_PROXY.",
        )
    refused = _TUNNEL_REFUSED.match(str(cause)) if isinstance(cause, OSError) else None
    if refused is None:
        return None
    status = int(refused[1])
    return NetworkError(
        f"the proxy refused the tunnel: HTTP {status}",
        code="connection",
        transient=status >= HTTPStatus.INTERNAL_SERVER_ERROR,
        remedy=f"Check {variable} (address, user, password) and what the proxy allows.",
    )


def _connection_error(cause: BaseException, proxy: tuple[str, str] | None) -> ApiError | None:
    match cause:
        case socket.gaierror():
            text = (cause.strerror or "name lookup failed").lower()
        case http.client.RemoteDisconnected():
            text = "the peer closed the connection without an answer"
        case http.client.IncompleteRead() | ssl.SSLError():
            text = "the peer closed the connection too early"
        case OSError(errno=errno.EMFILE | errno.ENFILE as number):
            text = f"a limit of this process is reached: {os.strerror(number).lower()}"
            return NetworkError(text, code="connection", remedy=LIMITS_REMEDY)
        case OSError() if cause.errno:
            text = os.strerror(cause.errno).lower()
        case _:
            return None
    return NetworkError(text, code="connection", transient=True, remedy=_network_remedy(proxy))


def _http_error(cause: BaseException, _proxy: tuple[str, str] | None) -> ApiError | None:
    if isinstance(cause, http.client.HTTPException):
        return _invalid(f"the answer is not HTTP ({type(cause).__name__})")
    return None
