"""`tasks`: the listed tasks as a table, JSON or CSV.

The most useful tasks come first, in the order in which they get series of their own
(docs/guarantees.md, section 12). Titles are shown in full: who runs this has the secret that lists
them.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from exporter.collection.state import AppView
from exporter.commands.collecting import collected
from exporter.commands.output import printing
from exporter.config import Settings
from exporter.tasks import TaskStatus, UploadTask
from exporter.urgency import select_tasks

if TYPE_CHECKING:
    from rich.text import Text

_COLOURS = {
    TaskStatus.FAILED: "red",
    TaskStatus.WAITING_RETRY: "yellow",
    TaskStatus.UPLOADING: "blue",
    TaskStatus.SUCCEEDED: "green",
    TaskStatus.EXPIRED: "magenta",
}
_WIDTH_WITHOUT_TERMINAL = 250


@dataclass(frozen=True, slots=True)
class Row:
    """One task as it is printed, with the field names of the JSON API.

    Attributes:
        app: Name of its app.
        upload_task_id: Its id.
        title: Its title.
        status: Value of the label `status`.
        failure_reason: Value of the label `reason`, None where it is not known.
        resolved: Whether a later task has the title of this failed one; None for other tasks.
        retry_count: How often ZEGO has tried again.
        created_at: Unix seconds, None where the API gave none.
        status_since: When it was first seen in its status, Unix seconds; None where not known.
        expires_at: Unix seconds, None where the API gave none.
    """

    app: str
    upload_task_id: str
    title: str
    status: str
    failure_reason: str | None
    resolved: bool | None
    retry_count: int
    created_at: float | None
    status_since: float | None
    expires_at: float | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks to print.

    Attributes:
        statuses: Only tasks in these; empty for all.
        expiring_within: Only succeeded tasks whose file expires within so many seconds.
        unresolved: Only failed tasks that no later task has replaced.
    """

    statuses: Collection[TaskStatus] = ()
    expiring_within: float | None = None
    unresolved: bool = False

    def includes(self, task: UploadTask, row: Row, now: float) -> bool:
        """Whether `task` is to be printed at `now` (Unix seconds)."""
        if self.statuses and task.status not in self.statuses:
            return False
        if self.unresolved and row.resolved is not False:
            return False
        if self.expiring_within is None:
            return True
        return (
            task.status is TaskStatus.SUCCEEDED
            and task.expires_at is not None
            and now < task.expires_at <= now + self.expiring_within
        )


def list_tasks(settings: Settings, wanted: Wanted, form: str) -> bool:
    """Collect every app once and print its tasks; return whether all collections succeeded.

    `form` is a key of FORMS.
    """
    with collected(settings) as views:
        complete = all(view.up for view in views)
        found = list(rows(views, wanted, time.time()))
        # An empty table beside an error would say that there are no tasks.
        if found or complete or form != "table":
            FORMS[form](found)
        return complete


def rows(views: Sequence[AppView], wanted: Wanted, now: float) -> Iterator[Row]:
    """Yield the wanted tasks of each app, the most useful first."""
    for view in views:
        snapshot = view.snapshot
        if snapshot is None:
            continue
        ordered, _ = select_tasks(snapshot.tasks, tuple(TaskStatus), len(snapshot.tasks))
        for task in ordered:
            failed = task.status is TaskStatus.FAILED
            tracked = snapshot.tracked.get(task.id)
            row = Row(
                app=view.settings.name,
                upload_task_id=task.id,
                title=task.title,
                status=task.status.value,
                failure_reason=snapshot.failure_reasons.get(task.id),
                resolved=task.id not in snapshot.unresolved if failed else None,
                retry_count=task.retry_count,
                created_at=task.created_at,
                status_since=tracked.since if tracked else None,
                expires_at=task.expires_at,
            )
            if wanted.includes(task, row, now):
                yield row


def _print_table(printed: Sequence[Row]) -> None:
    # Slow to import, and needed by tables only.
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    with printing() as stdout:
        if not printed:
            stdout.write("no upload tasks\n")
            return
        console = Console(width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL)
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("APP", "STATUS", "RETRIES", "CREATED (UTC)", "EXPIRES (UTC)", "ID"):
            justify = "right" if heading == "RETRIES" else "left"
            table.add_column(heading, no_wrap=True, justify=justify)  # type: ignore[arg-type]
        table.add_column("TITLE", overflow="fold")
        for row in printed:
            # Only a stored file expires; the API gives failed tasks an expiry, too.
            stored = row.status in (TaskStatus.SUCCEEDED.value, TaskStatus.EXPIRED.value)
            table.add_row(
                row.app,
                _text(row.status, _COLOURS.get(TaskStatus(row.status), "")),
                str(row.retry_count),
                _time(row.created_at),
                _time(row.expires_at if stored else None),
                _text(row.upload_task_id),
                _text(row.title),
            )
        console.print(table)


def _text(text: str, style: str = "") -> Text:
    """Return text of the API's without markup and without what a terminal acts on."""
    from rich.text import Text  # noqa: PLC0415 - see above

    shown = "".join(character if character.isprintable() else "\ufffd" for character in text)
    return Text(shown, style=style)


def _time(at: float | None) -> str:
    try:
        return "-" if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"
    except (OverflowError, ValueError, OSError):  # far outside the calendar
        return f"{at:.0f}"


def _print_json(printed: Sequence[Row]) -> None:
    with printing(machine=True) as stdout:
        json.dump([asdict(row) for row in printed], stdout, ensure_ascii=False, indent=2)
        stdout.write("\n")


def _print_csv(printed: Sequence[Row]) -> None:
    with printing(machine=True) as stdout:
        names = [field.name for field in fields(Row)]
        writer = csv.DictWriter(stdout, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in printed)


FORMS: dict[str, Callable[[Sequence[Row]], None]] = {
    "table": _print_table,
    "json": _print_json,
    "csv": _print_csv,
}
