"""compose.yaml: accepted by Compose, and checks that need no engine.

No test starts the project, because that needs Docker and images from registries. What can be known
without them is checked here: the specification's schema, Compose's own reading of the file, and the
rules by which a project fails to start or starts empty (a mount that does not exist, inline content
in a service with a read-only root, a receiver that nobody runs).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest
import yaml

from tests.components import require
from tests.deploy.manifests import ROOT
from tests.deploy.schemas import vendored_schema
from tests.deploy.tools import compose, run

PROJECT: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = PROJECT["services"]
EVERY_SERVICE = pytest.mark.parametrize("name", SERVICES)
ALERT_LOG = ROOT / "deploy" / "compose" / "alert_log.py"


def _mounts(name: str) -> dict[PurePosixPath, Path | str]:
    """Return the mounts of a service: path in the container to file here, or name of a volume."""
    found: dict[PurePosixPath, Path | str] = {}
    for mount in SERVICES[name].get("volumes", []):
        source, target = mount.split(":")[:2]
        found[PurePosixPath(target)] = ROOT / source if source.startswith(".") else source
    return found


def _file_in(name: str, path: str) -> Path:
    """Return the file of this repository that a service sees at `path`."""
    for target, source in _mounts(name).items():
        if isinstance(source, Path) and PurePosixPath(path).is_relative_to(target):
            return source / PurePosixPath(path).relative_to(target)
    raise AssertionError(f"{name} mounts nothing at {path}")


@EVERY_SERVICE
def test_no_read_only_service_has_inline_content(name: str) -> None:
    """Compose copies inline content into the container, which a read-only root refuses."""
    assert SERVICES[name]["read_only"] is True
    for kind in ("configs", "secrets"):
        for used in SERVICES[name].get(kind, []):
            key = used if isinstance(used, str) else used["source"]
            assert "file" in PROJECT[kind][key]


@EVERY_SERVICE
def test_every_mount_exists(name: str) -> None:
    """Docker silently creates an empty directory where a mounted file is missing."""
    ignored = (ROOT / ".gitignore").read_text("utf-8").split()
    for source in _mounts(name).values():
        if isinstance(source, Path):
            assert source.exists()
            assert f"/{source.relative_to(ROOT)}" not in ignored
        else:
            assert source in PROJECT["volumes"]


@EVERY_SERVICE
def test_mounted_files_are_read_only(name: str) -> None:
    """Nothing in a container may change this repository."""
    for mount in SERVICES[name].get("volumes", []):
        assert not mount.startswith(".") or mount.endswith(":ro")


@EVERY_SERVICE
def test_images_are_built_here_or_pinned(name: str) -> None:
    """A tag that moves would make the demo another one every month."""
    service = SERVICES[name]
    if "build" in service:
        assert (ROOT / service["build"] / "Dockerfile").is_file()
    else:
        assert re.fullmatch(r"[a-z]+\.[a-z]+/\S+:v?\d+\.\d+\.\d+", service["image"])


@EVERY_SERVICE
def test_ports_are_open_to_this_machine_alone(name: str) -> None:
    """The demo has no passwords."""
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:")


def test_prometheus_scrapes_the_exporter_and_notifies_alertmanager() -> None:
    """Every address in Prometheus' configuration is a service, with the port that it has."""
    config = yaml.safe_load(_file_in("prometheus", "/etc/prometheus/prometheus.yml").read_text())
    jobs = [*config["scrape_configs"], *config["alerting"]["alertmanagers"]]
    targets = {target for job in jobs for c in job["static_configs"] for target in c["targets"]}
    assert targets == {"exporter:10317", "alertmanager:9093"}
    (pattern,) = config["rule_files"]
    folder, _, names = pattern.partition("/")
    assert list(_file_in("prometheus", f"/etc/prometheus/{folder}").glob(names))


def test_receivers_exist() -> None:
    """Every webhook of the demo's Alertmanager is the alert log, at the port it listens on."""
    path = _file_in("alertmanager", "/etc/alertmanager/alertmanager.yml")
    receivers = yaml.safe_load(path.read_text("utf-8"))["receivers"]
    urls = [hook["url"] for r in receivers for hook in r.get("webhook_configs", [])]
    assert urls
    assert {urlsplit(url).netloc for url in urls} == {"alert-log:9099"}
    assert re.search(r"^PORT = 9099$", ALERT_LOG.read_text("utf-8"), re.MULTILINE)
    assert {key for r in receivers for key in r} <= {"name", "webhook_configs"}


