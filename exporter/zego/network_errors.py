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


# X509_V_ERR_* of OpenSSL (x509_vfy.h): not yet valid and expired; host and IP address mismatch;
# issuer not found, self-signed, and no path to a trusted issuer; what X509_V_FLAG_X509_STRICT adds.
_WRONG_TIME = (9, 10)
_WRONG_NAME = (62, 64)
_UNKNOWN_CA = (2, 18, 19, 20, 21)
_NOT_RFC_5280 = range(80, 95)

_NO_TLS = ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE")
"""Reasons of OpenSSL, by its version, for an answer that is not TLS, such as plain HTTP."""

_TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: ([1-5][0-9]{2})\b")


def translate_error(error: BaseException, *, url: str, timeout: float) -> ApiError:
    """Return the error of ours for a library's error, without its text and not chained to it.

    `url` and `timeout` (seconds) are the request's.
    """
    proxy = proxy_for(url)
    causes = _causes(error)
    for cause in causes:  # in cycles with frames of urllib3, which would keep ours in memory too
        cause.__traceback__ = None
    # Of an https proxy: urllib3 blames it only until it has answered, not for TLS through it.
    blamed = any(isinstance(cause, urllib3.exceptions.ProxyError) for cause in causes)
    rules = (
        (_tls_error, proxy if blamed else None),
        (_proxy_error, proxy),
        (_connection_error, proxy),
    )
    # The more specific rule wins, whichever of the nested errors it matches.
    for rule, peer in rules:
        for cause in causes:
            if translated := rule(cause, peer):
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
    return f"Check the proxy {address} (from {variable}), or list the endpoint's host in NO_PROXY."


def _tls_error(cause: BaseException, proxy: Proxy | None) -> ApiError | None:
    if isinstance(cause, ssl.SSLCertVerificationError):
        text = f"certificate verify failed: {cause.verify_message}"
        return NetworkError(text, code="tls", remedy=_certificate_remedy(cause.verify_code, proxy))
    if not isinstance(cause, ssl.SSLError) or isinstance(
        cause, ssl.SSLEOFError | ssl.SSLZeroReturnError
    ):
        return None
    reason = cause.reason or type(cause).__name__
    if reason in _NO_TLS:
        text = f"the server does not speak TLS there ({reason})"
        return NetworkError(text, code="tls", remedy=_plain_server_remedy(proxy))
    # ZEGO's API speaks current TLS and asks for no certificate of a client.
    return NetworkError(f"TLS failed: {reason}", code="tls", remedy=_peer_remedy(proxy))


def _peer_remedy(proxy: Proxy | None) -> str:
    if proxy is not None:
        return f"Check {proxy.variable} (address, user, password) and what the proxy allows."
    return "Check that the endpoint is ZEGO's and that no proxy answers in its place."


def _certificate_remedy(verify_code: int, proxy: Proxy | None) -> str:
    if verify_code in _WRONG_TIME:
        return "Check this machine's clock. If it is right, the server needs a new certificate."
    if verify_code in _WRONG_NAME and proxy is not None:
        return f"Check the host in {proxy.variable}: the proxy's certificate is for another one."
    if verify_code in _WRONG_NAME:
        return "Check the host in the endpoint, and that its DNS entry leads to ZEGO."
    if verify_code in _UNKNOWN_CA:
        return (
            "If a proxy here inspects TLS, name its CA file in the app's ca_file or in "
            "REQUESTS_CA_BUNDLE. Otherwise check the endpoint."
        )
    if verify_code in _NOT_RFC_5280:
        # The flag is set by default from Python 3.13 on: the CAs of many proxies fail there only.
        return (
            "Renew the certificates of the proxy that inspects TLS here: from Python 3.13 on, they "
            "must follow RFC 5280. Otherwise check the endpoint."
        )
    return _peer_remedy(proxy)


def _plain_server_remedy(proxy: Proxy | None) -> str:
    if proxy is not None:
        address, variable = proxy.address, proxy.variable
        return f"Set {variable} to http://{address} if the proxy is reached without TLS."
    return (
        "Check the port in the endpoint. Without TLS, an endpoint begins with http:// and must be "
        "a loopback address."
    )


def _proxy_error(cause: BaseException, proxy: Proxy | None) -> ApiError | None:
    variable, _, address = proxy or ("HTTPS_PROXY", "", "")
    if isinstance(cause, requests.exceptions.InvalidSchema | urllib3.exceptions.ProxySchemeUnknown):
        return NetworkError(
            f"the proxy {address} (from {variable}) is not an HTTP proxy".replace("  ", " "),
            code="connection",
            remedy=f"SOCKS is not supported: set {variable} to http://HOST:PORT, or list the "
            "endpoint's host in NO_PROXY.",
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
    configured = _configured_proxy(url)
    if configured is None:
        return None
    variable, proxy = configured
    try:
        parts = urlsplit(proxy)
        host, _ = parts.hostname, parts.port  # an invalid port raises too
    except ValueError:  # its text quotes the password, so it must not go further
        return Proxy(variable, "", "")
    # At these characters the address ends for urllib3. Within a password, it would look up what is
    # before them as the host, which can be a part of the password.
    rest = proxy.partition("://")[2]
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    path = rest[len(authority) :]
    # White space is removed by `urlsplit` and sent by urllib3. `https//` lacks its colon.
    spaced = re.search(r"\s", authority.rpartition("@")[2])
    # Before a password that begins with //, the user looks like a scheme.
    user = not re.fullmatch("https?|ftp|socks(?:4a?|5h?)", parts.scheme)
    if not host or user or spaced or "@" in path or path.startswith("//"):
        return Proxy(variable, "", "")
    return Proxy(variable, parts.scheme, parts.netloc.rpartition("@")[2])


def proxy_url(url: str) -> str:
    """Return the URL of the environment's proxy for `url`, with its credentials; "" for no proxy.

    Raises NetworkError if it is not a URL: a special character in a password that is not
    percent-encoded can make another host of a part of the password.
    """
    proxy, configured = proxy_for(url), _configured_proxy(url)
    if proxy is None or configured is None:
        return ""
    if proxy.address:
        return configured[1]
    raise NetworkError(
        f"the proxy (from {proxy.variable}) is not a URL",
        code="connection",
        remedy=f"Write {proxy.variable} as http://HOST:PORT without quotes. Percent-encode the "
        "special characters of user and password in it.",
    )


def _configured_proxy(url: str) -> tuple[str, str] | None:
    """Return the environment's proxy for `url`: the name of its variable, and its text as a URL."""
    if _is_loopback(url):
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
    # A line of an `--env-file` that was written on Windows ends in a carriage return.
    text = proxy.strip()
    # `requests` takes `localhost:` and `user:` for a scheme, unlike curl.
    return next(variables, "the system"), text if "://" in text else f"http://{text}"


def _is_loopback(url: str) -> bool:
    """Whether the host of `url` is this machine, which is reached without a proxy."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
