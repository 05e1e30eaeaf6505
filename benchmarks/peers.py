"""The programs that the benchmarks measure, each in a separate process, on loopback.

These are the installed exporter, an exporter that renders with `prometheus_client` at each scrape,
and Debian's `prometheus-pushgateway` (Go).
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from multiprocessing.connection import Connection
from pathlib import Path

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from exporter.simulator.demo import sized_app
from exporter.simulator.http_server import SimulatorServer

APP_ID = 1234567890
SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - opens the simulator alone
TEXT = "text/plain;version=0.0.4"
UNLIMITED = 10_000
POLL_SECONDS = 0.01

_EMPTY_CLIENT = """
import sys, time
from prometheus_client import start_http_server
start_http_server(int(sys.argv[1]), "127.0.0.1")
time.sleep(600)
"""

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Peer:
    """A running server: `path` is that of its metrics."""

    name: str
    pid: int
    port: int
    path: str = "/metrics"

    def connect(self) -> HTTPConnection:
        """Return a connection."""
        return HTTPConnection("127.0.0.1", self.port, timeout=120)

    def fetch(self) -> bytes:
        """Return the page as plain text."""
        connection = self.connect()
        try:
            connection.request("GET", self.path, headers={"Accept": TEXT})
            return connection.getresponse().read()
        finally:
            connection.close()

    def cpu_seconds(self) -> float:
        """Return the CPU time that the process has had, in user and system mode."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1]
        user, system = fields.split()[11:13]
        return (int(user) + int(system)) / _TICKS_PER_SECOND


@contextmanager
def exporter(
    endpoint: str,
    *,
    interval: float,
    requests_per_second: float = UNLIMITED,
    python: str = sys.executable,
    name: str = "this exporter",
    tree: Path | None = None,
) -> Iterator[Peer]:
    """Run the exporter with series for every task; it may not have collected yet.

    `python` may be that of another checkout's environment, `tree` a folder with the `exporter`
    package of another version.
    """
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.yaml")
        config.write_text(
            f"""
apps: [{{name: vod, app_id: {APP_ID}, server_secret: "{SECRET}", endpoint: "{endpoint}"}}]
collection: {{interval: {interval}, requests_per_second: {requests_per_second}}}
tasks:
  limit: 1000000
  statuses: [waiting, uploading, waiting_retry, succeeded, failed, cancelled, expired]
""",
            encoding="utf-8",
        )
        port = free_port()
        arguments = ["--config.file", str(config), "--web.listen-address", f"127.0.0.1:{port}"]
        command = [python, "-P", "-m", "exporter", *arguments, "--log.level", "error"]
        with _running(command, tree) as pid:
            yield Peer(name, pid, port)


@contextmanager
def empty_pushgateway() -> Iterator[Peer]:
    """Run a pushgateway; it may not answer yet."""
    program = shutil.which("prometheus-pushgateway")
    if program is None:
        raise SystemExit("needs prometheus-pushgateway: apt-get install prometheus-pushgateway")
    port = free_port()
    with _running([program, f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]) as pid:
        yield Peer("pushgateway", pid, port)


@contextmanager
def pushgateway(page: bytes) -> Iterator[Peer]:
    """Run a pushgateway that holds the samples of `page`."""
    with empty_pushgateway() as peer:
        wait_for(peer, lambda _: True)
        connection = peer.connect()
        connection.request("PUT", "/metrics/job/benchmark", body=without_process(page))
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        connection.close()
        yield peer


@contextmanager
def empty_client() -> Iterator[Peer]:
    """Run `prometheus_client` with nothing but its own metrics; it may not answer yet."""
    port = free_port()
    with _running([sys.executable, "-c", _EMPTY_CLIENT, str(port)]) as pid:
        yield Peer("prometheus_client", pid, port)


@contextmanager
def plain_client(page: bytes) -> Iterator[Peer]:
    """Run an exporter made of `prometheus_client` alone, with the samples of `page`.

    Its families are ready: what it does at a scrape is the library's rendering and compression.
    """
    port = free_port()
    with in_child(_serve_plainly, (page, port)) as pid:
        peer = Peer("prometheus_client", pid, port)
        wait_for(peer, lambda _: True)
        yield peer


@contextmanager
def simulator(tasks: int, *, limited: bool = True) -> Iterator[str]:
    """Run the simulator with `tasks` tasks that do not change, and yield its address."""
    port = free_port()
    with in_child(_simulate, (tasks, limited, port)):
        _await_port(port)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def in_child(act: Callable[..., None], arguments: tuple[object, ...]) -> Iterator[int]:
    """Run `act` in a process of its own, with a pipe at whose end it has to return."""
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=act, args=(theirs, *arguments))
    child.start()
    assert child.pid is not None
    try:
        yield child.pid
    finally:
        ours.send("stop")
        child.join()


def wait_for(peer: Peer, ready: Callable[[bytes], bool], *, seconds: float = 120) -> bytes:
    """Return the first page that is `ready`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            page = peer.fetch()
        except ConnectionError:
            page = b""
        if page and ready(page):
            return page
        time.sleep(POLL_SECONDS)
    raise SystemExit(f"{peer.name} was not ready within {seconds:.0f} s")


def has_collected(page: bytes) -> bool:
    """Tell whether the exporter has collected."""
    return b'\nzego_upload_up{zego_app="vod"} 1.0\n' in page


def without_process(page: bytes) -> bytes:
    """Return the page without what every server says of itself."""
    own = (b"process_", b"python_info")
    return b"".join(
        line
        for line in page.splitlines(keepends=True)
        if not line.removeprefix(b"# HELP ").removeprefix(b"# TYPE ").startswith(own)
    )


def free_port() -> int:
    """Return an unused port."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@contextmanager
def _running(command: list[str], tree: Path | None = None) -> Iterator[int]:
    environment = None if tree is None else {**os.environ, "PYTHONPATH": str(tree.absolute())}
    process = subprocess.Popen(command, env=environment)  # noqa: S603 - our own command
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _await_port(port: int) -> None:
    while not _listens(port):
        time.sleep(0.01)


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def _serve_plainly(pipe: Connection, page: bytes, port: int) -> None:
    families = list(text_string_to_metric_families(without_process(page).decode()))
    registry = CollectorRegistry()
    registry.register(_Ready(families))
    start_http_server(port, "127.0.0.1", registry)
    pipe.recv()


def _simulate(pipe: Connection, tasks: int, limited: bool, port: int) -> None:
    app = sized_app(tasks, now=time.time(), credentials=(APP_ID, SECRET))
    if not limited:
        app.arrivals.limit = None
    with SimulatorServer([app], port=port):
        pipe.recv()


class _Ready(Collector):
    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> list[Family]:
        return self._families
