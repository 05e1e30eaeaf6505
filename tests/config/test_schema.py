"""The one model of the configuration."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from exporter.config import AppSettings, CollectionSettings, Settings, load_settings
from exporter.config.app import Region
from exporter.config.fields import FromEnvironment
from exporter.errors import ConfigError
from exporter.text import redact
from exporter.zego.endpoints import REGIONS

SECRET = "9193cc662a4c0ec135ec71fb57194b38"


def written(folder: Path) -> dict[str, Any]:
    """Return a configuration with every key of every section, none of which has its default."""
    (folder / "secret").write_text(SECRET)
    (folder / "web.yml").touch()
    (folder / "ca.pem").write_text("-----BEGIN CERTIFICATE-----")
    collection = {
        "interval": "30s",
        "timeout": 5,
        "deadline": 99,
        "requests_per_second": 2.5,
        "page_size": 20,
        "max_retries": 1,
        "stale_after": "10m",
        "strategy": "incremental",
        "resync_interval": "2h",
    }
    app = {
        "app_id": 7,
        "name": "vod",
        "region": "fra",
        "endpoint": "https://example.com",
        "is_test": False,
        "slots_limit": 20,
        "ca_file": "ca.pem",
        "collection": {},
    }
    files = {"server_secret_file": "secret", "callback_secret_file": "secret"}
    texts = {"server_secret": SECRET, "callback_secret": SECRET}
    return {
        "apps": [{**app, **files}, {**app, **texts, "name": "other"}],
        "collection": collection,
        "tasks": {
            "limit": 1,
            "statuses": ["failed"],
            "title": "hash",
            "expiry_windows": ["2h"],
            "source_hosts": 3,
        },
        "history": {"path": "history.sqlite"},
        "web": {
            "listen_address": [":1"],
            "telemetry_path": "/other",
            "config_file": "web.yml",
        },
    }


def differing(section: BaseModel, default: BaseModel) -> set[str]:
    """Return the keys in which two instances of a section differ."""
    return {
        key for key in type(section).model_fields if getattr(section, key) != getattr(default, key)
    }


def test_every_key_of_the_file_reaches_the_program(tmp_path: Path) -> None:
    """A key that is accepted and validated, and then dropped on the way, would be a lie."""
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


def test_an_apps_own_key_wins_over_the_common_one(tmp_path: Path) -> None:
    """And what follows from it follows from the app's own."""
    values = written(tmp_path)
    values["collection"] = {"interval": "30s"}
    values["apps"][0]["collection"] = {"interval": "20m"}
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(values))
    first, second = (app.collection for app in load_settings(path, {}).apps)
    assert (first.interval, first.deadline, first.stale_after) == (1200, 1200, 6000)
    assert (second.interval, second.deadline, second.stale_after) == (30, 600, 150)


def test_every_region_has_a_host() -> None:
    """The words of the file are those of the table of hosts."""
    assert get_args(Region) == tuple(REGIONS)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("ZEGO_APP_ID", '"12345"', 'is "12345" with its quotes: remove the quotes'),
        ("ZEGO_REGION", "'fra'", "is 'fra' with its quotes: remove the quotes"),
        ("ZEGO_REGION", "'hunter2'", "is a text with its quotes: remove the quotes"),
    ],
)
def test_quotes_of_an_env_file_are_named(name: str, value: str, problem: str) -> None:
    """`docker run --env-file` keeps quotes; only what cannot be a secret is shown."""
    environment = {"ZEGO_APP_ID": "1", "ZEGO_SERVER_SECRET": SECRET, name: value}
    with pytest.raises(ConfigError) as caught:
        load_settings(None, environment)
    (line,) = caught.value.problems
    assert line.startswith(f"{name}: {problem} (")


