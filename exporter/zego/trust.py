"""Trust in the API's certificate.

The trust store is the first that is set of `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`, and
`SSL_CERT_FILE` or `SSL_CERT_DIR` (one or more directories), otherwise the store of Mozilla that the
package certifi ships. An app's `ca_file` is trusted in addition (docs/guarantees.md, section 13).
"""

from __future__ import annotations

import os
import ssl
import threading
from functools import lru_cache
from pathlib import Path

import certifi
from urllib3.util.ssl_ import create_urllib3_context

from exporter.errors import NetworkError, file_problem

_REPLACING = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

_lock = threading.Lock()


def trust_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Return the TLS settings of a client; contexts are shared between equal callers.

    Files that have changed on disk are read again. Raises NetworkError with code `tls`, which names
    the file and the setting, if a file does not exist or contains no certificate.
    """
    sources = [*_sources(), *([("ca_file", ca_file)] if ca_file else [])]
    states = tuple(_state(setting, path) for setting, path in sources)
    with _lock:  # of several clients that need the same new one, one loads it
        return _load(states)


def _sources() -> list[tuple[str, Path]]:
    for name in _REPLACING:
        if value := os.environ.get(name):
            return [(name, Path(value))]
    file, directories = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR", "")
    named = [("SSL_CERT_FILE", Path(file))] if file else []
    listed = [Path(part) for part in directories.split(os.pathsep) if part]
    # Like OpenSSL, which skips those that do not exist. Where none does, the first is reported.
    existing = [path for path in listed if os.path.exists(path)] or listed[:1]  # noqa: PTH110
    named += [("SSL_CERT_DIR", path) for path in existing]
    return named or [("certifi", Path(certifi.where()))]


def _state(setting: str, path: Path) -> tuple[str, Path, int, int, int]:
    """Return the setting and its file, and attributes that change with the file's content."""
    try:
        status = path.stat()
    except OSError as error:
        raise _unusable(setting, path, file_problem(error)) from None
    return setting, path, status.st_mtime_ns, status.st_size, status.st_ino


# Loading a store of 140 certificates takes 10 ms and 0.5 MB, which would be spent again for every
# app and every new connection.
@lru_cache(maxsize=32)
def _load(states: tuple[tuple[str, Path, int, int, int], ...]) -> ssl.SSLContext:
    context = create_urllib3_context()
    for setting, path, *_ in states:
        try:
            if path.is_dir():
                context.load_verify_locations(capath=path)
            else:
                context.load_verify_locations(cafile=path)
        except ssl.SSLError:
            raise _unusable(setting, path, "holds no certificate in PEM form") from None
        except OSError as error:
            raise _unusable(setting, path, file_problem(error)) from None
    return context


def _unusable(setting: str, path: Path, problem: str) -> NetworkError:
    return NetworkError(
        f"the trusted certificates in {path} ({setting}) cannot be used: {problem}",
        code="tls",
        remedy=f"Set {setting} to a file with the CA's certificate in PEM form, or remove it.",
    )
