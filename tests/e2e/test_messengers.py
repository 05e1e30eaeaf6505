"""The examples for messengers, sent by a real Alertmanager to servers that hold them to the limits.

Sources of forms and limits: docs/messengers.md.
"""

from __future__ import annotations

import json
import socketserver
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from exporter.alerting.alertmanager import alertmanager_files
from exporter.alerting.catalog import LANGUAGES
from exporter.alerting.messengers import MESSENGERS
from exporter.alerting.tuning import tuning
from tests.components import require_current
from tests.e2e.processes import running
from tests.grafana.prometheus import free_port, is_ready
from tests.http_servers import Handler, serving
from tests.waiting import wait_until

pytestmark = pytest.mark.e2e

TITLE = "文" * 32 + ".mp4"
"""A title of 100 bytes, the longest that ZEGO takes."""

TEN_FILES = "".join(f"\n- {TITLE} (id upload_task_{number})" for number in range(10))
BRIDGES = ("webhook-adapter", "prometheus-alert")
DIRECT = [name for name in MESSENGERS if name not in BRIDGES]


class Sinks:
    """Servers in the place of all services; `messages` holds the received ones, by messenger."""

    def __init__(self) -> None:
        self.messages: dict[str, list[Any]] = {name: [] for name in MESSENGERS}
        sinks = self

        class Web(Handler):
            def respond(self) -> None:
                if self.command == "GET":
                    self._answer({"errcode": 0, "errmsg": "ok", "access_token": "token"})
                    return
                sinks.messages[self.path.split("/")[1]].append(self.read_body())
                self._answer({"errcode": 0, "errmsg": "ok", "status": "success"})

            def _answer(self, content: Mapping[str, Any]) -> None:
                slack = self.path.startswith("/slack/")  # answers in plain text
                self.send_response(202 if self.path.startswith("/pagerduty/") else 200)
                self.send_header("Content-Type", "text/plain" if slack else "application/json")
                self.end_headers()
                self.wfile.write(b"ok" if slack else json.dumps(content).encode())

        class Mail(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                """Take one message as RFC 5321 describes the dialogue."""
                self.wfile.write(b"220 sink\r\n")
                while line := self.rfile.readline():
                    word = line[:4].upper().strip()
                    if word == b"DATA":
                        self.wfile.write(b"354 go on\r\n")
                        lines = iter(self.rfile.readline, b".\r\n")
                        sinks.messages["email"].append(b"".join(lines))
                    self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
                    if word == b"QUIT":
                        return

        self._web = ThreadingHTTPServer(("127.0.0.1", 0), Web)
        self._mail = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)
        self.url = f"http://127.0.0.1:{self._web.server_address[1]}"
        self.smarthost = f"127.0.0.1:{self._mail.server_address[1]}"

    @contextmanager
    def serving(self) -> Iterator[Sinks]:
        """Take messages as long as the block lasts."""
        with serving(self._web, self._mail):
            yield self


def check_wecom_robot(body: bytes) -> str:
    """Markdown of a group robot: exactly these keys, at most 4096 bytes."""
    message = json.loads(body)
    assert message.keys() == {"msgtype", "markdown"}
    assert message["msgtype"] == "markdown"
    assert message["markdown"].keys() == {"content"}
    assert len(message["markdown"]["content"].encode()) <= 4096
    return str(message["markdown"]["content"])


def check_wecom_app(body: bytes) -> str:
    """Text of an application: at most 2048 bytes."""
    message = json.loads(body)
    assert message["msgtype"] == "text"
    assert message["agentid"] == "1000002"
    assert message["toparty"] == "1"
    assert len(message["text"]["content"].encode()) <= 2048
    return str(message["text"]["content"])


def check_dingtalk(body: bytes) -> str:
    """Markdown with a title; the keyword is in both; about 20,000 bytes."""
    message = json.loads(body)
    assert message.keys() == {"msgtype", "markdown"}
    assert message["markdown"].keys() == {"title", "text"}
    assert "ZEGO" in message["markdown"]["title"]
    assert "ZEGO" in message["markdown"]["text"]
    assert len(body) <= 20_000
    return str(message["markdown"]["text"])


def check_feishu(body: bytes) -> str:
    """Check a card: at most 20 KB with the keyword in its header."""
    message = json.loads(body)
    assert message["msg_type"] == "interactive"
    assert message["card"]["header"]["template"] in ("red", "green")
    assert "ZEGO" in message["card"]["header"]["title"]["content"]
    assert len(body) <= 20 * 1024
    (element,) = message["card"]["elements"]
    assert element["tag"] == "markdown"
    return str(element["content"])


def check_slack(body: bytes) -> str:
    """One attachment with title and text."""
    message = json.loads(body)
    (attachment,) = message["attachments"]
    assert "ZEGO" in attachment["title"]
    return str(attachment["text"])


def check_pagerduty(body: bytes) -> str:
    """Events API v2: a known severity, or the end of an incident."""
    message = json.loads(body)
    assert message["event_action"] in ("trigger", "resolve")
    assert message["routing_key"] == "key"
    if message["event_action"] == "resolve":
        return str(message)
    assert message["payload"]["severity"] in ("critical", "error", "warning", "info")
    assert "ZEGO" in message["payload"]["summary"]
    return str(message["payload"]["custom_details"])


