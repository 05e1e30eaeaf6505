"""The program: commands, signals, exit codes (`docs/guarantees.md`, section 14).

Each command imports what it needs when it runs: `--version` needs none of it, and serving needs
neither the tables of `tasks` nor the simulator. The flags themselves are in `flags`, from which the
documents are generated.
"""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exporter import ENDING_COMMANDS
from exporter.errors import COMMAND_LINE, CONFIGURATION, ConfigError, ExporterError
from exporter.flags import DEFAULT_CONFIG, PROGRAM, parse_flags, web_overrides

if TYPE_CHECKING:
    from exporter.config import Settings

    Load = Callable[[], Settings]

EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2

SERVING_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


def main(argv: list[str] | None = None) -> int:
    """Run the program and return its exit code."""
    flags = parse_flags(argv)
    from exporter.logs import flush_logging, say, setup_logging

    # A command that ends reports by its output.
    usual_level = "error" if flags.command in ENDING_COMMANDS else "info"
    setup_logging(flags.log_level or usual_level, flags.log_format)
    if flags.command in ENDING_COMMANDS:
        # Interrupted, they have not done what they were asked for: that is no success.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    for flag in flags.unused:
        say(f"{PROGRAM}: {flags.command} does not use {flag}\n")
    try:
        return _COMMANDS[flags.command](flags)
    except KeyboardInterrupt:
        return EXIT_FAILED
    except ConfigError as error:
        source = error.source or _config_path(flags) or CONFIGURATION
        say("\n".join([f"{PROGRAM}: {source} cannot be used:", *error.problems, ""]))
        return EXIT_FAILED if error.passing else EXIT_USAGE
    except ExporterError as error:
        say(f"{PROGRAM}: {error}\n")
        return EXIT_FAILED
    finally:
        flush_logging()


@contextmanager
def _awaiting(numbers: frozenset[signal.Signals]) -> Iterator[Callable[[], int]]:
    """Block these signals within the block; yield a function that waits for the next one.

    Enter it before the first thread starts: threads inherit the mask, and the kernel may hand
    a signal to any thread that does not block it.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield lambda: signal.sigwait(numbers)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def serve(flags: argparse.Namespace) -> int:
    """Collect and serve until SIGTERM or SIGINT; reload at SIGHUP."""
    from exporter.allocator import limit_allocator
    from exporter.commands.serve import Service
    from exporter.logs import get_logger
    from exporter.web.listen import raise_open_files_limit

    limit_allocator()
    raise_open_files_limit()  # before the first peer can use them up
    with _awaiting(SERVING_SIGNALS) as wait, _configuration(flags) as (load, demo):
        service = Service(
            load(), load, lifecycle=flags.enable_lifecycle, max_requests=flags.max_requests
        )
        service.start()
        try:
            if demo is not None:
                demo.callbacks_to(service.urls[0])
            while wait() == signal.SIGHUP:
                with suppress(ExporterError):  # logged, and the previous configuration stays in use
                    service.reload()
            get_logger(__name__).info("stopping")
        finally:
            service.stop()
    return EXIT_OK


def simulate(flags: argparse.Namespace) -> int:
    """Run the simulator alone until SIGTERM, SIGINT, or SIGHUP unless that is ignored."""
    from exporter.commands.output import printing
    from exporter.config.addresses import split_listen_address
    from exporter.simulator.demo import run_simulator
    from exporter.web.listen import listen_error

    try:
        host, port = split_listen_address(flags.simulator_address)
    except ValueError as error:
        problem = f"--listen-address: is {flags.simulator_address!r}, {error} (such as 127.0.0.1:0)"
        raise ConfigError([problem], source=COMMAND_LINE) from None

    def write(text: str) -> None:
        with printing() as stdout:  # flushed: a pipe would keep the address in its buffer
            stdout.write(text)

    numbers = SERVING_SIGNALS
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # as nohup wants it
        numbers -= {signal.SIGHUP}
    try:
        with _awaiting(numbers) as wait:
            run_simulator(
                host,
                port,
                tasks=flags.tasks,
                seed=flags.seed,
                pace=flags.pace,
                wait=wait,
                write=write,
            )
    except OSError as error:
        raise listen_error(flags.simulator_address, error, "--listen-address") from error
    return EXIT_OK


def _check(flags: argparse.Namespace) -> int:
    from exporter.commands.check import check, history_findings
    from exporter.commands.wording import language_of

    language = flags.language or language_of()
    with _configuration(flags) as (load, _):
        settings = load()
        if check(settings, live=flags.live, form=flags.format, language=language):
            return EXIT_OK
        mistaken = any(f.level == "error" for f in history_findings(settings.history.path))
    return EXIT_USAGE if mistaken else EXIT_FAILED


def _once(flags: argparse.Namespace) -> int:
    from exporter.commands.once import once

    with _configuration(flags) as (load, _):
        return EXIT_OK if once(load(), flags.output) else EXIT_FAILED


def _tasks(flags: argparse.Namespace) -> int:
    from exporter.commands.tasks import Wanted, list_tasks
    from exporter.commands.wording import language_of
    from exporter.tasks import TaskStatus

    with _configuration(flags) as (load, _):
        settings = _only(load(), flags.app)
        statuses = [TaskStatus(word) for word in flags.status]
        wanted = Wanted(statuses, flags.expiring_within, flags.unresolved)
        complete = list_tasks(settings, wanted, flags.format, flags.language or language_of())
    return EXIT_OK if complete else EXIT_FAILED


def _export(flags: argparse.Namespace) -> int:
    from exporter.commands.export import export

    return export(flags)


def _only(settings: Settings, names: Sequence[str]) -> Settings:
    """Return the settings with the named apps alone, all if none is named. Raises ConfigError."""
    known = [app.name for app in settings.apps]
    unknown = [name for name in names if name not in known]
    if unknown:
        problem = f"--app: {unknown[0]!r} is not configured (one of {', '.join(known)})"
        raise ConfigError([problem], source=COMMAND_LINE)
    apps = tuple(app for app in settings.apps if not names or app.name in names)
    return settings.model_copy(update={"apps": apps})


_COMMANDS = {
    None: serve,
    "check": _check,
    "once": _once,
    "tasks": _tasks,
    "simulate": simulate,
    "export": _export,
}


@contextmanager
def _configuration(flags: argparse.Namespace) -> Iterator[tuple[Load, Any]]:
    """Yield a function that loads the settings from flags, file and environment, and the demo."""
    overrides = web_overrides(flags)
    if flags.demo:
        from exporter.commands.demo import running_demo

        with running_demo(overrides) as demo:
            yield demo, demo
    else:
        yield lambda: _load(_config_path(flags), overrides), None


def _load(path: Path | None, overrides: Mapping[str, Any]) -> Settings:
    """Return the settings; raises ConfigError, for the web configuration's problems too."""
    from exporter.config import load_settings

    settings = load_settings(path, os.environ, overrides=overrides)
    if settings.web.config_file is not None:
        from exporter.web.server import check_web_config

        check_web_config(settings.web.config_file)
    return settings


def _config_path(flags: argparse.Namespace) -> Path | None:
    """Return the configuration file, None where there is none."""
    if flags.config_file is not None:
        return Path(flags.config_file)
    # `Path.exists` raises in a folder that this user may not enter, until Python 3.14.
    exists = os.path.exists(DEFAULT_CONFIG)  # noqa: PTH110
    return DEFAULT_CONFIG if exists and not flags.demo else None
