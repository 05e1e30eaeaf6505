"""The current web configuration: the last usable state of its files.

Each use checks whether one of the files changed, at most once in `CHECK_SECONDS`; if so, all are
read again. A state that cannot be used is logged once and changes nothing. Open connections are not
affected, as in the toolkit.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self, TypeAlias, cast

from exporter.errors import ConfigError
from exporter.logs import get_logger
from exporter.web.security.loading import WebConfig, load_web_config
from exporter.web.security.tls import subject_alternative_names

CHECK_SECONDS = 1.0
"""Shortest time between two looks at the files."""

_Files: TypeAlias = tuple[Path, ...]
_Stamp: TypeAlias = tuple[tuple[int, ...] | None, ...]

log = get_logger(__name__)


class LiveWebConfig:
    """The web configuration at `path`, read again after a change. For use in one thread.

    `clock` is monotonic, in seconds. Raises ConfigError if the file cannot be used at the start.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._checked_at = clock()
        self._config, self._stamp = _load(path, (path,))
        self._problems: tuple[str, ...] = ()  # those already logged, of a file that is not used
        self._say_warnings()

    def current(self) -> WebConfig:
        """Return the configuration in use."""
        now = self._clock()
        if now - self._checked_at >= CHECK_SECONDS:
            self._checked_at = now
            self._check()
        return self._config

    def context(self) -> ssl.SSLContext | None:
        """Return a context with the current TLS settings for each connection; None: no TLS."""
        if self._config.context is None:
            return None
        # `_check` refuses a change that turns TLS on or off, so there is always a context.
        return _CurrentContext(lambda: cast("ssl.SSLContext", self.current().context))

    def admits(self, certificate: Mapping[str, Any] | None) -> bool:
        """Return whether a client with this verified certificate, as from `ssl`, may connect."""
        allowed = self.current().allowed_sans
        return allowed is None or not allowed.isdisjoint(subject_alternative_names(certificate))

    def _check(self) -> None:
        # While there are problems, every check reads the files: the refused configuration may name
        # files that are not watched yet, or everything may be restored as it was.
        if _stamp(self._config.files) == self._stamp and not self._problems:
            return
        problems: tuple[str, ...] = ()
        try:
            config, stamp = _load(self._path, self._config.files)
        except ConfigError as error:
            problems = error.problems
        else:
            if (config.context is None) != (self._config.context is None):
                what = "was removed" if config.context is None else "was added"
                problems = (f"tls_server_config: {what} while running (restart for it)",)
        if problems:
            if problems != self._problems:  # the same ones are logged once, not at every check
                log.error(
                    "web configuration cannot be used, the previous one stays in use",
                    file=self._path,
                    problems="; ".join(problems),
                )
            self._problems = problems
            return
        previous, self._config, self._stamp = self._config, config, stamp
        self._problems = ()
        log.info("web configuration read again", file=self._path)
        if config.warnings != previous.warnings:
            self._say_warnings()

    def _say_warnings(self) -> None:
        for warning in self._config.warnings:
            log.warning("web configuration", file=self._path, warning=warning)


def _load(path: Path, files: _Files) -> tuple[WebConfig, _Stamp]:
    """Return the configuration and the stamp of its files from before they were read.

    A change during the reading is noticed at the next check. `files` are the expected ones; if the
    configuration names others, it is read once more. Raises ConfigError.
    """
    while True:
        stamp = _stamp(files)
        config = load_web_config(path)
        if config.files == files:
            return config, stamp
        files = config.files


def _stamp(files: Iterable[Path]) -> _Stamp:
    """Return a value that differs after a file has changed, also if it has disappeared."""
    stamp: list[tuple[int, ...] | None] = []
    for file in files:
        try:
            stat = file.stat()
        except OSError:
            stamp.append(None)
            continue
        # Device and inode too: Kubernetes renews a mounted secret by swapping a symbolic link.
        stamp.append((stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns))
    return tuple(stamp)


class _CurrentContext(ssl.SSLContext):
    """A proxy: each connection is wrapped by the context that `current` returns.

    A server keeps the context that it started with. Changing that one in place is not enough:
    clients could resume sessions that a CA admitted which is no longer trusted.
    """

    _current: Callable[[], ssl.SSLContext]

    def __new__(cls, _current: Callable[[], ssl.SSLContext]) -> Self:
        return super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)

    def __init__(self, current: Callable[[], ssl.SSLContext]) -> None:
        self._current = current

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        """Return the TLS side of a new connection."""
        return self._current().wrap_bio(*arguments, **options)
