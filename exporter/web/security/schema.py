"""The web configuration file as it may be written: the format of the exporter-toolkit.

Names, types and defaults are the toolkit's (its docs/web-configuration.md), also for what is
read and not honoured here: a file that works there works here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, SecretStr

from exporter.config.fields import Items, OneOf, WholeNumber
from exporter.config.schema import Section
from exporter.web.security.readers import (
    BcryptHash,
    CipherSuite,
    GoBoolean,
    GoDuration,
    HeaderValue,
    PemFile,
    PemKey,
    PlainText,
    Users,
)

NO_CERTIFICATE = "NoClientCert"
REQUEST = "RequestClientCert"
REQUIRE_ANY = "RequireAnyClientCert"
REQUIRE_ANY_ONCE = "RequireClientCert"  # its name in early versions of the toolkit
VERIFY_IF_GIVEN = "VerifyClientCertIfGiven"
REQUIRE_AND_VERIFY = "RequireAndVerifyClientCert"
CLIENT_AUTH_TYPES = (
    NO_CERTIFICATE,
    REQUEST,
    REQUIRE_ANY,
    VERIFY_IF_GIVEN,
    REQUIRE_AND_VERIFY,
    REQUIRE_ANY_ONCE,
)

VERSIONS = ("TLS10", "TLS11", "TLS12", "TLS13")
CURVES = ("CurveP256", "CurveP384", "CurveP521", "X25519", "X25519MLKEM768")

_PEM = "a certificate in PEM, as a block of several lines after |"


class TlsSection(Section):
    """TLS of the server, and who may connect."""

    cert: Annotated[str, PlainText(_PEM)] | None = None
    """Certificate in PEM, with its chain. Give this or cert_file."""

    key: Annotated[SecretStr, PemKey()] | None = None
    """Private key in PEM. Give this or key_file."""

    client_ca: Annotated[str, PlainText(_PEM)] | None = None
    """Certificates, in PEM, that client certificates are verified with. Give this or
    client_ca_file."""

    cert_file: Annotated[Path, PemFile("a file with the certificate in PEM")] | None = None
    """File with the certificate in PEM, followed by its chain."""

    key_file: Annotated[Path, PemFile("a file with the private key in PEM")] | None = None
    """File with the private key in PEM."""

    client_auth_type: Annotated[str, OneOf(CLIENT_AUTH_TYPES)] = NO_CERTIFICATE
    """Whether clients have to show a certificate, by the names of Go's crypto/tls."""

    client_ca_file: (
        Annotated[Path, PemFile("a file with the certificates of the client CA in PEM")] | None
    ) = None
    """File with the certificates that client certificates are verified with."""

    client_allowed_sans: (
        Annotated[
            tuple[Annotated[str, PlainText("a DNS name, IP address, e-mail or URI")], ...],
            Items("the names of clients that may connect", at_least=1),
        ]
        | None
    ) = None
    """Names of which a client certificate has to have one, to the letter, as a Subject
    Alternative Name."""

    min_version: Annotated[str, OneOf(VERSIONS)] = "TLS12"
    """Lowest version of TLS."""

    max_version: Annotated[str, OneOf(VERSIONS)] = "TLS13"
    """Highest version of TLS."""

    cipher_suites: Annotated[
        tuple[Annotated[str, CipherSuite()], ...], Items("cipher suites by their names in Go")
    ] = ()
    """Cipher suites up to TLS 1.2; empty for good defaults."""

    prefer_server_cipher_suites: Annotated[bool, GoBoolean()] = True
    """Whether the server's order of cipher suites counts, or the client's."""

    curve_preferences: Annotated[
        tuple[Annotated[str, OneOf(CURVES)], ...], Items("curves by their names in Go")
    ] = ()
    """Elliptic curves; not honoured."""

    @property
    def is_enabled(self) -> bool:
        """Whether this asks for TLS at all, as the toolkit decides it."""
        given = (self.cert, self.key, self.client_ca)
        files = (self.cert_file, self.key_file, self.client_ca_file)
        return any((*given, *files, "client_auth_type" in self.model_fields_set))

    @property
    def has_client_ca(self) -> bool:
        """Whether there are certificates to verify clients with."""
        return self.client_ca is not None or self.client_ca_file is not None


_HEADERS = {
    "content_security_policy": "Content-Security-Policy",
    "strict_transport_security": "Strict-Transport-Security",
    "x_content_type_options": "X-Content-Type-Options",
    "x_frame_options": "X-Frame-Options",
    "x_xss_protection": "X-XSS-Protection",
}


class HeadersSection(Section):
    """Headers that are added to answers: this list is closed, as it is in the toolkit."""

    model_config = ConfigDict(alias_generator=lambda name: _HEADERS[name])

    content_security_policy: Annotated[str, HeaderValue()] = ""
    strict_transport_security: Annotated[str, HeaderValue()] = ""
    x_content_type_options: Annotated[str, HeaderValue(("nosniff",))] = ""
    x_frame_options: Annotated[str, HeaderValue(("deny", "sameorigin"))] = ""
    x_xss_protection: Annotated[str, HeaderValue()] = ""


class HttpSection(Section):
    """HTTP itself."""

    http2: Annotated[bool, GoBoolean()] | None = None
    """HTTP/2; not honoured: HTTP/1.1 is spoken, which every client of HTTP/2 speaks too."""

    headers: HeadersSection = HeadersSection()
    """Headers that are added to answers."""


class RateLimitSection(Section):
    """A bound on the requests of all clients together."""

    interval: Annotated[float, GoDuration()] = 0.0
    """Seconds in which one request more becomes possible; 0 for no limit."""

    burst: Annotated[int, WholeNumber(0, 1_000_000, "requests at once")] = 0
    """Requests that are possible at once."""


class WebDocument(Section):
    """The whole file."""

    tls_server_config: TlsSection = TlsSection()
    """TLS of the server, and who may connect."""

    http_server_config: HttpSection = HttpSection()
    """HTTP itself."""

    basic_auth_users: Annotated[Mapping[str, Annotated[SecretStr, BcryptHash()]], Users()] = Field(
        default_factory=dict
    )
    """User names with the bcrypt hashes of their passwords; empty for no passwords."""

    rate_limit: RateLimitSection = RateLimitSection()
    """A bound on the requests of all clients together."""
