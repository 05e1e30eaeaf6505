"""The one model of the configuration."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from exporter.config import AppSettings, CollectionSettings, Settings, TaskSettings, load_settings
from exporter.config import WebSettings as Web
from exporter.errors import ConfigError
from tests.builders import SECRET

ENVIRONMENT = {"ZEGO_APP_ID": "12345", "ZEGO_SERVER_SECRET": SECRET}
EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"


def other_value(field: dict[str, Any]) -> Any:
    """Return a value other than the default, from the JSON Schema of a key, or None."""
    for choice in (field, *field.get("anyOf", ())):
        values = choice.get("enum", [])
        if choice.get("type") == "boolean":
            values = [False, True]
        elif choice.get("type") in ("integer", "number"):
            values = [choice["minimum"], choice["maximum"]]
        for value in values:
            if value != field.get("default"):
                return value
    return None


def written(folder: Path) -> dict[str, Any]:
    """Return a configuration with every key of every section, none of which has its default."""
    (folder / "secret").write_text(SECRET)
    (folder / "web.yml").touch()
    (folder / "ca.pem").write_text("-----BEGIN CERTIFICATE-----")
    # Texts, and keys that depend on others; the schema gives values for all other keys.
    app = {
        "app_id": 7,
        "name": "vod",
        "endpoint": "https://example.com",
        "ca_file": "ca.pem",
        "collection": {},
    }
    files = {"server_secret_file": "secret", "callback_secret_file": "secret"}
    texts = {"server_secret": SECRET, "callback_secret": SECRET}
    own: dict[str, dict[str, Any]] = {
        "AppSettings": {**app, **files, **texts},
        "CollectionSettings": {"interval": "30s", "stale_after": "10m", "resync_interval": "2h"},
        "TaskSettings": {"statuses": ["failed"], "expiry_windows": ["2h"]},
        "HistorySettings": {"path": "history.sqlite"},
        "WebSettings": {
            "listen_address": [":1"],
            "telemetry_path": "/other",
            "config_file": "web.yml",
        },
    }
    schema = Settings.model_json_schema()["$defs"]
    for section, values in own.items():
        for key, field in schema[section]["properties"].items():
            if key not in values:
                values[key] = other_value(field)
                assert values[key] is not None, f"write a value of {key} into `written`"
    described = own.pop("AppSettings")
    first = {key: value for key, value in described.items() if key not in texts}
    second = {key: value for key, value in described.items() if key not in files}
    sections = zip(("collection", "tasks", "history", "web"), own.values(), strict=True)
    return {"apps": [first, {**second, "name": "other"}], **dict(sections)}


def differing(section: BaseModel, default: BaseModel) -> set[str]:
    """Return the keys in which two instances of a section differ."""
    return {
        key for key in type(section).model_fields if getattr(section, key) != getattr(default, key)
    }


def test_every_key_of_the_file_reaches_the_program(tmp_path: Path) -> None:
    """No key is accepted, validated and then dropped."""
    values = written(tmp_path)
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(values))
    loaded = load_settings(path, {})
    bare = Settings(apps=(AppSettings(app_id=1, server_secret=SECRET),))
    for name in ("collection", "tasks", "history", "web"):
        default = getattr(bare, name)
        assert differing(getattr(loaded, name), default) == set(type(default).model_fields), name
    assert set(values["collection"]) == set(CollectionSettings.model_fields)
    apps = [differing(app, bare.apps[0]) for app in loaded.apps]
    assert apps[0] | apps[1] == set(AppSettings.model_fields)
    assert all(app.collection == loaded.collection for app in loaded.apps)
    assert loaded.apps[0].server_secret_file == tmp_path / "secret"


@pytest.mark.parametrize(
    ("section", "key", "name", "default"),
    [
        *(
            ("CollectionSettings", key, "collection", None)
            for key in ("interval", "timeout", "deadline", "stale_after", "resync_interval")
        ),
        ("TaskSettings", "expiry_windows", "tasks", []),
    ],
)
def test_the_schema_has_the_least_duration_that_is_accepted(
    tmp_path: Path, section: str, key: str, name: str, default: list[float] | None
) -> None:
    """An editor that uses the schema accepts exactly what the program accepts."""
    field = Settings.model_json_schema()["$defs"][section]["properties"][key]
    choices = field.get("items", field)["anyOf"]
    (least,) = {choice["minimum"] for choice in choices if choice["type"] == "number"}
    path = tmp_path / "config.yaml"
    app = {"app_id": 1, "server_secret": SECRET}
    for seconds in (least, least - 0.001):
        value = seconds if default is None else [seconds]
        path.write_text(json.dumps({"apps": [app], name: {key: value}}))
        try:
            load_settings(path, {})
            problems: list[str] = []
        except ConfigError as error:
            problems = [line for line in error.problems if re.search("at least [0-9]", line)]
        assert bool(problems) == (seconds < least), problems


def test_an_apps_own_key_wins_over_the_common_one(tmp_path: Path) -> None:
    """Defaults that depend on it are computed from the app's own value."""
    values = written(tmp_path)
    values["collection"] = {"interval": "30s"}
    values["apps"][0]["collection"] = {"interval": "20m"}
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(values))
    first, second = (app.collection for app in load_settings(path, {}).apps)
    assert (first.interval, first.deadline, first.stale_after) == (1200, 1200, 6000)
    assert (second.interval, second.deadline, second.stale_after) == (30, 600, 150)


