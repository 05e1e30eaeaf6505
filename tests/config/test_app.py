"""Settings of one app."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exporter.config import AppSettings, load_settings
from exporter.config.app import REGIONS
from exporter.errors import AuthError, ConfigError
from exporter.text import redact
from tests.builders import SECRET


def test_each_region_has_the_host_that_zego_names() -> None:
    """`docs/zego-api.md`, Requests; the words are the values of `apps[].region`."""
    assert REGIONS == {
        "global": "https://cloud-player-api.zego.im",
        "sha": "https://cloud-player-api-sha.zego.im",
        "hkg": "https://cloud-player-api-hkg.zego.im",
        "fra": "https://cloud-player-api-fra.zego.im",
        "lax": "https://cloud-player-api-lax.zego.im",
        "bom": "https://cloud-player-api-bom.zego.im",
        "sgp": "https://cloud-player-api-sgp.zego.im",
    }


def test_a_secret_that_was_replaced_in_its_file_is_redacted(tmp_path: Path) -> None:
    """The file is read again at every collection."""
    file = tmp_path / "secret"
    file.write_text(SECRET)
    app = AppSettings(app_id=1, server_secret_file=file)
    file.write_text("another-secret-0123456789")
    app.read_secret()
    assert "another-secret" not in redact("the API sent another-secret-0123456789")


@pytest.mark.parametrize("text", ["no PEM at all", "-----BEGIN PRIVATE KEY-----"])
def test_a_file_of_authorities_has_certificates(tmp_path: Path, text: str) -> None:
    """A wrong file is reported at the start, not at the first request."""
    (tmp_path / "ca.pem").write_text(text)
    path = tmp_path / "config.yaml"
    path.write_text(
        json.dumps({"apps": [{"app_id": 1, "server_secret": SECRET, "ca_file": "ca.pem"}]})
    )
    with pytest.raises(ConfigError, match="it contains no certificate in PEM"):
        load_settings(path, {})


def test_the_secret_file_is_read_again_each_time(tmp_path: Path) -> None:
    """A changed secret needs no reload, and a lost one is an authentication failure."""
    file = tmp_path / "secret"
    file.write_text(SECRET)
    app = AppSettings(name="a", app_id=1, endpoint="https://localhost", server_secret_file=file)
    assert app.read_secret() == SECRET
    file.write_text("\n  changed \r\n")
    assert app.read_secret() == "changed"
    for content in (b"", b"\xff", b"x" * 5000, b"one\ntwo"):
        file.write_bytes(content)
        with pytest.raises(AuthError) as caught:
            app.read_secret()
        assert caught.value.code == "secret_file"
    file.unlink()
    with pytest.raises(AuthError, match="No such file"):
        app.read_secret()


def test_callbacks_are_taken_where_there_is_a_secret_for_them(tmp_path: Path) -> None:
    """The secret is read again each time, so that a file can be replaced."""
    (tmp_path / "callback").write_text("one\n")
    file = tmp_path / "config.yaml"
    file.write_text(
        f"apps: [{{app_id: 1, server_secret: '{SECRET}'}}, {{app_id: 2, server_secret: '{SECRET}',"
        " callback_secret_file: callback}]",
    )
    without, with_secret = load_settings(file, {}).apps
    assert not without.takes_callbacks
    assert with_secret.takes_callbacks
    assert with_secret.read_callback_secret() == "one"
    (tmp_path / "callback").write_text("two\n")
    assert with_secret.read_callback_secret() == "two"
