"""The command line: flags and sub-commands as the contract names them (section 4)."""

from __future__ import annotations

import argparse
import platform
from pathlib import Path
from typing import Any

from exporter import __version__
from exporter.logs import LEVELS

PROGRAM = "zego-upload-exporter"
DEFAULT_CONFIG = Path("config.yaml")

_DESCRIPTION = "Prometheus exporter for the upload tasks of ZEGO Cloud Player."
_EPILOG = (
    "Without a configuration file, ZEGO_APP_ID and ZEGO_SERVER_SECRET (or "
    "ZEGO_SERVER_SECRET_FILE), optionally ZEGO_REGION, are enough for one app. "
    "Secrets are never flags."
)


def parse_flags(argv: list[str] | None = None) -> argparse.Namespace:
    """Return the parsed command line; ends the program with code 2 where it cannot be used."""
    parser = _parser()
    flags = parser.parse_args(argv)
    if flags.demo and flags.config_file is not None:
        parser.error("--demo brings its own configuration: leave out --config.file")
    return flags


def web_overrides(flags: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that flags give, in the shape of the configuration file."""
    web = {
        "listen_address": flags.listen_address,
        "telemetry_path": flags.telemetry_path,
        "config_file": flags.web_config_file,
    }
    given = {key: value for key, value in web.items() if value is not None}
    return {"web": given} if given else {}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description=_DESCRIPTION, epilog=_EPILOG, allow_abbrev=False
    )
    _add_serving_flags(parser)
    _add_log_flags(parser)
    parser.add_argument(
        "--version",
        action="version",
        version=f"{PROGRAM}, version {__version__} (python {platform.python_version()})",
    )
    commands = parser.add_subparsers(dest="command", metavar="[command]")
    _add_simulate(commands)
    return parser


def _add_simulate(commands: Any) -> None:
    simulate = commands.add_parser(
        "simulate",
        help="run the simulated API alone",
        description="Runs the simulated API alone, for trying things out.",
        allow_abbrev=False,
    )
    simulate.add_argument(
        "--listen-address",
        dest="simulator_address",
        metavar="ADDRESS",
        default="127.0.0.1:10318",
        help="address to listen on (default: 127.0.0.1:10318)",
    )
    simulate.add_argument(
        "--tasks", metavar="N", type=int, help="one app with N tasks instead of the demo apps"
    )
    simulate.add_argument(
        "--pace", metavar="X", type=float, help="speed of life; 0 stands still (default: 1)"
    )
    simulate.add_argument(
        "--seed", metavar="N", type=int, default=1, help="equal seeds give equal lives (default: 1)"
    )


def _add_serving_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config.file",
        dest="config_file",
        metavar="FILE",
        type=Path,
        help=f"configuration (default: {DEFAULT_CONFIG}, where it exists)",
    )
    parser.add_argument(
        "--web.listen-address",
        dest="listen_address",
        metavar="ADDRESS",
        action="append",
        help="address to listen on, such as :10317 or [::1]:10317; repeatable",
    )
    parser.add_argument(
        "--web.telemetry-path",
        dest="telemetry_path",
        metavar="PATH",
        help="path of the metrics (default: /metrics)",
    )
    parser.add_argument(
        "--web.config.file",
        dest="web_config_file",
        metavar="FILE",
        help="TLS and authentication, in the format of the Prometheus exporter-toolkit",
    )
    parser.add_argument(
        "--web.enable-lifecycle",
        dest="enable_lifecycle",
        action="store_true",
        help="let POST /-/reload reload the configuration (SIGHUP always does)",
    )
    parser.add_argument(
        "--demo",
        action="store_true",
        help="run against the embedded simulator; needs no account",
    )


def _add_log_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--log.level",
        dest="log_level",
        choices=list(LEVELS),
        default="info",
        help="least severe lines to log (default: info)",
    )
    parser.add_argument(
        "--log.format",
        dest="log_format",
        choices=["logfmt", "json"],
        default="logfmt",
        help="form of the log lines on stderr (default: logfmt)",
    )
