"""The program: flags, wiring, signals, exit codes (contract, section 4)."""

from __future__ import annotations

import argparse
import logging
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from exporter import __version__
from exporter.collection.fleet import Fleet
from exporter.collection.history import History
from exporter.config import Settings, load_settings
from exporter.demo import demo_settings
from exporter.errors import ConfigError, ExporterError
from exporter.flags import DEFAULT_CONFIG, PROGRAM, parse_flags, web_overrides
from exporter.logs import fields, setup_logging
from exporter.metrics.exposition import Exposition
from exporter.simulator.demo import run_simulator
from exporter.web.endpoints import Sources, build_application
from exporter.web.listen import ListenError, parse_listen_address
from exporter.web.server import WebServer

EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2

# Together well under the 5 seconds of the contract, section 5.
WEB_STOP_SECONDS = 1.5
FLEET_STOP_SECONDS = 2.0

_EVERY_INTERFACE = re.compile(r"^(\[::\]|0\.0\.0\.0)(?=:)")

log = logging.getLogger(__name__)


def main(argv: list[str] | None = None) -> int:
    """Run the program and return its exit code."""
    flags = parse_flags(argv)
    setup_logging(flags.log_level, flags.log_format)
    stop = _stop_at_signals()
    try:
        if flags.command == "simulate":
            return simulate(flags, stop)
        with _settings(flags) as settings:
            return serve(settings, stop)
    except ConfigError as error:
        return _refuse(_config_path(flags), error.problems)
    except ListenError as error:
        sys.stderr.write(f"{PROGRAM}: {error}\n")
        return EXIT_USAGE
    except ExporterError as error:
        sys.stderr.write(f"{PROGRAM}: {error}\n")
        return EXIT_FAILED


def serve(settings: Settings, stop: threading.Event) -> int:
    """Collect and serve until `stop` is set.

    Raises ConfigError, ListenError or HistoryError before anything has begun.
    """
    for warning in settings.warnings:
        log.warning("configuration", extra=fields(warning=warning))
    history = History(settings.history.path) if settings.history.path else None
    try:
        return _serve(settings, Fleet(settings.apps, history), stop)
    finally:
        if history is not None:
            history.close()


def _serve(settings: Settings, fleet: Fleet, stop: threading.Event) -> int:
    exposition = Exposition(fleet.views, settings.tasks)
    sources = Sources(exposition.render, fleet.views, fleet.healthy)
    telemetry_path = settings.web.telemetry_path
    web = WebServer(
        build_application(sources, telemetry_path=telemetry_path), settings.web.listen_address
    )
    web.start()
    try:
        fleet.start()
        _announce(web.addresses, settings)
        stop.wait()
        log.info("stopping")
    finally:
        web.stop(WEB_STOP_SECONDS)
        fleet.stop(FLEET_STOP_SECONDS)
    return EXIT_OK


def simulate(flags: argparse.Namespace, stop: threading.Event) -> int:
    """Run the simulator alone until `stop` is set."""
    host, port = parse_listen_address(flags.simulator_address)
    try:
        run_simulator(
            host, port, tasks=flags.tasks, seed=flags.seed, pace=flags.pace, stop=stop, write=_say
        )
    except OSError as error:
        raise ListenError(
            f"cannot listen on {flags.simulator_address}: {error.strerror}"
        ) from error
    return EXIT_OK


@contextmanager
def _settings(flags: argparse.Namespace) -> Iterator[Settings]:
    """Yield the settings that flags, file and environment give. Raises ConfigError."""
    overrides = web_overrides(flags)
    if flags.demo:
        with demo_settings(overrides) as settings:
            yield settings
        return
    settings = load_settings(_config_path(flags), os.environ, overrides=overrides)
    if settings.web.config_file is not None:
        raise ConfigError(["web.config_file: is not supported by this version (leave it out)"])
    yield settings


def _config_path(flags: argparse.Namespace) -> Path | None:
    """Return the configuration file, None where there is none."""
    if flags.config_file is not None:
        return Path(flags.config_file)
    return DEFAULT_CONFIG if DEFAULT_CONFIG.exists() and not flags.demo else None


def _announce(addresses: tuple[str, ...], settings: Settings) -> None:
    """Log where the pages are, as addresses that can be clicked."""
    apps = ",".join(app.name for app in settings.apps)
    for address in addresses:
        page = f"http://{_EVERY_INTERFACE.sub('localhost', address)}/"
        metrics = page.rstrip("/") + settings.web.telemetry_path
        log.info(
            "serving",
            extra=fields(status_page=page, metrics=metrics, version=__version__, apps=apps),
        )


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _refuse(path: Path | None, problems: Sequence[str]) -> int:
    """Write what is to be mended to stderr, one line each; return the exit code."""
    source = path or "the configuration"
    sys.stderr.write(f"{PROGRAM}: {source} cannot be used:\n")
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return EXIT_USAGE


def _stop_at_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
