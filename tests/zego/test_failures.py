"""Library errors that are hard to provoke over a real connection; test_transport has the rest."""

from __future__ import annotations

import ssl

import pytest
import requests
import urllib3

from exporter.errors import NetworkError, RequestTimeout
from exporter.zego.failures import translate


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (OSError(101, "ignored"), "connection", "network is unreachable"),
        (requests.ConnectionError(OSError(113, "")), "connection", "no route to host"),
        (ssl.SSLEOFError(8, "EOF"), "connection", "the peer closed the connection too early"),
        (
            requests.exceptions.InvalidProxyURL("http://user:password@"),
            "connection",
            "the request could not be sent (InvalidProxyURL)",
        ),
        (
            urllib3.exceptions.ProxyError("x", OSError("Tunnel connection failed: 503 Busy")),
            "connection",
            "the proxy refused the tunnel: HTTP 503",
        ),
    ],
)
def test_network_errors(error: Exception, code: str, text: str) -> None:
    """The text is made of what is known to be safe."""
    translated = translate(error, timeout=1.0)
    assert (type(translated), translated.code, str(translated)) == (NetworkError, code, text)


def test_a_time_out_of_the_library_is_ours() -> None:
    """Whichever clock notices first."""
    translated = translate(requests.ReadTimeout(TimeoutError("timed out")), timeout=2.5)
    assert isinstance(translated, RequestTimeout)
    assert str(translated) == "no complete answer within 2.5 s"


def test_errors_that_wrap_each_other_in_a_circle_come_to_an_end() -> None:
    """Chains of causes are the libraries' to build."""
    first, second = OSError(), OSError()
    first.__cause__, second.__cause__ = second, first
    assert translate(first, timeout=1.0).code == "connection"
