"""Our rules and our example configurations on real servers, with a minute in every second.

Exporter, Prometheus and Alertmanager run as processes; notifications come to a web server here.
"""

from __future__ import annotations

import json
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.components import require_of
from tests.e2e.processes import EXPORTER, Program, running
from tests.grafana.prometheus import Prometheus, free_port, is_ready
from tests.http_servers import Handler, serving
from tests.prometheus.rule_files import PROMETHEUS, RULE_FILES
from tests.prometheus.scaling import scale_document
from tests.waiting import wait_until

DIVISOR = 60
"""A minute of the rules and configurations takes a second here."""


@dataclass(frozen=True, slots=True)
class Notification:
    """One alert as a receiver got it; `status` is "firing" or "resolved"."""

    receiver: str
    status: str
    labels: dict[str, str]
    annotations: dict[str, str]

    def is_about(self, alert: str, status: str = "firing", **labels: str) -> bool:
        """Return whether it is about an alert of this name, in this status, with these labels."""
        wanted = {"alertname": alert, **labels}.items()
        return self.status == status and wanted <= self.labels.items()


class Receiver:
    """The web server that Alertmanager notifies; `url` has no slash at its end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._notifications: list[Notification] = []
        receiver = self

        class Webhook(Handler):
            def respond(self) -> None:
                receiver.take(json.loads(self.read_body()))
                self.send_response(200)
                self.end_headers()

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Take notifications as long as the block lasts."""
        with serving(self._server):
            yield

    def take(self, message: dict[str, Any]) -> None:
        """Keep the notifications of one message of Alertmanager's webhook."""
        found = [
            Notification(
                message["receiver"], alert["status"], alert["labels"], alert["annotations"]
            )
            for alert in message["alerts"]
        ]
        with self._lock:
            self._notifications += found

    @property
    def notifications(self) -> list[Notification]:
        """All notifications so far, the latest last."""
        with self._lock:
            return list(self._notifications)

    def about(self, alert: str, status: str = "firing", **labels: str) -> list[Notification]:
        """Return the notifications about an alert."""
        return [each for each in self.notifications if each.is_about(alert, status, **labels)]

    def wait_for(self, alert: str, status: str = "firing", **labels: str) -> Notification:
        """Return the first notification about an alert, waiting for it."""

        def first() -> Notification | None:
            return next(iter(self.about(alert, status, **labels)), None)

        return wait_until(first, f"{alert} {status} {labels}", seconds=180)


