"""A real Prometheus scrapes over TLS: with a password, and with a client certificate."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from exporter.simulator.http_server import SimulatorServer
from tests.components import require
from tests.e2e.apps import FAST, entry, still_app, write_config
from tests.e2e.processes import (
    ANY_PORT,
    EXPORTER,
    Program,
    prometheus_scraping,
    run_exporter,
    running,
    url_of,
)
from tests.grafana.prometheus import Prometheus
from tests.waiting import wait_until
from tests.web.security.webconfig_files import TLS, VERIFYING, Folder, certificate, hashed

pytestmark = pytest.mark.e2e

TASKS = 50
PASSWORD = "correct horse"


@contextmanager
def serving(folder: Path, web_configuration: str) -> Iterator[tuple[Program, str]]:
    """Run an exporter with a web configuration; yield it and its URL."""
    Folder.filled(folder).write(web_configuration)
    app = still_app(TASKS)
    with SimulatorServer([app]) as server:
        write_config(folder, apps=[entry(app, server)], collection=FAST)
        flags = [*ANY_PORT, "--web.config.file", "web.yml"]
        with running([EXPORTER, *flags], folder) as exporter:
            yield exporter, url_of(exporter)


def wait_for_scrape(prometheus: Prometheus, *, refusal: str = "") -> None:
    """Return once a scrape succeeded, or failed with an error that matches `refusal`.

    The first one may time out after its second: on a machine at its limit, a TLS handshake and the
    first check of a password take longer.
    """

    def scraped() -> bool:
        answer = requests.get(f"{prometheus.url}/api/v1/targets", timeout=30)
        return any(
            re.search(refusal, target["lastError"]) if refusal else target["health"] == "up"
            for target in answer.json()["data"]["activeTargets"]
        )

    wait_until(scraped, refusal or "a scrape")


def listed_tasks(prometheus: Prometheus) -> float:
    """Return the number of tasks that Prometheus knows of, once it does."""
    found = wait_until(
        lambda: prometheus.query("sum(zego_upload_tasks)", now=time.time()), "the tasks"
    )
    return float(found[0]["value"][1])


WITH_USERS = f"{TLS}basic_auth_users: {{prometheus: {hashed(PASSWORD, cost=10)}}}\n"


def test_prometheus_scrapes_with_a_password(tmp_path: Path) -> None:
    """With the right password and our CA it sees the tasks, and no log holds the password."""
    access = {
        "tls_config": {"ca_file": "ca.pem"},
        "basic_auth": {"username": "prometheus", "password": PASSWORD},
    }
    with (
        serving(tmp_path, WITH_USERS) as (exporter, url),
        prometheus_scraping(url, tmp_path, access=access) as prometheus,
    ):
        wait_for_scrape(prometheus)
        assert listed_tasks(prometheus) == TASKS
        output = exporter.output
        assert exporter.end() == 0
    assert PASSWORD not in output
    assert "$2" not in output


def test_prometheus_does_not_get_in_with_a_wrong_password(tmp_path: Path) -> None:
    """A wrong password is a target that is down."""
    access = {
        "tls_config": {"ca_file": "ca.pem"},
        "basic_auth": {"username": "prometheus", "password": "battery staple"},
    }
    with (
        serving(tmp_path, WITH_USERS) as (_, url),
        prometheus_scraping(url, tmp_path, access=access) as prometheus,
    ):
        wait_for_scrape(prometheus, refusal="401 Unauthorized")


@pytest.mark.parametrize(
    ("names", "refusal"), [(["prometheus.example"], ""), (["other.example"], "reset by peer|tls: ")]
)
def test_prometheus_scrapes_with_a_client_certificate(
    tmp_path: Path, names: list[str], refusal: str
) -> None:
    """With a certificate whose name is allowed it sees the tasks, and otherwise nothing."""
    client = certificate("prometheus.example")
    (tmp_path / "client.pem").write_bytes(client.cert_chain_pems[0].bytes())
    (tmp_path / "client.key.pem").write_bytes(client.private_key_pem.bytes())
    tls = {"ca_file": "ca.pem", "cert_file": "client.pem", "key_file": "client.key.pem"}
    access = {"tls_config": tls}
    with (
        serving(tmp_path, f"{VERIFYING}  client_allowed_sans: {names}\n") as (_, url),
        prometheus_scraping(url, tmp_path, access=access) as prometheus,
    ):
        wait_for_scrape(prometheus, refusal=refusal)
        if not refusal:
            assert listed_tasks(prometheus) == TASKS


def test_an_unusable_file_ends_the_program(tmp_path: Path) -> None:
    """All problems are reported with the file and their places, and the exit code is 2."""
    (tmp_path / "web.yml").write_text("tls_server_config: {cert_file: no.pem}\nusers: {}\n")
    done = run_exporter(tmp_path, "--demo", *ANY_PORT, "--web.config.file", "web.yml")
    file = tmp_path / "web.yml"
    assert done.returncode == 2
    assert f"{file}: tls_server_config.cert_file: " in done.stderr
    assert f"{file}: users: unknown key" in done.stderr


def test_a_renewed_certificate_is_served_without_a_restart(tmp_path: Path) -> None:
    """Clients get the new certificate within seconds, also with a reload in between."""
    curl = require("curl", package="curl")
    with serving(tmp_path, TLS) as (exporter, url):
        port = url.rpartition(":")[2]
        command = [curl, "-s", "--cacert", "ca.pem", "-o", "page"]
        command += ["--resolve", f"renewed.example:{port}:127.0.0.1"]
        command += [f"https://renewed.example:{port}/-/healthy"]

        def fetches() -> bool:
            return subprocess.run(command, cwd=tmp_path, check=False).returncode == 0

        assert not fetches()
        Folder(tmp_path).write_certificate(certificate("renewed.example"))
        exporter.send(signal.SIGHUP)
        wait_until(fetches, "the renewed certificate")
