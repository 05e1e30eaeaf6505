"""Settings of one app."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from exporter.config import AppSettings, load_settings
from exporter.config.app import Region
from exporter.errors import ConfigError
from exporter.text import redact
from exporter.zego.endpoints import REGIONS

SECRET = "9193cc662a4c0ec135ec71fb57194b38"


def test_every_region_has_a_host() -> None:
    """The words of the file are those of the table of hosts."""
    assert get_args(Region) == tuple(REGIONS)


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
