"""Selects and encodes the tasks of one page (`docs/zego-api.md`, Requests and Answers)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exporter.simulator.app import SimulatedApp, Spelling
from exporter.simulator.task import SimulatedTask
from exporter.simulator.tokens import BEGINNING, Cursor, Entry

MAX_PAGE_SIZE = 50
_TIMES = ("ExpiresAt", "CreateTime")
_NUMBERS = ("Status", "RetryCount", "ExpiresAt", "CreateTime")


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a request: one task, or the page that begins at `cursor`."""

    task_id: str = ""
    status: int | None = None
    page_size: int = MAX_PAGE_SIZE
    cursor: Cursor = BEGINNING
    token: str = ""


@dataclass(slots=True)
class Page:
    """The answer: `following` is the place behind the page, None at the end."""

    entries: list[Entry]
    total: int
    following: Cursor | None = None


def find_page(app: SimulatedApp, query: Query) -> Page:
    """Return the requested page of the current tasks."""
    if query.task_id:
        task = app.life.tasks.get(query.task_id)
        if task is None or query.status not in (None, task.status):
            return Page([], 0)
        return Page([write_task(task, app.spelling)], 1)
    if query.cursor.snapshot is None and app.paging == "live":
        return _live_page(app, query)
    return _numbered_page(app, query)


def _live_page(app: SimulatedApp, query: Query) -> Page:
    cursor = query.cursor
    listing = app.life.listing if query.status is None else app.life.by_status[query.status]
    found = listing.after(cursor.position, query.page_size + 1)
    listed = found[: query.page_size]
    page = Page([write_task(task, app.spelling) for _, task in listed], len(listing))
    if len(found) > len(listed):
        page.following = Cursor(
            cursor.page + 1, listed[-1][0], query.status, previous=page.entries[-1]
        )
    return page


def _numbered_page(app: SimulatedApp, query: Query) -> Page:
    """Return the page behind so many entries, of the current list or of that at the first page."""
    cursor = query.cursor
    entries = cursor.snapshot
    if entries is None:
        tasks = app.life.listing if query.status is None else app.life.by_status[query.status]
        entries = [write_task(task, app.spelling) for task in tasks]
    end = cursor.position + query.page_size
    page = Page(list(entries[cursor.position : end]), len(entries))
    if end < len(entries):
        kept = entries if app.paging == "snapshot" else None
        previous = page.entries[-1] if page.entries else None
        page.following = Cursor(cursor.page + 1, end, query.status, kept, previous)
    return page


def write_task(task: SimulatedTask, spelling: Spelling) -> Entry:
    """Return a task with the API's field names."""
    entry = {
        "UploadTaskId": task.id,
        "StreamUrl": task.stream_url,
        "Title": task.title,
        "Status": task.status,
        "RetryCount": task.retry_count,
        "ExpiresAt": task.expires_at,
        "CreateTime": task.created_at,
        "UploadStreamUrl": task.upload_stream_url,
        "InternalUploadStreamUrl": task.internal_upload_stream_url,
    }
    return entry if spelling == _PLAIN else _spell(entry, spelling)


_PLAIN = Spelling()


def _spell(entry: dict[str, Any], spelling: Spelling) -> Entry:
    if spelling.milliseconds:
        entry.update({name: entry[name] * 1000 for name in _TIMES})
    expires_at = entry["ExpiresAt"]
    entry.update({name: spell_number(entry[name], spelling) for name in _NUMBERS})
    if not expires_at and spelling.no_expiry == "null":
        entry["ExpiresAt"] = None
    elif not expires_at and spelling.no_expiry == "absent":
        del entry["ExpiresAt"]
    if spelling.unknown_fields:
        entry["Labels"] = {"added": ["later"]}
    return entry


def spell_number(number: int, spelling: Spelling) -> int | float | str:
    """Return `number` as this app's answers write numbers."""
    if spelling.numbers == "string":
        return str(number)
    return float(number) if spelling.numbers == "float" else number


def write_page(app: SimulatedApp, page: Page, token: str) -> Mapping[str, Any]:
    """Return the Data of an answer."""
    spelling = app.spelling
    data: dict[str, Any] = {"NextPageToken": token}
    total = {"all": page.total, "page": len(page.entries), "wrong": 2 * page.total + 3}
    if app.totals != "absent":
        data[spelling.total] = spell_number(total[app.totals], spelling)
    if page.entries or spelling.empty_list == "list":
        data[spelling.tasks] = page.entries
    elif spelling.empty_list == "null":
        data[spelling.tasks] = None
    return data
