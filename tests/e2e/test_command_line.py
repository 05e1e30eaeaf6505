"""The program as a process: arguments, exit codes, stdout and stderr."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

import pytest
import requests

from exporter import __version__
from exporter.simulator.http_server import SimulatorServer
from tests.e2e.apps import FAST, SECRET, entry, still_app, write_config
from tests.e2e.pages import read_page, wait_for_up
from tests.e2e.processes import ANY_PORT, EXPORTER, run_exporter, running, url_of

pytestmark = pytest.mark.e2e

BAD = {
    "several problems": (
        f"apps: [{{app_id: -1, server_secret: {SECRET}, regoin: hkg}}]\n"
        "collection: {interval: 0}",
        ["apps[0].app_id: ", "apps[0].regoin: ", "collection.interval: "],
    ),
    "two secrets": (
        f"apps: [{{app_id: 1, server_secret: {SECRET}, server_secret_file: secret}}]",
        ["apps[0].server_secret: "],
    ),
    "secret in a wrong place": (
        f"apps: [{{app_id: {SECRET}, server_secret: ok-{SECRET}, slots_limit: {SECRET}}}]",
        ["apps[0].app_id: ", "apps[0].slots_limit: "],
    ),
    "undefined variable": (
        "apps: [{app_id: 1, server_secret: '${NOT_THERE}'}]",
        ["apps[0].server_secret: the environment variable NOT_THERE is not set"],
    ),
    "not YAML": (f"apps: [{{app_id: 1, server_secret: {SECRET}", ["config.yaml"]),
    "duplicate key": (
        f"apps: [{{app_id: 1, app_id: 2, server_secret: {SECRET}}}]",
        ["app_id"],
    ),
}
"""Unusable configuration files, and the expected messages."""


@pytest.mark.parametrize(("text", "expected"), BAD.values(), ids=BAD.keys())
def test_a_bad_configuration_is_refused(tmp_path: Path, text: str, expected: list[str]) -> None:
    """Exit code 2, every problem on stderr, no secret anywhere, no traceback."""
    (tmp_path / "config.yaml").write_text(text)
    (tmp_path / "secret").write_text(SECRET)
    ended = run_exporter(tmp_path, "--log.level=debug", *ANY_PORT)
    assert (ended.returncode, ended.stdout) == (2, "")
    for problem in expected:
        assert problem in ended.stderr
    assert SECRET not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_any_configuration_the_message_names_the_variables(tmp_path: Path) -> None:
    """Neither a file nor variables: exit code 2, and the names of the variables."""
    ended = run_exporter(tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "ZEGO_APP_ID" in ended.stderr
    assert "ZEGO_SERVER_SECRET" in ended.stderr


@pytest.mark.parametrize("flags", [["--nonsense"], ["--config.fil=x"], ["--log.level=loud"], ["x"]])
def test_unknown_flags_are_refused(tmp_path: Path, flags: list[str]) -> None:
    """Exit code 2 and the usage on stderr."""
    ended = run_exporter(tmp_path, *flags)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "usage: zego-upload-exporter" in ended.stderr


def test_version_and_help_go_to_stdout(tmp_path: Path) -> None:
    """Exit code 0; the version names Python's too, the help has every flag."""
    version = run_exporter(tmp_path, "--version")
    line = f"zego-upload-exporter, version {__version__} (python {platform.python_version()})\n"
    assert (version.returncode, version.stdout, version.stderr) == (0, line, "")
    manual = run_exporter(tmp_path, "--help")
    assert (manual.returncode, manual.stderr) == (0, "")
    for flag in ("--config.file", "--web.listen-address", "--log.level", "--demo", "simulate"):
        assert flag in manual.stdout


@pytest.mark.parametrize(
    "flags", [["--demo", "--web.listen-address"], ["simulate", "--listen-address"]]
)
def test_a_port_in_use_is_one_line(tmp_path: Path, flags: list[str]) -> None:
    """Exit code 1, as the port may become free, and one line that names the address."""
    with SimulatorServer([]) as server:
        address = f"127.0.0.1:{server.port}"
        ended = run_exporter(tmp_path, *flags, address)
    assert (ended.returncode, ended.stdout) == (1, "")
    (line,) = ended.stderr.splitlines()
    assert f"cannot listen on {address}: address already in use" in line.lower()


