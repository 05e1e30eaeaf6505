"""Certificates and web configuration files for tests, and a server of them."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.client import HTTPSConnection
from pathlib import Path

import bcrypt
import trustme

from exporter.web.deadlines import Limits
from exporter.web.security.reloading import LiveWebConfig
from exporter.web.server import AsgiApplication, WebServer, build_server
from tests.web.peers import PATIENCE, Answer, started

TLS = "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n"
VERIFYING = """\
tls_server_config:
  cert_file: cert.pem
  key_file: key.pem
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
"""


def hashed(password: str, cost: int = 4) -> str:
    """Return a bcrypt hash; the lowest cost keeps tests fast."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


@cache
def authority(name: str) -> trustme.CA:
    """Return a certificate authority; each name is another one."""
    return trustme.CA(organization_name=name)


@cache
def certificate(*identities: str, ca: str = "ours") -> trustme.LeafCert:
    """Return a certificate for these names, with its key."""
    return authority(ca).issue_cert(*identities)


def chain_of(cert: trustme.LeafCert) -> bytes:
    """Return a certificate and its chain in PEM."""
    return b"".join(blob.bytes() for blob in cert.cert_chain_pems)


@dataclass(frozen=True)
class Folder:
    """A folder with `cert.pem` and `key.pem` of a server, `ca.pem`, and another key `other.pem`."""

    path: Path

    @classmethod
    def filled(cls, path: Path) -> Folder:
        """Return the folder `path` with those files in it."""
        folder = cls(path)
        folder.write_certificate(certificate("localhost", "127.0.0.1"))
        (path / "ca.pem").write_bytes(authority("ours").cert_pem.bytes())
        (path / "other.pem").write_bytes(certificate("other").private_key_pem.bytes())
        return folder

    def write_certificate(self, cert: trustme.LeafCert) -> None:
        """Replace the server's certificate and key."""
        (self.path / "cert.pem").write_bytes(chain_of(cert))
        (self.path / "key.pem").write_bytes(cert.private_key_pem.bytes())

    def write(self, text: str) -> Path:
        """Write the web configuration and return its path."""
        path = self.path / "web.yml"
        path.write_text(text, "utf-8")
        return path


@contextmanager
def guarding(
    app: AsgiApplication, live: LiveWebConfig, limits: Limits | None = None
) -> Iterator[WebServer]:
    """Serve `app` as `live` says, for the length of a test."""
    with started(build_server(app, ["127.0.0.1:0"], live, limits=limits)) as server:
        yield server


def client_context(cert: trustme.LeafCert | None = None, *, ca: str = "ours") -> ssl.SSLContext:
    """Return the context of a client that trusts `ca` and shows `cert`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which trusts no authority yet
    authority(ca).configure_trust(context)
    if cert is not None:
        cert.configure_cert(context)
    return context


def fetch_tls(
    server: WebServer,
    context: ssl.SSLContext | None = None,
    *,
    headers: dict[str, str] | None = None,
    path: str = "/",
) -> Answer:
    """Make one request over TLS on a connection of its own."""
    connection = HTTPSConnection(
        server.addresses[0], timeout=PATIENCE, context=context or client_context()
    )
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def shown_certificate(server: WebServer) -> bytes:
    """Return the certificate that the server shows, in DER."""
    host, port = server.addresses[0].split(":")
    pem = ssl.get_server_certificate((host, int(port)), timeout=PATIENCE)
    return ssl.PEM_cert_to_DER_cert(pem)
