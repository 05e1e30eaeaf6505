"""The web configuration file -> a ready configuration, or every problem together.

Where a file is lenient in Go, it is here: `null` and, for TLS and headers, an empty text are "not
given"; the file may be empty. Relative paths count from the file.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
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
from exporter.web.security.conflicts import TLS, tls_conflicts, web_warnings
from exporter.web.security.schema import RateLimitSection, TlsSection, WebDocument
from exporter.web.security.tls import TlsProblem, build_context


@dataclass(frozen=True)
class WebConfig:
    """A web configuration that is ready for use.

    `context` is None where HTTP is served without TLS; `allowed_sans` None where every client that
    the context accepts may connect. `users` are names and bcrypt hashes; none: no password is
    asked for. `files` are those that all this was read from.
    """

    context: ssl.SSLContext | None = None
    allowed_sans: frozenset[str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[bytes, bytes] = field(default_factory=dict, repr=False)
    rate_limit: RateLimitSection = field(default_factory=RateLimitSection)
    files: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()


def load_web_config(path: Path) -> WebConfig:
    """Return the web configuration in the file `path`.

    Raises ConfigError with all problems, one line each: `tls_server_config.cert_file: what is wrong
    (what would be right)`.
    """
    values = load_yaml(read_config_file(path))
    if values is None:
        return WebConfig(files=(path,))
    if not isinstance(values, dict):
        what = f"is {kind(values)}, not a mapping (write tls_server_config: or basic_auth_users:)"
        raise ConfigError([f"the file: {what}"])
    document, context, problems = _validate(_without_blanks(values), path.parent)
    if document is None or problems:
        raise refusal(problems, values)
    tls = document.tls_server_config
    return WebConfig(
        context=context,
        allowed_sans=_allowed_sans(tls),
        headers=document.http_server_config.headers.model_dump(by_alias=True, exclude_unset=True),
        users=_users(document),
        rate_limit=document.rate_limit,
        files=(path, *_files(tls)),
        warnings=tuple(line_of(warning) for warning in web_warnings(document)),
    )


def _without_blanks(values: dict[str, Any]) -> dict[str, Any]:
    """Return `values` without keys that Go leaves at their defaults."""
    return {key: _without_blank(key, value) for key, value in values.items() if value is not None}


def _without_blank(section: str, values: Any) -> Any:
    if not isinstance(values, dict) or section == "basic_auth_users":
        return values
    return {
        key: _without_blank(key, value) for key, value in values.items() if value not in (None, "")
    }


def _validate(
    values: dict[str, Any], folder: Path
) -> tuple[WebDocument | None, ssl.SSLContext | None, list[Problem]]:
    """Return the document, the context that it asks for, and what is wrong with either."""
    document, problems = None, []
    try:
        document = WebDocument.model_validate(values, context={"folder": folder})
    except ValidationError as error:
        problems = problems_of(error, WebDocument, values)
    if any(problem.place[:1] == TLS for problem in problems):
        return document, None, problems
    # The section is checked even where others are wrong, so that all problems are reported.
    tls = TlsSection.model_validate(values.get("tls_server_config", {}), context={"folder": folder})
    context, wrong = _build(tls)
    return document, context, [*problems, *wrong]


def _build(tls: TlsSection) -> tuple[ssl.SSLContext | None, list[Problem]]:
    conflicts = list(tls_conflicts(tls))
    if conflicts or not tls.is_enabled:
        return None, conflicts
    try:
        return build_context(tls), []
    except TlsProblem as error:
        return None, [error.problem]


def _allowed_sans(tls: TlsSection) -> frozenset[str] | None:
    return None if tls.client_allowed_sans is None else frozenset(tls.client_allowed_sans)


def _users(document: WebDocument) -> Mapping[bytes, bytes]:
    return MappingProxyType(
        {
            name.encode(errors="surrogatepass"): hashed.get_secret_value().encode()
            for name, hashed in document.basic_auth_users.items()
        }
    )


def _files(tls: TlsSection) -> list[Path]:
    return [path for path in (tls.cert_file, tls.key_file, tls.client_ca_file) if path is not None]
