"""Web configuration file to a configuration that is ready for use, or all problems together.

Where a file is lenient in Go, it is here: `null` and, for TLS and headers, an empty text are "not
given"; the file may be empty. Relative paths count from the file.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from exporter.config.fields import kind
from exporter.config.loading import read_config_file
from exporter.config.problems import Problem, line_of, problems_of, refusal
from exporter.config.yaml import load_yaml
from exporter.errors import ConfigError
from exporter.web.security.schema import (
    VERSIONS,
    ClientAuth,
    RateLimitSection,
    TlsSection,
    WebDocument,
)
from exporter.web.security.tls import TLS, TlsProblem, build_context

HIGHEST_USUAL_COST = 15
"""Highest cost of a bcrypt hash without a warning. Each step doubles the time of a check."""

SECONDS_AT_COST_10 = 0.06
"""Time of one check at cost 10, measured on one core of a current server."""

_UNVERIFIED = (ClientAuth.REQUIRE_ANY, ClientAuth.REQUIRE_ANY_ONCE)
_STRICT = ClientAuth.REQUIRE_AND_VERIFY


@dataclass(frozen=True)
class WebConfig:
    """A web configuration that is ready for use."""

    context: ssl.SSLContext | None = None
    """None: HTTP is served without TLS."""

    allowed_sans: frozenset[str] | None = None
    """Names of which a client certificate needs one; None: the context alone decides."""

    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers that are added to answers."""

    users: Mapping[bytes, bytes] = field(default_factory=dict, repr=False)
    """Bcrypt hashes by user name; empty: no password is needed."""

    rate_limit: RateLimitSection = field(default_factory=RateLimitSection)
    """Limit on the requests of all clients together."""

    files: tuple[Path, ...] = ()
    """Files that were read: the web configuration, certificates and keys."""

    warnings: tuple[str, ...] = ()
    """One line for each key that is accepted and has no effect or a risk."""


def load_web_config(path: Path) -> WebConfig:
    """Return the web configuration in the file `path`.

    Raises ConfigError with all problems, one line each: `tls_server_config.cert_file: the problem
    (the correct form)`.
    """
    values = load_yaml(read_config_file(path))
    if values is None:
        return WebConfig(files=(path,))
    if not isinstance(values, dict):
        what = f"is {kind(values)}, not a mapping (write tls_server_config: or basic_auth_users:)"
        raise ConfigError([f"the file: {what}"])
    # As in Go, a key without a value keeps its default.
    given = {key: _without_blank(key, value) for key, value in values.items() if value is not None}
    document, context, problems = _validate(given, path.parent)
    if document is None or problems:
        raise refusal(problems, values)
    tls, sans = document.tls_server_config, document.tls_server_config.client_allowed_sans
    users = {
        # YAML can escape half of a surrogate pair, which UTF-8 has no bytes for.
        name.encode(errors="surrogatepass"): hashed.get_secret_value().encode()
        for name, hashed in document.basic_auth_users.items()
    }
    return WebConfig(
        context=context,
        allowed_sans=None if sans is None else frozenset(sans),
        headers=document.http_server_config.headers.model_dump(by_alias=True, exclude_unset=True),
        users=MappingProxyType(users),
        rate_limit=document.rate_limit,
        files=(path, *filter(None, (tls.cert_file, tls.key_file, tls.client_ca_file))),
        warnings=tuple(line_of(warning) for warning in web_warnings(document)),
    )


def _without_blank(section: str, values: Any) -> Any:
    if not isinstance(values, dict) or section == "basic_auth_users":
        return values
    return {
        key: _without_blank(key, value) for key, value in values.items() if value not in (None, "")
    }


def _validate(
    values: dict[str, Any], folder: Path
) -> tuple[WebDocument | None, ssl.SSLContext | None, list[Problem]]:
    """Return the document, its TLS context, and the problems of both."""
    context = {"folder": folder}
    document: WebDocument | None = None
    problems: list[Problem] = []
    try:
        document = WebDocument.model_validate(values, context=context)
        tls = document.tls_server_config
    except ValidationError as error:
        problems = problems_of(error, WebDocument, values)
        if any(problem.place[:1] == TLS for problem in problems):
            return None, None, problems
        # Checked even where other sections are wrong, so that all problems are reported.
        tls = TlsSection.model_validate(values.get("tls_server_config", {}), context=context)
    problems += tls_conflicts(tls)
    if not tls.is_enabled or any(problem.place[:1] == TLS for problem in problems):
        return document, None, problems
    try:
        return document, build_context(tls), problems
    except TlsProblem as error:
        return document, None, [*problems, error.problem]


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
    place, policy = (*TLS, "client_auth_type"), tls.client_auth_type
    if tls.has_client_ca and policy is ClientAuth.NO_CERTIFICATE:
        yield Problem(place, f"is {policy} while there is a client CA ({_STRICT})")
    if policy in _UNVERIFIED and not tls.has_client_ca:
        yield Problem(
            place,
            f"is {policy} without a client CA: a certificate that is not verified cannot be asked "
            "for here (give client_ca_file, or leave out client_auth_type)",
        )
    if tls.client_allowed_sans is not None and policy not in (*_UNVERIFIED, _STRICT):
        what = f"has no meaning with {policy} (set client_auth_type: {_STRICT})"
        yield Problem((*TLS, "client_allowed_sans"), what)
    if VERSIONS.index(tls.min_version) > VERSIONS.index(tls.max_version):
        what = f"is {tls.min_version}, above max_version {tls.max_version} (lower it)"
        yield Problem((*TLS, "min_version"), what)


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
    place, policy = (*TLS, "client_auth_type"), tls.client_auth_type
    if policy is ClientAuth.REQUEST:
        what = f"{policy} lets everybody in, with a certificate or without ({_STRICT})"
        yield Problem(place, what)
    elif policy in _UNVERIFIED:
        what = f"is honoured more strictly: certificates are verified too ({_STRICT})"
        yield Problem(place, what)
    elif policy in (ClientAuth.VERIFY_IF_GIVEN, _STRICT) and not tls.has_client_ca:
        what = "accepts a certificate of any CA that this machine trusts (set client_ca_file)"
        yield Problem(place, what)
