"""Exit codes and streams of the program (`docs/guarantees.md`, section 14), in this process."""

from __future__ import annotations

import json
import logging
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter import cli
from exporter.simulator.app import SimulatedApp
from exporter.simulator.server import SimulatorServer
from tests.simulator.calls import frozen_app

LOGGERS = ("exporter", "uvicorn.error", "py.warnings", "urllib3", "requests", "asyncio")
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run in an empty folder and environment; leave signals and loggers as they were."""
    monkeypatch.chdir(tmp_path)
    for name in ("ZEGO_APP_ID", "ZEGO_SERVER_SECRET", "ZEGO_SERVER_SECRET_FILE"):
        monkeypatch.delenv(name, raising=False)
    handlers = [signal.getsignal(number) for number in SIGNALS]
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(one.handlers, one.propagate, one.level) for one in loggers]
    yield
    for number, handler in zip(SIGNALS, handlers, strict=True):
        signal.signal(number, handler)
    for one, (hands, propagate, level) in zip(loggers, before, strict=True):
        one.handlers, one.propagate, one.level = hands, propagate, level


@pytest.fixture(name="app")
def app_fixture(tmp_path: Path) -> Iterator[SimulatedApp]:
    """Return the app that `config.yaml` tells how to collect."""
    app = frozen_app(7)
    with SimulatorServer([app]) as server:
        configured = {
            "name": "vod",
            "app_id": app.app_id,
            "server_secret": app.server_secret,
            "endpoint": server.url,
            "collection": {"max_retries": 0},
        }
        (tmp_path / "config.yaml").write_text(json.dumps({"apps": [configured]}))
        yield app


@pytest.mark.parametrize("command", [[], ["check"], ["once"], ["tasks"]])
def test_a_bad_configuration_is_usage(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the command, exit code 2 and one line for each problem on stderr."""
    (tmp_path / "config.yaml").write_text("apps: [{app_id: x, region: moon}]")
    assert cli.main(command) == 2
    said = capsys.readouterr()
    assert said.out == ""
    first, *problems = said.err.splitlines()
    assert first == "zego-upload-exporter: config.yaml cannot be used:"
    assert [line.split(": ")[0] for line in problems] == [
        "apps[0].app_id",
        "apps[0].region",
        "apps[0].server_secret",
    ]


def test_a_named_file_must_exist(capsys: pytest.CaptureFixture[str]) -> None:
    """A file given by a flag is not optional."""
    assert cli.main(["--config.file=elsewhere.yaml"]) == 2
    assert "elsewhere.yaml: cannot be read: No such file or directory" in capsys.readouterr().err


def test_an_address_that_cannot_be_had_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """Serving and simulating report it in one line."""
    with SimulatorServer([]) as server:
        address = f"127.0.0.1:{server.port}"
        assert cli.main(["--demo", "--log.level=error", f"--web.listen-address={address}"]) == 2
        assert cli.main(["simulate", "--tasks=0", f"--listen-address={address}"]) == 2
    lines = capsys.readouterr().err.lower().splitlines()
    assert len(lines) == 2
    start = f"zego-upload-exporter: cannot listen on {address}: address already in use"
    assert all(line.startswith(start) for line in lines)


def test_no_address_at_all_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """The simulator's address is held to the same rules."""
    assert cli.main(["simulate", "--listen-address=nowhere"]) == 2
    assert "not an address" in capsys.readouterr().err


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("command", [["once"], ["tasks"], ["check", "--live"]])
def test_commands_end_well(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, the result on stdout, nothing beside it."""
    assert cli.main(command) == 0
    said = capsys.readouterr()
    assert "vod" in said.out
    assert said.err == ""


@pytest.mark.parametrize("command", [["once"], ["tasks"], ["check", "--live"]])
def test_commands_fail_when_the_api_does(
    app: SimulatedApp, command: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1 when the collection or the live check failed; no secret is said."""
    secret, app.server_secret = app.server_secret, "another"
    assert cli.main(command) == 1
    said = capfd.readouterr()
    assert "signature wrong" in said.out + said.err
    assert secret not in said.out + said.err


def test_an_app_that_is_not_configured_is_usage(
    app: SimulatedApp, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message lists the known ones; no request is sent."""
    assert cli.main(["tasks", "--app=nobody"]) == 2
    assert "--app: 'nobody' is not configured (one of vod)" in capsys.readouterr().err
    assert app.arrivals.requests == 0


def test_ctrl_c_during_a_command_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1 and no traceback."""

    def interrupted(_flags: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setitem(cli._COMMANDS, "check", interrupted)
    assert cli.main(["check"]) == 1