@pytest.mark.parametrize(
    ("secret", "warning"),
    [
        (f'"{SECRET}"', "has quotes around it (remove the quotes)"),
        (f"ZEGO_SERVER_SECRET={SECRET}", "begins with NAME= (keep only what follows the =)"),
        ("$NAME", "begins with $ (write ${NAME} for a variable)"),
        ("short", "does not look like a ServerSecret (32 hexadecimal characters)"),
    ],
)
def test_a_secret_that_cannot_be_one_is_warned_of(
    tmp_path: Path, secret: str, warning: str
) -> None:
    """In the environment and in a file; the secret is not shown."""
    (tmp_path / "secret").write_text(secret)
    for environment in (
        {"ZEGO_SERVER_SECRET": secret},
        {"ZEGO_SERVER_SECRET_FILE": str(tmp_path / "secret")},
    ):
        loaded = load_settings(None, {"ZEGO_APP_ID": "1", **environment})
        (name,) = environment
        assert loaded.warnings == (f"{name}: {warning}",)


def test_an_app_of_the_environment_beside_a_file_is_warned_of(tmp_path: Path) -> None:
    """The file wins silently, and the AppId in the environment looks as if it counted."""
    path = tmp_path / "config.yaml"
    path.write_text(f"apps: [{{app_id: 1, server_secret: '{SECRET}'}}]")
    assert load_settings(path, {"ZEGO_APP_ID": "1"}).warnings == ()
    (warning,) = load_settings(path, {"ZEGO_APP_ID": "2"}).warnings
    assert warning.startswith("ZEGO_APP_ID: is set and not used")


def test_values_of_the_environment_are_forgotten_to_be_so() -> None:
    """Settings have plain values, whatever they were read from."""
    loaded = load_settings(None, {"ZEGO_APP_ID": "1", "ZEGO_SERVER_SECRET": SECRET})
    assert not isinstance(loaded.apps[0].region, FromEnvironment)
    assert type(loaded.apps[0].name) is str


@pytest.mark.parametrize("name", ["config.yaml", "device"])
def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path, name: str) -> None:
    """A log file or a device as a path."""
    path = tmp_path / name if name == "config.yaml" else Path("/dev/zero")
    if name == "config.yaml":
        path.write_text("# comment\n" * 200_000)
    with pytest.raises(ConfigError, match="longer than 1048576 bytes"):
        load_settings(path, {})


@pytest.mark.parametrize("refused", [False, True])
def test_every_secret_that_was_read_is_known_to_the_log(tmp_path: Path, refused: bool) -> None:
    """Those of a configuration that is then refused, callback secrets and files included."""
    kinds = ("server_secret", "callback_secret", "server_secret_file", "callback_secret_file")
    secrets = {kind: f"{kind}-{refused}-0123456789" for kind in kinds}
    apps: list[dict[str, Any]] = []
    for kind, secret in secrets.items():
        (tmp_path / kind).write_text(secret)
        value = kind if kind.endswith("_file") else secret
        own = {} if kind.startswith("server") else {"server_secret": SECRET}
        apps.append({"app_id": len(apps) + 1, kind: value, **own})
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps({"apps": apps, **({"nonsense": 1} if refused else {})}))
    with pytest.raises(ConfigError) if refused else nullcontext():
        load_settings(path, {})
    for secret in secrets.values():
        assert secret not in redact(f"the API said {secret}")


def test_a_secret_that_was_replaced_in_its_file_is_known_to_the_log(tmp_path: Path) -> None:
    """The file is read again at every collection."""
    file = tmp_path / "secret"
    file.write_text(SECRET)
    app = AppSettings(app_id=1, server_secret_file=file)
    file.write_text("another-secret-0123456789")
    app.read_secret()
    assert "another-secret" not in redact("the API said another-secret-0123456789")


@pytest.mark.parametrize("text", ["no PEM at all", "-----BEGIN PRIVATE KEY-----"])
def test_a_file_of_authorities_has_certificates(tmp_path: Path, text: str) -> None:
    """A wrong file is said at the start, not at the first request."""
    (tmp_path / "ca.pem").write_text(text)
    path = tmp_path / "config.yaml"
    path.write_text(
        json.dumps({"apps": [{"app_id": 1, "server_secret": SECRET, "ca_file": "ca.pem"}]})
    )
    with pytest.raises(ConfigError, match="it contains no certificate in PEM"):
        load_settings(path, {})
