from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from queue import SimpleQueue

import pytest
import requests

from exporter.simulator import http_server
from exporter.simulator.http_server import SimulatorServer
from tests.faults import FaultyApp
from tests.faults.faults import Fault
from tests.simulator.calls import NOW, SECRET, connect, frozen_app, read, send


@pytest.fixture
def app() -> FaultyApp:
    """Return an app with 70 tasks."""
    return frozen_app(70)


@pytest.fixture
def server(app: FaultyApp) -> Iterator[SimulatorServer]:
    """Run a server for the app, whose clock does not move."""
    with SimulatorServer([app], clock=lambda: NOW) as running:
        yield running


def test_a_connection_is_kept_alive(server: SimulatorServer, app: FaultyApp) -> None:
    """Each request gets a correct page, dated by the server's clock."""
    with closing(connect(server)) as connection:
        for _ in range(3):
            response = send(connection, app)
            assert response.status == 200
            assert response.headers["Date"] == "Tue, 14 Nov 2023 22:13:20 GMT"
            assert len(json.loads(response.read())["Data"]["UploadTask"]) == 50
            local_port = connection.sock.getsockname()[1]
        assert connection.sock.getsockname()[1] == local_port
    assert app.arrivals.requests == 3


def test_gzip_is_used_where_it_is_accepted(server: SimulatorServer, app: FaultyApp) -> None:
    """The compressed page is the same page."""
    with closing(connect(server)) as connection:
        response = send(connection, app, accept_encoding="gzip")
        assert response.headers["Content-Encoding"] == "gzip"
        assert json.loads(gzip.decompress(response.read()))["Data"]["TotalSize"] == 70


def test_apps_are_distinguished_by_app_id() -> None:
    """One server, three apps: each with its own tasks, secret and faults."""
    apps = [frozen_app(count, app_id) for app_id, count in ((1, 1), (2, 2), (3, 3))]
    apps[1].server_secret = "another"
    apps[2].faults.switch_on(Fault.HTTP_STATUS)
    stranger = frozen_app(0, 4)
    with SimulatorServer(apps, clock=lambda: NOW) as server:
        assert read(server, apps[0])[1]["Data"]["TotalSize"] == 1
        assert read(server, apps[1])[1]["Data"]["TotalSize"] == 2
        with closing(connect(server)) as connection:
            assert send(connection, apps[2]).status == 500
        assert read(server, stranger)[1]["Code"] == 350006002
        assert read(server, FaultyApp(2, SECRET, apps[1].life))[1]["Code"] == 100000005


def test_time_passes_with_the_clock() -> None:
    """The server uses its clock, not the machine's."""
    moving = frozen_app()
    now = NOW
    with SimulatorServer([moving], clock=lambda: now) as server:
        read(server, moving)
        now += 60
        read(server, moving)
    assert moving.life.now == NOW + 60


def test_other_requests(server: SimulatorServer) -> None:
    """An unknown path, an unknown method, and a body that is too long."""
    with closing(connect(server)) as connection:
        for method, path, status in (
            ("POST", "/x", 404),
            ("POST", "/simulator/state", 404),
            ("GET", "/", 404),
            ("GET", "/simulator/tasks", 404),
            ("PUT", "/", 501),
        ):
            connection.request(method, path)
            response = connection.getresponse()
            assert response.status == status
            response.read()
        connection.request("POST", "/", headers={"Content-Length": str(10**9)})
        assert connection.getresponse().status == 413


def test_the_state_of_every_app() -> None:
    """One JSON object for each AppId."""
    apps = [frozen_app(app_id, app_id) for app_id in (1, 2)]
    with (
        SimulatorServer(apps, clock=lambda: NOW) as server,
        closing(connect(server)) as connection,
    ):
        connection.request("GET", "/simulator/state")
        state = json.loads(connection.getresponse().read())
    assert {app_id: len(app["tasks"]) for app_id, app in state.items()} == {"1": 1, "2": 2}


def test_malformed_requests_do_not_disturb_other_clients(
    server: SimulatorServer, app: FaultyApp
) -> None:
    """Garbage and half requests are dropped; others are answered."""
    for garbage in (
        b"\x16\x03\x01\x00",
        b"GET\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", server.port)) as raw:
            raw.sendall(garbage)
    assert read(server, app)[0] == 200


def test_ipv6_and_its_url(app: FaultyApp) -> None:
    """An IPv6 address is put in brackets."""
    try:
        server = SimulatorServer([app], host="::1", clock=lambda: NOW)
        server.start()
    except OSError:
        pytest.skip("no IPv6 on this machine")
    assert server.url == f"http://[::1]:{server.port}"
    server.stop()


def test_a_server_without_a_host_is_reached_at_localhost() -> None:
    """As with `--listen-address=:10318`."""
    with SimulatorServer([], "") as server:
        assert server.url == f"http://localhost:{server.port}"
        assert requests.post(f"{server.url}/other", timeout=10).status_code == 404


def test_a_port_in_use_is_an_os_error(server: SimulatorServer, app: FaultyApp) -> None:
    """Starting a second server there fails and leaves nothing behind."""
    with pytest.raises(OSError, match="in use"):
        SimulatorServer([app], port=server.port).start()


def test_the_limit_of_threads_refuses_one_client_only(
    server: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later clients are answered again."""
    start = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{server.url}/other", timeout=10)
    monkeypatch.setattr(threading.Thread, "start", start)
    assert requests.post(f"{server.url}/other", timeout=10).status_code == 404


def no_thread(_: threading.Thread) -> None:
    """Fail as the system does at its limit."""
    raise RuntimeError("can't start new thread")


def test_a_long_computation_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server stops, and the process can end, although a thread still computes an answer."""
    monkeypatch.setattr(http_server, "JOIN_TIMEOUT", 0.1)
    release = threading.Event()
    computing: SimpleQueue[threading.Thread] = SimpleQueue()
    released = []

    def clock() -> float:
        if threading.current_thread() is not threading.main_thread():
            computing.put(threading.current_thread())
            released.append(release.wait(60))
        return NOW

    with SimulatorServer([], clock=clock) as server, ThreadPoolExecutor() as client:
        answer = client.submit(requests.post, server.url, timeout=60)
        thread = computing.get(timeout=60)
        server.stop()
        assert released == []
        assert thread.daemon
        release.set()
        with pytest.raises(requests.ConnectionError):
            answer.result()
