"""The web configuration as it is on disk now, and as good as it last was.

Every use looks whether one of the files changed, at most once in `CHECK_SECONDS`: with certificates
renewed or users changed everything is read anew. What cannot be used is said once and changes
nothing; connections that are open stay as they are, as in the toolkit.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

from exporter.errors import ConfigError
from exporter.logs import get_logger
from exporter.web.security.loading import WebConfig, load_web_config
from exporter.web.security.sans import subject_alternative_names

CHECK_SECONDS = 1.0

_Files: TypeAlias = tuple[Path, ...]
_Stamp: TypeAlias = tuple[tuple[int, ...] | None, ...]

log = get_logger(__name__)


class LiveWebConfig:
    """The file at `path`; raises ConfigError where it cannot be used to begin with.

    `clock` is monotonic, in seconds. For use in one thread.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._checked_at = clock()
        self._config, self._stamp = _load(path, (path,))
        self._problems: tuple[str, ...] = ()  # those that were said, of a file that is not used
        self._say_warnings()

    def current(self) -> WebConfig:
        """Return what holds now."""
        now = self._clock()
        if now - self._checked_at >= CHECK_SECONDS:
            self._checked_at = now
            self._check()
        return self._config

    def context(self) -> ssl.SSLContext | None:
        """Return a context that gives each new connection the TLS of its moment; None: no TLS."""
        return _CurrentContext(self._current_context) if self._config.context else None

    def admits(self, certificate: Mapping[str, Any] | None) -> bool:
        """Tell whether a client with this verified certificate, as `ssl` gives it, may connect."""
        allowed = self.current().allowed_sans
        return allowed is None or not allowed.isdisjoint(subject_alternative_names(certificate))

    def _current_context(self) -> ssl.SSLContext:
        return cast("ssl.SSLContext", self.current().context)  # `_read` keeps TLS on or off

    def _check(self) -> None:
        # While there are problems it is tried again: the file may name others, which nobody looks
        # at yet, and all may come back as it was.
        if _stamp(self._config.files) == self._stamp and not self._problems:
            return
        try:
            config, stamp = self._read()
        except ConfigError as error:
            self._say_problems(error.problems)
            return
        previous, self._config, self._stamp = self._config, config, stamp
        self._problems = ()
        log.info("web configuration read anew", file=self._path)
        if config.warnings != previous.warnings:
            self._say_warnings()

    def _read(self) -> tuple[WebConfig, _Stamp]:
        config, stamp = _load(self._path, self._config.files)
        if (config.context is None) != (self._config.context is None):
            what = "was removed" if config.context is None else "was added"
            raise ConfigError([f"tls_server_config: {what} while running (restart for it)"])
        return config, stamp

    def _say_problems(self, problems: tuple[str, ...]) -> None:
        if problems != self._problems:
            self._problems = problems
            log.error(
                "web configuration cannot be used, the one before goes on",
                file=self._path,
                problems="; ".join(problems),
            )

    def _say_warnings(self) -> None:
        for warning in self._config.warnings:
            log.warning("web configuration", file=self._path, warning=warning)


def _load(path: Path, files: _Files) -> tuple[WebConfig, _Stamp]:
    """Return the configuration and the stamp of its files from before they were read.

    What changes while they are read is seen the next time. `files` are those that are expected;
    where there turn out to be others, they are read once more. Raises ConfigError.
    """
    while True:
        stamp = _stamp(files)
        config = load_web_config(path)
        if config.files == files:
            return config, stamp
        files = config.files


def _stamp(files: Iterable[Path]) -> _Stamp:
    """Return what tells the files as they are from what they were; a missing one counts too."""
    return tuple(_stamp_of(file) for file in files)


def _stamp_of(file: Path) -> tuple[int, ...] | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


class _CurrentContext(ssl.SSLContext):
    """A context in name: each connection is wrapped by the one that `current` returns.

    A server keeps the context that it began with. To change that one in place would not do: clients
    could resume sessions that a CA let in which counts no more.
    """

    _current: Callable[[], ssl.SSLContext]

    def __new__(  # noqa: PYI034 - typing has no Self before Python 3.11
        cls, _current: Callable[[], ssl.SSLContext]
    ) -> _CurrentContext:
        return super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)

    def __init__(self, current: Callable[[], ssl.SSLContext]) -> None:
        self._current = current

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        """Return the TLS side of a new connection."""
        return self._current().wrap_bio(*arguments, **options)
