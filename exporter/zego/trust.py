"""Trust in the API's certificate.

The trust store is the first that is set of `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`, and
`SSL_CERT_FILE` or `SSL_CERT_DIR` (one or more directories), otherwise the store of Mozilla that the
package certifi ships. An app's `ca_file` is trusted in addition (docs/guarantees.md, section 13).
"""

from __future__ import annotations

import os
import ssl
import threading
from pathlib import Path
from typing import Any

import certifi
import urllib3
from urllib3.util.ssl_ import create_urllib3_context

from exporter.errors import NetworkError
from exporter.zego.library import requests

_REPLACING = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

# Contexts by the state of their files. Loading a store of 140 certificates takes 10 ms and 0.5 MB,
# which would be spent again for every app and every new connection.
_contexts: dict[tuple[object, ...], ssl.SSLContext] = {}
_lock = threading.Lock()
_MAX_CONTEXTS = 32


def trust_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Return the TLS settings of a client; contexts are shared between equal callers.

    Files that have changed on disk are read again. Raises NetworkError with code `tls`, which names
    the file and the setting, if a file does not exist or contains no certificate.
    """
    sources = [*_sources(), *([("ca_file", ca_file)] if ca_file else [])]
    key = tuple(_state(setting, path) for setting, path in sources)
    with _lock:
        context = _contexts.get(key)
        if context is None:
            context = create_urllib3_context()
            for setting, path in sources:
                _load(context, setting, path)
            while len(_contexts) >= _MAX_CONTEXTS:  # the oldest first: of files before a change
                del _contexts[next(iter(_contexts))]
            _contexts[key] = context
        return context


def _sources() -> list[tuple[str, Path]]:
    for name in _REPLACING:
        if value := os.environ.get(name):
            return [(name, Path(value))]
    file, directories = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR", "")
    named = [("SSL_CERT_FILE", Path(file))] if file else []
    listed = [Path(part) for part in directories.split(os.pathsep) if part]
    # Like OpenSSL, which skips those that do not exist. Where none does, the first is reported.
    existing = [path for path in listed if path.exists()] or listed[:1]
    named += [("SSL_CERT_DIR", path) for path in existing]
    return named or [("certifi", Path(certifi.where()))]


def _state(setting: str, path: Path) -> tuple[object, ...]:
    try:
        status = path.stat()
    except OSError as error:
        raise _unusable(setting, path, (error.strerror or "cannot be read").lower()) from None
    return (setting, path, status.st_mtime_ns, status.st_size, status.st_ino)


def _load(context: ssl.SSLContext, setting: str, path: Path) -> None:
    try:
        if path.is_dir():
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except ssl.SSLError:
        raise _unusable(setting, path, "holds no certificate in PEM form") from None
    except OSError as error:
        raise _unusable(setting, path, (error.strerror or "cannot be read").lower()) from None


def _unusable(setting: str, path: Path, problem: str) -> NetworkError:
    return NetworkError(
        f"the trusted certificates in {path} ({setting}) cannot be used: {problem}",
        code="tls",
        remedy=f"Set {setting} to a file with the CA's certificate in PEM form, or remove it.",
    )


class TrustAdapter(requests.adapters.HTTPAdapter):
    """Keeps one connection; `context` alone decides about trust, None where there is no TLS.

    By default, `requests` would add its own trust store to the one of the context.
    """

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = context
        super().__init__(pool_connections=1, pool_maxsize=1)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> urllib3.ProxyManager:
        """Return the pools of connections through one proxy, which may use TLS itself."""
        kwargs["proxy_ssl_context"] = self._context
        manager: urllib3.ProxyManager = super().proxy_manager_for(proxy, **kwargs)
        return manager

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> Any:
        """Return what distinguishes pools: the host and the TLS settings."""
        host, _ = super().build_connection_pool_key_attributes(*args, **kwargs)
        return host, {"ssl_context": self._context, "cert_reqs": "CERT_REQUIRED"}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave the pool unchanged."""
