"""`check`: what is wrong with the configuration, and with `--live`, with the way to the API.

The live part makes one signed request for each app and judges what came back; the judgement is a
pure function of what was measured.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from rich.console import Console
from rich.markup import escape

from exporter.commands.output import printing
from exporter.config import AppSettings, Settings
from exporter.errors import ApiError, CollectionError, RateLimitedError
from exporter.zego.client import Client
from exporter.zego.limiter import RateLimiter
from exporter.zego.stats import ApiStats

SKEW_WORTH_A_WARNING = 30.0
"""Seconds; ZEGO refuses 600 (API notes, Calling it), and clocks that drift do not stop by then."""

SLOW_ANSWER_SECONDS = 0.5
"""An answer from a host of the region that one calls from takes a tenth of that."""

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `text` says what is so, `remedy` what to do about it."""

    app: str
    level: Level
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """What one request showed: seconds, and the API's total; `error` where it failed."""

    elapsed: float
    clock_skew: float | None
    total: int | None = None
    error: CollectionError | None = None


def check(settings: Settings, *, live: bool, form: str) -> bool:
    """Print what is found about each app and a scrape configuration; return whether all is well.

    `form` is "text" or "json".
    """
    findings = list(_findings(settings, live=live))
    with printing():
        if form == "json":
            json.dump([asdict(finding) for finding in findings], sys.stdout, indent=2)
            sys.stdout.write("\n")
        else:
            _print_findings(findings)
            sys.stdout.write(_scrape_configuration(settings))
    return not any(finding.level == "error" for finding in findings)


def _findings(settings: Settings, *, live: bool) -> Iterator[Finding]:
    for warning in settings.warnings:
        yield Finding("", "warning", warning)
    yield from _history(settings.history.path)
    for app in settings.apps:
        every = f"every {app.collection.interval:g} s"
        yield Finding(app.name, "ok", f"AppId {app.app_id} at {app.endpoint}, collected {every}")
        if live:
            yield from _proxy(app)
            yield from judge(app, probe(app))


def _history(path: Path | None) -> Iterator[Finding]:
    """Yield what is wrong with the place of the history file; an exporter may be using it."""
    if path is None:
        return
    if path.is_dir():
        yield Finding("", "error", f"history.path: {path} is a folder", "Name a file in it.")
    elif not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        what = "cannot be written" if path.parent.is_dir() else "does not exist"
        remedy = "Choose a file in a folder that exists and that this user may write."
        yield Finding("", "error", f"history.path: the folder {path.parent} {what}", remedy)


def probe(app: AppSettings) -> Probe:
    """Make one signed request for the first page, without retries."""
    stats = ApiStats()
    client = Client(
        app_id=app.app_id,
        endpoint=app.endpoint,
        is_test=app.is_test,
        limiter=RateLimiter(app.collection.requests_per_second),
        stats=stats,
        timeout=app.collection.timeout,
        max_retries=0,
    )
    deadline = time.monotonic() + 2 * app.collection.timeout
    total, failure = None, None
    try:
        page = client.describe_upload_tasks(
            secret=app.read_secret(), page_size=app.collection.page_size, deadline=deadline
        )
        total = page.total
    except CollectionError as error:
        failure = error
    finally:
        client.close()
    seen = stats.view()
    return Probe(seen.duration_sum, seen.clock_skew_seconds, total, failure)


def judge(app: AppSettings, seen: Probe) -> Iterator[Finding]:
    """Yield what the probe of `app` means."""
    if seen.error is not None:
        yield _failure(app, seen.error)
    else:
        yield Finding(app.name, "ok", f"signature accepted, answer after {seen.elapsed:.3f} s")
        yield from _latency(app, seen.elapsed)
        yield from _walk(app, seen)
    yield from _clock(app, seen.clock_skew)


def _failure(app: AppSettings, error: CollectionError) -> Finding:
    request_id = error.request_id if isinstance(error, ApiError) else ""
    request = f" (RequestId {request_id})" if request_id else ""
    remedy = error.remedy
    if isinstance(error, RateLimitedError):
        remedy = "Another user of this AppId's rate limit is active: lower requests_per_second."
    return Finding(app.name, "error", f"{error}{request}", remedy)


def _latency(app: AppSettings, elapsed: float) -> Iterator[Finding]:
    if elapsed > SLOW_ANSWER_SECONDS:
        yield Finding(
            app.name,
            "warning",
            f"the answer took {elapsed:.1f} s: the API's host is far away or slow",
            f"Use the region that this machine is in (region is {app.region}).",
        )


def _clock(app: AppSettings, skew: float | None) -> Iterator[Finding]:
    if skew is None:
        return
    direction = "behind" if skew > 0 else "ahead of"
    if abs(skew) > SKEW_WORTH_A_WARNING:
        yield Finding(
            app.name,
            "warning",
            f"this machine's clock is {abs(skew):.0f} s {direction} the API's",
            "Set it (NTP): ZEGO refuses requests at 600 s.",
        )
    else:
        yield Finding(app.name, "ok", f"clocks agree within {abs(skew):.0f} s")


def _walk(app: AppSettings, seen: Probe) -> Iterator[Finding]:
    """Yield how long a complete walk takes, if the API's total counts all tasks."""
    if seen.total is None:
        yield Finding(app.name, "ok", "the API gives no total: the walk's length is not known yet")
        return
    collection = app.collection
    pages = max(1, math.ceil(seen.total / collection.page_size))
    seconds = pages * max(seen.elapsed, 1 / collection.requests_per_second)
    pages_text = f"{pages} page{'s' if pages > 1 else ''}"
    text = f"{seen.total} tasks on {pages_text}: a full walk takes about {seconds:.1f} s"
    bounds = {"deadline": collection.deadline, "stale_after": collection.stale_after}
    if collection.strategy == "full":
        bounds["interval"] = collection.interval
    name, longest = min(bounds.items(), key=lambda bound: bound[1])
    if seconds > longest:
        remedy = f"Raise collection.{name} (now {longest:g} s) or requests_per_second."
        yield Finding(app.name, "warning", f"{text}, longer than the {name}", remedy)
    else:
        yield Finding(app.name, "ok", text)


def _proxy(app: AppSettings) -> Iterator[Finding]:
    """Yield which proxy stands in the way, without its credentials."""
    url = urlsplit(app.endpoint)
    proxy = getproxies().get(url.scheme)
    if not proxy or proxy_bypass(url.hostname or ""):
        return
    host = urlsplit(proxy if "://" in proxy else f"http://{proxy}").hostname
    yield Finding(app.name, "ok", f"requests go through the proxy {host} (from the environment)")


_MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "error": "[red]error[/]"}


def _print_findings(findings: Sequence[Finding]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        place = f"{escape(finding.app)}: " if finding.app else ""
        console.print(f"{_MARKS[finding.level]:<7} {place}{escape(finding.text)}")
        if finding.remedy:
            console.print(f"        {escape(finding.remedy)}")


def _scrape_configuration(settings: Settings) -> str:
    port = settings.web.listen_address[0].rpartition(":")[2]
    lines = [
        "",
        "# for prometheus.yml",
        "scrape_configs:",
        "  - job_name: zego-upload",
    ]
    if settings.web.telemetry_path != "/metrics":
        lines.append(f"    metrics_path: {settings.web.telemetry_path}")
    if settings.web.config_file is not None:
        lines.append("    # scheme, tls_config and basic_auth as your web configuration asks for")
    lines += ["    static_configs:", f'      - targets: ["{os.uname().nodename}:{port}"]', ""]
    return "\n".join(lines)
