"""File, environment and flags -> Settings, or every problem at once.

The file is read as UTF-8 YAML; variables are replaced; flags win; then all is validated, so that
flags are held to the same rules. Without a file the environment alone describes one app.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from exporter.config.environment import FromEnvironment, replace_variables
from exporter.config.fields import kind
from exporter.config.problems import Place, Problem, in_file_order, place_text
from exporter.config.settings import Settings, settings_of
from exporter.config.validation import validate
from exporter.config.warnings import warnings_of
from exporter.config.yaml import load_yaml
from exporter.errors import ConfigError

_NO_OVERRIDES: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class _Draft:
    """What was written, before it is validated.

    `problems` are those found so far; `names` says what a place is called where it is not in a
    file; relative paths count from `folder`.
    """

    values: Any
    problems: list[Problem]
    folder: Path
    names: Mapping[Place, str] = field(default_factory=dict)


def load_settings(
    path: Path | None,
    environment: Mapping[str, str],
    *,
    overrides: Mapping[str, Any] = _NO_OVERRIDES,
) -> Settings:
    """Return the settings from the file `path`, or from `environment` alone where it is None.

    `overrides` are sections as in the file, from flags; None in them means "not given", and their
    relative paths count from the working directory. Raises ConfigError with all problems in the
    order of the file, one line each: `apps[0].app_id: what is wrong (what would be right)`.
    """
    draft = _from_environment(environment) if path is None else _from_file(path, environment)
    values = _with_history(_overridden(draft.values, overrides), environment)
    document, found = validate(values, draft.folder)
    known = {problem.place for problem in draft.problems}
    problems = [*draft.problems, *(p for p in found if not _is_within(p.place, known))]
    if problems or document is None:
        ordered = in_file_order(problems, values)
        raise ConfigError([_line(problem, draft.names) for problem in ordered])
    return settings_of(document, tuple(_line(w, draft.names) for w in warnings_of(document)))


def _is_within(place: Place, places: set[Place]) -> bool:
    return any(place[:length] in places for length in range(len(place) + 1))


def _line(problem: Problem, names: Mapping[Place, str]) -> str:
    return f"{names.get(problem.place) or place_text(problem.place)}: {problem.text}"


def _from_file(path: Path, environment: Mapping[str, str]) -> _Draft:
    values = load_yaml(read_config_file(path))
    if values is None:
        raise ConfigError([f"{path}: is empty (write at least apps: with one app_id)"])
    if not isinstance(values, dict):
        raise ConfigError([f"{path}: is {kind(values)}, not a mapping (write apps: at the top)"])
    values, problems = replace_variables(values, environment)
    return _Draft(values, problems, path.parent)


def read_config_file(path: Path) -> str:
    """Return the text of `path`; raises ConfigError where it cannot be read or is not UTF-8."""
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror} (mend the path)"]) from None
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 text from byte {error.start + 1} on (save it as UTF-8)"
        raise ConfigError([f"{path}: {what}"]) from None


_APP: Place = ("apps", 0)
_VARIABLES: Mapping[str, Place] = {
    "ZEGO_APP_ID": (*_APP, "app_id"),
    "ZEGO_SERVER_SECRET_FILE": (*_APP, "server_secret_file"),
    "ZEGO_SERVER_SECRET": (*_APP, "server_secret"),
    "ZEGO_REGION": (*_APP, "region"),
}


def _from_environment(environment: Mapping[str, str]) -> _Draft:
    """Return the one app that the environment describes; an empty variable counts as unset."""
    given = {name: environment[name] for name in _VARIABLES if environment.get(name)}
    app = {_VARIABLES[name][-1]: FromEnvironment(value) for name, value in given.items()}
    missing = {
        "ZEGO_APP_ID": "the AppId from the ZEGO console",
        "ZEGO_SERVER_SECRET": "the ServerSecret from the ZEGO console, or ZEGO_SERVER_SECRET_FILE",
    }
    if "ZEGO_SERVER_SECRET_FILE" in given:
        del missing["ZEGO_SERVER_SECRET"]
    problems = [
        Problem(_VARIABLES[name], f"is not set ({right}; or give --config.file)")
        for name, right in missing.items()
        if name not in given
    ]
    if given.keys() >= {"ZEGO_SERVER_SECRET", "ZEGO_SERVER_SECRET_FILE"}:
        text = "is set and ZEGO_SERVER_SECRET_FILE too (exactly one of the two)"
        problems.append(Problem(_VARIABLES["ZEGO_SERVER_SECRET"], text))
    names = {place: name for name, place in _VARIABLES.items()}
    return _Draft({"apps": [app]}, problems, Path(), names)


def _with_history(values: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return `values` with the path of the history from the environment, where none is written.

    A container image sets the variable to a file on its volume.
    """
    path = environment.get("ZEGO_HISTORY_PATH")
    history = values.get("history", {})
    if not path or not isinstance(history, dict) or "path" in history:
        return values
    return {**values, "history": {**history, "path": str(Path(path).absolute())}}


def _overridden(values: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` with the sections of `overrides` laid over those of the file."""
    merged = dict(values)
    for section, flags in overrides.items():
        own = merged.get(section, {})
        if isinstance(own, dict):  # else validation says what is wrong with it
            given = {key: _absolute(key, v) for key, v in flags.items() if v is not None}
            merged[section] = {**own, **given}
    return merged


def _absolute(key: str, value: Any) -> Any:
    return str(Path(value).absolute()) if key.endswith("_file") else value
