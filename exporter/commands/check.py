"""`check`: finds problems of the configuration and, with `--live`, of the way to the API.

The live part makes one signed request for each app and judges the answer. The judgement is a pure
function of what was measured.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from exporter.commands.output import printing
from exporter.commands.wording import LEVELS, SCRAPE_COMMENTS, translate_advice, translate_finding
from exporter.config import AppSettings, Settings
from exporter.durations import format_duration
from exporter.errors import (
    ApiError,
    CollectionError,
    ConfigError,
    RateLimitedError,
    file_problem,
)
from exporter.history.database import DISK_ERRORS
from exporter.history.foreign import refuse_other_files
from exporter.languages import Language
from exporter.zego.client import Client
from exporter.zego.limiter import RateLimiter
from exporter.zego.network_errors import proxy_for
from exporter.zego.stats import ApiStats

SKEW_WORTH_A_WARNING = 30.0
"""Seconds. ZEGO refuses 600 (docs/zego-api.md, Requests); a clock that drifts gets there."""

SLOW_ANSWER_SECONDS = 0.5
"""Ten times what an answer takes from a host of the caller's own region."""

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of the check.

    Attributes:
        app: Name of the app, empty if it concerns all.
        level: How bad it is.
        text: The finding in one sentence.
        remedy: Advice, empty if nothing has to be done.
    """

    app: str
    level: Level
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """Results of one request.

    Attributes:
        elapsed: Seconds until the answer.
        clock_skew: The API's clock minus ours in seconds, None where the answer has no date.
        total: The API's own count of tasks, None where it gave none.
        error: Why the request failed, None where it did not.
    """

    elapsed: float
    clock_skew: float | None
    total: int | None = None
    error: CollectionError | None = None


def check(settings: Settings, *, live: bool, form: str, language: Language = "en") -> bool:
    """Print the findings about each app; return whether there is no error.

    `form` is "text", in that language, or "json". Where all is well, the text ends with a scrape
    configuration.
    """
    findings = list(_findings(settings, live=live))
    well = not any(finding.level == "error" for finding in findings)
    with printing(machine=form == "json") as stdout:
        if form == "json":
            json.dump([asdict(finding) for finding in findings], stdout, indent=2)
            stdout.write("\n")
        else:
            _print_findings(findings, language)
            if well:
                stdout.write(_scrape_configuration(settings, language))
    return well


def _findings(settings: Settings, *, live: bool) -> Iterator[Finding]:
    for warning in settings.warnings:
        yield Finding("", "warning", warning)
    yield from history_findings(settings.history.path)
    for app in settings.apps:
        every = format_duration(app.collection.interval)
        text = f"AppId {app.app_id} at {app.endpoint}, collected every {every}"
        yield Finding(app.name, "ok", text)
        if live:
            yield from _proxy(app)
            yield from judge(app, probe(app))


def history_findings(path: Path | None) -> Iterator[Finding]:
    """Yield the problems of the history file's path; an error is one that only an edit helps.

    The file itself is not opened for writing: a running exporter may be using it.
    """
    if path is None:
        return
    # `Path.is_dir` raises for a folder that this user may not enter, until Python 3.14.
    if os.path.isdir(path):  # noqa: PTH112
        yield Finding("", "error", f"history.path: {path} is a folder", "Name a file in it.")
        return
    try:
        # SQLite writes files beside it. Permissions alone do not tell of a full or read-only disk.
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as file:
            file.write(b"\0" * 4096)
            file.flush()
    except OSError as error:
        remedy = "Choose a file in a folder that exists, that this user may write, and with space."
        problem = f"the folder {path.parent}: {file_problem(error)}"
        text = f"history.path: {path} cannot be written: {problem}"
        # As serving does: it begins, and tries again (docs/guarantees.md, section 9).
        yield Finding("", "warning" if error.errno in DISK_ERRORS else "error", text, remedy)
        return
    if path.exists() and not os.access(path, os.W_OK):
        yield Finding(
            "", "error", f"history.path: {path} cannot be written", "Let this user write the file."
        )
    try:
        refuse_other_files(path)
    except ConfigError as error:
        remedy = "Name a file that does not exist yet, or one that this program has written."
        yield Finding("", "error", str(error), remedy)


def probe(app: AppSettings) -> Probe:
    """Make one signed request for the first page, without retries."""
    stats = ApiStats()
    client = Client(
        app_id=app.app_id,
        endpoint=app.endpoint,
        is_test=app.is_test,
        ca_file=app.ca_file,
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
    """Yield the findings from the probe of `app`."""
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
    tasks_text = f"{seen.total} task{'s' if seen.total != 1 else ''}"
    pages_text = f"{pages} page{'s' if pages > 1 else ''}"
    text = f"{tasks_text} on {pages_text}: a full walk takes about {seconds:.1f} s"
    bounds = {"deadline": collection.deadline, "stale_after": collection.stale_after}
    if collection.strategy == "full":
        bounds["interval"] = collection.interval
    name, longest = min(bounds.items(), key=lambda bound: bound[1])
    if seconds > longest:
        now = format_duration(longest)
        remedy = f"Raise collection.{name} (now {now}) or requests_per_second."
        yield Finding(app.name, "warning", f"{text}, longer than the {name}", remedy)
    else:
        yield Finding(app.name, "ok", text)


def _proxy(app: AppSettings) -> Iterator[Finding]:
    """Yield which proxy the requests go through, without its credentials."""
    proxy = proxy_for(app.endpoint)
    if proxy is None or not proxy.address:  # the request says what is not a URL, with a remedy
        return
    # Another scheme can be a part of the password, before an unencoded "://".
    known = proxy.scheme in ("https", "socks4", "socks4a", "socks5", "socks5h")
    kind = f" ({proxy.scheme})" if known else ""
    text = f"requests go through the proxy {proxy.address}{kind} of the environment"
    yield Finding(app.name, "ok", text)


_STYLES = {"ok": "green", "warning": "yellow", "error": "red"}


def _print_findings(findings: Sequence[Finding], language: Language) -> None:
    # Slow to import, and needed for people only.
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        place = f"{finding.app}: " if finding.app else ""
        level = Text(f"{LEVELS[language][finding.level]:<7}", style=_STYLES[finding.level])
        console.print(level, Text(f"{place}{translate_finding(finding.text, language)}"))
        if finding.remedy:
            console.print(Text(f"        {translate_advice(finding.remedy, language)}"))


def _scrape_configuration(settings: Settings, language: Language) -> str:
    target, web = SCRAPE_COMMENTS[language]
    host, _, port = settings.web.listen_address[0].rpartition(":")
    if host in {"", "0.0.0.0", "[::]"}:  # noqa: S104 - every interface: Prometheus needs a name
        host = os.uname().nodename
    lines = [
        "",
        f"# {target}",
        "scrape_configs:",
        "  - job_name: zego-upload-exporter",
    ]
    if settings.web.telemetry_path != "/metrics":
        lines.append(f"    metrics_path: {settings.web.telemetry_path}")
    if settings.web.config_file is not None:
        lines.append(f"    # {web}")
    lines += ["    static_configs:", f'      - targets: ["{host}:{port}"]', ""]
    return "\n".join(lines)
