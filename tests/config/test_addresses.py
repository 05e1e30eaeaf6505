"""Addresses of the API and to listen on."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.addresses import check_endpoint, split_listen_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (":0", ("", 0)),
        ("127.0.0.1:65535", ("127.0.0.1", 65535)),
        ("[::1]:10317", ("::1", 10317)),
        ("[fe80::1%eth0]:1", ("fe80::1%eth0", 1)),
        ("host_name.example.:80", ("host_name.example.", 80)),
    ],
)
def test_listen_addresses_are_split(text: str, expected: tuple[str, int]) -> None:
    """Brackets belong to the text, not to the address."""
    assert split_listen_address(text) == expected


@pytest.mark.parametrize("text", ["host name:1", "[::g]:1", "*:1", "a:٣", "-a:1", "::1:80"])
def test_other_texts_are_no_listen_addresses(text: str) -> None:
    """The configuration, flags and the sockets refuse the same."""
    with pytest.raises(ValueError, match="not an address to listen on"):
        split_listen_address(text)


@given(st.text(max_size=30))
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    """Nothing else escapes, of either grammar."""
    with contextlib.suppress(ValueError):
        assert 0 <= split_listen_address(text)[1] <= 65535
    with contextlib.suppress(ValueError):
        assert not check_endpoint(text).endswith("/")


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://API.example.com/", "https://api.example.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:80", "http://[::1]:80"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_endpoints_become_origins(text: str, origin: str) -> None:
    """Without a slash at the end, in lower case."""
    assert check_endpoint(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "ftp://example.com",
        "https://",
        "https://user@example.com",
        "https://example.com/path",
        "https://example.com?x",
        "http://example.com",
        "https://example.com:0",
        "https://[::g]",
    ],
)
def test_other_urls_are_no_endpoints(text: str) -> None:
    """The message never shows the text: a URL can contain a password."""
    with pytest.raises(ValueError, match=r"^(?!.*example)"):
        check_endpoint(text)
