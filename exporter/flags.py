"""The command line: flags and sub-commands (`docs/guarantees.md`, section 14).

`cli` runs the commands. The documents are generated from the flags alone.
"""

from __future__ import annotations

import argparse
import platform
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from exporter import __version__
from exporter.alerting.flags import add_export_flags
from exporter.flag_values import read_count, read_duration, read_pace, read_seed
from exporter.languages import LANGUAGES
from exporter.tasks import TaskStatus
from exporter.text import OTHER_DASHES, mask_secrets, nearest

PROGRAM = "zego-upload-exporter"
DEFAULT_CONFIG = Path("config.yaml")
DEFAULT_MAX_REQUESTS = 40
"""As in node_exporter; 0 is no limit."""

_NO_FLAGS = {"--port": "--web.listen-address=:PORT", "-p": "--web.listen-address=:PORT"}
"""Flags that people try first, and ours for them."""

_VARIABLES = {
    "--app-id": "ZEGO_APP_ID",
    "--server-secret": "ZEGO_SERVER_SECRET",
    "--secret": "ZEGO_SERVER_SECRET",
    "--region": "ZEGO_REGION",
}
"""Flags that people try and that are no flags, and the environment variables for them."""

_WITHOUT_CONFIGURATION = ("simulate", "export")
_OF_CONFIGURATION = ("--web.", "--config.", "--demo")
"""Beginnings of flags that these commands accept, as all do, and do not use."""

_FLAG = re.compile(r"-[^\d.]")  # not a negative number
_FLAG_NAME = re.compile(r"\A[\w.-]*")

_DESCRIPTION = "Prometheus exporter for the upload tasks of ZEGO Cloud Player."
_EPILOG = (
    "Without a configuration file, ZEGO_APP_ID and ZEGO_SERVER_SECRET (or "
    "ZEGO_SERVER_SECRET_FILE), optionally ZEGO_REGION, are enough for one app. "
    "Secrets are never flags."
)


def parse_flags(argv: list[str] | None = None) -> argparse.Namespace:
    """Return the parsed command line; ends the program with code 2 where it cannot be used.

    `unused` in it are the flags that were given and have no effect on the command.
    """
    parser = _parser()
    argv = sys.argv[1:] if argv is None else argv
    for flag in (argument.partition("=")[0] for argument in argv):  # the value may be a secret
        if variable := _VARIABLES.get(re.sub("^--zego[-.]", "--", flag.replace("_", "-"))):
            parser.error(f"{flag}: there is no such flag: set {variable} in the environment")
    # Before argparse, which would quote the value of an unknown flag, or take it for a command.
    if unknown := _unknown_flag(argv, parser):
        parser.error(f"unrecognized arguments: {unknown}")
    flags = parser.parse_args(argv)
    flags.unused = [
        action.option_strings[0]
        for action in parser._actions
        if _is_unused(action, flags.command) and getattr(flags, action.dest) != action.default
    ]
    if flags.demo and flags.config_file is not None:
        parser.error("--demo brings its own configuration: leave out --config.file")
    return flags


class _Parser(argparse.ArgumentParser):
    """A parser that repeats no secret which was put in the place of something else."""

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse a value that is not among the choices, with the nearest one, or else with all."""
        choices = action.choices
        if choices is None or value in choices:
            return
        near = nearest(str(value), choices)
        hint = f"did you mean {near}?" if near else f"choose from {', '.join(choices)}"
        raise argparse.ArgumentError(action, f"invalid choice: {value!r} ({hint})")

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message, and end with code 2."""
        super().error(mask_secrets(message))