def test_the_environment_alone_is_enough(tmp_path: Path) -> None:
    """Without a file, the variables describe one app, named like its AppId, with defaults."""
    environment = {
        "ZEGO_APP_ID": "4242",
        "ZEGO_SERVER_SECRET": SECRET,
        "ZEGO_REGION": "hkg",
        "HTTPS_PROXY": "http://127.0.0.1:9",  # no server there: this test needs none
    }
    with running([EXPORTER, *ANY_PORT], tmp_path, environment) as exporter:
        page = read_page(url_of(exporter))
        assert page.table("zego_upload_app_info", "zego_app", "app_id", "endpoint") == {
            "4242 4242 https://cloud-player-api-hkg.zego.im": 1
        }
        assert page.value("zego_upload_collection_interval_seconds") == 60
        assert exporter.end() == 0


def test_flags_win_over_the_file(tmp_path: Path) -> None:
    """A file elsewhere is found by its flag; address and path of the flags are used."""
    app = still_app(1)
    folder = tmp_path / "etc"
    folder.mkdir()
    with SimulatorServer([app]) as server:
        web = {"listen_address": [f"127.0.0.1:{server.port}"], "telemetry_path": "/of-the-file"}
        write_config(folder, apps=[entry(app, server)], web=web)
        flags = ["--config.file=etc/config.yaml", "--web.telemetry-path=/of-the-flag"]
        with running([EXPORTER, *flags, *ANY_PORT], tmp_path) as exporter:
            url = url_of(exporter)
            assert requests.get(f"{url}/of-the-flag", timeout=60).status_code == 200
            assert requests.get(f"{url}/of-the-file", timeout=60).status_code == 404


def test_the_simulator_serves_an_exporter(tmp_path: Path) -> None:
    """`simulate` prints the settings that an exporter needs to collect from it."""
    command = [EXPORTER, "simulate", "--listen-address=127.0.0.1:0", "--tasks=120"]
    folder = tmp_path / "exporter"
    folder.mkdir()
    with running(command, tmp_path) as simulator:
        printed = simulator.find(r"endpoint: (\S+)\napp (\w+): app_id (\d+), server_secret (\w+)\n")
        endpoint, name, app_id, secret = printed.groups()
        app = {"name": name, "app_id": int(app_id), "server_secret": secret, "endpoint": endpoint}
        write_config(folder, apps=[app], collection=FAST)
        with running([EXPORTER, *ANY_PORT], folder) as exporter:
            page = wait_for_up(url_of(exporter))
        state = requests.get(f"{endpoint}/simulator/state", timeout=60).json()[app_id]
        assert page.counts() == state["counts"]
        assert sum(page.counts().values()) == 120


def test_the_demo_needs_nothing(tmp_path: Path) -> None:
    """`--demo` serves two apps of the embedded simulator, from an empty folder."""
    with running([EXPORTER, "--demo", *ANY_PORT], tmp_path) as exporter:
        page = wait_for_up(url_of(exporter), app="vod")
        assert page.table("zego_upload_app_info", "zego_app").keys() == {"vod", "lessons"}
        assert sum(page.counts("vod").values()) > 100
        assert exporter.end() == 0


@pytest.mark.parametrize(
    "command", [["once", "--demo"], ["simulate", "--tasks=0", "--listen-address=127.0.0.1:0"]]
)
def test_a_full_disk_behind_stdout_is_one_line(tmp_path: Path, command: list[str]) -> None:
    """No traceback, and no success."""
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            [EXPORTER, *command],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert run.returncode == 1
    assert run.stderr.decode() == (
        "zego-upload-exporter: stdout cannot be written: No space left on device\n"
    )


def test_check_reports_what_serve_would_refuse(tmp_path: Path) -> None:
    """For example, a missing web configuration."""
    app = {"app_id": 1, "server_secret": SECRET}
    write_config(tmp_path, apps=[app], web={"config_file": "nope.yml"})
    run = run_exporter(tmp_path, "check")
    assert run.returncode == 2
    assert 'web.config_file: "nope.yml" cannot be used: No such file' in run.stderr
