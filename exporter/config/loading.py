"""File, environment and flags to Settings, or all problems together.

The file is read as UTF-8 YAML, variables are replaced, flags win, then everything is validated, so
that the same rules hold for flags. Without a file the environment alone describes one app.

`${NAME}` in any text of the file is replaced, also several in one text; keys are left alone. `$${`
stands for a plain `${`. An empty variable gives an empty text, which is an error
wherever a value is needed. The value of a variable is not searched again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from exporter.config.fields import FromEnvironment, kind
from exporter.config.files import read_limited
from exporter.config.problems import (
    Place,
    Problem,
    line_of,
    problems_of,
    refusal,
    value_at,
)
from exporter.config.schema import Settings
from exporter.config.warnings import warnings_of
from exporter.config.yaml import load_yaml
from exporter.errors import COMMAND_LINE, CONFIGURATION, ConfigError, file_problem
from exporter.text import nearest

MAX_FILE_BYTES = 1024 * 1024
"""Maximum size of a configuration file."""

_FLAGS: Mapping[str, str] = {
    "listen_address": "--web.listen-address",
    "telemetry_path": "--web.telemetry-path",
    "config_file": "--web.config.file",
}
"""Flags by the key of the section `web` that they override."""

_NO_OVERRIDES: Mapping[str, Any] = MappingProxyType({})
_REFERENCE = re.compile(r"\$\$\{|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)\})?")


@dataclass(frozen=True)
class _Draft:
    """A configuration before it is validated."""

    values: Any
    """The sections, with variables replaced."""

    problems: list[Problem]
    """Those found so far."""

    folder: Path
    """Relative paths count from here."""

    names: Mapping[Place, str] = field(default_factory=dict)
    """Names of places that are not in a file, such as `ZEGO_APP_ID`."""


def load_settings(
    path: Path | None,
    environment: Mapping[str, str],
    *,
    overrides: Mapping[str, Any] = _NO_OVERRIDES,
) -> Settings:
    """Return the settings from the file `path`, or from `environment` alone where it is None.

    `overrides` are sections as in the file, from flags; None in them means "not given", and their
    relative paths count from the working directory. Raises ConfigError with all problems in the
    order of the file, one line each: `apps[0].app_id: the problem (the correct form)`.
    """
    draft = _from_environment(environment) if path is None else _from_file(path, environment)
    values = _with_history(_overridden(draft.values, overrides), environment)
    flags = _names_of_flags(overrides)
    names = {**draft.names, **flags}
    settings, found = _validate(values, draft.folder)
    known = {problem.place for problem in draft.problems}
    # A value whose variable is not set is not validated: its other problems would be noise.
    problems = [
        *draft.problems,
        *(p for p in found if not any(p.place[:n] in known for n in range(len(p.place) + 1))),
    ]
    if problems or settings is None:
        in_flags = {problem.place in flags for problem in problems}
        # Empty stands for the file, or for the environment where there is none.
        source = CONFIGURATION if len(in_flags) > 1 else COMMAND_LINE if in_flags == {True} else ""
        raise refusal(problems, values, names, source=source)
    warnings = [line_of(warning, names) for warning in warnings_of(settings)]
    ids = {str(app.app_id) for app in settings.apps}
    if path is not None and environment.get("ZEGO_APP_ID", "").strip() not in {"", *ids}:
        warnings.append(
            f"ZEGO_APP_ID: is set and not used, because {path} names the apps "
            "(unset it, or write app_id: ${ZEGO_APP_ID})"
        )
    return settings.resolved(tuple(warnings))


def _from_file(path: Path, environment: Mapping[str, str]) -> _Draft:
    values = load_yaml(read_config_file(path))
    if values is None:
        raise ConfigError([f"{path}: is empty (write at least apps: with one app_id)"])
    if not isinstance(values, dict):
        raise ConfigError([f"{path}: is {kind(values)}, not a mapping (write apps: at the top)"])
    problems: list[Problem] = []
    values = _with_variables(values, environment, (), problems)
    return _Draft(values, problems, path.parent)


def read_config_file(path: Path) -> str:
    """Return the text of `path`.

    Raises ConfigError where it cannot be read, is not UTF-8 or is above `MAX_FILE_BYTES`.
    """
    try:
        return read_limited(path, MAX_FILE_BYTES).decode("utf-8-sig")
    except OSError as error:
        problem = f"cannot be read: {file_problem(error)} (check the path)"
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 text from byte {error.start + 1} on (save it as UTF-8)"
    except ValueError:
        problem = f"is longer than {MAX_FILE_BYTES} bytes (check the path)"
    raise ConfigError([f"{path}: {problem}"])


def _with_variables(
    value: Any, environment: Mapping[str, str], place: Place, problems: list[Problem]
) -> Any:
    """Return `value` with the variables of all its texts replaced; adds to `problems`."""
    # After the YAML is parsed, so that no value of a variable can add keys or break the syntax.
    if isinstance(value, str):
        return _replace_in_text(value, environment, place, problems)
    if isinstance(value, dict):
        return {
            key: _with_variables(part, environment, (*place, key), problems)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [
            _with_variables(part, environment, (*place, index), problems)
            for index, part in enumerate(value)
        ]
    return value


def _replace_in_text(
    text: str, environment: Mapping[str, str], place: Place, problems: list[Problem]
) -> str:
    names = [match[1] for match in _REFERENCE.finditer(text) if match[0] != "$${"]
    missing = [name for name in names if not name or name not in environment]
    for name in missing:
        problem = (
            f"the environment variable {name} is not set{_alike(name, environment)} "
            "(set it, or write $${ for a plain ${)"
            if name
            else "has ${ without a name and } (write ${NAME}, or $${ for a plain ${)"
        )
        problems.append(Problem(place, problem))
    if missing:
        return text
    new = _REFERENCE.sub(lambda m: environment[m[1]] if m[1] else "${", text)
    return FromEnvironment(new) if names else new


_APP: Place = ("apps", 0)
_VARIABLES: Mapping[str, Place] = {
    "ZEGO_APP_ID": (*_APP, "app_id"),
    "ZEGO_SERVER_SECRET_FILE": (*_APP, "server_secret_file"),
    "ZEGO_SERVER_SECRET": (*_APP, "server_secret"),
    "ZEGO_REGION": (*_APP, "region"),
}


def _from_environment(environment: Mapping[str, str]) -> _Draft:
    """Return the one app that the environment describes; an empty variable counts as unset."""
    # A line of an `--env-file` that was written on Windows ends in a carriage return.
    stripped = {name: environment.get(name, "").strip() for name in _VARIABLES}
    given = {name: value for name, value in stripped.items() if value}
    app = {_VARIABLES[name][-1]: FromEnvironment(value) for name, value in given.items()}
    missing = {
        "ZEGO_APP_ID": "the AppId from the ZEGO console",
        "ZEGO_SERVER_SECRET": "the ServerSecret from the ZEGO console, or ZEGO_SERVER_SECRET_FILE",
    }
    if "ZEGO_SERVER_SECRET_FILE" in given:
        del missing["ZEGO_SERVER_SECRET"]
    problems = [
        Problem(
            _VARIABLES[name],
            f"is not set{_alike(name, environment)} ({right}; or give --config.file)",
        )
        for name, right in missing.items()
        if name not in given
    ]
    if given.keys() >= {"ZEGO_SERVER_SECRET", "ZEGO_SERVER_SECRET_FILE"}:
        text = "is set and ZEGO_SERVER_SECRET_FILE too (exactly one of the two)"
        problems.append(Problem(_VARIABLES["ZEGO_SERVER_SECRET"], text))
    names = {place: name for name, place in _VARIABLES.items()}
    return _Draft({"apps": [app]}, problems, Path(), names)


def _alike(name: str, environment: Mapping[str, str]) -> str:
    """Return a remark about a variable that is set and may be meant by `name`, if there is one."""
    others = {
        other.upper(): other
        for other, value in environment.items()
        if re.fullmatch("ZEGO[A-Z0-9_]*", other.upper()) and other != name and value.strip()
    }
    near = nearest(name, others)
    return f", but {others[near]} is" if near else ""


def _with_history(values: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return `values` with the path of the history from the environment, where none is written.

    A container image sets the variable to a file on its volume.
    """
    path = environment.get("ZEGO_HISTORY_PATH")
    history = values.get("history", {})
    # `path: null` is the default, as for every other key. `path: ""` is a decision: no history.
    if not path or not isinstance(history, dict) or history.get("path") is not None:
        return values
    return {**values, "history": {**history, "path": _from_working_folder(path)}}


