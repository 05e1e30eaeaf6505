"""The program as a process: signals end it at any time."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import requests

from tests.e2e.apps import entry, exporter_of, still_app, write_config
from tests.e2e.pages import wait_for_up
from tests.e2e.processes import ANY_PORT, EXPORTER, STOP_SECONDS, Program, running, url_of
from tests.faults import FaultyApp, FaultyServer
from tests.faults.faults import Fault
from tests.waiting import wait_until

pytestmark = pytest.mark.e2e

SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


def wait_for_request(app: FaultyApp) -> None:
    """Return once the exporter has asked for something."""
    wait_until(lambda: app.arrivals.requests, "a request")


def assert_ends_well(exporter: Program, number: signal.Signals) -> None:
    """Send a signal: within 5 seconds the exporter ends with code 0 and without a traceback."""
    assert exporter.end(number) == 0, exporter.output
    assert "Traceback" not in exporter.output


@SIGNALS
@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.SLOW_HEADER, Fault.SLOW_BODY])
def test_a_signal_in_a_hanging_request(
    tmp_path: Path, number: signal.Signals, fault: Fault
) -> None:
    """A request that hangs is cut, while a scraper keeps a connection open too."""
    app = still_app(1)
    app.faults.switch_on(fault)
    with (
        FaultyServer([app]) as server,
        exporter_of(server, tmp_path, timeout="60s") as exporter,
        requests.Session() as scraper,
    ):
        scraper.get(f"{url_of(exporter)}/metrics", timeout=10)
        wait_for_request(app)
        assert_ends_well(exporter, number)


@SIGNALS
def test_a_signal_between_collections(tmp_path: Path, number: signal.Signals) -> None:
    """An exporter that waits for its next collection ends immediately."""
    with (
        FaultyServer([still_app(1)]) as server,
        exporter_of(server, tmp_path, interval="20s") as exporter,
    ):
        wait_for_up(url_of(exporter))
        assert_ends_well(exporter, number)


def test_a_signal_while_waiting_for_the_limiter(tmp_path: Path) -> None:
    """At one request in 50 seconds, the second page is far away."""
    app = still_app(100)
    with (
        FaultyServer([app]) as server,
        exporter_of(server, tmp_path, requests_per_second=0.02) as exporter,
    ):
        wait_for_request(app)
        assert_ends_well(exporter, signal.SIGTERM)


@SIGNALS
def test_a_signal_during_the_start(tmp_path: Path, number: signal.Signals) -> None:
    """A signal that comes while the configuration is being read ends the program too."""
    config = tmp_path / "config.yaml"
    with FaultyServer([still_app(1)]) as server:
        write_config(tmp_path, apps=[entry(app, server) for app in server.apps.values()])
        text = config.read_text("utf-8")
        config.unlink()
        os.mkfifo(config)
        with running([EXPORTER, *ANY_PORT, "--config.file=config.yaml"], tmp_path) as exporter:
            with config.open("w", encoding="utf-8") as writer:  # opens when the exporter reads
                exporter.send(number)
                writer.write(text)
            assert exporter.wait(STOP_SECONDS) == 0, exporter.output
            assert "Traceback" not in exporter.output


def test_a_signal_while_another_process_locks_the_history(tmp_path: Path) -> None:
    """The writes of many apps wait for the lock; at the end their waits do not add up."""
    apps = [still_app(1, app_id=number, name=f"app-{number}") for number in range(1, 9)]
    history = tmp_path / "history.sqlite"
    with FaultyServer(apps) as server:
        write_config(
            tmp_path,
            apps=[entry(app, server) for app in apps],
            collection={"interval": "1s"},
            history={"path": str(history)},
        )
        with running([EXPORTER, *ANY_PORT, "--config.file=config.yaml"], tmp_path) as exporter:
            wait_for_up(url_of(exporter))
            with closing(sqlite3.connect(history, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                exporter.find("history cannot be used")
                assert_ends_well(exporter, signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_simulator(tmp_path: Path, number: signal.Signals) -> None:
    """`simulate` exits with 0, also during a request, and when its terminal closes (SIGHUP)."""
    command = [EXPORTER, "simulate", "--listen-address=127.0.0.1:0", "--tasks=1"]
    with running(command, tmp_path) as simulator, requests.Session() as client:
        url = simulator.find(r"endpoint: (http://\S+)\n")[1]
        client.get(f"{url}/simulator/state", timeout=10)
        assert_ends_well(simulator, number)
