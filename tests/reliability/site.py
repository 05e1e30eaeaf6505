"""A simulated app and a collector of it, over a real socket; the test owns the time."""

from __future__ import annotations

import datetime
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from exporter.collection.collector import Collector
from exporter.config import AppSettings, CollectionSettings, TaskSettings
from exporter.history.counters import AppCounters
from exporter.metrics.exposition import Exposition
from exporter.simulator.lifecycle import Lifecycle
from exporter.simulator.state import expected_state
from exporter.zego.limiter import RateLimiter
from tests.builders import NOW
from tests.faults import FaultyApp, FaultyServer
from tests.faults.faults import Fault
from tests.reliability.matrix import Outside, Row

SECRET = "9193cc662a4c0ec135ec71fb57194b38"
APP_ID = 12345
MAX_RETRIES = 1

Samples = dict[str, float]
"""Values by metric name and labels, as they are written, without `zego_app`."""


class PatientCollector(Collector):
    """A collector that notes how long it would wait, and does not."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.waits: list[float] = []
        super().__init__(*args, **kwargs)

    def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


class Site:
    """An app with 120 tasks on three pages, and a collector of it with one retry."""

    def __init__(self, row: Row, tls: Tls | None) -> None:
        life = Lifecycle(pace=0, start=NOW)
        life.add_tasks(120, statuses=(4, 5))
        self.app = FaultyApp(APP_ID, SECRET, life, rate_limit=None)
        context = tls.context if tls else None
        self.server = FaultyServer([self.app], tls_context=context, clock=lambda: NOW)
        self.tls = tls
        self.now = 0.0
        self._row = row

    def start(self) -> None:
        """Start the simulator and make the collector."""
        self.server.start()
        # Far above the default: only rows about time may depend on how fast the machine is.
        values: dict[str, Any] = {"timeout": 120, **self._row.settings}
        collection = CollectionSettings(
            max_retries=MAX_RETRIES, requests_per_second=10_000, **values
        )
        settings = AppSettings(
            name="vod",
            app_id=APP_ID,
            server_secret=SECRET,
            endpoint=self.server.url,
            collection=collection,
        )
        self.collector = PatientCollector(
            settings,
            RateLimiter(10_000),
            AppCounters(),
            clock=lambda: self.now,
            wall_clock=lambda: NOW,
        )

    def stop(self) -> None:
        """End both."""
        self.collector.close()
        self.server.stop()

    def collect(self) -> Samples:
        """Make a collection and return what is exposed then."""
        self.collector.waits.clear()
        self.collector.collect()
        return self.scrape()

    def scrape(self) -> Samples:
        """Return what is exposed."""
        exposition = Exposition(lambda: [self.collector.state.view()], TaskSettings())
        lines = exposition.render().decode().splitlines()
        samples = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        app = re.compile(r'\{zego_app="vod"\}|,zego_app="vod"|zego_app="vod",')
        return {app.sub("", series, count=1): float(value) for series, _, value in samples}

    def expected(self) -> Samples:
        """Return the numbers that should be exposed for the current tasks."""
        state = expected_state(self.app, NOW)
        return {
            **{
                f'zego_upload_tasks{{status="{word}"}}': count
                for word, count in state["counts"].items()
            },
            **{
                f'zego_upload_retries{{status="{word}"}}': count
                for word, count in state["retries"].items()
            },
            **{
                f'zego_upload_task_retries{{upload_task_id="{task_id}"}}': task["retry_count"]
                for task_id, task in state["tasks"].items()
            },
        }

    @contextmanager
    def broken(self, *, next_requests: int | None = None) -> Iterator[None]:
        """Let the row's fault happen in the block."""
        fault = self._row.fault
        if isinstance(fault, Fault):
            # A fault from the start happens to every page, unless it happens a few times only.
            everywhere = self._row.from_the_start and self._row.times is None
            self.app.faults.switch_on(
                fault,
                self._row.parameter,
                page=None if everywhere else self._row.page,
                next_requests=next_requests or self._row.times,
            )
            yield
            self.app.faults.switch_off()
        elif fault is Outside.NAME_LOOKUP:
            with pytest.MonkeyPatch.context() as patch, self._unconnected():
                patch.setattr(socket, "getaddrinfo", _fail_lookup)
                yield
        else:
            assert self.tls is not None
            with self._unconnected():
                self.tls.present(fault)
                yield
                self.tls.present(None)

    @contextmanager
    def _unconnected(self) -> Iterator[None]:
        """Close the kept connection, so that the next request needs a new one; and at the end."""
        self.collector.close()
        yield
        self.collector.close()


class Tls:
    """The server's side of TLS, which can present an invalid certificate."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        self.ca_file = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.ca_file))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.present(None)

    def present(self, fault: Outside | None) -> None:
        """Present a certificate with this fault from the next handshake on."""
        self._issue(fault).configure_cert(self.context)

    def _issue(self, fault: Outside | None) -> trustme.LeafCert:
        ca = trustme.CA() if fault is Outside.UNKNOWN_ISSUER else self._ca
        host = "other.example.com" if fault is Outside.WRONG_HOST else "127.0.0.1"
        past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
        expiry = past if fault is Outside.EXPIRED_CERTIFICATE else None
        return ca.issue_cert(host, not_after=expiry)


def _fail_lookup(*_: object, **__: object) -> None:
    # The system's resolver is the one thing that a test cannot bring down for real.
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
