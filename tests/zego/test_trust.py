"""Which certificates a connection trusts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import certifi
import pytest
import trustme

from exporter.errors import NetworkError
from exporter.zego.trust import trust_context


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    """Return the certificate of an authority of its own."""
    path = tmp_path / "ca.pem"
    trustme.CA(organization_name="ours").cert_pem.write_to_path(str(path))
    return path


def organizations(path: Path | None = None) -> set[str]:
    """Return the organizations whose authorities are trusted."""
    found: set[str] = set()
    for certificate in trust_context(path).get_ca_certs():
        subject: Any = certificate["subject"]
        found |= {value for ((name, value),) in subject if name == "organizationName"}
    return found


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_variable_replaces_the_store(
    ca_file: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """As it does for curl, requests and OpenSSL."""
    monkeypatch.setenv(variable, str(ca_file))
    assert organizations() == {"ours"}


def test_the_more_specific_variable_wins(ca_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SSL_CERT_FILE is often set for a whole machine."""
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca_file))
    assert organizations() == {"ours"}


def test_equal_callers_share_a_context(ca_file: Path) -> None:
    """A hundred apps need no hundred copies of the store."""
    assert trust_context() is trust_context()
    assert trust_context(ca_file) is trust_context(ca_file)
    assert trust_context(ca_file) is not trust_context()


def test_a_file_that_is_replaced_is_read_again(ca_file: Path, tmp_path: Path) -> None:
    """Authorities are rotated while the exporter runs."""
    assert "ours" in organizations(ca_file)
    other = tmp_path / "other.pem"
    trustme.CA(organization_name="theirs").cert_pem.write_to_path(str(other))
    other.replace(ca_file)
    assert "theirs" in organizations(ca_file)
    assert "ours" not in organizations(ca_file)


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"\xff\x00"])
def test_files_that_cannot_be_used_are_named(ca_file: Path, content: bytes | None) -> None:
    """With the setting that names them."""
    if content is None:
        ca_file.unlink()
    else:
        ca_file.write_bytes(content)
    with pytest.raises(NetworkError, match=r"ca\.pem \(ca_file\) cannot be used") as caught:
        trust_context(ca_file)
    assert caught.value.code == "tls"
    assert not caught.value.transient
