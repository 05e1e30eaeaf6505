"""The format of the web configuration file, which is that of the exporter-toolkit.

Names, types and defaults are the toolkit's (its docs/web-configuration.md), also for keys that have
no effect here: a file that works there works here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    WithJsonSchema,
)

from exporter.config.app import Section
from exporter.config.fields import INTEGER, TEXT, Right, Unfit, kind
from exporter.config.files import file_path, read_limited, secret_text
from exporter.text import nearest
from exporter.web.security.ciphers import KNOWN

MAX_PEM_BYTES = 1024 * 1024
"""More than any chain or bundle: a wrong path, such as a device, is not read to its end."""


class ClientAuth(StrEnum):
    """Whether clients have to show a certificate, by the names of Go's crypto/tls."""

    NO_CERTIFICATE = "NoClientCert"
    REQUEST = "RequestClientCert"
    REQUIRE_ANY = "RequireAnyClientCert"
    VERIFY_IF_GIVEN = "VerifyClientCertIfGiven"
    REQUIRE_AND_VERIFY = "RequireAndVerifyClientCert"
    REQUIRE_ANY_ONCE = "RequireClientCert"  # the name of REQUIRE_ANY in early toolkits


Version = Literal["TLS10", "TLS11", "TLS12", "TLS13"]
VERSIONS: tuple[Version, ...] = get_args(Version)
Curve = Literal["CurveP256", "CurveP384", "CurveP521", "X25519", "X25519MLKEM768"]

# Those of two letters come first: the expression takes the first unit that fits.
_UNIT_SECONDS = {"ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9, "h": 3600.0, "m": 60.0, "s": 1.0}
_SPAN = rf"([0-9]{{1,15}}(?:\.[0-9]{{0,15}})?|\.[0-9]{{1,15}})({'|'.join(_UNIT_SECONDS)})"


def _read_go_boolean(value: Any) -> bool:
    words = {"yes": True, "y": True, "on": True, "no": False, "n": False, "off": False}
    truth = words.get(value.lower(), value) if isinstance(value, str) else value
    if not isinstance(truth, bool):
        raise ValueError(f"is {kind(value)}, not a boolean")  # noqa: TRY004 - see config.fields
    return truth


GoBoolean = Annotated[bool, BeforeValidator(_read_go_boolean), Right("true or false")]
"""A boolean, also in the words that YAML 1.1 has for it, which the toolkit reads."""


def _read_go_duration(value: Any) -> float:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value / 1e9
    if not isinstance(value, str):
        raise ValueError(f"is {kind(value)}, not a duration")  # noqa: TRY004 - see config.fields
    if not re.fullmatch(rf"\+?({_SPAN})+", value):
        raise Unfit("not a duration")
    return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in re.findall(_SPAN, value))


GoDuration = Annotated[
    float,
    BeforeValidator(_read_go_duration),
    WithJsonSchema({"type": ["string", "integer"]}),
    Right("such as 1s or 500ms; 0 for no limit"),
]
"""A duration as Go writes it -> seconds; a plain number is nanoseconds, as in Go."""


def _check_cipher_suite(text: str) -> str:
    if text not in KNOWN:
        near = nearest(text, KNOWN)
        what = "is not a cipher suite that is offered"
        raise ValueError(f"{what} (did you mean {near}?)" if near else what)
    return text


