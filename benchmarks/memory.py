"""Measure what the exporter keeps in memory: resident set after ten collections.

    python -m benchmarks.memory [--quick]

One row for each number of tasks in one app, each in a separate process: the real collector,
counters, exposition and web server, and a gzip scrape after each collection. Between two
collections 1,000 tasks change their status and 100 are replaced by new ones. The pages come
from a table in place of the network, because a million tasks are 200,000 requests.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import os
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from pydantic import SecretStr

from exporter.collection.collector import Collector
from exporter.config import AppSettings, CollectionSettings, TaskSettings
from exporter.history.counters import AppCounters
from exporter.metrics.exposition import Exposition
from exporter.web.app import Application, Sources
from exporter.web.server import WebServer
from exporter.zego.limiter import RateLimiter
from exporter.zego.transport import Response, Transport

COLLECTIONS = int(os.environ.get("COLL", "10"))
CHANGES, REPLACED = 1_000, 100
GOALS_MIB = {100_000: 150, 1_000_000: 600}
PAGE_SIZE = 50


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="at most 100,000 tasks")
    quick = parser.parse_args().quick
    print(f"Resident set after {COLLECTIONS} collections (MiB), tasks.limit 500\n")
    print("| tasks | at start | after the first | after the last | highest ever | goal | seconds |")
    print("|---|---|---|---|---|---|---|")
    for tasks in (0, 10_000, 100_000) if quick else (0, 10_000, 100_000, 1_000_000):
        print(measure(tasks), flush=True)


def measure(tasks: int) -> str:
    """Return one row."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=collect, args=(theirs, tasks))
    started = time.monotonic()
    process.start()
    theirs.close()
    start, first, last, highest = ours.recv()
    process.join()
    goal = GOALS_MIB.get(tasks, "")
    elapsed = time.monotonic() - started
    return f"| {tasks:,} | {start} | {first} | {last} | {highest} | {goal} | {elapsed:.0f} |"


def collect(pipe: Connection, tasks: int) -> None:
    """Collect and scrape, in the child process; send the resident set at four times."""
    table = Table(tasks)
    shown = TaskSettings()
    exposition = Exposition(lambda: [collector.state.view()], shown)
    collector = Collector(
        app_settings(),
        RateLimiter(1e9),
        AppCounters(),
        new_transport=table.transport,
        prepare=exposition.prepare,
    )
    sources = Sources(
        render_metrics=exposition.render,
        views=lambda: [collector.state.view()],
        healthy=lambda: True,
        tasks=lambda: shown,
    )
    web = WebServer(Application(sources), ["127.0.0.1:0"])
    web.start()
    resident = [memory_mib("VmRSS")]
    for number in range(COLLECTIONS):
        table.number = number
        collector.collect()
        view = collector.state.view()
        assert view.latest is not None, view.last_error
        assert len(view.latest.tasks) == tasks
        del view
        scrape(web.addresses[0])
        resident.append(memory_mib("VmRSS"))
    pipe.send((resident[0], resident[1], resident[-1], memory_mib("VmHWM")))
    web.stop()


def app_settings() -> AppSettings:
    """Return an app that may collect for as long as it takes."""
    collection = CollectionSettings(
        interval=3600, deadline=36_000, stale_after=36_000, requests_per_second=1000
    )
    return AppSettings(
        name="vod",
        app_id=1234567890,
        server_secret=SecretStr("0" * 32),
        endpoint="http://127.0.0.1:1",
        collection=collection,
    )


class Table:
    """Pages of `tasks` tasks as the API writes them, as of collection `number`."""

    def __init__(self, tasks: int) -> None:
        self.tasks = tasks
        self.number = 0
        self.born = int(time.time()) - 86_400

    def transport(self) -> Transport:
        """Return a transport that answers from this table."""
        return _TableTransport(self)

    def page(self, first: int) -> bytes:
        """Return the answer that lists the tasks from the one numbered `first`."""
        last = min(first + PAGE_SIZE, self.tasks)
        data = {
            "TotalSize": self.tasks,
            "NextPageToken": str(last) if last < self.tasks else "",
            "UploadTask": [self.entry(index) for index in range(first, last)],
        }
        return json.dumps({"Code": 0, "Message": "", "RequestId": "r", "Data": data}).encode()

    def entry(self, index: int) -> dict[str, Any]:
        """Return one entry of the list."""
        age = self.number if index < REPLACED else 0
        moved = REPLACED <= index < REPLACED + CHANGES
        status = 1 + (index + (self.number if moved else 0)) % 7
        return {
            "UploadTaskId": f"upload-{age:04d}-{index:012d}",
            "Title": f"course-{index % 5000:04d}/lesson-{index:07d}.mp4",
            "StreamUrl": f"https://source.example.com/course/{index}.mp4",
            "Status": status,
            "RetryCount": index % 7 // 5,
            "ExpiresAt": self.born + 604_800 + index if status in {4, 7} else 0,
            "CreateTime": self.born + index,
        }


class _TableTransport(Transport):
    def __init__(self, table: Table) -> None:
        super().__init__()
        self._table = table

    def post(
        self,
        url: str,  # noqa: ARG002 - nothing is sent
        *,
        params: Mapping[str, str],  # noqa: ARG002 - nothing is signed
        body: bytes,
        timeout: float,  # noqa: ARG002 - the answer is immediate
    ) -> Response:
        token = json.loads(body).get("PageToken", "")
        return Response(200, {}, self._table.page(int(token or 0)), 0.0)


def scrape(address: str) -> None:
    """Read the page once, as Prometheus does."""
    request = Request(f"http://{address}/metrics", headers={"Accept-Encoding": "gzip"})
    with urlopen(request, timeout=60) as answer:  # noqa: S310 - our own address
        answer.read()


def memory_mib(field: str) -> int:
    """Return a field of this process's status, in MiB."""
    gc.collect()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith(f"{field}:"))
    return round(int(line.split()[1]) / 1024)


if __name__ == "__main__":
    main()
