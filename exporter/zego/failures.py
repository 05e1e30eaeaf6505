"""Turns what `requests`, urllib3, ssl and the socket raise into our errors.

The texts of those errors quote the URL, and its query holds the signature. So only what is known
to be safe is taken from them: classes, error numbers, OpenSSL's verification result.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import ssl
from http import HTTPStatus

import urllib3.exceptions

from exporter.errors import ApiError, NetworkError, ProtocolError, RequestTimeout

LIBRARY_ERRORS = (
    OSError,  # requests' own, ssl's and the socket's
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    ValueError,  # host names that cannot be encoded
)

_TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: ([1-5][0-9]{2})\b")
_NO_CA_FILE = "Could not find a suitable TLS CA certificate bundle"  # words of requests
_TLS_ENDS = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
_TLS_REMEDY = (
    "If a proxy here inspects TLS, name its CA file in REQUESTS_CA_BUNDLE; else check the endpoint."
)
_NETWORK_REMEDY = "Check the endpoint's name, DNS, firewall and HTTPS_PROXY on this machine."


def translate(error: BaseException, *, timeout: float) -> ApiError:
    """Return our error for one of LIBRARY_ERRORS, without its text and without it as a cause.

    `timeout` is the request's, in seconds, for the message.
    """
    causes = list(_causes(error))
    for rule in (_tls, _tunnel, _connection, _not_http):
        for cause in causes:
            if translated := rule(cause):
                return translated
            if isinstance(cause, TimeoutError):
                return timed_out(timeout)
    text = f"the request could not be sent ({type(error).__name__})"
    return NetworkError(text, code="connection", remedy=_NETWORK_REMEDY)


def timed_out(timeout: float) -> RequestTimeout:
    """Return the error for a request that took longer than `timeout` seconds."""
    return RequestTimeout(
        f"no complete answer within {timeout:.3g} s",
        code="timeout",
        transient=True,
        remedy="Check the network, use the region next to this machine, or raise the time-out.",
    )


def _causes(error: BaseException) -> list[BaseException]:
    """Return the error and all that it wraps, innermost first; libraries wrap in four ways."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [one.__context__, one.__cause__, getattr(one, "reason", None), *one.args]
    return found[::-1]


def _tls(cause: BaseException) -> ApiError | None:
    if isinstance(cause, ssl.SSLCertVerificationError):
        text = f"certificate verify failed: {cause.verify_message}"
    elif isinstance(cause, ssl.SSLError) and not isinstance(cause, _TLS_ENDS):
        text = f"TLS failed: {cause.reason or type(cause).__name__}"
    elif isinstance(cause, OSError) and str(cause).startswith(_NO_CA_FILE):
        text = "the file of trusted certificates does not exist"
    else:
        return None
    return NetworkError(text, code="tls", remedy=_TLS_REMEDY)


def _tunnel(cause: BaseException) -> ApiError | None:
    refused = _TUNNEL_REFUSED.match(str(cause)) if isinstance(cause, OSError) else None
    if refused is None:
        return None
    status = int(refused[1])
    return NetworkError(
        f"the proxy refused the tunnel: HTTP {status}",
        code="connection",
        transient=status >= HTTPStatus.INTERNAL_SERVER_ERROR,
        remedy="Check HTTPS_PROXY (address, user, password) and what the proxy allows.",
    )


def _connection(cause: BaseException) -> ApiError | None:
    match cause:
        case socket.gaierror():
            text = (cause.strerror or "name lookup failed").lower()
        case http.client.RemoteDisconnected():
            text = "the peer closed the connection without an answer"
        case http.client.IncompleteRead() | ssl.SSLError():
            text = "the peer closed the connection too early"
        case OSError() if cause.errno:
            text = os.strerror(cause.errno).lower()
        case _:
            return None
    return NetworkError(text, code="connection", transient=True, remedy=_NETWORK_REMEDY)


def _not_http(cause: BaseException) -> ApiError | None:
    if not isinstance(cause, http.client.HTTPException):
        return None
    return ProtocolError(
        f"the answer is not HTTP ({type(cause).__name__})",
        code="invalid_response",
        remedy="Check that the endpoint is ZEGO's and that no proxy answers in its place.",
    )