class Exporter:
    """The exporter configured in `folder`, always at the same address; it can be restarted."""

    def __init__(self, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._folder = folder
        self._program: Program | None = None

    def start(self) -> None:
        """Return once it serves and its first collections have ended."""
        address = self.url.removeprefix("http://")
        program = Program([EXPORTER, "--web.listen-address", address], self._folder)
        self._program = program
        wait_until(lambda: is_ready(self.url) or not program.alive, "the exporter")
        assert program.alive, program.output

    def stop(self) -> None:
        """End it, if it runs."""
        if self._program is not None:
            self._program.clean_up()


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that runs, and its results."""

    exporter: Exporter
    receiver: Receiver
    prometheus: Prometheus
    alertmanager_url: str

    def wait_until_muted(self, alert: str, **labels: str) -> None:
        """Return once an alert fires that Alertmanager inhibits."""
        matchers = {"alertname": alert, **labels}
        parameters = {"filter": [f'{name}="{value}"' for name, value in matchers.items()]}

        def muted() -> bool:
            url = f"{self.alertmanager_url}/api/v2/alerts"
            found = requests.get(url, params=parameters, timeout=60).json()
            return any(alert["status"]["inhibitedBy"] for alert in found)

        wait_until(muted, f"{matchers} to be muted", seconds=180)

    def wait_for_query(self, expr: str) -> None:
        """Return once a query finds something."""
        wait_until(lambda: self.prometheus.query(expr, now=time.time()), expr, seconds=180)

    def firing(self) -> set[str]:
        """Return the names of the alerts that fire now."""
        found = self.prometheus.query('ALERTS{alertstate="firing"}', now=time.time())
        return {series["metric"]["alertname"] for series in found}

    def fired(self) -> set[str]:
        """Return all alerts that have fired since the start, as "alert/severity/app"."""
        found = self.prometheus.query(
            'last_over_time(ALERTS{alertstate="firing"}[1h])', now=time.time()
        )
        labels = [series["metric"] for series in found]
        return {
            "/".join((each["alertname"], each["severity"], each.get("zego_app", "")))
            for each in labels
        }


@dataclass(frozen=True, slots=True)
class Setting:
    """The divisor of all durations, and the origin of the programs."""

    divisor: int = DIVISOR
    generation: str = "distribution"

    def scaled(self, path: Path) -> Any:
        """Return a YAML file with its durations divided."""
        return scale_document(yaml.safe_load(path.read_text(encoding="utf-8")), self.divisor)


@contextmanager
def stage(folder: Path, setting: Setting | None = None) -> Iterator[Stage]:
    """Run the exporter configured in `folder`, and all that makes a notification of its metrics.

    The exporter starts first: otherwise Prometheus would rightly report it as absent.
    """
    setting = setting or Setting()
    with ExitStack() as stack:
        exporter = Exporter(folder)
        stack.callback(exporter.stop)
        exporter.start()
        receiver = Receiver()
        stack.enter_context(receiver.serving())
        alertmanager_url = stack.enter_context(_alertmanager(folder, receiver.url, setting))
        prometheus = stack.enter_context(
            _prometheus(folder, alertmanager_url, exporter.url, setting)
        )
        yield Stage(exporter, receiver, prometheus, alertmanager_url)


@contextmanager
def _alertmanager(folder: Path, receiver_url: str, setting: Setting) -> Iterator[str]:
    names = ("alertmanager", "prometheus-alertmanager")
    program = require_of(setting.generation, *names, package="prometheus-alertmanager")
    config = setting.scaled(PROMETHEUS / "alertmanager.example.yml")
    # Not scaled in full: Alertmanager notes what mutes an alert in a goroutine of its own, which on
    # a busy machine can come later than the quarter of a second that would be left.
    config["route"]["group_wait"] = "1s"
    for receiver in config["receivers"]:
        for hook in receiver.get("webhook_configs", []):
            hook["url"] = receiver_url
    _write(folder / "alertmanager.yml", config)
    shutil.copytree(PROMETHEUS / "templates", folder / "templates")
    command = [
        program,
        "--config.file=alertmanager.yml",
        "--storage.path=alerts",
        "--web.listen-address=127.0.0.1:0",
        "--cluster.listen-address=",
    ]
    with running(command, folder) as server:
        yield f"http://{server.find(r'address=(127[.]0[.]0[.]1:[0-9]+)')[1]}"


@contextmanager
def _prometheus(
    folder: Path, alertmanager_url: str, exporter_url: str, setting: Setting
) -> Iterator[Prometheus]:
    program = require_of(setting.generation, "prometheus", package="prometheus")
    config = setting.scaled(PROMETHEUS / "prometheus.example.yml")
    (alertmanager,) = config["alerting"]["alertmanagers"]
    alertmanager["static_configs"] = [{"targets": [alertmanager_url.removeprefix("http://")]}]
    (scraped,) = config["scrape_configs"]
    scraped["static_configs"] = [{"targets": [exporter_url.removeprefix("http://")]}]
    _write(folder / "prometheus.yml", config)
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        program,
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        # Alertmanager takes an alert for resolved that is not sent again within four times this: a
        # busy machine can keep Prometheus waiting for the two seconds that scaling would leave.
        "--rules.alert.resend-delay=5s",
        f"--web.listen-address={url.removeprefix('http://')}",
    ]
    with running(command, folder) as server:
        wait_until(lambda: is_ready(url) or not server.alive, "Prometheus")
        assert server.alive, server.output
        prometheus = Prometheus(url)
        wait_until(lambda: prometheus.query("up == 1", now=time.time()), "a scrape")
        _load_rules(folder, server, url, setting)
        yield prometheus


def _load_rules(folder: Path, server: Program, url: str, setting: Setting) -> None:
    """Load the rules, which would miss the exporter in the 5 seconds before the first scrape."""
    (folder / "rules").mkdir()
    for path in RULE_FILES:
        _write(folder / "rules" / path.name, setting.scaled(path))
    server.send(signal.SIGHUP)

    def loaded() -> bool:
        groups = requests.get(f"{url}/api/v1/rules", timeout=60).json()["data"]["groups"]
        never = "0001-01-01T00:00:00Z"
        return bool(groups) and all(group["lastEvaluation"] != never for group in groups)

    wait_until(loaded, "the rules")


def _write(path: Path, document: Any) -> None:
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
