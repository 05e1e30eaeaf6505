"""Each error of a library has our class, code and text, and none of the library's text."""

from __future__ import annotations

import os
import socket
import ssl
from unittest import mock

import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import NetworkError, RequestTimeout
from exporter.zego.network_errors import proxy_for, translate_error


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://u:p@a.example:1"}, ("HTTPS_PROXY", "http", "a.example:1")),
        ({"https_proxy": "b.example:1"}, ("https_proxy", "http", "b.example:1")),
        ({"ALL_PROXY": "socks5://c.example:1"}, ("ALL_PROXY", "socks5", "c.example:1")),
        ({"HTTPS_PROXY": "https://u@[::1]:1/"}, ("HTTPS_PROXY", "https", "[::1]:1")),
        ({"HTTPS_PROXY": "http://g.example"}, ("HTTPS_PROXY", "http", "g.example")),
        ({"HTTP_PROXY": "http://d.example"}, None),
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
    "value",
    [
        "http://u:p[@f.example:1",
        "::nonsense",
        "http://:80",
        "http://f.example:port",
        "http://f.example:99999",
        "http://f.example:1/path",
        "http://f.example:1?query",
        "http://f.example:1#fragment",
        "http://user:1#@f.example:1",
        "user:word://f.example:1",
    ],
)
def test_a_proxy_that_is_not_a_url_has_no_address(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """Whatever the request then fails with, the cause is the variable."""
    monkeypatch.setenv("HTTPS_PROXY", value)
    assert proxy_for("https://api.example/") == ("HTTPS_PROXY", "", "")
    for error in (OSError(101, ""), socket.gaierror(-2, ""), TimeoutError(), ValueError(value)):
        translated = translate_error(error, url="https://api.example/", timeout=1.0)
        assert str(translated) == "the proxy (from HTTPS_PROXY) is not a URL"
        assert translated.remedy.startswith("Percent-encode")


@given(password=st.text(st.sampled_from("@#/?%[]:\\;&=. 1aé")))
def test_no_password_changes_the_address(password: str) -> None:
    """What is shown is the proxy's address or nothing."""
    value = f"http://user:{password}@f.example:1"
    with mock.patch.dict(os.environ, {"HTTPS_PROXY": value}):
        assert proxy_for("https://api.example/") in {
            ("HTTPS_PROXY", "http", "f.example:1"),
            ("HTTPS_PROXY", "", ""),
        }


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
