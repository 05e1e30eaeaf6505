"""The program: flags, signals, exit codes (contract, section 4)."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from exporter.commands.check import check
from exporter.commands.export import export
from exporter.commands.once import once
from exporter.commands.serve import Service
from exporter.commands.tasks import Wanted, list_tasks
from exporter.config import Settings, load_settings
from exporter.demo import Demo, running_demo
from exporter.errors import ConfigError, ExporterError
from exporter.flags import DEFAULT_CONFIG, PROGRAM, parse_flags, web_overrides
from exporter.logs import flush_logging, get_logger, setup_logging
from exporter.signals import Signals
from exporter.simulator.demo import run_simulator
from exporter.tasks import TaskStatus
from exporter.web.listen import ListenError, parse_listen_address, raise_open_files_limit
from exporter.web.security.server import check_web_config

EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2

Load = Callable[[], Settings]

log = get_logger(__name__)


def main(argv: list[str] | None = None) -> int:
    """Run the program and return its exit code."""
    flags = parse_flags(argv)
    setup_logging(flags.log_level or _usual_log_level(flags.command), flags.log_format)
    if flags.command in _ENDING:
        # Interrupted, they have not done what they were asked for: that is no success.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        return _COMMANDS[flags.command](flags)
    except KeyboardInterrupt:
        return EXIT_FAILED
    except ConfigError as error:
        return _refuse(_config_path(flags), error.problems)
    except ExporterError as error:
        sys.stderr.write(f"{PROGRAM}: {error}\n")
        return EXIT_USAGE if isinstance(error, ListenError) else EXIT_FAILED
    finally:
        flush_logging()


def _usual_log_level(command: str | None) -> str:
    """Return the level where none is given: what ends by itself speaks by its output."""
    return "error" if command in _ENDING else "info"


def serve(flags: argparse.Namespace) -> int:
    """Collect and serve until SIGTERM or SIGINT; reload at SIGHUP."""
    raise_open_files_limit()  # before the first peer can use them up
    with (
        Signals(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals,
        _configuration(flags) as load,
    ):
        service = Service(load(), load, lifecycle=flags.enable_lifecycle)
        service.start()
        try:
            if isinstance(load, Demo):
                load.callbacks_to(service.urls[0])
            while signals.wait() == signal.SIGHUP:
                with suppress(ExporterError):  # logged, and what ran before goes on
                    service.reload()
            log.info("stopping")
        finally:
            service.stop()
    return EXIT_OK


def simulate(flags: argparse.Namespace) -> int:
    """Run the simulator alone until SIGTERM or SIGINT."""
    host, port = parse_listen_address(flags.simulator_address)
    try:
        with Signals(signal.SIGTERM, signal.SIGINT) as signals:
            run_simulator(
                host,
                port,
                tasks=flags.tasks,
                seed=flags.seed,
                pace=flags.pace,
                wait=signals.wait,
            )
    except OSError as error:
        reason = f"cannot listen on {flags.simulator_address}: {error.strerror}"
        raise ListenError(reason) from error
    return EXIT_OK


def _check(flags: argparse.Namespace) -> int:
    with _configuration(flags) as load:
        well = check(load(), live=flags.live, form=flags.format)
    return EXIT_OK if well else EXIT_FAILED


def _once(flags: argparse.Namespace) -> int:
    with _configuration(flags) as load:
        return EXIT_OK if once(load(), flags.output) else EXIT_FAILED


def _tasks(flags: argparse.Namespace) -> int:
    with _configuration(flags) as load:
        settings = _only(load(), flags.app)
        statuses = [TaskStatus(word) for word in flags.status]
        wanted = Wanted(statuses, flags.expiring_within, flags.unresolved)
        complete = list_tasks(settings, wanted, flags.format)
    return EXIT_OK if complete else EXIT_FAILED


def _only(settings: Settings, names: Sequence[str]) -> Settings:
    """Return the settings with the named apps alone, all if none is named. Raises ConfigError."""
    known = [app.name for app in settings.apps]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigError([f"--app: {unknown[0]!r} is not configured (one of {', '.join(known)})"])
    apps = tuple(app for app in settings.apps if not names or app.name in names)
    return settings.model_copy(update={"apps": apps})


_ENDING = {"check", "once", "tasks", "export"}
_COMMANDS = {
    None: serve,
    "check": _check,
    "once": _once,
    "tasks": _tasks,
    "simulate": simulate,
    "export": export,
}


@contextmanager
def _configuration(flags: argparse.Namespace) -> Iterator[Load]:
    """Yield what loads the settings that flags, file and environment give at the moment."""
    overrides = web_overrides(flags)
    if flags.demo:
        with running_demo(overrides) as demo:
            yield demo
    else:
        yield lambda: _load(_config_path(flags), overrides)


def _load(path: Path | None, overrides: Mapping[str, Any]) -> Settings:
    """Return the settings; raises ConfigError, for the web configuration's problems too."""
    settings = load_settings(path, os.environ, overrides=overrides)
    check_web_config(settings.web.config_file)
    return settings


def _config_path(flags: argparse.Namespace) -> Path | None:
    """Return the configuration file, None where there is none."""
    if flags.config_file is not None:
        return Path(flags.config_file)
    return DEFAULT_CONFIG if DEFAULT_CONFIG.exists() and not flags.demo else None


def _refuse(path: Path | None, problems: Sequence[str]) -> int:
    """Write what is to be mended to stderr, one line each; return the exit code."""
    source = path or "the configuration"
    sys.stderr.write(f"{PROGRAM}: {source} cannot be used:\n")
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return EXIT_USAGE
