"""The command line (`docs/guarantees.md`, section 14)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from pydantic import TypeAdapter

from exporter import __version__
from exporter.config.fields import Seconds
from exporter.config.yaml import load_yaml
from exporter.flags import PROGRAM, describe_flags, parse_flags, web_overrides
from exporter.logs import LEVELS
from exporter.web.status.query import QueryError, read_fields, read_query
from tests.builders import SECRET

FLAGS = {
    PROGRAM: {
        "--config.file",
        "--web.listen-address",
        "--web.telemetry-path",
        "--web.config.file",
        "--web.enable-lifecycle",
        "--web.max-requests",
        "--log.level",
        "--log.format",
        "--demo",
        "--version",
        "-h",
        "--help",
    },
    f"{PROGRAM} check": {"--live"},
    f"{PROGRAM} once": {"--output"},
    f"{PROGRAM} tasks": {"--format", "--status", "--expiring-within", "--app"},
    f"{PROGRAM} simulate": {"--listen-address", "--tasks", "--pace", "--seed"},
    f"{PROGRAM} export": {
        "--language",
        "--grafana-url",
        "--runbook-url",
        "--labels",
        "--disable",
        "--severity",
        "--for",
        "--threshold",
        "--watch",
        "--output",
    },
}
"""The flags that are promised, by command."""


def test_without_flags_it_serves_with_defaults() -> None:
    """Nothing is overridden, so the file and the environment decide."""
    flags = parse_flags([])
    assert flags.command is None
    assert flags.config_file is None
    assert not flags.demo
    assert not flags.enable_lifecycle
    assert web_overrides(flags) == {}


def test_web_flags_have_the_shape_of_the_file() -> None:
    """Given flags take precedence over the file; others are not mentioned."""
    flags = parse_flags(["--web.listen-address", ":1", "--web.listen-address=[::1]:2"])
    assert web_overrides(flags) == {"web": {"listen_address": [":1", "[::1]:2"]}}
    flags = parse_flags(["--web.telemetry-path=/m", "--web.config.file=web.yml"])
    assert web_overrides(flags) == {"web": {"telemetry_path": "/m", "config_file": "web.yml"}}


@pytest.mark.parametrize("command", ["check", "once", "tasks", "simulate"])
@pytest.mark.parametrize(
    "flag",
    [
        "--config.file=a.yaml",
        "--log.level=warn",
        "--log.format=json",
        "--web.listen-address=:1",
        "--web.telemetry-path=/m",
        "--web.config.file=web.yml",
        "--web.enable-lifecycle",
        "--web.max-requests=7",
    ],
)
def test_common_flags_are_accepted_before_and_after_the_command(command: str, flag: str) -> None:
    """No flag is lost in either place."""
    before, after = parse_flags([flag, command]), parse_flags([command, flag])
    assert vars(before) == vars(after)
    assert vars(before) != vars(parse_flags([command]))


def test_a_sub_command_has_its_own_flags() -> None:
    """Durations are read as in the configuration; repeatable flags gather."""
    argv = ["tasks", "--status=failed", "--status=waiting", "--expiring-within=1h30m", "--app=vod"]
    flags = parse_flags(argv)
    assert flags.status == ["failed", "waiting"]
    assert flags.expiring_within == 5400
    assert flags.app == ["vod"]
    assert parse_flags(["once", "--output", "a.prom"]).output == Path("a.prom")


def flag(text: str) -> float:
    """Return the seconds that a flag reads."""
    return float(parse_flags(["tasks", f"--expiring-within={text}"]).expiring_within)


def query(text: str) -> float | None:
    """Return the seconds that the page and the JSON API read."""
    return read_query(
        read_fields(f"expiring_within={quote_plus(text)}".encode()), ()
    ).expiring_within


def configured(text: str) -> float:
    """Return the seconds that the configuration reads."""
    return TypeAdapter[float](Seconds).validate_python(load_yaml(text))


@pytest.mark.parametrize("read", [flag, query, configured])
@pytest.mark.parametrize(
    ("text", "seconds"),
    [("6h", 21_600), ("1d12h", 129_600), ("1w", 604_800), ("500ms", 0.5), ("90", 90), ("0.5", 0.5)],
)
def test_a_duration_is_the_same_everywhere(
    read: Callable[[str], float], text: str, seconds: float
) -> None:
    """With units or as plain seconds."""
    assert read(text) == seconds


@pytest.mark.parametrize("read", [flag, query, configured])
@pytest.mark.parametrize("text", ["soon", "1.5h", "1h1h", "5m1h", "-5", "nan", "1 h"])
def test_a_wrong_duration_is_refused_everywhere(read: Callable[[str], float], text: str) -> None:
    """No place reads what the others refuse."""
    with pytest.raises((SystemExit, QueryError, ValueError)):
        read(text)


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (["--port=9"], "--port (did you mean --web.listen-address=:PORT?)"),
        (["once", "--web.listen-adress=:9"], "(did you mean --web.listen-address?)"),
        (["--web.max-requests=-1"], "argument --web.max-requests: not a whole number"),
        (["--config=x"], "unrecognized arguments: --config"),
        (["-web.listen-address=:1"], "-web.listen-address (did you mean --web.listen-address?)"),
        (["check", "twice"], "unrecognized arguments: twice"),
        (["once", "--live"], "unrecognized arguments: --live"),
        (["--log.level=trace"], "argument --log.level: invalid choice: 'trace'"),
        (["--demo", "--config.file=x"], "--demo brings its own configuration"),
        (["once", "--demo", "--config.file=x"], "--demo brings its own configuration"),
        (["--app-id=5"], "--app-id: there is no such flag: set ZEGO_APP_ID in the environment"),
        (["--zego.app-id=5"], "--zego.app-id: there is no such flag: set ZEGO_APP_ID in the "),
        (["--zego_server_secret=5"], "--zego_server_secret: there is no such flag: set ZEGO_SER"),
        (["check", "\u2013-live"], "arguments: --live (begin it with -- instead of another dash)"),
        (["\u2014demo"], "arguments: --demo (begin it with -- instead of another dash)"),
        (
            ["check", "\uff0d\uff0dlive=x"],
            "arguments: --live (begin it with -- instead of another dash)",
        ),
        (["-\u2013live"], "arguments: --live (begin it with -- instead of another dash)"),
        (["serve"], "'serve' (choose from check, once, tasks, simulate, export)"),
        (["chek"], "argument [command]: invalid choice: 'chek' (did you mean check?)"),
        (["chek", "--live"], "invalid choice: 'chek' (did you mean check?)"),
        (["--demo", "--log.level", "info", "task", "--app=x"], "'task' (did you mean tasks?)"),
        (["export", "rule"], "invalid choice: 'rule' (did you mean rules?)"),
        (["--log.level=warning"], "invalid choice: 'warning' (did you mean warn?)"),
        (["tasks", "--status=done"], "invalid choice: 'done' (choose from waiting, uploading, "),
        (["tasks", "--status=succeded"], "invalid choice: 'succeded' (did you mean succeeded?)"),
        (
            ["tasks", "--expiring-within=soon"],
            "argument --expiring-within: not a duration (such as 90s, 5m, 1h30m or plain seconds)",
        ),
        (["tasks", "--expiring-within="], "argument --expiring-within: not a duration (such as "),
        (["tasks", "--expiring-within=-5"], "argument --expiring-within: not a duration (such as "),
        (
            ["simulate", "--tasks=many"],
            "argument --tasks: not a whole number of at least 0: 'many'",
        ),
        (["simulate", "--seed=x"], "argument --seed: not a whole number: 'x'"),
        (["simulate", "--tasks=-5"], "argument --tasks: not a whole number of at least 0: '-5'"),
        (["simulate", "--tasks", "-5"], "argument --tasks: not a whole number of at least 0: '-5'"),
        *(
            (
                ["simulate", f"--pace={pace}"],
                f"argument --pace: neither 0 nor from 0.001 to 10000: '{pace}'",
            )
            for pace in ("nan", "inf", "-inf", "-3", "fast", "", "10001", "1e400", "1e-9", "1e-320")
        ),
    ],
)
def test_a_wrong_command_line_ends_with_code_2(
    argv: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The problem goes to stderr, with the usage."""
    with pytest.raises(SystemExit) as ended:
        parse_flags(argv)
    captured = capsys.readouterr()
    assert (ended.value.code, captured.out) == (2, "")
    assert problem in captured.err
    assert f"usage: {PROGRAM}" in captured.err


