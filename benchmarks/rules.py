"""How long Prometheus takes to evaluate the alerts when everything fires at the same time.

    python benchmarks/rules.py [--apps 200] [--tasks 50] [--language en]

Prometheus scrapes a page on which nearly every alert is true for every
app, tasks included, so that every text's queries are made and find something. It prints, for each
group, the time of one evaluation and its share of the interval. The goal is a tenth.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from exporter.alerting.rules import one_file
from exporter.alerting.tuning import tuning
from tests.components import require
from tests.e2e.processes import running
from tests.grafana.prometheus import free_port, is_ready
from tests.waiting import wait_until

INTERVAL = 60.0
"""Seconds between two evaluations of a group, as Prometheus has it by default."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--apps", type=int, default=200)
    parser.add_argument(
        "--tasks", type=int, default=50, help="per app; a fifth in each of 5 states"
    )
    parser.add_argument("--rounds", type=int, default=5, help="evaluations to look at")
    parser.add_argument("--language", default="en", choices=["en", "zh"])
    options = parser.parse_args()
    page = exposition(options.apps, options.tasks).encode()
    print(f"{options.apps} apps, {options.tasks} tasks each, {len(page) / 1e6:.1f} MB a scrape")
    with tempfile.TemporaryDirectory() as folder:
        measure(page, options, Path(folder))


def measure(page: bytes, options: argparse.Namespace, folder: Path) -> None:
    """Run Prometheus on the page and print what it says about its groups."""
    server = serve(page)
    # With `for`, alerts would fire after up to an hour. Without it, they fire immediately.
    rules = one_file(tuning(language=options.language))
    rules = "\n".join(line for line in rules.split("\n") if not line.startswith("        for: "))
    (folder / "rules.yaml").write_text(rules, encoding="utf-8")
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 5s, evaluation_interval: 10s}\n"
        "rule_files: [rules.yaml]\n"
        "scrape_configs: [{job_name: zego, static_configs: "
        f"[{{targets: ['127.0.0.1:{server.server_port}']}}]}}]\n"
    )
    url = f"http://127.0.0.1:{free_port()}"
    command = [require("prometheus", package="prometheus"), "--config.file=prometheus.yml",
               "--storage.tsdb.path=data", f"--web.listen-address={url[7:]}"]  # fmt: skip
    with running(command, folder):
        wait_until(lambda: is_ready(url), "Prometheus")
        time.sleep(70)
        times: dict[str, list[float]] = {}
        before = used(url)
        for _ in range(options.rounds):
            time.sleep(10)
            for group in groups(url):
                times.setdefault(group["name"], []).append(group["evaluationTime"])
        after = used(url)
        report(url, times)
        seconds = (after[0] - before[0]) / max(after[1] - before[1], 1.0)
        print(f"all groups and two scrapes: {seconds:.3f} s of processor time an evaluation")
    server.shutdown()


def groups(url: str) -> list[dict[str, Any]]:
    """Return the groups of rules with the time of their last evaluation."""
    answer = requests.get(f"{url}/api/v1/rules", timeout=30).json()
    found: list[dict[str, Any]] = answer["data"]["groups"]
    return found


def used(url: str) -> tuple[float, float]:
    """Return the seconds of processor time and the evaluations of the largest group so far."""
    text = requests.get(f"{url}/metrics", timeout=30).text
    processor = re.search(r"^process_cpu_seconds_total (\S+)", text, re.MULTILINE)
    evaluations = re.search(
        r'^prometheus_rule_group_iterations_total[{].*zego-uploads"[}] (\S+)', text, re.MULTILINE
    )
    assert processor, "no processor time"
    assert evaluations, "no evaluations"
    return float(processor[1]), float(evaluations[1])


