"""Run the exporter for a long time under faults, and check each number.

    python -m benchmarks.soak [--minutes 60] [--seed 1] [--tasks 10000]

The exporter runs in a separate process, as a user would start it. The simulated API runs in this
one. About every second tasks change, faults start and end, a client connects and stalls, the
configuration is reloaded (unchanged, changed, or broken), and the page is scraped. At every scrape:

- The exposed numbers of an app are exactly those of its tasks at the time of the collection that
  the page names by its timestamps. The settings of one app never change, those of the other do.
- They are present until they are stale, and absent afterwards. No counter of the first app falls.

A third app has most of the tasks, changes by itself, sends callbacks and is collected
incrementally, for the resources that this needs; now and then one of its pages is crowded. The
exporter has no settings of the allocator: its resident set is that of any installation. Each round
ends without faults and clients. Then every app is up, the page shows the current tasks, and memory,
threads and descriptors are counted.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random

from benchmarks.comparison import DURATION, SUCCESS, Page, Report, Watched, read_pages
from benchmarks.soaked import PATIENCE_SECONDS, STALE_AFTER, SoakedExporter
from exporter.simulator.demo import demo_apps
from tests.faults import FaultyServer, with_faults
from tests.faults.faults import Fault, Parameter

STEP_SECONDS = 0.9  # not a part of the interval, so that steps and collections drift
STEPS_OF_ROUND = 30
LOOKS = 10

PARAMETERS: Mapping[Fault, Parameter] = {
    Fault.DELAY: 0.3,
    Fault.GZIP_BOMB: 32,
    Fault.DEEP_NESTING: 20_000,
    Fault.HUGE_BODY: 3,
}
CROWDS = (1_000, 2_500, 15_000)
"""Tasks too many on a page: two pages that are still read, one that is too large."""

PATHS = ("/", "/api/v1/tasks?status=all", "/api/v1/apps", "/-/healthy", "/nothing")
STALLS = (b"", b"GET /metrics HT", b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 40)


class Soak:
    """The exporter and everything around it; `folder` is for its files."""

    def __init__(self, random: Random, folder: Path, report: Report, tasks: int) -> None:
        self._random = random
        self._report = report
        self._watched = [
            Watched(app_id, name, stale_after=STALE_AFTER)
            for app_id, name in enumerate(("steady", "reloaded"), start=1)
        ]
        self._living = with_faults(demo_apps(seed=1, pace=20)[0])
        self._living.life.add_tasks(tasks)
        self._living.arrivals.limit = None  # one collection a second is more than ZEGO allows
        self._server = FaultyServer([*(one.app for one in self._watched), self._living])
        self._exporter = SoakedExporter(self._server, self._living, folder)
        self._peers: list[socket.socket] = []
        self._counters: dict[tuple[str, tuple[str, ...]], float] = {}

    def run(self, minutes: float) -> None:
        """Run rounds for that long."""
        with self._server, self._exporter.running():
            self._await_rest()
            self._server.callbacks_to(f"http://127.0.0.1:{self._exporter.port}")
            began = time.monotonic()
            while (elapsed := time.monotonic() - began) < 60 * minutes:
                self._round()
                self._measure(elapsed / 3600)
            self._count_collections()

    def _round(self) -> None:
        for step in range(STEPS_OF_ROUND):
            for one in self._watched:
                self._disturb(one)
            if step % 10 == 0:
                crowd = self._random.choice(CROWDS)
                self._living.faults.switch_on(Fault.CROWDED_PAGE, crowd, next_requests=1)
            self._stall(step)
            if step % 6 == 0:
                self._reload()
            self._visit(self._random.choice(PATHS))
            self._scrape()
            time.sleep(STEP_SECONDS)
        self._calm_down()

    def _disturb(self, one: Watched) -> None:
        """Change some tasks, or not; let a fault begin, or all end, or neither."""
        if self._random.random() < 0.6:
            one.change(self._random)
            self._report.done["changes"] += 1
        chance = self._random.randrange(4)
        if chance == 0:
            fault = self._random.choice(list(Fault))
            # Some need the first page; others are worse in the middle of a walk.
            page = self._random.choice((None, None, 2))
            one.app.faults.switch_on(fault, PARAMETERS.get(fault), page=page)
            self._report.done["faults"] += 1
        elif chance == 1:
            one.app.faults.switch_off()

    def _stall(self, step: int) -> None:
        """Open a connection that stalls; the exporter, or the end of the round, closes it."""
        peer = socket.create_connection(
            ("127.0.0.1", self._exporter.port), timeout=PATIENCE_SECONDS
        )
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.sendall(STALLS[step % len(STALLS)])
        self._peers.append(peer)
        self._report.done["stalled peers"] += 1

    def _reload(self) -> None:
        """Reload the configuration: broken, changed for one app, or as it is."""
        kind = self._random.choice(("broken", "changed", "same", "signal"))
        self._report.done["reloads"] += 1
        if kind == "changed":
            self._exporter.page_size = 90 - self._exporter.page_size
        self._exporter.write_config()
        if kind == "signal":
            os.kill(self._exporter.pid, signal.SIGHUP)
            return
        if kind == "broken":
            self._exporter.config.write_text("apps: [", encoding="utf-8")
        status, _ = self._exporter.request("POST", "/-/reload")
        expected = 500 if kind == "broken" else 200
        self._report.check(status == expected, f"reload, {kind}: {status}")

    def _visit(self, path: str) -> None:
        status, _ = self._exporter.request("GET", path)
        self._report.check(status == (404 if path == "/nothing" else 200), f"{path}: {status}")

    def _pages(self) -> Mapping[str, Page]:
        return read_pages(self._exporter.request("GET", "/metrics")[1])

    def _scrape(self, *, at_rest: bool = False) -> None:
        began = time.time()
        pages = self._pages()
        scraped = began, time.time()
        self._report.done["scrapes"] += 1
        for one in self._watched:
            one.compare(pages[one.app.name], scraped, self._report, at_rest=at_rest)
        self._compare_counters(pages["steady"])

    def _compare_counters(self, page: Page) -> None:
        for metric, samples in page.items():
            if metric.endswith(("_total", "_bucket", "_count")):
                for labels, value in samples.items():
                    last = self._counters.get((metric, labels), 0.0)
                    self._report.check(value >= last, f"{metric} {labels} fell to {value}")
                    self._counters[metric, labels] = value

    def _calm_down(self) -> None:
        for one in self._watched:
            one.app.faults.switch_off()
        while self._peers:
            self._peers.pop().close()
        self._exporter.write_config()
        self._exporter.request("POST", "/-/reload")
        self._await_rest()

    def _await_rest(self) -> None:
        """Wait until all that is shown was collected from now on: then it is the present."""
        since = time.time()
        while not self._is_collected(since):
            if time.time() - since > PATIENCE_SECONDS:
                raise SystemExit(f"not at rest within {PATIENCE_SECONDS} s")
            time.sleep(0.2)
        self._scrape(at_rest=True)

    def _is_collected(self, since: float) -> bool:
        try:
            pages = self._pages()
        except ConnectionError:
            return False  # it does not listen yet
        return len(pages) == len(self._server.apps) and all(
            page.get("zego_upload_up") == {(): 1.0}
            and page[SUCCESS][()] - page[DURATION][()] > since
            for page in pages.values()
        )

    def _measure(self, hours: float) -> None:
        """Measure several times and keep the least: the third app never rests."""
        measured = []
        for _ in range(LOOKS):
            measured.append(self._exporter.measure())
            time.sleep(0.1)
        resident, threads, descriptors = (min(values) for values in zip(*measured, strict=True))
        self._report.resident_mib.append((hours, resident))
        self._report.threads.append(int(threads))
        self._report.descriptors.append(int(descriptors))
        progress = f"{60 * hours:.1f} min: {resident:.1f} MiB, {len(self._report.wrong)} wrong"
        print(progress, file=sys.stderr, flush=True)

    def _count_collections(self) -> None:
        counters = {
            "collections": "zego_upload_collections_total",
            "failed collections": "zego_upload_collection_failures_total",
            "callbacks": "zego_upload_callback_events_total",
        }
        for page in self._pages().values():
            for what, metric in counters.items():
                self._report.done[what] += int(sum(page[metric].values()))


def main() -> int:
    """Run, print the figures, and return 1 if a number was wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=3, help="real time (default: 3)")
    parser.add_argument("--seed", type=int, default=1, help="of what goes wrong when (default: 1)")
    parser.add_argument("--tasks", type=int, default=10_000, help="of the third app")
    arguments = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        random = Random(arguments.seed)  # noqa: S311 - decides about faults, not about secrets
        Soak(random, Path(folder), report, arguments.tasks).run(arguments.minutes)
    print(report.table())
    return 1 if report.wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
