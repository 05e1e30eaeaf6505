"""One complete pass over all pages: all tasks, or an error, never a part of them.

Rules that this file keeps (contract, section 1.1; API notes, Answers):

- An empty token is the end; nothing else about a token means anything.
- A walk that does not come to an end is a failure: a token seen before, more pages than the
  configuration allows to fetch before the deadline, or page after page without a task not seen.
- Nothing is assumed of order, totals or consistency between pages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exporter.errors import PaginationError, ProtocolError
from exporter.tasks import UploadTask
from exporter.zego.client import Page

MAX_PAGES_WITHOUT_PROGRESS = 100
"""Pages in a row that list no new task before the walk is taken for an endless one.

Filters and deletions can leave a few empty pages; a loop of fresh tokens would otherwise use up the
rate limit of the AppId until the deadline, at every interval.
"""

_REMEDY = "This is a fault of the API: report it to ZEGO, with the time of this message."


@dataclass(frozen=True, slots=True)
class WalkResult:
    """All tasks of one walk, each id once, and what the pages said beside them."""

    tasks: tuple[UploadTask, ...]
    pages: int
    reported_total: int | None
    malformed: Mapping[str, int]


def walk(fetch: Callable[[str], Page], *, max_pages: int) -> WalkResult:
    """Fetch page after page until the API says that there are no more.

    `fetch` takes the page token, "" for the first page. Raises PaginationError where the pages do
    not end, ProtocolError where the API reports tasks and lists none, and whatever `fetch` raises.
    """
    tasks: dict[str, UploadTask] = {}
    malformed: Counter[str] = Counter()
    tokens = {""}
    token, total, idle_pages = "", None, 0
    for pages in range(1, max_pages + 1):
        page = fetch(token)
        known = len(tasks)
        tasks.update((task.id, task) for task in page.tasks)
        malformed.update(page.malformed)
        total = page.total if page.total is not None else total
        token = page.next_token
        if not token:
            _refuse_empty_lie(tasks, malformed, total, pages)
            return WalkResult(tuple(tasks.values()), pages, total, dict(malformed))
        idle_pages = idle_pages + 1 if len(tasks) == known else 0
        _refuse_endless(token, tokens, idle_pages)
        tokens.add(token)
    raise PaginationError(
        f"no end after {max_pages} pages, the most that can be fetched before the deadline",
        remedy="Raise collection.deadline or collection.requests_per_second if there really are "
        "that many upload tasks.",
    )


def _refuse_endless(token: str, seen: set[str], idle_pages: int) -> None:
    if token in seen:
        raise PaginationError("a page token came a second time: the pages loop", remedy=_REMEDY)
    if idle_pages >= MAX_PAGES_WITHOUT_PROGRESS:
        raise PaginationError(
            f"{idle_pages} pages in a row without a task not seen before", remedy=_REMEDY
        )


def _refuse_empty_lie(
    tasks: Mapping[str, UploadTask], malformed: Mapping[str, int], total: int | None, pages: int
) -> None:
    """Refuse a listing that reports tasks and holds none: it would say that all are gone."""
    if pages == 1 and total and not tasks and not malformed:
        raise ProtocolError(
            f"the API reports {total} upload tasks and lists none",
            code="invalid_response",
            remedy=_REMEDY,
        )