CipherSuite = Annotated[
    str,
    TEXT,
    AfterValidator(_check_cipher_suite),
    Right("such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
]
"""A cipher suite by its name in Go."""


def _read_header(value: Any) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        raise ValueError(f"is {kind(value)}, not text")  # noqa: TRY004 - see config.fields
    if not re.fullmatch(r"[\t\x20-\x7e\xa0-\xff]*", text):
        raise ValueError("contains characters that a header cannot have")
    return text


HEADER = BeforeValidator(_read_header)
HeaderValue = Annotated[str, HEADER, AfterValidator(str.strip), Right("text of one line")]


def read_pem(path: Path) -> bytes:
    """Return the content of a PEM file; raises OSError, or ValueError where it is too long."""
    return read_limited(path, MAX_PEM_BYTES)


PemFile = Annotated[Path, file_path(read_pem, may_pass=True)]
"""The path of a PEM file that can be read now."""


SecretText = Annotated[
    SecretStr,
    BeforeValidator(lambda value: value if isinstance(value, SecretStr) else secret_text(value)),
]
"""A text that is never shown; unlike `config.files.Secret` it may have several lines."""


def _check_hash(secret: SecretStr) -> SecretStr:
    # The prefixes are those that Go and the library `bcrypt` both read; 31 is the highest cost.
    form = r"\$2[abxy]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}"
    if not re.fullmatch(form, secret.get_secret_value()):
        raise ValueError("is not a bcrypt hash")
    return secret


BcryptHash = Annotated[
    SecretText,
    AfterValidator(_check_hash),
    Right("a hash that begins with $2y$, as htpasswd -nBC 10 USER prints it"),
]
"""A password hashed with bcrypt; never shown."""


def _check_users(value: Any) -> Any:
    """Refuse a hash in the place of a user name: the message about it would show the hash."""
    if isinstance(value, Mapping) and any(str(name).startswith("$2") for name in value):
        raise ValueError("has a hash where a user name belongs")
    return value


_PEM = Right("a certificate in PEM, as a block of several lines after |")


class TlsSection(Section):
    """TLS of the server, and who may connect."""

    cert: Annotated[str, TEXT, _PEM] | None = None
    """Certificate in PEM, with its chain. Give this or cert_file."""

    key: (
        Annotated[SecretText, Right("a private key in PEM, as a block of several lines after |")]
        | None
    ) = None
    """Private key in PEM. Give this or key_file."""

    client_ca: Annotated[str, TEXT, _PEM] | None = None
    """Certificates, in PEM, that client certificates are verified with. Give this or
    client_ca_file."""

    cert_file: Annotated[PemFile, Right("a file with the certificate in PEM")] | None = None
    """File with the certificate in PEM, followed by its chain."""

    key_file: Annotated[PemFile, Right("a file with the private key in PEM")] | None = None
    """File with the private key in PEM."""

    client_auth_type: ClientAuth = ClientAuth.NO_CERTIFICATE
    """Whether clients have to show a certificate."""

    client_ca_file: (
        Annotated[PemFile, Right("a file with the certificates of the client CA in PEM")] | None
    ) = None
    """File with the certificates that client certificates are verified with."""

    client_allowed_sans: (
        Annotated[
            tuple[Annotated[str, TEXT, Right("a DNS name, IP address, e-mail or URI")], ...],
            Field(min_length=1),
            Right("the names of clients that may connect"),
        ]
        | None
    ) = None
    """Names of which a client certificate has to have one, to the letter, as a Subject
    Alternative Name."""

    min_version: Version = "TLS12"
    """Lowest version of TLS."""

    max_version: Version = "TLS13"
    """Highest version of TLS."""

    cipher_suites: Annotated[
        tuple[CipherSuite, ...], Right("cipher suites by their names in Go")
    ] = ()
    """Cipher suites up to TLS 1.2; empty for good defaults."""

    prefer_server_cipher_suites: GoBoolean = True
    """Whether the server's order of cipher suites counts, or the client's."""

    curve_preferences: Annotated[tuple[Curve, ...], Right("curves by their names in Go")] = ()
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


class HeadersSection(Section):
    """Headers that are added to answers: this list is closed, as it is in the toolkit."""

    content_security_policy: HeaderValue = Field("", alias="Content-Security-Policy")
    strict_transport_security: HeaderValue = Field("", alias="Strict-Transport-Security")
    x_content_type_options: Annotated[Literal["", "nosniff"], HEADER, Right("one of nosniff")] = (
        Field("", alias="X-Content-Type-Options")
    )
    x_frame_options: Annotated[
        Literal["", "deny", "sameorigin"], HEADER, Right("one of deny, sameorigin")
    ] = Field("", alias="X-Frame-Options")
    x_xss_protection: HeaderValue = Field("", alias="X-XSS-Protection")


class HttpSection(Section):
    """HTTP itself."""

    http2: GoBoolean | None = None
    """HTTP/2; not honoured: HTTP/1.1 is spoken, which every client of HTTP/2 speaks too."""

    headers: HeadersSection = HeadersSection()
    """Headers that are added to answers."""


class RateLimitSection(Section):
    """A limit on the requests of all clients together."""

    interval: GoDuration = 0.0
    """Seconds until one more request is allowed; 0 for no limit."""

    burst: Annotated[
        int,
        Field(strict=True, ge=0, le=1_000_000),
        INTEGER,
        Right("requests together, 0 to 1000000"),
    ] = 0
    """Requests that are allowed together after a pause."""


class WebDocument(Section):
    """The whole file."""

    tls_server_config: TlsSection = TlsSection()
    """TLS of the server, and who may connect."""

    http_server_config: HttpSection = HttpSection()
    """HTTP itself."""

    basic_auth_users: Annotated[
        Mapping[str, BcryptHash],
        BeforeValidator(_check_users),
        Right("user names with their bcrypt hashes"),
    ] = Field(default_factory=dict)
    """User names with the bcrypt hashes of their passwords; empty for no passwords."""

    rate_limit: RateLimitSection = RateLimitSection()
    """A limit on the requests of all clients together."""
