"""TLS section to `ssl.SSLContext`: each key means what it means in Go, as far as OpenSSL has it."""

from __future__ import annotations

import ipaddress
import os
import ssl
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from exporter.config.problems import Place, Problem
from exporter.errors import file_problem
from exporter.web.security.ciphers import openssl_ciphers
from exporter.web.security.schema import ClientAuth, TlsSection, read_pem

TLS: Place = ("tls_server_config",)
"""The place of the section in the file."""

_VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}


class TlsProblem(Exception):
    """A reason why no context can be built; `problem` names the key."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.problem = Problem((*TLS, key), text)


def build_context(tls: TlsSection) -> ssl.SSLContext:
    """Return a server's context for a section without conflicts. Raises TlsProblem."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.options |= ssl.OP_NO_RENEGOTIATION  # lets a client spend our CPU; Go has none either
    context.set_alpn_protocols(["http/1.1"])
    ciphers = openssl_ciphers(tls.cipher_suites)
    only_tls13 = bool(tls.cipher_suites) and not ciphers
    with warnings.catch_warnings():
        # Python warns of TLS 1.0 and 1.1; `web_warnings` has already said so for the file.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = _VERSIONS["TLS13" if only_tls13 else tls.min_version]
        context.maximum_version = _VERSIONS[tls.max_version]
    if not tls.prefer_server_cipher_suites:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if tls.min_version in ("TLS10", "TLS11"):
        # OpenSSL 3 refuses these versions above security level 0 (SSL_CTX_set_security_level(3)).
        ciphers = [*(ciphers or ["DEFAULT"]), "@SECLEVEL=0"]
    if ciphers:
        try:
            context.set_ciphers(":".join(ciphers))
        except ssl.SSLError:
            text = "none of them is known to this machine's OpenSSL (leave it out)"
            raise TlsProblem("cipher_suites", text) from None
    _load_certificate(context, tls)
    _set_client_verification(context, tls)
    return context


def _load_certificate(context: ssl.SSLContext, tls: TlsSection) -> None:
    cert_key, cert = _pem(tls, "cert")
    key_key, key = _pem(tls, "key")
    if b"ENCRYPTED" in key:
        raise TlsProblem(key_key, "is protected with a pass phrase (a key without one)")
    if not _holds_certificates(cert):
        raise TlsProblem(cert_key, "holds no certificate (one in PEM, -----BEGIN CERTIFICATE-----)")
    try:
        with _as_file(cert) as cert_path, _as_file(key) as key_path:
            context.load_cert_chain(cert_path, key_path, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            text = "does not belong to the certificate (the key that it was made with)"
            raise TlsProblem(key_key, text) from None
        if error.library == "SSL" and error.reason not in (None, "PEM_LIB"):
            reason = error.reason.lower().replace("_", " ")  # such as EE_KEY_TOO_SMALL
            text = f"is refused by OpenSSL: {reason} (a certificate of today's strength)"
            raise TlsProblem(cert_key, text) from None
        text = "holds no private key (one in PEM, -----BEGIN PRIVATE KEY-----)"
        raise TlsProblem(key_key, text) from None


def _set_client_verification(context: ssl.SSLContext, tls: TlsSection) -> None:
    if tls.client_auth_type in (ClientAuth.NO_CERTIFICATE, ClientAuth.REQUEST):
        return
    optional = tls.client_auth_type == ClientAuth.VERIFY_IF_GIVEN
    context.verify_mode = ssl.CERT_OPTIONAL if optional else ssl.CERT_REQUIRED
    # In Go every certificate of the pool is a root, an intermediate one or a client's own too.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if not tls.has_client_ca:
        context.load_default_certs(ssl.Purpose.CLIENT_AUTH)
        return
    ca_key, ca = _pem(tls, "client_ca")
    if not _holds_certificates(ca):
        raise TlsProblem(ca_key, "holds no certificate (one in PEM, -----BEGIN CERTIFICATE-----)")
    with _as_file(ca) as path:
        context.load_verify_locations(path)


def _holds_certificates(pem: bytes) -> bool:
    """Tell whether there is a certificate and every one can be read."""
    try:
        with _as_file(pem) as path:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(path)
    except ssl.SSLError:
        return False
    return True


def _pem(tls: TlsSection, key: str) -> tuple[str, bytes]:
    """Return the key in the file that gives a PEM text, and the text; a file wins, as in Go."""
    path: Path | None = getattr(tls, f"{key}_file")
    if path is None:
        text: str | SecretStr = getattr(tls, key)
        return key, (text.get_secret_value() if isinstance(text, SecretStr) else text).encode()
    try:
        return f"{key}_file", read_pem(path)
    except (OSError, ValueError) as error:  # it was readable during validation
        what = file_problem(error) if isinstance(error, OSError) else error
        raise TlsProblem(f"{key}_file", f"cannot be used: {what} (check the file)") from None


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """Yield the path of a file with `content`; `ssl` reads no keys from memory.

    On Linux the file is in memory only, so that no key touches a disk, and none has to be writable.
    """
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("pem"), "wb") as file:
            file.write(content)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
    else:
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            yield file.name


def subject_alternative_names(certificate: Mapping[str, Any] | None) -> frozenset[str]:
    """Return the DNS names, IP addresses, e-mail addresses and URIs of a client certificate.

    They are written as in Go. `certificate` is the dictionary of `SSLSocket.getpeercert`, empty or
    None if there is no verified one.
    """
    names = set()
    for kind, value in (certificate or {}).get("subjectAltName", ()):
        if kind in ("DNS", "email", "URI"):
            names.add(value)
        elif kind == "IP Address":
            # OpenSSL writes "<invalid>" for an address with a wrong length.
            with suppress(ValueError):
                names.add(str(ipaddress.ip_address(value.strip())))
    return frozenset(names)
