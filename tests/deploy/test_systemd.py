"""The systemd unit, checked by systemd itself, and its configuration."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

from exporter.cli import EXIT_FAILED, EXIT_OK, EXIT_USAGE
from exporter.config import load_settings
from tests.components import require
from tests.deploy.manifests import ROOT
from tests.deploy.tools import run

SYSTEMD = ROOT / "deploy" / "systemd"
UNIT = SYSTEMD / "zego-upload-exporter.service"
MOST_EXPOSURE = "15"
"""Of 100, as `systemd-analyze security` counts; what needs the network cannot have 0."""


def _analyze(*arguments: str | Path) -> tuple[int, str]:
    ended = run(require("systemd-analyze", package="systemd"), *arguments)
    return ended.returncode, ended.stdout + ended.stderr


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Return a copy of the unit that starts a program of this machine, as nothing is installed."""
    path = tmp_path / UNIT.name
    text = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text("utf-8"))
    path.write_text(text, "utf-8")
    return path


@pytest.mark.e2e
def test_systemd_understands_every_line(unit: Path) -> None:
    """`systemd-analyze verify` passes without output."""
    assert _analyze("verify", unit) == (0, "")


@pytest.mark.e2e
def test_the_service_is_hardened(unit: Path) -> None:
    """`systemd-analyze security` finds few privileges that the service does not need."""
    code, report = _analyze("security", "--offline=true", f"--threshold={MOST_EXPOSURE}", unit)
    assert code == 0, report


def service() -> configparser.SectionProxy:
    """Return the section of the unit that describes the service."""
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]  # keys are case-sensitive
    unit.read_string(UNIT.read_text("utf-8"))
    return unit["Service"]


@pytest.mark.parametrize(
    ("code", "restarted"),
    [(EXIT_OK, False), (EXIT_FAILED, True), (EXIT_USAGE, False)],
    ids=["ended as asked", "what may pass by itself", "what only an edit changes"],
)
def test_systemd_restarts_after_failures_that_may_pass(code: int, restarted: bool) -> None:
    """Which situation ends with which code: tests/test_cli.py (systemd.service(5), Restart=)."""
    settings = service()
    assert settings["Restart"] == "on-failure"
    final = {int(each) for each in settings["RestartPreventExitStatus"].split()}
    assert (code != EXIT_OK and code not in final) is restarted


def test_the_configuration_finds_the_credential(tmp_path: Path) -> None:
    """The secret is the credential that the unit loads, by the variable that systemd sets."""
    credential, _, source = service()["LoadCredential"].partition(":")
    (tmp_path / credential).write_text("from the credential\n", "utf-8")
    settings = load_settings(SYSTEMD / "config.yaml", {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert settings.apps[0].read_secret() == "from the credential"
    assert Path(source).is_absolute()
