"""Field types: texts from the environment, and secrets."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from exporter.config import load_settings
from exporter.config.fields import FromEnvironment
from exporter.errors import ConfigError
from exporter.text import redact
from tests.builders import SECRET


def test_values_of_the_environment_become_plain_values() -> None:
    """Settings do not remember where a value was read."""
    loaded = load_settings(None, {"ZEGO_APP_ID": "1", "ZEGO_SERVER_SECRET": SECRET})
    assert not isinstance(loaded.apps[0].region, FromEnvironment)
    assert type(loaded.apps[0].name) is str


@pytest.mark.parametrize("refused", [False, True])
def test_every_secret_that_was_read_is_redacted(tmp_path: Path, refused: bool) -> None:
    """Also those of a configuration that is refused, of callbacks and of files."""
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
        assert secret not in redact(f"the API sent {secret}")
