"""The commands of the documents work, and print the shown output."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from exporter.history import Update
from exporter.history.database import HistoryFile
from tests.components import require
from tests.docs.commands import EXIT_CODES, NOT_RUN, Command, commands, shape
from tests.e2e.processes import EXPORTER, Program, url_of

COMMANDS = list(commands())
RUN = [command for command in COMMANDS if not command.reason]
DEMO_PRINTS = [command for command in COMMANDS if command.text == "make demo" and command.printed]


def name(command: Command) -> str:
    """Return how a test of this command is called."""
    return f"{command.page.name}: {command.text}"


def run(command: str, folder: Path, demo: Program) -> subprocess.CompletedProcess[str]:
    """Run a command in `folder` as a reader would, with the demo at the usual address."""
    address = url_of(demo).removeprefix("http://")
    text = command.replace("localhost:10317", address).replace(".venv/bin/", "")
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", text],  # noqa: S607 - as a reader would
        cwd=folder,
        env={"PATH": f"{Path(EXPORTER).parent}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.e2e
@pytest.mark.parametrize("command", RUN, ids=name)
def test_a_command_does_what_the_document_shows(
    command: Command, tmp_path: Path, demo: Program
) -> None:
    """It has the expected exit code, and prints every line shown, except for numbers."""
    shutil.copy(Path(__file__).with_name("mistaken.yaml"), tmp_path / "config.yaml")
    if command.text.startswith("curl "):
        require("curl", package="curl")

    result = run(command.text, tmp_path, demo)

    expected = EXIT_CODES.get(command.text.removeprefix(".venv/bin/"), 0)
    assert result.returncode == expected, result.stdout
    printed = {shape(line) for line in result.stdout.splitlines()}
    assert not [line for line in command.printed if shape(line) not in printed], result.stdout


@pytest.mark.e2e
@pytest.mark.parametrize("command", DEMO_PRINTS, ids=name)
def test_the_demo_logs_what_the_document_shows(command: Command, demo: Program) -> None:
    """`make demo` is shown with its log, whose lines come in any order."""
    logged = {shape(line) for line in demo.output.splitlines()}

    assert {shape(line) for line in command.printed} <= logged


def test_every_reason_not_to_run_a_command_is_needed() -> None:
    """Every exception is still needed, and most kinds of commands are run."""
    used = {command.reason for command in COMMANDS}

    assert set(NOT_RUN.values()) <= used
    assert len(RUN) > 5


def test_the_backup_of_the_history_is_whole(tmp_path: Path) -> None:
    """The command in operations.md works beside a process that has the file open."""
    require("sqlite3", package="sqlite3")
    path, backup = tmp_path / "history.sqlite", tmp_path / "backup.sqlite"
    (command,) = (c.text for c in COMMANDS if c.text.startswith("sqlite3 "))
    command = command.replace("/var/lib/zego-upload-exporter/history.sqlite", str(path))
    command = command.replace("/backup/history.sqlite", str(backup))
    history = HistoryFile(path)
    try:
        history.write("vod", 1, Update(1.0, {}, {("transition", "new", "waiting"): 3.0}, {}))
        subprocess.run(["bash", "-c", command], check=True, timeout=60)  # noqa: S607 - as a reader
    finally:
        history.close()

    restored = HistoryFile(backup)
    try:
        assert restored.read("vod", 1).counters == {("transition", "new", "waiting"): 3.0}
    finally:
        restored.close()
