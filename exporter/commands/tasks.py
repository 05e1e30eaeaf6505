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
from exporter.commands.wording import COLUMNS, NO_TASKS
from exporter.config import Settings
from exporter.languages import (
    Language,
    reason_name,
    status_name,
    translate_message,
    translate_remedy,
)
from exporter.task_rows import TaskRow, make_row
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

    def includes(self, task: UploadTask, row: TaskRow, now: float) -> bool:
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


def list_tasks(settings: Settings, wanted: Wanted, form: str, language: Language = "en") -> bool:
    """Collect every app once and print its tasks; return whether all collections succeeded.

    `form` is a key of FORMS; `language` is that of a table.
    """
    with collected(settings) as views:
        complete = all(view.up for view in views)
        found = list(rows(views, wanted, time.time()))
        # An empty table beside an error would say that there are no tasks.
        if found or complete or form != "table":
            FORMS[form](found, language)
        if form == "table" and language != "en":  # in English, the log says the same
            print_failures(views, language)
        return complete


def rows(views: Sequence[AppView], wanted: Wanted, now: float) -> Iterator[TaskRow]:
    """Yield the wanted tasks of each app, the most useful first."""
    for view in views:
        snapshot = view.snapshot
        if snapshot is None:
            continue
        ordered, _ = select_tasks(snapshot.tasks, tuple(TaskStatus), len(snapshot.tasks))
        for task in ordered:
            row = make_row(view.settings.name, task, snapshot, task.title)
            if wanted.includes(task, row, now):
                yield row


def print_failures(views: Sequence[AppView], language: Language) -> None:
    """Print on stderr why collections failed, and their remedies."""
    for view in views:
        if error := view.last_error:
            colon = ": " if language == "en" else "："
            reason = reason_name(error.reason, language)
            message = translate_message(str(error), language)
            remedy = translate_remedy(error.remedy, language)
            sys.stderr.write(f"{view.settings.name}: {reason}{colon}{message}\n    {remedy}\n")


def _print_table(printed: Sequence[TaskRow], language: Language) -> None:
    # Slow to import, and needed by tables only.
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    with printing() as stdout:
        if not printed:
            stdout.write(f"{NO_TASKS[language]}\n")
            return
        console = Console(width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL)
        table = Table(box=None, pad_edge=False, header_style="bold")
        app, status, retries, created, expires, id_, title = COLUMNS[language]
        table.add_column(app, no_wrap=True)
        table.add_column(status, no_wrap=True)
        table.add_column(retries, no_wrap=True, justify="right")
        for heading in (created, expires, id_):
            table.add_column(heading, no_wrap=True)
        table.add_column(title, overflow="fold")
        for row in printed:
            # Only a stored file expires; the API gives failed tasks an expiry, too.
            stored = row.status in (TaskStatus.SUCCEEDED.value, TaskStatus.EXPIRED.value)
            # In English the value of the label, which `--status` takes.
            english = language == "en"
            status_text = row.status if english else status_name(row.status, language)
            table.add_row(
                row.app,
                _text(status_text, _COLOURS.get(TaskStatus(row.status), "")),
                str(row.retry_count),
                _time(row.created_at),
                _time(row.expires_at if stored else None),
                _text(row.upload_task_id),
                _text(row.title or ""),
            )
        console.print(table)


def _text(text: str, style: str = "") -> Text:
    """Return text of the API's, which is printable, without reading markup in it."""
    from rich.text import Text  # noqa: PLC0415 - see above

    return Text(text, style=style)


def _time(at: float | None) -> str:
    try:
        return "-" if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"
    except (OverflowError, ValueError, OSError):  # far outside the calendar
        return f"{at:.0f}"


def _print_json(printed: Sequence[TaskRow], _language: Language) -> None:
    with printing(machine=True) as stdout:
        json.dump([asdict(row) for row in printed], stdout, ensure_ascii=False, indent=2)
        stdout.write("\n")


def _print_csv(printed: Sequence[TaskRow], _language: Language) -> None:
    with printing(machine=True) as stdout:
        names = [field.name for field in fields(TaskRow)]
        writer = csv.DictWriter(stdout, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in printed)


FORMS: dict[str, Callable[[Sequence[TaskRow], Language], None]] = {
    "table": _print_table,
    "json": _print_json,
    "csv": _print_csv,
}
