"""Translates errors of the network libraries into ours, with a remedy for the operator.

The texts of library errors can quote the URL with its signature, so only safe parts are used:
classes, error numbers, OpenSSL's verify result (docs/guarantees.md, section 11).
"""

from __future__ import annotations

import errno
import http.client
import ipaddress
import os
import re
import socket
import ssl
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlsplit

import requests
import requests.utils
import urllib3.exceptions

from exporter.errors import LIMITS_REMEDY, ApiError, NetworkError, RequestTimeout
from exporter.zego.decoding import invalid_response

LIBRARY_ERRORS = (
    OSError,  # requests' own, ssl's and the socket's
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    ValueError,  # host names that cannot be encoded, proxies that are not URLs
)
"""All that a request can raise."""


class Proxy(NamedTuple):
    """A proxy of the environment, without its user and password.

    Attributes:
        variable: The environment variable that names it.
        scheme: Of its URL, `http` if there is none; empty if the proxy is not a URL.
        address: HOST or HOST:PORT; empty if the proxy is not a URL.
    """

    variable: str
    scheme: str
    address: str


_TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: ([1-5][0-9]{2})\b")


def translate_error(error: BaseException, *, url: str, timeout: float) -> ApiError:
    """Return the error of ours for a library's error, without its text and not chained to it.

    `url` and `timeout` (seconds) are the request's.
    """
    proxy = proxy_for(url)
    causes = _causes(error)
    for cause in causes:  # in cycles with frames of urllib3, which would keep ours in memory too
        cause.__traceback__ = None
    if proxy is not None and not proxy.address:  # whatever was reached, it is not the proxy
        return NetworkError(
            f"the proxy (from {proxy.variable}) is not a URL",
            code="connection",
            remedy="Percent-encode the special characters of user and password in "
            f"{proxy.variable}.",
        )
    # The more specific rule wins, whichever of the nested errors it matches.
    for rule in (_tls_error, _proxy_error, _connection_error):
        for cause in causes:
            if translated := rule(cause, proxy):
                return translated
            if isinstance(cause, TimeoutError):
                return timed_out(timeout)
    text = f"the request could not be sent ({type(error).__name__})"
    return NetworkError(text, code="connection", remedy=_network_remedy(proxy))


def _causes(error: BaseException) -> list[BaseException]:
    """Return the error and all errors in it, innermost first: libraries nest them in four ways."""
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


def _network_remedy(proxy: Proxy | None) -> str:
    if proxy is None:
        return "Check the endpoint's name, DNS, firewall and HTTPS_PROXY on this machine."
    address, variable = proxy.address, proxy.variable
    return f"Check the proxy {address} (from {variable}), or list the endpoint in NO_PROXY."


def _tls_error(cause: BaseException, _proxy: Proxy | None) -> ApiError | None:
    if isinstance(cause, ssl.SSLCertVerificationError):
        text = f"certificate verify failed: {cause.verify_message}"
    elif isinstance(cause, ssl.SSLError) and not isinstance(
        cause, ssl.SSLEOFError | ssl.SSLZeroReturnError
    ):
        text = f"TLS failed: {cause.reason or type(cause).__name__}"
    else:
        return None
    return NetworkError(
        text,
        code="tls",
        remedy="If a proxy here inspects TLS, name its CA file in the app's ca_file or in "
        "REQUESTS_CA_BUNDLE. Otherwise check the endpoint.",
    )


def _proxy_error(cause: BaseException, proxy: Proxy | None) -> ApiError | None:
    variable, _, address = proxy or ("HTTPS_PROXY", "", "")
    if isinstance(cause, requests.exceptions.InvalidSchema | urllib3.exceptions.ProxySchemeUnknown):
        return NetworkError(
            f"the proxy {address} (from {variable}) is not an HTTP proxy".replace("  ", " "),
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


def _connection_error(cause: BaseException, proxy: Proxy | None) -> ApiError | None:
    match cause:
        case socket.gaierror():
            text = (cause.strerror or "name lookup failed").lower()
        case http.client.RemoteDisconnected():
            text = "the peer closed the connection without an answer"
        case http.client.IncompleteRead() | ssl.SSLError():
            text = "the peer closed the connection too early"
        case http.client.HTTPException():
            return invalid_response(f"the answer is not HTTP ({type(cause).__name__})")
        case OSError(errno=errno.EMFILE | errno.ENFILE as number):
            text = f"a limit of this process is reached: {os.strerror(number).lower()}"
            return NetworkError(text, code="connection", remedy=LIMITS_REMEDY)
        case OSError() if cause.errno:
            text = os.strerror(cause.errno).lower()
        case _:
            return None
    return NetworkError(text, code="connection", transient=True, remedy=_network_remedy(proxy))


def timed_out(timeout: float) -> RequestTimeout:
    """Return the error of a request that took longer than `timeout` seconds."""
    return RequestTimeout(
        f"no complete answer within {timeout:.3g} s",
        code="timeout",
        transient=True,
        remedy="Check the network, use the region next to this machine, or raise the time-out.",
    )


def proxy_for(url: str) -> Proxy | None:
    """Return the environment's proxy for `url`, None for no proxy."""
    if is_loopback(url):
        return None
    proxy = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))
    if not proxy:
        return None
    variables = (
        name
        for variable in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
        for name in (variable.lower(), variable)
        if os.environ.get(name) == proxy
    )
    variable = next(variables, "the system")
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        host, _ = parts.hostname, parts.port  # an invalid port raises too
    except ValueError:  # its text quotes the password, so it must not go further
        return Proxy(variable, "", "")
    # A password with a #, / or ? ends there, and its beginning is then taken for the host.
    if not host or parts.path.strip("/") or parts.query or parts.fragment:
        return Proxy(variable, "", "")
    return Proxy(variable, parts.scheme, parts.netloc.rpartition("@")[2])


def is_loopback(url: str) -> bool:
    """Whether the host of `url` is this machine, which is reached without a proxy."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