def test_settings_hide_secrets_and_cannot_be_changed() -> None:
    """Neither repr nor dump shows one; equal configurations are equal and hashable."""
    loaded = load_settings(None, ENVIRONMENT)
    for text in (repr(loaded), str(loaded), loaded.model_dump_json(), str(loaded.model_dump())):
        assert SECRET not in text
    assert loaded == load_settings(None, ENVIRONMENT)
    assert hash(loaded.apps[0]) == hash(load_settings(None, ENVIRONMENT).apps[0])
    assert loaded != load_settings(None, {**ENVIRONMENT, "ZEGO_SERVER_SECRET": "0" * 32})
    with pytest.raises(ValidationError):
        loaded.apps[0].slots_limit = 5  # type: ignore[misc] # the point of the test


def test_settings_can_be_read_again_from_their_own_values(tmp_path: Path) -> None:
    """Tests and tools build settings from Python values."""
    tasks = TaskSettings()
    assert TaskSettings.model_validate(dict(tasks)) == tasks
    (tmp_path / "web.yml").touch()
    web = Web(config_file=tmp_path / "web.yml")
    assert Web.model_validate(dict(web)) == web


def test_the_example_has_every_key_with_its_default() -> None:
    """Nothing is missing from config.example.yaml, and its values are the defaults."""
    example = yaml.safe_load(EXAMPLE.read_text("utf-8"))
    assert example.keys() == Settings.model_fields.keys()
    assert example["apps"][0].keys() == AppSettings.model_fields.keys()
    assert example["collection"].keys() == CollectionSettings.model_fields.keys()
    assert example["tasks"].keys() == TaskSettings.model_fields.keys()
    assert example["web"].keys() == Web.model_fields.keys()
    full = Settings.model_validate(
        {**example, "apps": [{**example["apps"][0], "server_secret": SECRET}]}
    )
    minimal = Settings.model_validate({"apps": [{"app_id": 1234567890, "server_secret": SECRET}]})
    assert full == minimal


def test_every_key_is_described_and_in_the_schema() -> None:
    """Documentation and JSON Schema are made from the model."""
    schema = Settings.model_json_schema()
    models = (Settings, AppSettings, CollectionSettings, TaskSettings, Web)
    assert [name for m in models for name, f in m.model_fields.items() if not f.description] == []
    assert schema["$defs"]["CollectionSettings"]["properties"]["page_size"]["maximum"] == 50
    app_id = schema["$defs"]["AppSettings"]["properties"]["app_id"]
    assert (app_id["type"], app_id["maximum"]) == ("integer", 4294967295)
    assert schema["$defs"]["TaskStatus"]["enum"][-1] == "unknown"


def loaded_with(folder: Path, section: str, key: str, value: Any, variable: str = "") -> Settings:
    """Return the settings of a file in which one key of a section has this value."""
    values: dict[str, Any] = {"apps": [{"app_id": 1, "server_secret": SECRET}]}
    if section == "apps":
        values["apps"][0][key] = value
        if key == "server_secret_file":
            del values["apps"][0]["server_secret"]
    else:
        values[section] = {key: value}
    (folder / "config.yaml").write_text(json.dumps(values))
    return load_settings(folder / "config.yaml", {"VALUE": variable})


KEYS = [
    (section, key)
    for section, model in {
        "apps": "AppSettings",
        "collection": "CollectionSettings",
        "tasks": "TaskSettings",
        "history": "HistorySettings",
        "web": "WebSettings",
    }.items()
    for key in Settings.model_json_schema()["$defs"][model]["properties"]
]


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_a_wrong_type_is_refused_with_the_correct_form(
    tmp_path: Path, section: str, key: str
) -> None:
    """A field without `Right` would end in a traceback."""
    with pytest.raises(ConfigError) as caught:
        loaded_with(tmp_path, section, key, {"nonsense": [1]})
    for problem in caught.value.problems:
        assert re.fullmatch(rf".*\b{key}\b.*: .* \(.+\)", problem), problem


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_every_single_value_may_come_from_a_variable(
    tmp_path: Path, section: str, key: str
) -> None:
    """A number without a reader such as `INTEGER` would refuse the text of a variable."""
    values = written(tmp_path)
    entries = values["apps"] if section == "apps" else [values[section]]
    value = next(entry[key] for entry in entries if key in entry)
    if isinstance(value, list | dict):
        return
    text = value if isinstance(value, str) else json.dumps(value)
    direct = loaded_with(tmp_path, section, key, value)
    assert loaded_with(tmp_path, section, key, "${VALUE}", text) == direct
