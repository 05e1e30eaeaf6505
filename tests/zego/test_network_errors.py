"""Each error of a library has our class, code and text, and none of the library's text."""

from __future__ import annotations

import os
import ssl
from unittest import mock

import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import NetworkError, RequestTimeout
from exporter.languages import translate_remedy
from exporter.zego.network_errors import proxy_for, proxy_url, translate_error


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://u:p@a.example:1"}, ("HTTPS_PROXY", "http", "a.example:1")),
        ({"https_proxy": "b.example:1"}, ("https_proxy", "http", "b.example:1")),
        ({"ALL_PROXY": "socks5://c.example:1"}, ("ALL_PROXY", "socks5", "c.example:1")),
        ({"HTTPS_PROXY": "https://u@[::1]:1/"}, ("HTTPS_PROXY", "https", "[::1]:1")),
        ({"HTTPS_PROXY": "http://g.example"}, ("HTTPS_PROXY", "http", "g.example")),
        # The path, query and fragment of a proxy are not used, by this program as by others.
        ({"HTTPS_PROXY": "http://h.example:1/path"}, ("HTTPS_PROXY", "http", "h.example:1")),
        ({"HTTPS_PROXY": "http://u:p@h.example:1?q"}, ("HTTPS_PROXY", "http", "h.example:1")),
        ({"HTTPS_PROXY": "h.example:1#fragment"}, ("HTTPS_PROXY", "http", "h.example:1")),
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
        "https//f.example:1",
        "user://@f.example:1",
        "http://user:word@f .example:1",
        "http://f.exa\tmple:1",
        '"http://f.example:1"',
        "http://:80",
        "http://f.example:port",
        "http://f.example:99999",
        "http://user:1#@f.example:1",
        "http://user:a@12/34@f.example:1",
        "http://user:a@12\\34@f.example:1",
        "user:12?34@f.example:1",
        "user:word://f.example:1",
    ],
)
def test_a_proxy_that_is_not_a_url_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """The message has the variable alone."""
    monkeypatch.setenv("HTTPS_PROXY", value)
    assert proxy_for("https://api.example/") == ("HTTPS_PROXY", "", "")
    with pytest.raises(NetworkError) as refused:
        proxy_url("https://api.example/")
    assert str(refused.value) == "the proxy (from HTTPS_PROXY) is not a URL"
    assert refused.value.remedy.startswith("Write HTTPS_PROXY as http://HOST:PORT without quotes.")
    assert "Percent-encode" in refused.value.remedy
    assert refused.value.__context__ is None  # it would be in the traceback
    assert proxy_url("https://127.0.0.1:9") == ""


@pytest.mark.parametrize("value", ["http://f.example:1\r", " f.example:1 ", "f.example:1\n"])
def test_white_space_around_a_proxy_does_not_count(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """A line of an `--env-file` that was written on Windows ends in a carriage return."""
    monkeypatch.setenv("HTTPS_PROXY", value)
    assert proxy_for("https://api.example/") == ("HTTPS_PROXY", "http", "f.example:1")
    assert proxy_url("https://api.example/") == "http://f.example:1"


@pytest.mark.parametrize("scheme", ["http://", ""])
@given(password=st.text(st.sampled_from("@#/?%[]:\\;&=. 1aé"), min_size=1))
def test_no_password_changes_the_host_that_is_looked_up(scheme: str, password: str) -> None:
    """A proxy that is accepted is the one that `requests` connects to; what is shown is that."""
    value = f"{scheme}user:{password}@f.example:1"
    with mock.patch.dict(os.environ, {"HTTPS_PROXY": value}):
        proxy = proxy_for("https://api.example/")
        assert proxy in {("HTTPS_PROXY", "http", "f.example:1"), ("HTTPS_PROXY", "", "")}
        if proxy is not None and proxy.address:
            used = urllib3.util.parse_url(proxy_url("https://api.example/"))
            assert (used.host, used.port) == ("f.example", 1)


def refused_certificate(code: int) -> ssl.SSLCertVerificationError:
    """Return the error of a certificate that OpenSSL refused with a code of `x509_vfy.h`."""
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, "refused"
    return error


def failed_handshake(reason: str) -> ssl.SSLError:
    """Return the error of a handshake."""
    error = ssl.SSLError(1, "ignored")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        *((refused_certificate(code), "Check this machine's clock.") for code in (9, 10)),
        *((refused_certificate(code), "Check the host in the endpoint") for code in (62, 64)),
        *((refused_certificate(code), "If a proxy here inspects") for code in (2, 18, 19, 20, 21)),
        *((refused_certificate(code), "Renew the certificates") for code in (80, 85, 89, 92, 94)),
        (refused_certificate(23), "Check that the endpoint is ZEGO's"),  # revoked
        *(
            (failed_handshake(reason), "Check the port in the endpoint.")
            for reason in ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE")
        ),
        *(
            (failed_handshake(reason), "Check that the endpoint is ZEGO's")
            for reason in (
                "SSLV3_ALERT_HANDSHAKE_FAILURE",
                "TLSV1_ALERT_PROTOCOL_VERSION",
                "TLSV13_ALERT_CERTIFICATE_REQUIRED",
                "UNSUPPORTED_PROTOCOL",
            )
        ),
    ],
)
def test_a_failure_of_tls_has_the_remedy_of_its_cause(error: Exception, remedy: str) -> None:
    """A CA file helps only where the CA is not known."""
    for nested in (error, requests.exceptions.SSLError(urllib3.exceptions.SSLError(error))):
        translated = translate_error(nested, url="https://api.example/", timeout=1.0)
        assert (translated.code, translated.transient) == ("tls", False)
        assert translated.remedy.startswith(remedy)
        assert ("ca_file" in translated.remedy) is remedy.startswith("If a proxy")


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (refused_certificate(9), "Check this machine's clock."),
        (refused_certificate(62), "Check the host in HTTPS_PROXY: the proxy's certificate is for"),
        (refused_certificate(64), "Check the host in HTTPS_PROXY: the proxy's certificate is for"),
        (refused_certificate(20), "If a proxy here inspects"),
        (refused_certificate(23), "Check HTTPS_PROXY ("),
        (failed_handshake("WRONG_VERSION_NUMBER"), "Set HTTPS_PROXY to http://f.example:1 if"),
        (failed_handshake("SSLV3_ALERT_HANDSHAKE_FAILURE"), "Check HTTPS_PROXY ("),
    ],
)
def test_a_failure_of_tls_with_the_proxy_is_told_from_one_through_it(
    error: Exception, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An https proxy has a certificate too: the endpoint is not what is wrong then."""
    monkeypatch.setenv("HTTPS_PROXY", "https://f.example:1")
    behind = urllib3.exceptions.SSLError(error)
    blamed = requests.exceptions.ProxyError(urllib3.exceptions.ProxyError("x", behind))
    translated = translate_error(blamed, url="https://api.example/", timeout=1.0)
    assert translated.remedy.startswith(remedy)
    assert translate_remedy(translated.remedy, "zh") != translated.remedy
    through = translate_error(behind, url="https://api.example/", timeout=1.0)
    monkeypatch.delenv("HTTPS_PROXY")
    assert through.remedy == translate_error(behind, url="https://a.example/", timeout=1.0).remedy


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