def _unknown_flag(argv: Sequence[str], parser: argparse.ArgumentParser) -> str:
    """Return the first flag that its command does not have, with a hint, or the empty string.

    Never its value, which may be a secret of any form.
    """
    commands = next(action.choices for action in parser._actions if action.dest == "command") or {}
    known = parser._option_string_actions
    arguments = iter(argv)
    for written in arguments:
        argument = OTHER_DASHES.sub("--", written)
        name = argument[: len(argument) - len(_FLAG_NAME.sub("", argument, count=1))]
        if argument == "--":
            break
        if name in known and argument == written:
            if known[name].nargs is None and name == argument:
                next(arguments, None)  # the value
        elif not argument.startswith("-") and known is parser._option_string_actions:
            if argument not in commands:
                break  # no command: argparse says so, whatever follows
            known = dict(commands)[argument]._option_string_actions
        elif argument != written or (_FLAG.match(argument) and name[:2] not in known):
            near = _NO_FLAGS.get(name) or nearest(name, known)
            hint = f" (did you mean {near}?)" if near else ""
            hint = hint if argument == written else " (begin it with -- instead of another dash)"
            # A value may follow a letter directly: -pVALUE.
            return f"{name if name.startswith('--') or near else name[:2]}{hint}"
    return ""


def web_overrides(flags: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that flags give, in the shape of the configuration file."""
    web = {
        "listen_address": flags.listen_address,
        "telemetry_path": flags.telemetry_path,
        "config_file": flags.web_config_file,
    }
    given = {key: value for key, value in web.items() if value is not None}
    return {"web": given} if given else {}


def describe_flags() -> dict[str, list[tuple[str, str]]]:
    """Return the own arguments of the program and of each command, with their meanings."""
    parser = _parser()
    described = {PROGRAM: list(_described(parser))}
    common = set(described[PROGRAM])
    for action in parser._actions:
        for name, command in (
            dict(action.choices or {}).items() if not action.option_strings else ()
        ):
            own = [flag for flag in _described(command) if flag not in common]
            described[f"{PROGRAM} {name}"] = own
    return described


def _described(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    for action in parser._actions:
        if action.dest != "command" and action.help != argparse.SUPPRESS:
            value = action.metavar or (",".join(action.choices) if action.choices else "")
            yield f"{', '.join(action.option_strings)} {value}".strip(), action.help or ""


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=PROGRAM, description=_DESCRIPTION, epilog=_EPILOG, allow_abbrev=False)
    _add_serving_flags(parser)
    _add_common_flags(parser)
    version = f"{PROGRAM}, version {__version__} (python {platform.python_version()})"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(dest="command", metavar="[command]")
    _add_check(commands)
    _add_once(commands)
    _add_tasks(commands)
    _add_simulate(commands)
    summary = "write alert rules, dashboards or Alertmanager's example as you want them"
    add_export_flags(_add_command(commands, "export", summary))
    return parser


def _add_command(commands: Any, name: str, summary: str) -> argparse.ArgumentParser:
    """Add a sub-command that takes the common flags too, before its name or after it."""
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False
    )
    _add_serving_flags(command, default=argparse.SUPPRESS)
    _add_common_flags(command, default=argparse.SUPPRESS)
    for action in command._actions:
        if _is_unused(action, name):
            action.help = argparse.SUPPRESS
    return command


def _is_unused(action: argparse.Action, command: str | None) -> bool:
    name = next(iter(action.option_strings), "")
    return command in _WITHOUT_CONFIGURATION and name.startswith(_OF_CONFIGURATION)


def _add_check(commands: Any) -> None:
    check = _add_command(commands, "check", "check the configuration, and the way to the API")
    check.add_argument(
        "--live", action="store_true", help="also make one signed request for each app"
    )
    check.add_argument("--format", choices=["text", "json"], default="text", help="default: text")
    _add_language(check)


def _add_once(commands: Any) -> None:
    once = _add_command(commands, "once", "collect once and print the metrics")
    once.add_argument(
        "--output",
        metavar="FILE",
        type=Path,
        help="write to FILE atomically, for the textfile collector of node_exporter",
    )


def _add_tasks(commands: Any) -> None:
    tasks = _add_command(commands, "tasks", "collect once and list the upload tasks")
    tasks.add_argument(
        "--format", choices=["table", "json", "csv"], default="table", help="default: table"
    )
    tasks.add_argument(
        "--status",
        action="append",
        choices=[status.value for status in TaskStatus],
        metavar="STATUS",
        default=[],
        help="only tasks in this status; repeatable",
    )
    tasks.add_argument(
        "--expiring-within",
        metavar="DURATION",
        type=read_duration,
        help="only succeeded tasks whose file expires within that time, such as 6h; a number "
        "without a unit is seconds",
    )
    tasks.add_argument(
        "--unresolved",
        action="store_true",
        help="only failed tasks whose file no later task uploads or has uploaded again",
    )
    tasks.add_argument(
        "--app", action="append", metavar="NAME", default=[], help="only this app; repeatable"
    )
    _add_language(tasks)


def _add_language(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--language",
        choices=LANGUAGES,
        help="language of the output for people (default: from LC_ALL, LC_MESSAGES or LANG)",
    )


def _add_simulate(commands: Any) -> None:
    simulate = _add_command(commands, "simulate", "run the simulated API alone")
    simulate.add_argument(
        "--listen-address",
        dest="simulator_address",
        metavar="ADDRESS",
        default="127.0.0.1:10318",
        help="address to listen on (default: 127.0.0.1:10318)",
    )
    simulate.add_argument(
        "--tasks",
        metavar="N",
        type=read_count,
        help="one app with N tasks instead of the demo apps",
    )
    simulate.add_argument(
        "--pace",
        metavar="X",
        type=read_pace,
        help="speed of simulated time, from 0.001 to 10000; 0: nothing changes (default: 1, with "
        "--tasks 0)",
    )
    simulate.add_argument(
        "--seed",
        metavar="N",
        type=read_seed,
        default=1,
        help="the same seed gives the same tasks (default: 1)",
    )


def _add_serving_flags(parser: argparse.ArgumentParser, default: Any = None) -> None:
    """Add the flags of serving; `check` and the others take the same command line."""
    parser.add_argument(
        "--web.listen-address",
        dest="listen_address",
        metavar="ADDRESS",
        action="append",
        default=default,
        help="address to listen on, such as :10317 or [::1]:10317; repeatable",
    )
    parser.add_argument(
        "--web.telemetry-path",
        dest="telemetry_path",
        metavar="PATH",
        default=default,
        help="path of the metrics (default: /metrics)",
    )
    parser.add_argument(
        "--web.config.file",
        dest="web_config_file",
        metavar="FILE",
        default=default,
        help="TLS and authentication, in the format of the Prometheus exporter-toolkit",
    )
    parser.add_argument(
        "--web.enable-lifecycle",
        dest="enable_lifecycle",
        action="store_true",
        default=default or False,
        help="enable POST /-/reload, which reloads the configuration (SIGHUP always does)",
    )
    parser.add_argument(
        "--web.max-requests",
        dest="max_requests",
        metavar="N",
        type=read_count,
        default=default or DEFAULT_MAX_REQUESTS,
        help="maximum number of requests in progress, further ones get 503; 0: no limit "
        f"(default: {DEFAULT_MAX_REQUESTS})",
    )


def _add_common_flags(parser: argparse.ArgumentParser, default: Any = None) -> None:
    """Add the flags that every command takes; SUPPRESS keeps a flag before the command's name."""
    parser.add_argument(
        "--config.file",
        dest="config_file",
        metavar="FILE",
        type=Path,
        default=default,
        help=f"configuration (default: {DEFAULT_CONFIG}, where it exists)",
    )
    parser.add_argument(
        "--demo",
        action="store_true",
        default=default or False,
        help="run against the embedded simulator; needs no account",
    )
    parser.add_argument(
        "--log.level",
        dest="log_level",
        choices=["debug", "info", "warn", "error"],
        default=default,
        help="lowest level that is logged (default: info; error for check, once, tasks and export)",
    )
    parser.add_argument(
        "--log.format",
        dest="log_format",
        choices=["logfmt", "json"],
        default=default or "logfmt",
        help="format of the log on stderr (default: logfmt)",
    )
