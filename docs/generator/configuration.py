"""`docs/configuration.md`, from the models of the configuration file and the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from exporter.config.schema import Settings
from exporter.durations import format_duration
from exporter.flags import describe_flags

_INTRODUCTION = """\
# Configuration

Generated from the settings model by `make docs`. [config.example.yaml](../config.example.yaml) has
the same keys as a file to copy. Its first line names [the schema](config.schema.json), so that
editors can complete and check keys.

- The file is YAML. Unknown keys, duplicate keys and wrong types are errors. **All** problems are
  reported together, one line each, with their place and the correct form. The exit code is then 2.
- Durations are Prometheus-style (`90s`, `5m`, `1h30m`) or plain seconds.
- `${NAME}` in a text is replaced from the environment. An undefined variable is an error. Write
  `$${` for a literal `${`.
- Relative paths start at the folder of the file.
- TLS, passwords and client certificates have a separate file, described in
  [web-configuration.md](web-configuration.md).
- Flags take precedence over the file. A reload (SIGHUP, or `POST /-/reload` with
  `--web.enable-lifecycle`) applies a changed file, except for `web` and `history`, which need a
  restart.
"""

ENVIRONMENT = {
    "ZEGO_APP_ID": "AppId from the ZEGO console",
    "ZEGO_SERVER_SECRET": "ServerSecret from the ZEGO console",
    "ZEGO_SERVER_SECRET_FILE": "file that contains the ServerSecret; set one of the two",
    "ZEGO_REGION": "`apps[].region`; optional",
    "ZEGO_HISTORY_PATH": "default of `history.path`, also with a configuration file; "
    "the Docker image sets it to a file on its volume",
}

_PLACES = {
    "AppSettings": "apps[]",
    "CollectionSettings": "collection",
    "TaskSettings": "tasks",
    "HistorySettings": "history",
    "WebSettings": "web",
}


def configuration_page() -> str:
    """Return the page."""
    schema = Settings.model_json_schema()
    sections = [_section(name, place, schema) for name, place in _PLACES.items()]
    return "\n".join([_INTRODUCTION, *sections, _environment(), _flags()])


def _section(name: str, place: str, schema: Mapping[str, Any]) -> str:
    described = schema["$defs"][name]
    rows = [
        f"| `{place}.{key}` | {_type(field, schema['$defs'])} | {_default(key, field, described)} "
        f"| {_text(field)} |"
        for key, field in described["properties"].items()
    ]
    head = ["| key | value | default | meaning |", "|---|---|---|---|"]
    return "\n".join([f"## `{place}`", "", described["description"], "", *head, *rows, ""])


def _type(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Return what may be written for a field, from its JSON Schema."""
    if "anyOf" in field:
        choices = [
            _type(choice, definitions) for choice in field["anyOf"] if choice.get("type") != "null"
        ]
        return "duration" if "duration" in choices else " or ".join(dict.fromkeys(choices))
    if "enum" in field:
        return ", ".join(f"`{word}`" for word in field["enum"])
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return _type(definitions[name], definitions) if "enum" in definitions[name] else "mapping"
    return _plain_type(field, definitions)


def _plain_type(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if field["type"] == "array":
        return f"list of {_type(field['items'], definitions)}"
    if field["type"] == "string":
        return "duration" if "ms" in field.get("pattern", "") else "text"
    return "`true`, `false`" if field["type"] == "boolean" else _range(field)


def _range(field: Mapping[str, Any]) -> str:
    noun = "whole number" if field["type"] == "integer" else "number"
    return f"{noun} from {field['minimum']:g} to {field['maximum']:.0f}"


def _default(key: str, field: Mapping[str, Any], described: Mapping[str, Any]) -> str:
    if key in described.get("required", []):
        return "(needed)"
    default = field.get("default")
    if default is None:
        return ""
    if _is_duration(field) and isinstance(default, int | float):
        return f"`{format_duration(default)}`"
    if isinstance(default, dict):
        return "`{}`"
    if key == "expiry_windows":
        default = [label for label, _ in default]
    if isinstance(default, float):
        return f"`{default:g}`"
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def _is_duration(field: Mapping[str, Any]) -> bool:
    return any("ms" in choice.get("pattern", "") for choice in field.get("anyOf", ()))


def _text(field: Mapping[str, Any]) -> str:
    return " ".join(str(field.get("description", "")).split()).replace("|", "\\|")


def _environment() -> str:
    rows = [f"| `{name}` | {meaning} |" for name, meaning in ENVIRONMENT.items()]
    return "\n".join(
        [
            "## Environment variables",
            "",
            "Without a configuration file, these configure one app with defaults.",
            "",
            "| variable | meaning |",
            "|---|---|",
            *rows,
            "",
            "Requests to the API use `HTTPS_PROXY`, `NO_PROXY`, `REQUESTS_CA_BUNDLE`, "
            "`SSL_CERT_FILE` and `SSL_CERT_DIR`.",
            "",
        ]
    )


def _flags() -> str:
    lines = ["## Command line", ""]
    for command, flags in describe_flags().items():
        lines += [f"`{command}`", "", "| flag | meaning |", "|---|---|"]
        lines += [f"| `{flag}` | {meaning} |" for flag, meaning in flags]
        lines += [""]
    lines += [
        "Exit codes: 0 success; 1 a failure at run time or a condition that can pass; 2 usage or "
        "configuration. Section 14 of [guarantees.md](guarantees.md) has the details.",
        "",
    ]
    return "\n".join(lines)