def _from_working_folder(path: str) -> str | Path:
    """Return an absolute path: those in the file are relative to the file's folder."""
    try:
        return str(Path(path).absolute())
    except OSError:  # the working folder was deleted; a Path is opened as it is
        return Path(path)


def _overridden(values: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` with the sections of `overrides` laid over those of the file."""
    merged = dict(values)
    for section, flags in overrides.items():
        own = merged.get(section, {})
        if isinstance(own, dict):  # else validation reports it
            given = {
                key: _from_working_folder(value) if key.endswith("_file") else value
                for key, value in flags.items()
                if value is not None
            }
            merged[section] = {**own, **given}
    return merged


def _names_of_flags(overrides: Mapping[str, Any]) -> dict[Place, str]:
    """Return the flags that gave values, by place; each item of a list came from one."""
    names: dict[Place, str] = {}
    for key, value in overrides.get("web", {}).items():
        if value is None or key not in _FLAGS:
            continue
        names["web", key] = _FLAGS[key]
        if isinstance(value, list | tuple):
            names |= {("web", key, index): _FLAGS[key] for index in range(len(value))}
    return names


def _validate(values: Any, folder: Path) -> tuple[Settings | None, list[Problem]]:
    """Return the settings that `values` describe, None where there are problems, and the problems.

    Each app gets the keys of the common section `collection` that it does not set itself. A problem
    of the common section is not repeated for these apps.
    """
    common, apps = value_at(values, ("collection",)), value_at(values, ("apps",))
    full = values
    if isinstance(common, dict) and isinstance(apps, list):
        full = {**values, "apps": [*apps]}
        for index, app in enumerate(apps):
            own = app.get("collection", {}) if isinstance(app, dict) else None
            if isinstance(own, dict):  # else validation reports it
                full["apps"][index] = {**app, "collection": {**common, **own}}
    problems = _same_names(full)
    settings = None
    try:
        settings = Settings.model_validate(full, context={"folder": folder})
    except ValidationError as error:
        found = problems_of(error, Settings, full)
        problems += [problem for problem in found if not _is_inherited(problem, found, values)]
    return (None if problems else settings), problems


def _is_inherited(problem: Problem, problems: Sequence[Problem], values: Any) -> bool:
    """Tell whether the problem is one of the common section, which names it already."""
    app, key = problem.place[:2], problem.place[2:]
    if problem.place[:1] != ("apps",) or key[:1] != ("collection",):
        return False
    own = value_at(values, (*app, "collection")) or {}
    return len(key) > 1 and key[1] not in own and Problem(key, problem.text) in problems


def _same_names(values: Any) -> list[Problem]:
    """Return a problem for each app whose name, given or by default, another app has already."""
    first: dict[str, int] = {}
    problems = []
    apps = value_at(values, ("apps",))
    for index, app in enumerate(apps if isinstance(apps, list) else ()):
        given = value_at(app, ("name",))
        name = given if given is not None else value_at(app, ("app_id",))
        if not isinstance(name, str | int) or isinstance(name, bool):
            continue
        earlier = first.setdefault(str(name), index)
        if earlier != index:
            text = f"is the same as that of apps[{earlier}] (a name for each app; default: app_id)"
            problems.append(Problem(("apps", index, "name"), text))
    return problems
