"""Cipher suites by their names in Go and in OpenSSL."""

from __future__ import annotations

import ssl

import pytest

from exporter.web.security.ciphers import KNOWN, OPENSSL_NAMES, openssl_ciphers


@pytest.mark.parametrize("suite", OPENSSL_NAMES)
def test_every_suite_is_one_of_openssl(suite: str) -> None:
    """Each name of Go's has exactly its suite in OpenSSL, by the name in the TLS registry."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(":".join([*openssl_ciphers([suite]), "@SECLEVEL=0"]))
    older = [c for c in context.get_ciphers() if c["protocol"] != "TLSv1.3"]
    assert [cipher["name"] for cipher in older] == openssl_ciphers([suite])
    key, cipher = suite.removeprefix("TLS_").split("_WITH_")
    description = older[0]["description"]
    assert f"Au={'ECDSA' if 'ECDSA' in key else 'RSA'}" in description
    assert f"Kx={'ECDH' if 'ECDHE' in key else 'RSA'}" in description
    size = "256" if "256_" in cipher or "CHACHA20" in cipher else "128"
    assert f"({size})" in description


def test_suites_of_tls_1_3_are_known_and_left_to_openssl() -> None:
    """They are accepted, as in Go, where they have no effect either."""
    assert openssl_ciphers(KNOWN) == list(OPENSSL_NAMES.values())
