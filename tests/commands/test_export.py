"""`export`: the shipped rules and dashboards, tuned, on standard output or in a folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import BinaryIO

import pytest
import yaml

from exporter.cli import main
from tests.components import ROOT


def test_rules_go_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """One rule file, in UTF-8, that can be piped into promtool."""
    assert main(["export", "rules", "--language", "zh", "--disable", "ZegoUploadExpired"]) == 0

    document = yaml.safe_load(capsys.readouterr().out)
    names = [rule.get("alert") for group in document["groups"] for rule in group["rules"]]
    assert "ZegoUploadFailed" in names
    assert "ZegoUploadExpired" not in names


def test_common_flags_are_accepted_before_and_after(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The same as for every sub-command."""
    assert main(["--log.level", "error", "export", "alertmanager", "--log.format", "json"]) == 0
    assert "inhibit_rules" in yaml.safe_load(capsys.readouterr().out)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_files_go_into_a_folder(tmp_path: Path, language: str) -> None:
    """Rules, Alertmanager's example with its template, and the dashboards of a language."""
    for kind in ("rules", "alertmanager", "dashboards"):
        assert main(["export", kind, "--language", language, "--output", str(tmp_path / kind)]) == 0

    committed = ROOT / "prometheus" / ("rules" if language == "en" else "rules-zh")
    alerts = "zego-uploads.alerts.yaml"
    assert (tmp_path / "rules" / alerts).read_bytes() == (committed / alerts).read_bytes()
    assert (tmp_path / "alertmanager" / "templates" / "zego-uploads.tmpl").exists()
    boards = sorted(path.name for path in (tmp_path / "dashboards").iterdir())
    assert boards == sorted(
        path.name
        for path in (ROOT / "grafana").glob("*.json")
        if path.stem.endswith("-zh") == (language == "zh")
    )
    for path in (tmp_path / "dashboards").iterdir():
        assert json.loads(path.read_text(encoding="utf-8"))["uid"]


def test_a_wrong_value_is_a_usage_error(capfd: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, each problem on a line of its own, and nothing on standard output."""
    code = main(["export", "rules", "--disable", "X", "--threshold", "ZegoUploadFailed.x=1"])

    output = capfd.readouterr()
    assert code == 2
    assert output.out == ""
    assert [line.split(": ")[1] for line in output.err.splitlines()] == ["--disable", "--threshold"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("rules --slo-minimum 5", "--slo-minimum: there is no objective (give --slo-objective "),
        ("rules --slo-objective 0.9 --slo-minimum=", "--slo-minimum: '' is not a whole"),
        ("rules --slo-objective=", "--slo-objective: '' is not a share between 0 and 1"),
        ("dashboards", "--output DIR is needed"),
    ],
)
def test_a_flag_without_the_one_that_it_needs_is_a_usage_error(
    arguments: str, problem: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """An objective needs both of its values, and several dashboards need a folder."""
    assert main(["export", *arguments.split()]) == 2
    assert problem in capfd.readouterr().err


def test_a_folder_that_cannot_be_written_is_a_failure(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1: the flags are right."""
    (tmp_path / "file").write_text("")

    assert main(["export", "rules", "--output", str(tmp_path / "file")]) == 1
    assert "cannot write to" in capfd.readouterr().err


def test_everything_that_ships_is_in_the_list_of_the_build() -> None:
    """A new dashboard has to be added there as well."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    dashboards = {f"grafana/{path.name}" for path in (ROOT / "grafana").glob("*.json")}

    assert set(included) == dashboards | {"docs/alerts.md", "docs/alerts.zh-CN.md"}
    assert all(target == f"exporter/shipped/{source}" for source, target in included.items())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a device of Linux")
def test_a_full_disk_behind_stdout_is_one_line() -> None:
    """Exit code 1, and no traceback."""
    with Path("/dev/full").open("wb") as full:
        done = _export_rules(full)
    problem = "stdout cannot be written: No space left on device"
    assert (done.returncode, done.stderr) == (1, f"zego-upload-exporter: {problem}\n")


def test_a_reader_that_has_gone_ends_it_silently() -> None:
    """Like `| head`: exit code 1, as not everything was written."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as pipe:
        done = _export_rules(pipe)
    assert (done.returncode, done.stderr) == (1, "")


def _export_rules(stdout: BinaryIO) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "exporter", "export", "rules"],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
