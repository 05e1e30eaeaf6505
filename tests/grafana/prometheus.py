"""A real Prometheus over a database made from text."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.components import require, require_current


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A running server; `url` has no slash at its end."""

    url: str

    def query(self, expr: str, *, now: float) -> list[dict[str, Any]]:
        """Return the series of an instant query; an error of the query fails the test."""
        return self._get("query", query=expr, time=now)

    def query_range(
        self, expr: str, *, start: float, end: float, step: float
    ) -> list[dict[str, Any]]:
        """Return the series of a range query; an error of the query fails the test."""
        return self._get("query_range", query=expr, start=start, end=end, step=step)

    def _get(self, path: str, **parameters: str | float) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=30)
        assert answer.ok, f"{answer.text} for {parameters}"
        result: list[dict[str, Any]] = answer.json()["data"]["result"]
        return result


@contextmanager
def prometheus_with(
    openmetrics: str, folder: Path, *, current: bool = False
) -> Iterator[Prometheus]:
    """Run a Prometheus that holds these samples and scrapes nothing.

    `current` takes Prometheus 3, whose ranges leave out their start, in place of the system's.
    """
    promtool = require("promtool", package="prometheus")
    program = require("prometheus", package="prometheus")
    if current:
        promtool, program = require_current("promtool"), require_current("prometheus")
    (folder / "samples.om").write_text(openmetrics, encoding="utf-8")
    (folder / "prometheus.yml").write_text("{}")
    # promtool reads all samples once for each block; by default a block holds two hours.
    create = [promtool, "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=1000h"]
    create += ["samples.om", "data"]
    subprocess.run(create, cwd=folder, check=True, capture_output=True, timeout=60)
    address = f"127.0.0.1:{free_port()}"
    serve = [program, "--config.file=prometheus.yml", "--storage.tsdb.path=data"]
    serve += ["--storage.tsdb.retention.time=100y", f"--web.listen-address={address}"]
    with (folder / "log").open("wb") as log, subprocess.Popen(serve, cwd=folder, stderr=log) as run:
        try:
            wait_until_ready(f"http://{address}", run, folder / "log")
            yield Prometheus(f"http://{address}")
        finally:
            run.terminate()


def free_port() -> int:
    """Return a port that nothing listens on now: Prometheus does not tell which one it took."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_until_ready(url: str, run: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the server answers queries; fail with its log if it ends or takes two minutes."""
    deadline = time.monotonic() + 120
    while not is_ready(url):
        if time.monotonic() > deadline or run.poll() is not None:
            raise AssertionError(log.read_text(encoding="utf-8"))
        time.sleep(0.05)


def is_ready(url: str) -> bool:
    """Return whether the server answers, and says that it can take queries."""
    try:
        return requests.get(f"{url}/-/ready", timeout=60).ok
    except requests.ConnectionError:
        return False