@pytest.mark.parametrize(
    "argv",
    [
        ["--server-secret", SECRET],
        [f"--server-secret={SECRET}"],
        ["--server_secret", "hunter2", "check"],
        ["check", "--secret=hunter2"],
        ["--token", SECRET],
        [f"--key={SECRET}"],
        ["check", SECRET],
        [SECRET],
        ["--web.max-requests", SECRET],
        ["tasks", "--expiring-within", SECRET],
        ["tasks", f"--status={SECRET}"],
    ],
)
def test_a_secret_on_the_command_line_is_not_repeated(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """No log or journal keeps it, wherever it was given; the message names the variable for it."""
    with pytest.raises(SystemExit) as ended:
        parse_flags(argv)
    captured = capsys.readouterr()
    assert ended.value.code == 2
    assert SECRET not in captured.err
    assert "hunter2" not in captured.err
    if "secret" in "".join(argv):
        assert "set ZEGO_SERVER_SECRET in the environment" in captured.err


@pytest.mark.parametrize("command", [[], ["check"], ["once", "--output=o"], ["export", "rules"]])
@pytest.mark.parametrize("flag", ["--callback-secret", "--zego-password", "--password", "-p"])
@pytest.mark.parametrize("joint", [" ", "=", ":", ""])
def test_the_value_of_an_unknown_flag_is_not_repeated(
    command: list[str], flag: str, joint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be a secret of any form; before a command, argparse would take it for one."""
    if not joint and flag != "-p":
        flag = f"{flag}="
    value = [flag, "MySecretXYZ"] if joint == " " else [f"{flag}{joint}MySecretXYZ"]
    for argv in ([*command, *value], [*value, *command], ["--log.level", "info", *value, *command]):
        with pytest.raises(SystemExit) as ended:
            parse_flags(argv)
        stderr = capsys.readouterr().err
        assert ended.value.code == 2
        assert "MySecretXYZ" not in stderr
        assert f"unrecognized arguments: {flag.rstrip('=')}" in stderr


def test_the_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Both ours and Python's, as bug reports need both."""
    with pytest.raises(SystemExit) as ended:
        parse_flags(["--version"])
    assert ended.value.code == 0
    version = re.escape(f"{PROGRAM}, version {__version__} (python ")
    assert re.fullmatch(version + r"3\.\d+\.\d+\S*\)\n", capsys.readouterr().out)


def test_every_promised_flag_is_there_and_described() -> None:
    """Every command has its promised flags, and every flag has a description."""
    described = describe_flags()
    assert described.keys() == FLAGS.keys()
    for command, flags in described.items():
        names = {name for flag, _ in flags for name in re.findall(r"(?:^|, )(--?[a-z.-]+)", flag)}
        assert names >= FLAGS[command], command
        assert all(text for _, text in flags), command


SERVING = ["--web.listen-address=:9", "--web.max-requests=9", "--web.enable-lifecycle", "--demo"]


@pytest.mark.parametrize("command", [["simulate"], ["export", "rules"]])
@pytest.mark.parametrize("flag", [*SERVING, "--config.file=x", "--web.telemetry-path=/x"])
def test_a_flag_without_an_effect_is_reported(command: list[str], flag: str) -> None:
    """Before the command's name and after it; flags of the log have one."""
    name = flag.partition("=")[0]
    assert parse_flags([flag, "--log.level=debug", *command]).unused == [name]
    assert parse_flags([*command, "--log.format=json", flag]).unused == [name]


@pytest.mark.parametrize("command", [[], ["check"], ["once"], ["tasks"]])
def test_flags_of_serving_are_for_every_command_that_is_configured(command: list[str]) -> None:
    """One can put `check` at the end of the command line of the service."""
    assert parse_flags([*SERVING, *command]).unused == []


@pytest.mark.parametrize("command", ["simulate", "export"])
def test_the_help_has_only_flags_with_an_effect(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--listen-address` of the simulator is not to be confused with that of the exporter."""
    with pytest.raises(SystemExit):
        parse_flags([command, "--help"])
    shown = capsys.readouterr().out
    assert "--log.level" in shown
    assert "--web." not in shown
    assert "--config.file" not in shown
    assert "--demo" not in shown


def test_export_names_what_it_can_write(capsys: pytest.CaptureFixture[str]) -> None:
    """Typed without it, the error has the words to choose from; so has the table of flags."""
    words = "{rules,dashboards,alertmanager}"
    with pytest.raises(SystemExit) as ended:
        parse_flags(["export"])
    assert ended.value.code == 2
    assert f"the following arguments are required: {words}" in capsys.readouterr().err
    assert (words, "what to write") in describe_flags()[f"{PROGRAM} export"]


def test_secrets_are_never_flags() -> None:
    """A command line is visible to every user of the machine."""
    flags = [flag for described in describe_flags().values() for flag, _ in described]
    assert not [flag for flag in flags if "secret" in flag]


def test_the_levels_of_the_log_are_those_of_the_flag() -> None:
    """Flags repeat them, so that parsing the command line does not import the logs."""
    for level in LEVELS:
        assert parse_flags([f"--log.level={level}"]).log_level == level
