"""The one model of the configuration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from exporter.config import AppSettings, CollectionSettings, Settings, load_settings

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
