"""Messages of any length fit into every messenger, and Alertmanager takes every example."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from exporter.alerting.catalog import LANGUAGES
from exporter.alerting.messengers import (
    MESSAGES,
    MESSENGERS,
    OLDEST,
    ROBOTS_FILE,
    Message,
    messenger_files,
)
from exporter.alerting.tuning import tuning
from tests.components import require, require_current

LIMITS = {
    "zego_upload.wecom": 4096,
    "zego_upload.wecom_app": 2048,
    "zego_upload.dingtalk": 20_000,
    "zego_upload.feishu": 20_000,
}
"""Bytes that the services take (docs/messengers.md)."""


def folder_of(language: str, folder: Path) -> Path:
    """Return `folder` with the exported files in it."""
    for name, text in messenger_files(tuning(language=language)).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("name", MESSENGERS)
def test_alertmanager_takes_every_example(tmp_path: Path, name: str) -> None:
    """The current version accepts all; Debian's accepts those documented for it."""
    path = folder_of("en", tmp_path) / "messengers" / f"{name}.yml"
    programs = [require_current("amtool")]
    if MESSENGERS[name].needs == OLDEST:
        programs.append(require("amtool", package="prometheus-alertmanager"))
    for program in programs:
        done = subprocess.run(
            [program, "check-config", path], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr + done.stdout


def data(summary: str, description: str, firing: int, resolved: int) -> dict[str, Any]:
    """Return the data of a notification."""
    alert = {
        "labels": {"severity": "warning"},
        "annotations": {"summary": summary, "description": description},
        "startsAt": "2026-11-25T10:00:00Z",
        "endsAt": "2026-11-25T11:00:00Z",
    }
    alerts = [{**alert, "status": "firing"}] * firing + [{**alert, "status": "resolved"}] * resolved
    labels = {"alertname": "ZegoUploadFailed", "zego_app": "vod"}
    return {"status": "firing", "groupLabels": labels, "alerts": alerts}


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.name)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_is_longer_than_its_service_takes(
    tmp_path: Path, message: Message, language: str
) -> None:
    """Whatever the script: the limit counts bytes, and a character has one to four of them."""
    folder = folder_of(language, tmp_path)
    for letter in ("x", "文", "\U0001f600"):
        for length, firing, resolved in ((10, 1, 1), (300, 30, 30), (30_000, 2, 1)):
            given = data(letter * min(length, 200), letter * length, firing, resolved)
            text = rendered(folder, message, given)
            assert letter * 10 in text
            assert len(text.encode()) <= LIMITS[message.name]
            if firing == 30:
                assert LANGUAGES[language].messages["more"] in text


def rendered(folder: Path, message: Message, given: dict[str, Any]) -> str:
    """Return the text of a message as Alertmanager gives it to the service."""
    path = folder / "data.json"
    path.write_text(json.dumps(given), "utf-8")
    files = f"messengers/{ROBOTS_FILE}" if message.payload else "templates/*.tmpl"
    done = subprocess.run(
        [
            require_current("amtool"),
            "template",
            "render",
            f"--template.glob={folder / files}",
            f"--template.data={path}",
            f'--template.text={{{{ template "{message.name}" . }}}}',
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return str(json.loads(done.stdout)) if message.payload else done.stdout
