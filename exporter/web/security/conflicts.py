"""Contradictions in a web configuration, and warnings about keys that have no effect here."""

from __future__ import annotations

from collections.abc import Iterator

from exporter.config.problems import Place, Problem
from exporter.web.security.schema import (
    NO_CERTIFICATE,
    REQUEST,
    REQUIRE_AND_VERIFY,
    REQUIRE_ANY,
    REQUIRE_ANY_ONCE,
    VERIFY_IF_GIVEN,
    VERSIONS,
    TlsSection,
    WebDocument,
)

HIGHEST_USUAL_COST = 15
"""Of a bcrypt hash. Each further step doubles the time of a check."""

SECONDS_AT_COST_10 = 0.06

TLS: Place = ("tls_server_config",)
_REQUIRING = (REQUIRE_ANY, REQUIRE_ANY_ONCE, REQUIRE_AND_VERIFY)


def tls_conflicts(tls: TlsSection) -> Iterator[Problem]:
    """Yield contradictions in the section; its files are not read."""
    if not tls.is_enabled:
        return
    if tls.cert_file is None and tls.cert is None:
        what = "is missing (a file with the certificate in PEM, or cert with the certificate)"
        yield Problem((*TLS, "cert_file"), what)
    if tls.key_file is None and tls.key is None:
        what = "is missing (a file with the private key in PEM, or key with the key)"
        yield Problem((*TLS, "key_file"), what)
    yield from _client_conflicts(tls)
    if VERSIONS.index(tls.min_version) > VERSIONS.index(tls.max_version):
        what = f"is {tls.min_version}, above max_version {tls.max_version} (lower it)"
        yield Problem((*TLS, "min_version"), what)


def _client_conflicts(tls: TlsSection) -> Iterator[Problem]:
    place = (*TLS, "client_auth_type")
    if tls.has_client_ca and tls.client_auth_type == NO_CERTIFICATE:
        yield Problem(
            place, f"is {NO_CERTIFICATE} while there is a client CA ({REQUIRE_AND_VERIFY})"
        )
    if tls.client_auth_type in (REQUIRE_ANY, REQUIRE_ANY_ONCE) and not tls.has_client_ca:
        yield Problem(
            place,
            f"is {tls.client_auth_type} without a client CA: a certificate that is not verified "
            "cannot be asked for here (give client_ca_file, or leave out client_auth_type)",
        )
    if tls.client_allowed_sans is not None and tls.client_auth_type not in _REQUIRING:
        yield Problem(
            (*TLS, "client_allowed_sans"),
            f"has no meaning with {tls.client_auth_type} (set client_auth_type: "
            f"{REQUIRE_AND_VERIFY})",
        )


def web_warnings(document: WebDocument) -> Iterator[Problem]:
    """Yield warnings about a configuration that can be used."""
    tls = document.tls_server_config
    if tls.is_enabled:
        yield from _tls_warnings(tls)
    elif tls.model_fields_set:
        yield Problem(TLS, "has no certificate: HTTP is served without TLS (set cert_file)")
    for name, hashed in document.basic_auth_users.items():
        cost = int(hashed.get_secret_value()[4:6])
        if cost > HIGHEST_USUAL_COST:
            seconds = SECONDS_AT_COST_10 * 2 ** (cost - 10)
            what = f"has cost {cost}: a check takes about {seconds:.0f} s (htpasswd -C 10)"
            yield Problem(("basic_auth_users", name), what)
    if document.http_server_config.http2:
        what = "is not honoured: HTTP/1.1 is served (leave it out)"
        yield Problem(("http_server_config", "http2"), what)


def _tls_warnings(tls: TlsSection) -> Iterator[Problem]:
    for key in ("cert", "key", "client_ca"):
        if getattr(tls, key) is not None and getattr(tls, f"{key}_file") is not None:
            what = f"is given and {key}_file too: the file is used (leave one out)"
            yield Problem((*TLS, key), what)
    if tls.curve_preferences:
        what = "is not honoured: OpenSSL's choice of curves is used (leave it out)"
        yield Problem((*TLS, "curve_preferences"), what)
    if VERSIONS.index(tls.min_version) < VERSIONS.index("TLS12"):
        what = f"is {tls.min_version}, which is broken (TLS12)"
        yield Problem((*TLS, "min_version"), what)
    yield from _client_warnings(tls)


def _client_warnings(tls: TlsSection) -> Iterator[Problem]:
    place = (*TLS, "client_auth_type")
    if tls.client_auth_type == REQUEST:
        what = f"{REQUEST} lets everybody in, with a certificate or without ({REQUIRE_AND_VERIFY})"
        yield Problem(place, what)
    elif tls.client_auth_type in (REQUIRE_ANY, REQUIRE_ANY_ONCE):
        what = "is honoured more strictly: certificates are verified too"
        yield Problem(place, f"{what} ({REQUIRE_AND_VERIFY})")
    elif tls.client_auth_type in (VERIFY_IF_GIVEN, REQUIRE_AND_VERIFY) and not tls.has_client_ca:
        what = "accepts a certificate of any CA that this machine trusts (set client_ca_file)"
        yield Problem(place, what)
