"""No secret is ever shown, after any fault (`docs/guarantees.md`, section 11).

The whole service runs in this process against the simulator. Faults follow one another, and
after each fault all output is read: log lines at debug, pages, errors with their tracebacks,
and the representation of every object of the exporter.
"""

from __future__ import annotations

import gc
import io
import logging
import re
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from exporter.collection.state import AppView
from exporter.commands.serve import Service
from exporter.config import Settings, load_settings
from exporter.logs import LogFormat, setup_logging
from exporter.metrics.exposition import Exposition
from exporter.simulator.lifecycle import Lifecycle
from exporter.zego import signing
from exporter.zego.callbacks import sign_callback
from exporter.zego.transport import Transport
from tests.e2e.apps import entry, write_config
from tests.faults import FaultyApp, FaultyServer
from tests.faults.faults import Fault

pytestmark = pytest.mark.e2e  # a whole service through every fault, twice

SERVER_SECRET = "9193cc662a4c0ec135ec71fb57194b38"
FILE_SECRET = "a-secret-from-a-file-5e1f"
CALLBACK_SECRET = "callback-secret-77c4"
SECRETS = (SERVER_SECRET, FILE_SECRET, CALLBACK_SECRET)

PARAMETERS: Mapping[Fault, Any] = {
    Fault.HUGE_BODY: 20,
    Fault.GZIP_BOMB: 20,
    Fault.DEEP_NESTING: 10_000,
    Fault.DELAY: 0.4,
}
PATHS = (
    "/metrics",
    "/",
    "/?status=all",
    "/?status=nothing",
    "/api/v1/apps",
    "/api/v1/tasks?status=all",
    "/api/v1/tasks?limit=x",
    "/-/healthy",
    "/-/ready",
    "/nothing",
    "/callback/vod",
)
FORBIDDEN = re.compile(
    r"[0-9a-f]{32}"  # the form of server secrets, and of all signatures
    # What media URLs carry; an example address of a messenger has a placeholder in its place.
    r"|stream-secret|\btoken=(?!replace-this)"
    r"|Signature=|SignatureVersion=|Timestamp="  # a request's query
)


class Listener:
    """Records everything that the service logs and serves."""

    def __init__(self, service: Service, log: io.StringIO) -> None:
        self.service = service
        self.log = log
        self.recorded: list[str] = []

    def listen(self) -> None:
        """Read every page, every error and every representation."""
        for path in PATHS:
            answer = requests.get(self.service.urls[0] + path, timeout=60)
            self.recorded.append(f"{path}: {answer.status_code} {answer.headers}\n{answer.text}")
        for view in self.views():
            self.recorded.append(repr(view))
            if view.last_error is not None:
                self.recorded += [
                    repr(view.last_error),
                    *traceback.format_exception(view.last_error),
                ]

    def listen_to_objects(self) -> None:
        """Read the representation of every object of the exporter."""
        for one in gc.get_objects():
            module = str(type(one).__module__)
            if module.startswith("exporter.") and not module.startswith("exporter.simulator"):
                self.recorded.append(repr(one))

    def views(self) -> list[AppView]:
        """Return the state of the apps."""
        return list(self.service._collectors.views())

    def everything(self) -> str:
        """Return everything recorded so far."""
        return "\n".join([self.log.getvalue(), *self.recorded])


@pytest.fixture
def apps() -> list[FaultyApp]:
    """Return two apps with media URLs that carry tokens; one sends callbacks."""
    built = []
    for app_id, (name, secret) in enumerate((("vod", SERVER_SECRET), ("file", FILE_SECRET)), 1):
        life = Lifecycle(pace=0, start=time.time())
        life.add_tasks(60, statuses=(1, 4, 5))
        built.append(FaultyApp(app_id, secret, life, name, rate_limit=None))
    return built


@pytest.fixture
def load(apps: list[FaultyApp], tmp_path: Path) -> Iterator[Callable[[], Settings]]:
    """Run the simulator and return what loads the configuration of a service for it."""
    (tmp_path / "secret").write_text(FILE_SECRET)
    environment = {"SERVER_SECRET": SERVER_SECRET, "CALLBACK_SECRET": CALLBACK_SECRET}
    with FaultyServer(apps) as server:
        vod, other = (entry(app, server) for app in apps)
        vod.update(server_secret="${SERVER_SECRET}", callback_secret="${CALLBACK_SECRET}")
        del other["server_secret"]
        other["server_secret_file"] = "secret"
        collection = {"interval": "1h", "timeout": 0.3, "max_retries": 0}
        collection["requests_per_second"] = 10_000
        web = {"listen_address": ["127.0.0.1:0"]}
        write_config(tmp_path, apps=[vod, other], collection=collection, web=web)
        yield lambda: load_settings(tmp_path / "config.yaml", environment)