def report(url: str, times: dict[str, list[float]]) -> None:
    """Print how many alerts fire, and the median evaluation of each group and of all."""
    firing = sum(len(rule.get("alerts", [])) for group in groups(url) for rule in group["rules"])
    kinds = sum(bool(rule.get("alerts")) for group in groups(url) for rule in group["rules"])
    print(f"{firing} alerts of {kinds} kinds fire")
    for name, taken in times.items():
        median = statistics.median(taken)
        print(f"{name:28} {median:8.3f} s  {median / INTERVAL:6.2%} of {INTERVAL:.0f} s")


def serve(page: bytes) -> ThreadingHTTPServer:
    """Serve the page until shut down; counters rise with every scrape."""
    scrapes = iter(range(10**9))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = page.replace(b"COUNTER", str(7 * next(scrapes)).encode())
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def exposition(apps: int, tasks: int) -> str:
    """Return a page on which everything is wrong with every app; COUNTER stands for a number."""
    now = time.time()
    lines = ['zego_upload_exporter_build_info{version="1",python_version="3"} 1']
    lines += ["zego_upload_exporter_config_last_reload_successful 0"]
    for number in range(apps):
        app = f'zego_app="tenant-{number:03}"'
        lines += [line.replace("APP", app) for line in _PER_APP.splitlines() if line]
        lines += [
            f'{_OLDEST}{{{app},status="{status}"}} {now - 9000:.0f}'
            for status in ("waiting", "uploading", "waiting_retry")
        ]
        lines += [f"zego_upload_last_success_timestamp_seconds{{{app}}} {now - 9000:.0f}"]
        for task in range(tasks):
            lines += _task(app, f"{number}-{task}", task, now)
    return "\n".join(lines) + "\n"


_OLDEST = "zego_upload_oldest_create_timestamp_seconds"
_STATUSES = ("waiting", "uploading", "waiting_retry", "succeeded", "failed")


def _task(app: str, task_id: str, number: int, now: float) -> list[str]:
    status = _STATUSES[number % 5]
    labels = f'{app},upload_task_id="{task_id}"'
    title = f"lesson {number // 10}.mp4"
    info = f'title="{title}",status="{status}",reason=""'
    return [
        f"zego_upload_task_info{{{labels},{info}}} 1",
        f"zego_upload_task_retries{{{labels}}} 4",
        f"zego_upload_task_create_timestamp_seconds{{{labels}}} {now - 9000 + number:.0f}",
        f"zego_upload_task_status_since_timestamp_seconds{{{labels}}} {now - 60:.0f}",
        f"zego_upload_task_expiry_timestamp_seconds{{{labels}}} {now + 3600:.0f}",
    ]


_PER_APP = """
zego_upload_up{APP} 0
zego_upload_tasks{APP,status="unknown"} 3
zego_upload_max_retries{APP,status="uploading"} 5
zego_upload_task_transitions_total{APP,from="uploading",to="failed"} COUNTER
zego_upload_task_transitions_total{APP,from="uploading",to="succeeded"} 1
zego_upload_task_transitions_total{APP,from="waiting",to="expired"} COUNTER
zego_upload_failures_total{APP,reason="upload"} COUNTER
zego_upload_slots_used{APP} 10
zego_upload_slots_limit{APP} 10
zego_upload_expiring_tasks{APP,within="6h"} 9
zego_upload_duplicate_titles{APP} 5
zego_upload_unresolved_failures{APP} 9
zego_upload_collection_interval_seconds{APP} 60
zego_upload_collection_duration_seconds{APP} 90
zego_upload_collection_tasks{APP} 50
zego_upload_tasks_reported{APP} 70
zego_upload_stale_after_seconds{APP} 300
zego_upload_task_series_omitted{APP} 9
zego_upload_collection_failures_total{APP,reason="auth"} COUNTER
zego_upload_malformed_entries_total{APP,reason="status"} COUNTER
zego_upload_history_errors_total{APP} COUNTER
zego_upload_api_requests_total{APP} COUNTER
zego_upload_api_errors_total{APP,code="timeout"} COUNTER
zego_upload_api_requests_per_second_limit{APP} 0.1
zego_upload_api_clock_skew_seconds{APP} 90
"""

if __name__ == "__main__":
    main()
