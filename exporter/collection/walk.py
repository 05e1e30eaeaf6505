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


class Walk:
    """A walk on its way: `step` reads one page more.

    `tasks` are those listed so far, each id once, as it was listed last; `total` is the API's own
    count in the latest page that gave one; `ended` says whether the last page was the end.
    """

    def __init__(self, fetch: Callable[[str], Page], *, max_pages: int) -> None:
        self.tasks: dict[str, UploadTask] = {}
        self.malformed: Counter[str] = Counter()
        self.total: int | None = None
        self.pages = 0
        self.ended = False
        self._fetch = fetch
        self._max_pages = max_pages
        self._token = ""
        self._tokens = {""}
        self._idle_pages = 0

    def step(self) -> Page:
        """Read the next page. Raises PaginationError, and whatever `fetch` raises."""
        if self.pages == self._max_pages:
            raise PaginationError(
                f"no end after {self.pages} pages, the most that can be fetched before the "
                "deadline",
                remedy="Raise collection.deadline or collection.requests_per_second if there "
                "really are that many upload tasks.",
            )
        page = self._fetch(self._token)
        self.pages += 1
        known = len(self.tasks)
        self.tasks.update((task.id, task) for task in page.tasks)
        self.malformed.update(page.malformed)
        self.total = page.total if page.total is not None else self.total
        self._idle_pages = self._idle_pages + 1 if len(self.tasks) == known else 0
        self._go_on(page.next_token)
        return page

    def _go_on(self, token: str) -> None:
        self._token = token
        self.ended = not token
        if token:
            _refuse_endless(token, self._tokens, self._idle_pages)
            self._tokens.add(token)


def walk(fetch: Callable[[str], Page], *, max_pages: int) -> WalkResult:
    """Fetch page after page until the API says that there are no more.

    `fetch` takes the page token, "" for the first page. Raises PaginationError where the pages do
    not end, ProtocolError where the API reports tasks and lists none, and whatever `fetch` raises.
    """
    whole = Walk(fetch, max_pages=max_pages)
    while not whole.ended:
        whole.step()
    _refuse_empty_lie(whole)
    return WalkResult(tuple(whole.tasks.values()), whole.pages, whole.total, dict(whole.malformed))


def _refuse_endless(token: str, seen: set[str], idle_pages: int) -> None:
    if token in seen:
        raise PaginationError("a page token came a second time: the pages loop", remedy=_REMEDY)
    if idle_pages >= MAX_PAGES_WITHOUT_PROGRESS:
        raise PaginationError(
            f"{idle_pages} pages in a row without a task not seen before", remedy=_REMEDY
        )


def _refuse_empty_lie(whole: Walk) -> None:
    """Refuse a listing that reports tasks and holds none: it would say that all are gone."""
    if whole.total and not whole.tasks and not whole.malformed:
        raise ProtocolError(
            f"the API reports {whole.total} upload tasks and lists none",
            code="invalid_response",
            remedy=_REMEDY,
        )
