"""The web server as a web configuration file describes it.

Models, TLS and bcrypt are imported only if there is such a file: they take a tenth of the CPU time
of a start, and most exporters have none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.errors import ConfigError
from exporter.web.deadlines import Limits
from exporter.web.server import AsgiApplication, WebServer

if TYPE_CHECKING:
    from exporter.web.security.reloading import LiveWebConfig


def check_web_config(path: Path | None) -> None:
    """Raise ConfigError where the web configuration at `path` (None: none) cannot be used.

    Its lines begin with the path.
    """
    if path is not None:
        from exporter.web.security.loading import load_web_config

        with _named(path):
            load_web_config(path)


def open_web_config(path: Path | None) -> LiveWebConfig | None:
    """Return the web configuration at `path`, None where there is none. Raises ConfigError."""
    if path is None:
        return None
    from exporter.web.security.reloading import LiveWebConfig

    with _named(path):
        return LiveWebConfig(path)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Begin each problem with the path, once."""
    try:
        yield
    except ConfigError as error:
        prefix = f"{path}: "
        problems = [prefix + problem.removeprefix(prefix) for problem in error.problems]
        raise ConfigError(problems, passing=error.passing) from None


def build_server(
    app: AsgiApplication,
    listen_addresses: Sequence[str],
    web_config: LiveWebConfig | None,
    *,
    limits: Limits | None = None,
) -> WebServer:
    """Return the server of `app`, guarded as the web configuration says, if there is one."""
    if web_config is None:
        return WebServer(app, listen_addresses, limits=limits)
    from exporter.web.security.auth import Guard

    return WebServer(
        Guard(app, web_config.current),
        listen_addresses,
        limits=limits,
        tls=web_config.context(),
        admits=web_config.admits,
    )
