"""`docs/configuration.md`, from the models of the configuration file and the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from docs.generator import chinese
from docs.generator.chinese import Say, texts_in
from exporter.config.schema import Settings
from exporter.durations import format_duration
from exporter.flags import describe_flags
from exporter.languages import Language

_ENGLISH = """\
# Configuration

English | [中文](configuration.zh-CN.md)

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

_INTRODUCTION: Final[Mapping[Language, str]] = {
    "en": _ENGLISH,
    "zh": chinese.configuration.INTRODUCTION,
}

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


def configuration_page(language: Language) -> str:
    """Return the page."""
    say = texts_in(language)
    schema = Settings.model_json_schema()
    sections = [_section(name, place, schema, say) for name, place in _PLACES.items()]
    return "\n".join([_INTRODUCTION[language], *sections, _environment(say), _flags(say)])


def _section(name: str, place: str, schema: Mapping[str, Any], say: Say) -> str:
    described = schema["$defs"][name]
    rows = [
        f"| `{place}.{key}` | {_type(field, schema['$defs'], say)} "
        f"| {_default(key, field, described, say)} | {_text(field, say)} |"
        for key, field in described["properties"].items()
    ]
    head = [say("| key | value | default | meaning |"), "|---|---|---|---|"]
    return "\n".join([f"## `{place}`", "", say(described["description"]), "", *head, *rows, ""])


def _type(field: Mapping[str, Any], definitions: Mapping[str, Any], say: Say) -> str:
    """Return what may be written for a field, from its JSON Schema."""
    if "anyOf" in field:
        # The empty default of an optional field, and the plain seconds of a duration, go unsaid.
        first = next(choice for choice in field["anyOf"] if choice.get("type") != "null")
        duration = next(filter(_has_duration_pattern, field["anyOf"]), first)
        return _type(duration, definitions, say)
    if "enum" in field:
        return say(", ").join(f"`{word}`" for word in field["enum"])
    if "$ref" in field:
        target = definitions[field["$ref"].rpartition("/")[2]]
        return _type(target, definitions, say) if "enum" in target else say("mapping")
    return _plain_type(field, definitions, say)


def _plain_type(field: Mapping[str, Any], definitions: Mapping[str, Any], say: Say) -> str:
    if field["type"] == "array":
        return say("list of {}").format(_type(field["items"], definitions, say))
    if field["type"] == "string":
        return say("duration" if _has_duration_pattern(field) else "text")
    if field["type"] == "boolean":
        return say(", ").join(["`true`", "`false`"])
    kind = "whole number" if field["type"] == "integer" else "number"
    limits = f"{field['minimum']:g}", f"{field['maximum']:.0f}"
    return say(f"{kind} from {{}} to {{}}").format(*limits)


def _has_duration_pattern(field: Mapping[str, Any]) -> bool:
    return "ms" in field.get("pattern", "")


def _default(key: str, field: Mapping[str, Any], described: Mapping[str, Any], say: Say) -> str:
    if key in described.get("required", []):
        return say("(required)")
    default = field.get("default")
    if default is None:
        return ""
    if any(map(_has_duration_pattern, field.get("anyOf", ()))) and isinstance(default, int | float):
        return f"`{format_duration(default)}`"
    if isinstance(default, dict):
        return "`{}`"
    if key == "expiry_windows":
        default = [label for label, _ in default]
    if isinstance(default, float):
        return f"`{default:g}`"
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def _text(field: Mapping[str, Any], say: Say) -> str:
    return say(" ".join(field["description"].split())).replace("|", "\\|")


def _environment(say: Say) -> str:
    return "\n".join(
        [
            say("## Environment variables"),
            "",
            say("Without a configuration file, these configure one app with defaults."),
            "",
            say("| variable | meaning |"),
            "|---|---|",
            *(f"| `{name}` | {say(meaning)} |" for name, meaning in ENVIRONMENT.items()),
            "",
            say(
                "Requests to the API use `HTTPS_PROXY`, `NO_PROXY`, `REQUESTS_CA_BUNDLE`, "
                "`SSL_CERT_FILE` and `SSL_CERT_DIR`."
            ),
            "",
        ]
    )


def _flags(say: Say) -> str:
    lines = [say("## Command line"), ""]
    for command, flags in describe_flags().items():
        lines += [f"`{command}`", "", say("| flag | meaning |"), "|---|---|"]
        lines += [f"| `{flag}` | {say(meaning)} |" for flag, meaning in flags]
        lines += [""]
    lines += [
        say(
            "Exit codes: 0 success; 1 a failure at run time or a condition that can pass; 2 usage "
            "or configuration. Section 14 of [guarantees.md](guarantees.md) has the details."
        ),
        "",
    ]
    return "\n".join(lines)
