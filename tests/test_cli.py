"""Exit codes and streams of the program (`docs/guarantees.md`, section 14), in this process."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter import cli
from exporter.history.database import HistoryFile
from exporter.simulator.app import SimulatedApp
from exporter.simulator.http_server import SimulatorServer
from tests.builders import SECRET
from tests.simulator.calls import frozen_app

TOO_LONG = "x" * 300 + "/file"
"""A path that fails as those do which this user may not look up, for root too."""

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run in an empty folder and environment; leave signals as they were."""
    monkeypatch.chdir(tmp_path)
    for name in ("ZEGO_APP_ID", "ZEGO_SERVER_SECRET", "ZEGO_SERVER_SECRET_FILE"):
        monkeypatch.delenv(name, raising=False)
    handlers = [signal.getsignal(number) for number in SIGNALS]
    yield
    for number, handler in zip(SIGNALS, handlers, strict=True):
        signal.signal(number, handler)


@pytest.fixture(name="app")
def app_fixture(tmp_path: Path) -> Iterator[SimulatedApp]:
    """Return the app that `config.yaml` configures."""
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
def test_a_bad_configuration_is_a_usage_error(
    command: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """For every command: exit code 2, and one line for each problem on stderr."""
    (tmp_path / "config.yaml").write_text("apps: [{app_id: x, region: moon}]")
    assert cli.main(command) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    first, *problems = captured.err.splitlines()
    assert first == "zego-upload-exporter: config.yaml cannot be used:"
    assert [line.split(": ")[0] for line in problems] == [
        "apps[0].app_id",
        "apps[0].region",
        "apps[0].server_secret",
    ]


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (
            ["--config.file=elsewhere.yaml"],  # a file given by a flag is not optional
            "elsewhere.yaml: cannot be read: No such file or directory",
        ),
        (["simulate", "--listen-address=nowhere"], "not an address to listen on"),
    ],
)
def test_an_unusable_value_of_a_flag_is_a_usage_error(
    command: list[str], problem: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """The message names the value."""
    assert cli.main(command) == 2
    assert problem in capfd.readouterr().err


def test_an_address_in_use_is_a_failure(capfd: pytest.CaptureFixture[str]) -> None:
    """`serve` and `simulate` print one line and exit with code 1: systemd may try again."""
    with SimulatorServer([]) as server:
        address = f"127.0.0.1:{server.port}"
        assert cli.main(["--demo", "--log.level=error", f"--web.listen-address={address}"]) == 1
        assert cli.main(["simulate", "--tasks=0", f"--listen-address={address}"]) == 1
    lines = capfd.readouterr().err.lower().splitlines()
    assert len(lines) == 2
    start = f"zego-upload-exporter: cannot listen on {address}: address already in use"
    for line, flag in zip(lines, ("--web.listen-address", "--listen-address"), strict=True):
        assert line == f"{start} (another exporter? choose another with {flag})"


def test_a_flag_that_a_command_does_not_use_is_reported(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """On stderr; the output stays what programs read."""
    assert cli.main(["--web.listen-address=:9", "export", "rules"]) == 0
    captured = capfd.readouterr()
    assert captured.out.startswith("#")
    line = "zego-upload-exporter: export does not use --web.listen-address\n"
    assert captured.err == line


APP = f"apps: [{{app_id: 1, server_secret: '{SECRET}'}}]"
MAY_PASS = {
    "a secret file that is not there yet": "apps: [{app_id: 1, server_secret_file: none}]",
    "a name that cannot be resolved yet": f"{APP}\nweb: {{listen_address: ['no-host.invalid:1']}}",
    "an address that is not there yet": f"{APP}\nweb: {{listen_address: ['192.0.2.1:1']}}",
    "a certificate that is not there yet": f"{APP}\nweb: {{config_file: web.yml}}",
}
NEEDS_AN_EDIT = {
    "an empty secret file": "apps: [{app_id: 1, server_secret_file: empty}]",
    "a missing web configuration": f"{APP}\nweb: {{config_file: none.yml}}",
    "a missing file beside another mistake": "apps: [{app_id: x, server_secret_file: none}]",
}


@pytest.mark.parametrize(
    ("text", "code"),
    [*((text, 1) for text in MAY_PASS.values()), *((text, 2) for text in NEEDS_AN_EDIT.values())],
    ids=[*MAY_PASS, *NEEDS_AN_EDIT],
)
def test_exit_code_2_is_for_what_only_an_edit_fixes(tmp_path: Path, text: str, code: int) -> None:
    """The unit has `RestartPreventExitStatus=2`: systemd tries again after any other failure."""
    (tmp_path / "config.yaml").write_text(text)
    (tmp_path / "empty").write_text("")
    (tmp_path / "web.yml").write_text("tls_server_config: {cert_file: none, key_file: none}")
    assert cli.main([]) == code


def test_a_history_file_in_use_is_a_failure(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The message names the process and what to do."""
    (tmp_path / "config.yaml").write_text(f"{APP}\nhistory: {{path: h.sqlite}}")
    history = HistoryFile(tmp_path / "h.sqlite")
    try:
        assert cli.main(["once"]) == 1
    finally:
        history.close()
    assert f"is in use by process {os.getpid()}" in capfd.readouterr().err


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("command", [[], ["once"], ["check"]])
@pytest.mark.parametrize(
    "place", ["missing/history.sqlite", "file.txt/history.sqlite", "folder", TOO_LONG]
)
def test_an_unusable_history_path_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], place: str
) -> None:
    """The exit code is the same whether the program serves, collects once or checks."""
    (tmp_path / "file.txt").write_text("")
    (tmp_path / "folder").mkdir()
    monkeypatch.setenv("ZEGO_HISTORY_PATH", str(tmp_path / place))
    assert cli.main(command) == 2


@pytest.mark.parametrize("command", [[], ["once"], ["check"], ["tasks"]])
def test_a_working_folder_that_cannot_be_read_is_no_defect(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], command: list[str]
) -> None:
    """Such as root's, after a change of the user: there is no configuration in it."""
    monkeypatch.setattr(cli, "DEFAULT_CONFIG", Path(TOO_LONG))
    assert cli.main(command) == 2
    assert "ZEGO_APP_ID" in capfd.readouterr().err


@pytest.mark.usefixtures("app")
def test_a_working_folder_that_was_deleted_is_no_defect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Such as that of the previous release. Relative paths lead nowhere then."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    file = f"--config.file={tmp_path}/config.yaml"
    assert cli.main(["once", file]) == 0
    assert cli.main(["once", file, "--web.config.file=web.yml"]) == 2
    monkeypatch.setenv("ZEGO_HISTORY_PATH", "history.sqlite")
    assert cli.main(["once", file]) == 2
    problems = [line for line in capfd.readouterr().err.splitlines() if "No such file" in line]
    assert [problem.partition(": ")[0] for problem in problems] == [
        "--web.config.file",
        "history.path",
    ]


def test_a_missing_web_configuration_is_named_by_its_key(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A missing one is reported together with all other problems."""
    (tmp_path / "config.yaml").write_text("apps: [{app_id: x}]\nweb: {config_file: none.yml}")
    assert cli.main(["check"]) == 2
    places = [line.partition(": ")[0] for line in capfd.readouterr().err.splitlines()[1:]]
    assert places == ["apps[0].app_id", "apps[0].server_secret", "web.config_file"]


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--web.listen-address", "127.0.0.1"),
        ("--web.telemetry-path", "metrics"),
        ("--web.config.file", "nope.yml"),
    ],
)
def test_a_mistake_in_a_flag_is_named_by_the_flag(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], flag: str, value: str
) -> None:
    """Not by the key of a file that does not have it."""
    (tmp_path / "config.yaml").write_text(f"{APP}\nweb: {{listen_address: [':1']}}")
    assert cli.main(["check", flag, value]) == 2
    (line,) = capfd.readouterr().err.splitlines()[1:]
    assert line.startswith(f"{flag}: ")


GOOD, BAD = APP, "apps: [{app_id: x}]"
FLAG = "--web.listen-address=x"


@pytest.mark.parametrize(
    ("text", "command", "source"),
    [
        (BAD, [], "config.yaml"),
        (GOOD, ["--config.file=elsewhere.yaml"], "elsewhere.yaml"),
        (GOOD, [FLAG], "the command line"),
        (GOOD, ["check", FLAG, "--web.telemetry-path=x"], "the command line"),
        (BAD, [FLAG], "the configuration"),
        (GOOD, ["--demo", FLAG], "the command line"),
        (GOOD, ["tasks", "--app=x"], "the command line"),
        (GOOD, ["simulate", "--listen-address=x"], "the command line"),
        (GOOD, ["--web.config.file=nope.yml"], "the command line"),
        (GOOD, ["check", "--web.config.file=web.yml"], "{folder}/web.yml"),
        # The path may also be from ZEGO_HISTORY_PATH.
        (f"{GOOD}\nhistory: {{path: none/history}}", ["once"], "the configuration"),
        (None, [], "the configuration"),
        (None, [FLAG], "the configuration"),
    ],
)
def test_the_first_line_names_what_has_the_mistake(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    text: str | None,
    command: list[str],
    source: str,
) -> None:
    """The file only if the mistake is in it: a flag or a variable can be what to edit."""
    if text is not None:
        (tmp_path / "config.yaml").write_text(text)
    (tmp_path / "web.yml").write_text("unknown: 1")
    assert cli.main(command) == 2
    first = capfd.readouterr().err.splitlines()[0]
    source = source.format(folder=tmp_path)
    assert first == f"zego-upload-exporter: {source} cannot be used:"


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("command", [["once"], ["tasks"], ["check", "--live"]])
def test_commands_succeed(command: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, the result on stdout, and nothing else."""
    assert cli.main(command) == 0
    captured = capfd.readouterr()
    assert "vod" in captured.out
    assert captured.err == ""


@pytest.mark.parametrize("command", [["once"], ["tasks"], ["check", "--live"]])
def test_commands_fail_when_the_api_does(
    app: SimulatedApp, command: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1 when the collection or the live check failed; no secret is printed."""
    secret, app.server_secret = app.server_secret, "another"
    assert cli.main(command) == 1
    captured = capfd.readouterr()
    assert "signature wrong" in captured.out + captured.err
    assert secret not in captured.out + captured.err


def test_an_app_that_is_not_configured_is_a_usage_error(
    app: SimulatedApp, capfd: pytest.CaptureFixture[str]
) -> None:
    """The message lists the known ones; no request is sent."""
    assert cli.main(["tasks", "--app=nobody"]) == 2
    assert "--app: 'nobody' is not configured (one of vod)" in capfd.readouterr().err
    assert app.arrivals.requests == 0


@pytest.mark.parametrize("command", [["check"], ["once"], ["tasks"], ["export", "rules"]])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_a_command_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, command: list[str], number: signal.Signals
) -> None:
    """Exit code 1 and no traceback, after the command has cleaned up."""
    steps = []

    def interrupted(_flags: object) -> int:
        try:
            signal.raise_signal(number)
        finally:
            steps.append("cleaned up")
        return 0

    monkeypatch.setitem(cli._COMMANDS, command[0], interrupted)
    assert cli.main(command) == 1
    assert steps == ["cleaned up"]


@pytest.mark.parametrize(
    "command",
    [
        ["--config.file={}"],
        ["check", "--config.file={}"],
        ["--web.config.file={}"],
        ["--web.listen-address={}"],
        ["--web.max-requests={}"],
        ["--log.level={}"],
        ["tasks", "--app={}"],
        ["tasks", "--status={}"],
        ["tasks", "--expiring-within={}"],
        ["simulate", "--listen-address={}"],
        ["simulate", "--tasks={}"],
        ["export", "rules", "--disable={}"],
        ["export", "rules", "--severity={}=critical"],
        ["export", "rules", "--severity=ZegoUploadFailed={}"],
        ["export", "rules", "--threshold={}.ratio=1"],
        ["export", "rules", "--labels={}"],
        ["export", "{}"],
        ["{}"],
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("app")
def test_a_secret_in_the_place_of_a_value_is_not_repeated(
    command: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    """Shells, histories and logs keep what a program prints."""
    secret = "9193cc662a4c0ec135ec71fb57194b38"
    try:
        code = cli.main([part.format(secret) for part in command])
    except SystemExit as refused:  # by argparse
        code = int(refused.code or 0)
    printed = capfd.readouterr()
    assert code in (1, 2)
    assert printed.err
    assert secret not in printed.out + printed.err
