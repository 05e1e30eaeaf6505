"""Warnings about settings that are valid and probably a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.config import load_settings
from tests.builders import SECRET


@pytest.mark.parametrize(
    ("secret", "warning"),
    [
        (f'"{SECRET}"', "has quotes around it (remove the quotes)"),
        (f"“{SECRET}”", "has quotes around it (remove the quotes)"),
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
    """The file takes precedence, and the AppId in the environment looks as if it were used."""
    path = tmp_path / "config.yaml"
    path.write_text(f"apps: [{{app_id: 1, server_secret: '{SECRET}'}}]")
    assert load_settings(path, {"ZEGO_APP_ID": "1"}).warnings == ()
    (warning,) = load_settings(path, {"ZEGO_APP_ID": "2"}).warnings
    assert warning.startswith("ZEGO_APP_ID: is set and not used")
