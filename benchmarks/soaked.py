"""The exporter under the soak benchmark: its process, configuration, and one connection to it."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks.peers import free_port
from exporter.simulator.app import SimulatedApp
from exporter.simulator.http_server import SimulatorServer
from exporter.simulator.task import STATUS_WORDS

PATIENCE_SECONDS = 300

STALE_AFTER = 4
COLLECTION = {
    "interval": 1,
    "timeout": 1,
    "deadline": 5,
    "stale_after": STALE_AFTER,
    "max_retries": 1,
    "requests_per_second": 1000,
}

LIVING_COLLECTION = {
    "strategy": "incremental",
    "resync_interval": "1m",
    # A resync reads 10,000 tasks, from a server on the same busy machine.
    "timeout": 20,
    "deadline": 40,
    "stale_after": 50,
}


class SoakedExporter:
    """An exporter of all apps of `server`; its files are in `folder`.

    `page_size` is that of the app "reloaded", whose settings may change; the app `living` is
    collected incrementally and takes callbacks.
    """

    def __init__(self, server: SimulatorServer, living: SimulatedApp, folder: Path) -> None:
        self.port = free_port()
        self.pid = 0
        self.page_size = 50
        self.config = folder / "config.yaml"
        self._folder = folder
        self._server = server
        self._living = living
        self._connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run it as long as the block lasts; it may not listen yet."""
        self.write_config()
        flags = ["--web.listen-address", f"127.0.0.1:{self.port}", "--web.enable-lifecycle"]
        command = [sys.executable, "-m", "exporter", "--config.file", str(self.config), *flags]
        with (
            (self._folder / "exporter.log").open("wb") as log,
            subprocess.Popen(command, stderr=log) as process,  # noqa: S603 - our own command
        ):
            self.pid = process.pid
            try:
                yield
            finally:
                self._connection.close()
                process.terminate()

    def write_config(self) -> None:
        """Write a configuration that can be used."""
        document = {
            "apps": [self._entry(app) for app in self._server.apps.values()],
            "collection": COLLECTION,
            "tasks": {"statuses": list(STATUS_WORDS.values())},
            "history": {"path": str(self._folder / "history.db")},
        }
        self.config.write_text(json.dumps(document), encoding="utf-8")

    def _entry(self, app: SimulatedApp) -> Mapping[str, Any]:
        own: dict[str, Any] = {}
        if app is self._living:
            own["callback_secret"] = app.callback_secret
            own["collection"] = LIVING_COLLECTION
        elif app.name == "reloaded":
            own["collection"] = {"page_size": self.page_size}
        return {
            "name": app.name,
            "app_id": app.app_id,
            "server_secret": app.server_secret,
            "endpoint": self._server.url,
            **own,
        }

    def request(self, method: str, path: str) -> tuple[int, str]:
        """Return status and text; ConnectionError where it does not listen."""
        try:
            self._connection.request(method, path, headers={"Accept-Encoding": "gzip"})
            answer = self._connection.getresponse()
            body = answer.read()
        except ConnectionError:
            self._connection.close()  # else it can be used no more
            raise
        packed = answer.headers["Content-Encoding"] == "gzip"
        return answer.status, (gzip.decompress(body) if packed else body).decode()

    def measure(self) -> tuple[float, int, int]:
        """Return its resident set (MiB), threads and descriptors."""
        process = Path(f"/proc/{self.pid}")
        lines = (process / "status").read_text(encoding="ascii").splitlines()
        status = dict(line.split(":", 1) for line in lines)
        resident = int(status["VmRSS"].split()[0]) / 1024
        return resident, int(status["Threads"]), len(list((process / "fd").iterdir()))
