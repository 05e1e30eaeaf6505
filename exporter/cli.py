"""The program: flags, signals, exit codes (contract, section 4)."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue

from exporter.config import Settings, load_settings
from exporter.demo import demo_settings
from exporter.errors import ConfigError, ExporterError
from exporter.flags import DEFAULT_CONFIG, PROGRAM, parse_flags, web_overrides
from exporter.logs import setup_logging
from exporter.service import Service
from exporter.simulator.demo import run_simulator
from exporter.web.listen import ListenError, parse_listen_address

EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2

Load = Callable[[], Settings]

log = logging.getLogger(__name__)


def main(argv: list[str] | None = None) -> int:
    """Run the program and return its exit code."""
    flags = parse_flags(argv)
    setup_logging(flags.log_level, flags.log_format)
    try:
        return simulate(flags) if flags.command == "simulate" else serve(flags)
    except ConfigError as error:
        return _refuse(_config_path(flags), error.problems)
    except ExporterError as error:
        sys.stderr.write(f"{PROGRAM}: {error}\n")
        return EXIT_USAGE if isinstance(error, ListenError) else EXIT_FAILED


def serve(flags: argparse.Namespace) -> int:
    """Collect and serve until SIGTERM or SIGINT; reload at SIGHUP."""
    signals = _catch_signals(signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    with _configuration(flags) as load:
        service = Service(load(), load, lifecycle=flags.enable_lifecycle)
        service.start()
        try:
            while signals.get() == signal.SIGHUP:
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
        run_simulator(host, port, tasks=flags.tasks, seed=flags.seed, pace=flags.pace)
    except OSError as error:
        reason = f"cannot listen on {flags.simulator_address}: {error.strerror}"
        raise ListenError(reason) from error
    return EXIT_OK


@contextmanager
def _configuration(flags: argparse.Namespace) -> Iterator[Load]:
    """Yield what loads the settings that flags, file and environment give at the moment."""
    overrides = web_overrides(flags)
    if flags.demo:
        with demo_settings(overrides) as settings:
            yield lambda: settings
    else:
        yield lambda: _supported(
            load_settings(_config_path(flags), os.environ, overrides=overrides)
        )


def _supported(settings: Settings) -> Settings:
    if settings.web.config_file is not None:
        raise ConfigError(["web.config_file: is not supported by this version (leave it out)"])
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


def _catch_signals(*numbers: signal.Signals) -> SimpleQueue[int]:
    """Return a queue into which these signals come from now on."""
    signals: SimpleQueue[int] = SimpleQueue()
    for number in numbers:
        signal.signal(number, lambda received, _frame: signals.put(received))
    return signals
