"""A sink of log lines or output that stalls, is full or is closed blocks nothing.

The pipe of stderr is full before the exporter starts, and nobody reads it.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import termios
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from exporter.simulator.http_server import SimulatorServer
from tests.e2e.apps import entry, still_app, write_config
from tests.e2e.processes import EXPORTER, STOP_SECONDS
from tests.grafana.prometheus import free_port
from tests.waiting import wait_until

pytestmark = pytest.mark.e2e

DROPPED = "zego_upload_exporter_log_lines_dropped_total"


@contextmanager
def stalled_pipe() -> Iterator[int]:
    """Yield the writing end of a pipe that is full and that nobody reads."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writer, True)
    try:
        yield writer
    finally:
        os.close(writer)
        os.close(reader)


def metric(url: str, name: str) -> float:
    """Return the value of a metric that has one series, or 0 where it is absent."""
    page = requests.get(f"{url}/metrics", timeout=60).text
    values = [line.rpartition(" ")[2] for line in page.splitlines() if line.startswith(name)]
    return float(values[0]) if values else 0.0


def test_a_stalled_stderr_stops_neither_collections_nor_reloads_nor_the_end(
    tmp_path: Path,
) -> None:
    """More is logged than the queue of lines holds; SIGTERM ends it with 0 in time."""
    with SimulatorServer([still_app(3)]) as server, stalled_pipe() as stderr:
        apps = [entry(app, server) for app in server.apps.values()]
        write_config(tmp_path, apps=apps, collection={"interval": "1s"})
        url = f"http://127.0.0.1:{free_port()}"
        flags = ["--log.level=debug", "--web.enable-lifecycle"]
        address = f"--web.listen-address={url.removeprefix('http://')}"
        process = subprocess.Popen(
            [EXPORTER, *flags, address], cwd=tmp_path, stderr=stderr, stdin=subprocess.DEVNULL
        )
        try:
            wait_until(lambda: _answers(url), "an answer")
            wait_until(lambda: metric(url, "zego_upload_collections_total") >= 3, "collections")
            assert requests.post(f"{url}/-/reload", timeout=60).status_code == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(STOP_SECONDS) == 0
        finally:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/-/ready", timeout=60).status_code == 200
    except requests.ConnectionError:
        return False


@pytest.mark.parametrize("command", ["once", "tasks"])
def test_a_reader_that_stops_reading_ends_a_command_silently(tmp_path: Path, command: str) -> None:
    """`| head`: nothing on stderr, no traceback, within seconds."""
    with SimulatorServer([still_app(2000)]) as server:
        apps = [entry(app, server) for app in server.apps.values()]
        write_config(tmp_path, apps=apps, collection={"requests_per_second": 10_000})
        shell = f"{EXPORTER} {command} | head -n 1"
        ended = subprocess.run(
            ["/bin/sh", "-c", shell], cwd=tmp_path, capture_output=True, timeout=60, check=False
        )
    assert ended.stdout.count(b"\n") == 1
    assert ended.stderr == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_waits_for_its_reader_can_be_ended(
    tmp_path: Path, number: signal.Signals
) -> None:
    """A stalled pipe behind stdout: a signal ends it, and that is no success."""
    with SimulatorServer([still_app(3)]) as server, small_pipe() as (reader, writer):
        apps = [entry(app, server) for app in server.apps.values()]
        write_config(tmp_path, apps=apps)
        process = subprocess.Popen([EXPORTER, "once"], cwd=tmp_path, stdout=writer)
        try:
            # The page is larger: once the pipe is full, the command waits for its reader.
            wait_until(lambda: unread(reader) == PIPE_BYTES, "a full pipe")
            process.send_signal(number)
            assert process.wait(STOP_SECONDS) == 1
        finally:
            process.kill()
            process.wait()


PIPE_BYTES = 4096


@contextmanager
def small_pipe() -> Iterator[tuple[int, int]]:
    """Yield both ends of a pipe of PIPE_BYTES."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    try:
        yield reader, writer
    finally:
        os.close(writer)
        os.close(reader)


def unread(reader: int) -> int:
    """Return the number of bytes in a pipe."""
    count = array("i", [0])
    fcntl.ioctl(reader, termios.FIONREAD, count)
    return count[0]


def test_a_stalled_stderr_does_not_keep_a_failed_start(tmp_path: Path) -> None:
    """Nobody reads the message; the exit code comes in time."""
    (tmp_path / "config.yaml").write_text("apps: []")
    with stalled_pipe() as stderr:
        process = subprocess.Popen([EXPORTER], cwd=tmp_path, stderr=stderr)
        try:
            assert process.wait(STOP_SECONDS) == 2
        finally:
            process.kill()
            process.wait()


def test_a_reload_while_the_program_loads_does_not_end_it(tmp_path: Path) -> None:
    """After a SIGHUP right after the start, it still serves."""
    with SimulatorServer([still_app(1)]) as server:
        write_config(tmp_path, apps=[entry(app, server) for app in server.apps.values()])
        url = f"http://127.0.0.1:{free_port()}"
        address = f"--web.listen-address={url.removeprefix('http://')}"
        process = subprocess.Popen(
            [EXPORTER, address], cwd=tmp_path, stderr=subprocess.PIPE, text=True
        )
        try:
            wait_until(lambda: _blocks_hangup(process.pid), "the entry point")
            process.send_signal(signal.SIGHUP)
            wait_until(lambda: _answers(url), "an answer")
            process.send_signal(signal.SIGTERM)
            _, stderr = process.communicate(timeout=STOP_SECONDS)
            assert process.returncode == 0
            assert "msg=reloaded" in stderr
        finally:
            process.kill()
            process.wait()


def _blocks_hangup(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    mask = next(line for line in status.splitlines() if line.startswith("SigBlk"))
    return bool(int(mask.split()[1], 16) & 1 << (signal.SIGHUP - 1))