@pytest.fixture(params=["logfmt", "json"])
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """Return the log at debug; the loggers are restored at the end."""
    names = ("exporter", "uvicorn.error", "urllib3", "requests", "asyncio")
    loggers = [logging.getLogger(name) for name in names]
    before = [(one.handlers, one.propagate, one.level) for one in loggers]
    stream = io.StringIO()
    log_format: LogFormat = request.param
    setup_logging("debug", log_format, stream)
    yield stream
    for one, (handlers, propagate, level) in zip(loggers, before, strict=True):
        one.handlers, one.propagate, one.level = handlers, propagate, level


@pytest.fixture
def listener(load: Callable[[], Settings], log: io.StringIO) -> Iterator[Listener]:
    """Run the service and listen to it."""
    service = Service(load(), load, lifecycle=True)
    service.start()
    yield Listener(service, log)
    service.stop()


@pytest.fixture
def signatures(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of the signatures of all requests to the API, which grows."""
    made: list[str] = []
    sign = signing.sign

    def noting(**arguments: Any) -> str:
        made.append(sign(**arguments))
        return made[-1]

    monkeypatch.setattr(signing, "sign", noting)
    return made


def collect(listener: Listener) -> None:
    """Collect each app once; its own thread waits for an hour."""
    for collector in listener.service._collectors._collectors:
        collector.collect()


def callback(listener: Listener, **changes: Any) -> str:
    """Send a callback, listen, and return its signature."""
    timestamp, nonce = str(int(time.time())), "nonce-1"
    signature = sign_callback(CALLBACK_SECRET, timestamp, nonce)
    event = {
        "AppID": 1,
        "EventType": 10001,
        "UploadTaskId": "upload_task_1",
        "Nonce": nonce,
        "Timestamp": timestamp,
        "Signature": signature,
        "StreamUrl": "https://origin.example.com/a.mp4?token=stream-secret",
        **changes,
    }
    answer = requests.post(f"{listener.service.urls[0]}/callback/vod", json=event, timeout=60)
    listener.recorded.append(f"{answer.status_code} {answer.headers}\n{answer.text}")
    return signature


def assert_no_secret(listener: Listener, secrets: Sequence[str]) -> None:
    """Check that no recorded text contains a secret."""
    everything = listener.everything()
    assert not FORBIDDEN.findall(everything)
    assert not [secret for secret in secrets if secret in everything]


def test_no_fault_reveals_a_secret(
    listener: Listener, apps: list[FaultyApp], signatures: list[str]
) -> None:
    """Each fault of the simulator, and the state after all of them."""
    for fault in Fault:
        for app in apps:
            app.faults.switch_on(fault, PARAMETERS.get(fault))
        collect(listener)
        listener.listen()
        for app in apps:
            app.faults.switch_off()
    collect(listener)
    listener.listen()
    listener.listen_to_objects()
    assert "collection failed" in listener.everything()
    assert "collections succeed again" in listener.everything()
    assert len(signatures) >= 2 * len(Fault)
    assert_no_secret(listener, [*SECRETS, *signatures])


def test_no_callback_reveals_a_secret(listener: Listener) -> None:
    """Neither an accepted callback nor a refused one."""
    signature = callback(listener)
    callback(listener)  # a replay
    callback(listener, Nonce="nonce-2")
    callback(listener, Signature=signature[::-1])
    callback(listener, AppID="x", Timestamp="0")
    callback(listener, StreamUrl="x" * 100_000)
    listener.listen()
    listener.listen_to_objects()
    recorded = listener.everything()
    assert 'zego_upload_callback_events_total{event="succeeded",zego_app="vod"} 1.0' in recorded
    assert_no_secret(listener, [*SECRETS, signature, signature[::-1]])


def test_no_reload_reveals_a_secret(listener: Listener, tmp_path: Path) -> None:
    """An unusable configuration is described, not quoted."""
    for wrong in ([SERVER_SECRET], {"value": SERVER_SECRET}, SERVER_SECRET + "\n"):
        entry = {"app_id": 1, "server_secret": wrong, "callback_secret": [CALLBACK_SECRET]}
        write_config(tmp_path, apps=[entry])
        answer = requests.post(f"{listener.service.urls[0]}/-/reload", timeout=60)
        assert answer.status_code == 500
        listener.recorded.append(answer.text)
    listener.listen()
    assert "reload failed" in listener.everything()
    assert_no_secret(listener, SECRETS)


def test_no_defect_reveals_a_secret(
    listener: Listener, signatures: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected exception can quote a request: its traceback is redacted."""

    def break_request(_: Transport, url: str, params: Mapping[str, str], *__: object) -> None:
        raise RuntimeError(f"broken: {url}?{urlencode(params)}", params)

    def break_page(_: Exposition, **__: object) -> None:
        raise RuntimeError("broken: https://origin.example.com/a.mp4?token=stream-secret")

    monkeypatch.setattr(Transport, "_exchange", break_request)
    collect(listener)
    monkeypatch.setattr(Exposition, "render", break_page)
    gc.disable()  # what has failed may still be held by a cycle
    try:
        listener.listen()
        listener.listen_to_objects()
    finally:
        gc.enable()
    recorded = listener.everything()
    assert "defect of the exporter" in recorded
    assert "RuntimeError" in recorded
    assert_no_secret(listener, [*SECRETS, *signatures])
