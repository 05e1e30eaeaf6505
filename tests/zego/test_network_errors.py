"""Each error of a library has our class, code and text, and none of the library's text."""

from __future__ import annotations

import ssl

import pytest
import requests
import urllib3

from exporter.errors import NetworkError, RequestTimeout
from exporter.zego.network_errors import proxy_for, translate_error


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://u:p@a.example:1"}, ("HTTPS_PROXY", "a.example")),
        ({"https_proxy": "b.example:1"}, ("https_proxy", "b.example")),
        ({"ALL_PROXY": "socks5://c.example:1"}, ("ALL_PROXY", "c.example")),
        ({"HTTP_PROXY": "http://d.example"}, None),
        ({"HTTPS_PROXY": "http://u:p[@f.example:1"}, ("HTTPS_PROXY", "")),
        ({"HTTPS_PROXY": "http://e.example", "NO_PROXY": "api.example"}, None),
    ],
)
def test_which_proxy_is_used(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: object
) -> None:
    """The variable and the host, never the credentials."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_for("https://api.example/") == expected
    assert proxy_for("https://127.0.0.1:9") is None


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
    """The text is made of safe parts."""
    translated = translate_error(error, url="https://api.example/", timeout=1.0)
    assert (type(translated), translated.code, str(translated)) == (NetworkError, code, text)


def test_a_time_out_of_the_library_is_ours() -> None:
    """Also if the time limit of a single read comes first."""
    translated = translate_error(
        requests.ReadTimeout(TimeoutError("timed out")), url="https://api.example/", timeout=2.5
    )
    assert isinstance(translated, RequestTimeout)
    assert str(translated) == "no complete answer within 2.5 s"


def test_errors_that_refer_to_each_other_are_translated() -> None:
    """Libraries can build any chain of causes."""
    first, second = OSError(), OSError()
    first.__cause__, second.__cause__ = second, first
    assert translate_error(first, url="https://api.example/", timeout=1.0).code == "connection"
