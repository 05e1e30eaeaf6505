"""Measure what the exporter keeps in memory: resident set after ten collections.

    python -m benchmarks.memory [--quick] [--everything] [--tasks N] [--collections N]

One row for each number of tasks in one app, each in a separate process: the real collector,
counters, exposition and web server, and a gzip scrape after each collection. Between two
collections 1,000 tasks change their status and 100 are replaced by new ones. The pages come
from a table in place of the network, because a million tasks are 200,000 requests.

`--everything` switches on what is off by default: a history file, the incremental strategy, and
callbacks, of which one comes for each task that changes. Every other collection is a resync, which
needs most memory. The table then takes 4 bytes for each task, which are not subtracted.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import secrets
import tempfile
import time
from array import array
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from pydantic import SecretStr

from exporter.allocator import limit_allocator
from exporter.collection.collector import Collector
from exporter.config import AppSettings, CollectionSettings, TaskSettings
from exporter.history.counters import AppCounters
from exporter.history.database import HistoryFile
from exporter.metrics.exposition import Exposition
from exporter.web.app import Application, Sources
from exporter.web.server import WebServer
from exporter.zego.callbacks import sign_callback
from exporter.zego.limiter import RateLimiter
from exporter.zego.transport import Response, Transport

CALLBACK_SECRET = "0" * 32
CHANGES, REPLACED = 1_000, 100
GOALS_MIB = {100_000: 150, 1_000_000: 600}
PAGE_SIZE = 50


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="at most 100,000 tasks")
    parser.add_argument("--everything", action="store_true", help="with all features")
    parser.add_argument("--tasks", type=int, help="only this number of tasks")
    parser.add_argument("--collections", type=int, default=10)
    given = parser.parse_args()
    sizes = (0, 10_000, 100_000) if given.quick else (0, 10_000, 100_000, 1_000_000)
    print(f"Resident set after {given.collections} collections (MiB), tasks.limit 500\n")
    print("| tasks | at start | after the first | after the last | highest ever | goal | seconds |")
    print("|---|---|---|---|---|---|---|")
    for tasks in sizes if given.tasks is None else (given.tasks,):
        print(measure(tasks, given.collections, given.everything), flush=True)


def measure(tasks: int, collections: int, everything: bool) -> str:
    """Return one row."""
    ours, theirs = multiprocessing.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        history = Path(folder, "history.sqlite") if everything else None
        process = multiprocessing.get_context("spawn").Process(
            target=collect, args=(theirs, tasks, collections, history)
        )
        started = time.monotonic()
        process.start()
        theirs.close()
        start, first, last, highest = ours.recv()
        process.join()
    goal = GOALS_MIB.get(tasks, "")
    elapsed = time.monotonic() - started
    return f"| {tasks:,} | {start} | {first} | {last} | {highest} | {goal} | {elapsed:.0f} |"


def collect(pipe: Connection, tasks: int, collections: int, history: Path | None) -> None:
    """Collect and scrape, in the child process; send the resident set at four times.

    Everything is on if there is a path for the `history` file.
    """
    limit_allocator()
    table = Table(tasks)
    shown = TaskSettings()
    exposition = Exposition(lambda: [collector.state.view()], shown)
    settings = app_settings("incremental" if history else "full")
    elapsed = 0.0
    collector = Collector(
        settings,
        RateLimiter(1e9),
        AppCounters(HistoryFile(history), settings.name, settings.app_id)
        if history
        else AppCounters(),
        clock=lambda: elapsed,
        new_transport=table.transport,
        prepare=exposition.prepare,
    )
    sources = Sources(
        render_metrics=exposition.render,
        views=lambda: [collector.state.view()],
        healthy=lambda: True,
        tasks=lambda: shown,
    )
    web = WebServer(Application(sources, max_requests=0), ["127.0.0.1:0"])
    web.start()
    resident = [memory_mib("VmRSS")]
    for number in range(collections):
        elapsed = number // 2 * settings.collection.resync_interval
        table.show(number)
        if history and number:
            for index in range(min(REPLACED + CHANGES, tasks)):
                collector.callbacks.receive(callback(table.entry(index)), time.time())
        collector.collect()
        view = collector.state.view()
        assert view.latest is not None, view.last_error
        assert len(view.latest.tasks) == tasks
        assert view.strategy == settings.collection.strategy
        del view
        scrape(web.addresses[0])
        resident.append(memory_mib("VmRSS"))
    pipe.send((resident[0], resident[1], resident[-1], memory_mib("VmHWM")))
    web.stop()


def app_settings(strategy: str) -> AppSettings:
    """Return an app that may collect for as long as it takes."""
    collection = CollectionSettings.model_validate(
        {
            "interval": 3600,
            "deadline": 36_000,
            "stale_after": 36_000,
            "requests_per_second": 1000,
            "strategy": strategy,
        }
    )
    return AppSettings(
        name="vod",
        app_id=1234567890,
        server_secret=SecretStr("0" * 32),
        callback_secret=SecretStr(CALLBACK_SECRET),
        endpoint="http://127.0.0.1:1",
        collection=collection,
    )


def callback(entry: Mapping[str, Any]) -> bytes:
    """Return a callback about the present status of a task."""
    now, nonce = str(int(time.time())), secrets.token_hex(8)
    event = {4: 10001, 5: 10002, 7: 10006}.get(entry["Status"], 10003)
    return json.dumps(
        {
            "AppID": 1234567890,
            "UploadTaskId": entry["UploadTaskId"],
            "EventType": event,
            "Nonce": nonce,
            "Timestamp": now,
            "Signature": sign_callback(CALLBACK_SECRET, now, nonce),
            "EventTime": int(now) * 1000,
            "Title": entry["Title"],
            "StreamUrl": entry["StreamUrl"],
            "Detail": {"Reason": 2} if event == 10002 else {"Status": 2},
        }
    ).encode()


class Table:
    """Pages of `tasks` tasks as the API writes them, as of collection `number`."""

    def __init__(self, tasks: int) -> None:
        self.tasks = tasks
        self.number = 0
        self.born = int(time.time()) - 86_400
        self._listings: dict[int | None, Sequence[int]] = {}

    def show(self, number: int) -> None:
        """Let it be the time of collection `number`, from 0."""
        self.number = number
        self._listings = {None: range(self.tasks)}

    def transport(self) -> Transport:
        """Return a transport that answers from this table."""
        return _TableTransport(self)

    def page(self, first: int, status: int | None, task_id: str) -> bytes:
        """Return the answer that lists the tasks of `status` from the one numbered `first`.

        `status` None is all of them. `task_id`, if not empty, is that of the only task to list.
        """
        if task_id:
            index = int(task_id.rsplit("-", 1)[1])
            listing: Sequence[int] = [index] if self.id_of(index) == task_id else []
        else:
            listing = self._listing(status)
        last = min(first + PAGE_SIZE, len(listing))
        data = {
            "TotalSize": len(listing),
            "NextPageToken": str(last) if last < len(listing) else "",
            "UploadTask": [self.entry(index) for index in listing[first:last]],
        }
        return json.dumps({"Code": 0, "Message": "", "RequestId": "r", "Data": data}).encode()

    def status_of(self, index: int) -> int:
        """Return the status code of a task."""
        moved = REPLACED <= index < REPLACED + CHANGES
        return 1 + (index + (self.number if moved else 0)) % 7

    def id_of(self, index: int) -> str:
        """Return the id of a task."""
        return f"upload-{self.number if index < REPLACED else 0:04d}-{index:012d}"

    def _listing(self, status: int | None) -> Sequence[int]:
        if status not in self._listings:
            found = (i for i in range(self.tasks) if self.status_of(i) == status)
            self._listings[status] = array("I", found)
        return self._listings[status]

    def entry(self, index: int) -> dict[str, Any]:
        """Return one entry of the list."""
        status = self.status_of(index)
        return {
            "UploadTaskId": self.id_of(index),
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
        asked = json.loads(body)
        first = int(asked.get("PageToken") or 0)
        page = self._table.page(first, asked.get("Status"), asked.get("UploadTaskId", ""))
        return Response(200, {}, page)


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