def check_email(body: bytes) -> str:
    """Check a message with subject and plain text."""
    message = message_from_bytes(body, policy=policy.default)
    assert "ZEGO" in message["Subject"]
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


CHECKS: Mapping[str, Callable[[bytes], str]] = {
    "wecom-robot": check_wecom_robot,
    "wecom-app": check_wecom_app,
    "dingtalk-robot": check_dingtalk,
    "feishu-robot": check_feishu,
    "slack": check_slack,
    "email": check_email,
    "pagerduty": check_pagerduty,
}


def configuration(folder: Path, sinks: Sinks) -> Path:
    """Write one configuration that sends every alert to every messenger's `tickets`."""
    receivers = []
    for name in DIRECT:
        example = yaml.safe_load((folder / "messengers" / f"{name}.yml").read_text("utf-8"))
        (receiver,) = (each for each in example["receivers"] if each["name"] == "tickets")
        receivers.append(_redirected(receiver, name, folder, sinks))
    routes = [{"receiver": name, "continue": True} for name in DIRECT]
    path = folder / "all.yml"
    document = {
        "templates": ["templates/*.tmpl", "messengers/robots.tmpl"],
        "route": {
            "receiver": "slack",
            "group_by": ["alertname"],
            "group_wait": "0s",
            "group_interval": "1s",
            "routes": routes,
        },
        "receivers": receivers,
    }
    path.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    return path


def _redirected(receiver: dict[str, Any], name: str, folder: Path, sinks: Sinks) -> dict[str, Any]:
    """Return the receiver of a messenger with our servers in the place of the service's."""
    (kind,) = receiver.keys() - {"name"}
    (settings,) = receiver[kind]
    address = f"{sinks.url}/{name}/"
    for key in ("url_file", "api_url_file", "routing_key_file"):
        if key in settings:
            secret = folder / f"{name}.secret"
            secret.write_text("key" if key == "routing_key_file" else address, "utf-8")
            settings[key] = str(secret)
    if kind == "pagerduty_configs":
        settings["url"] = address
    if kind == "wechat_configs":
        settings["api_url"] = address
    if kind == "email_configs":
        settings.update(smarthost=sinks.smarthost, require_tls=False)
    return {"name": name, kind: [settings]}


def send(url: str, alert: str, number: int, description: str, *, ended: bool = False) -> None:
    """Send `number` alerts of one name to Alertmanager."""
    now = datetime.now(UTC)
    alerts = [
        {
            "labels": {"alertname": alert, "severity": "warning", "zego_app": f"vod-{index}"},
            "annotations": {
                "summary": f"vod-{index} 有文件上传失败",
                "description": description,
                "runbook_url": "https://runbooks.example.com/zegouploadfailed",
            },
            "startsAt": (now - timedelta(minutes=10)).isoformat(),
            "endsAt": (now + timedelta(minutes=-1 if ended else 10)).isoformat(),
        }
        for index in range(number)
    ]
    requests.post(f"{url}/api/v2/alerts", json=alerts, timeout=60).raise_for_status()


@pytest.fixture(params=LANGUAGES, scope="module")
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str, Sinks]]:
    """Yield language, address of a running Alertmanager, and the servers that it sends to."""
    folder = tmp_path_factory.mktemp("messengers")
    for name, text in alertmanager_files(tuning(language=request.param)).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    url = f"http://127.0.0.1:{free_port()}"
    with Sinks().serving() as sinks:
        command = [
            require_current("alertmanager"),
            f"--config.file={configuration(folder, sinks)}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address={url.removeprefix('http://')}",
            "--cluster.listen-address=",
        ]
        with running(command, folder):
            wait_until(lambda: is_ready(url), "Alertmanager to be ready")
            yield request.param, url, sinks


@pytest.mark.parametrize("number", [1, 20], ids=["ten files of one app", "20 apps together"])
def test_every_messenger_takes_the_message(site: tuple[str, str, Sinks], number: int) -> None:
    """Firing, then resolved, in the form and within the limits of each service."""
    language, url, sinks = site
    words = LANGUAGES[language].messages
    alert = f"ZegoUploadFailed{number}"
    for messages in sinks.messages.values():
        messages.clear()
    send(url, alert, number, TEN_FILES)
    for name in DIRECT:
        text = wait_for(sinks, name, alert, words["firing"])
        if number == 1:
            assert text.count(TITLE) == 10, name
    send(url, alert, number, TEN_FILES, ended=True)
    for name in DIRECT:
        wait_for(sinks, name, alert, "resolve" if name == "pagerduty" else words["resolved"])


def wait_for(sinks: Sinks, name: str, alert: str, word: str) -> str:
    """Return the text of the first message that holds `word`; all messages are checked."""

    def found() -> str | None:
        texts = [CHECKS[name](body) for body in list(sinks.messages[name])]
        return next((text for text in texts if word in text), None)

    return wait_until(found, f"{name}: {alert} {word}")