def test_grafana_opens_on_the_overview() -> None:
    """The home dashboard is a file that is mounted, and so is its data source."""
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert json.loads(_file_in("grafana", home).read_text("utf-8"))["uid"] == "zego-uploads"
    for path in (ROOT / "grafana" / "provisioning" / "dashboards").glob("*.yaml"):
        for provider in yaml.safe_load(path.read_text("utf-8"))["providers"]:
            assert list(_file_in("grafana", provider["options"]["path"]).glob("*.json"))
    for path in (ROOT / "grafana" / "provisioning" / "datasources").glob("*.yaml"):
        for source in yaml.safe_load(path.read_text("utf-8"))["datasources"]:
            assert urlsplit(source["url"]).hostname in SERVICES


@pytest.mark.e2e
def test_it_follows_the_compose_specification() -> None:
    """The schema of the Compose Specification has no objection."""
    vendored_schema("compose-spec").validate(PROJECT)


@pytest.mark.e2e
def test_compose_reads_it_as_we_do(tmp_path: Path) -> None:
    """Compose itself accepts the file, and finds the services, images and mounts of these tests."""
    environment = tmp_path / "env"
    environment.write_text("EXPORTER_FLAGS=--log.level=info\nZEGO_APP_ID=1234567890\n", "utf-8")
    file = ROOT / "compose.yaml"
    ended = compose("--env-file", environment, "--file", file, "config", "--format", "json")
    assert (ended.returncode, ended.stderr) == (0, "")
    services = json.loads(ended.stdout)["services"]
    assert services.keys() == SERVICES.keys()
    for name, service in services.items():
        assert service.get("image") == SERVICES[name].get("image")
        binds = {v["target"]: v["source"] for v in service.get("volumes", [])}
        assert binds == {str(target): str(source) for target, source in _mounts(name).items()}
    assert services["exporter"]["command"] == ["--log.level=info"]
    assert services["exporter"]["environment"]["ZEGO_APP_ID"] == "1234567890"


def _assembled(name: str, root: str, folder: Path) -> Path:
    """Lay out below `folder` what a service sees below `root`."""
    for target, source in _mounts(name).items():
        if isinstance(source, Path) and target.is_relative_to(root):
            copy = folder / target.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.symlink_to(source)
    return folder


@pytest.mark.e2e
def test_prometheus_and_alertmanager_accept_their_configurations(tmp_path: Path) -> None:
    """Their own tools accept them as they are mounted, with the rules and templates."""
    promtool = require("promtool", package="prometheus")
    folder = _assembled("prometheus", "/etc/prometheus", tmp_path / "prometheus")
    ended = run(promtool, "check", "config", folder / "prometheus.yml")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.search(r"SUCCESS: [1-9]\d* rules found", ended.stdout)
    amtool = require("amtool", package="prometheus-alertmanager")
    folder = _assembled("alertmanager", "/etc/alertmanager", tmp_path / "alertmanager")
    ended = run(amtool, "check-config", folder / "alertmanager.yml")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "SUCCESS" in ended.stdout
    assert "0 templates" not in ended.stdout


@pytest.fixture
def alert_log() -> Iterator[subprocess.Popen[str]]:
    """Run the alert log on a free port."""
    command = [sys.executable, str(ALERT_LOG), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def _post(port: int, body: bytes) -> int:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/tickets", body)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        return int(opener.open(request, timeout=60).status)
    except HTTPError as error:
        error.close()
        return error.code


def test_the_alert_log_prints_a_line_for_each_alert(alert_log: subprocess.Popen[str]) -> None:
    """Receiver, state, severity, name and summary; a malformed body is answered with 400."""
    assert alert_log.stdout is not None
    port = int(alert_log.stdout.readline().rsplit(" ", 1)[1])
    alert = {
        "status": "firing",
        "labels": {"alertname": "ZegoUploadFailed", "severity": "warning"},
        "annotations": {"summary": "one\nupload"},
    }
    resolved = {**alert, "status": "resolved", "annotations": {}}
    for broken in (b"", b"{", b"[]", b'{"alerts": [{}]}', b'{"alerts": 5}'):
        assert _post(port, broken) == 400
    assert _post(port, json.dumps({"alerts": [alert, resolved]}).encode()) == 200
    assert [alert_log.stdout.readline() for _ in range(2)] == [
        "tickets: firing warning ZegoUploadFailed one upload\n",
        "tickets: resolved warning ZegoUploadFailed\n",
    ]
