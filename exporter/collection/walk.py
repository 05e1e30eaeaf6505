"""One complete pass over all pages: all tasks, or an error, never a part of them.

Rules that this file keeps (docs/guarantees.md, section 1; docs/zego-api.md, Answers):

- An empty token is the end; nothing else about a token means anything.
- A walk that does not come to an end fails: a token that came before, more pages than can be
  fetched before the deadline, or page after page without a new task.
- Nothing is assumed of order, totals or consistency between pages. What totals mean is learned by
  `TotalsCheck`, from complete walks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from exporter.errors import PaginationError, ProtocolError
from exporter.tasks import UploadTask
from exporter.zego.client import Page

MAX_PAGES_WITHOUT_PROGRESS = 100
"""Pages in a row without a new task, after which a walk counts as endless.

Filters and deletions can leave a few empty pages. A loop of fresh tokens would otherwise use up the
rate limit of the AppId until the deadline, in every interval.
"""

MAX_UNDECIDED_COLLECTIONS = 3
"""Collections in a row whose two first walks were short by different numbers, before their totals
count as meaningless. Without a limit such an app would never be shown.
"""

_REMEDY = "This is a fault of the API: report it to ZEGO, with the time of this message."


@dataclass(frozen=True, slots=True)
class WalkResult:
    """All tasks of one walk, each id once.

    Attributes:
        tasks: The tasks, as they were listed last.
        pages: Pages that were read.
        reported_total: The API's count in the last page that gave one.
        malformed: Entries that could not be read and were left out, by reason.
        shortfall: By how many the total exceeds what was listed, not counting by how much the total
            moved during the walk. At most 0 for a walk that listed everything.
    """

    tasks: tuple[UploadTask, ...]
    pages: int
    reported_total: int | None
    malformed: Mapping[str, int]
    shortfall: int = 0

    @property
    def agrees(self) -> bool:
        """Whether the API's total is exactly what it listed."""
        return self.reported_total == len(self.tasks) + sum(self.malformed.values())


class Walk:
    """A walk in progress; `step` reads one more page.

    Attributes:
        tasks: The tasks so far by id, as they were listed last.
        malformed: Entries that could not be read, by reason.
        totals: The API's own counts, of every page that gave one.
        pages: Pages that were read.
        ended: Whether the last page was the end.
    """

    def __init__(self, fetch: Callable[[str], Page], *, max_pages: int) -> None:
        self.tasks: dict[str, UploadTask] = {}
        self.malformed: Counter[str] = Counter()
        self.totals: list[int] = []
        self.pages = 0
        self.ended = False
        self._fetch = fetch
        self._max_pages = max_pages
        self._token = ""
        self._tokens = {""}
        self._idle_pages = 0

    @property
    def total(self) -> int | None:
        """The API's count in the latest page that gave one."""
        return self.totals[-1] if self.totals else None

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
        if page.total is not None:
            self.totals.append(page.total)
        self._idle_pages = self._idle_pages + 1 if len(self.tasks) == known else 0
        self._token = page.next_token
        self.ended = not page.next_token
        if not self.ended:
            self._refuse_endless()
            self._tokens.add(self._token)
        return page

    def _refuse_endless(self) -> None:
        if self._token in self._tokens:
            raise PaginationError("a page token came a second time: the pages loop", remedy=_REMEDY)
        if self._idle_pages >= MAX_PAGES_WITHOUT_PROGRESS:
            raise PaginationError(
                f"{self._idle_pages} pages in a row without a task not seen before", remedy=_REMEDY
            )


def walk(fetch: Callable[[str], Page], *, max_pages: int) -> WalkResult:
    """Fetch page after page until the API says that there are no more.

    `fetch` takes the page token, "" for the first page. Raises PaginationError where the pages do
    not end, ProtocolError where the API reports tasks and lists none, and whatever `fetch` raises.
    """
    whole = Walk(fetch, max_pages=max_pages)
    while not whole.ended:
        whole.step()
    if whole.total and not whole.tasks and not whole.malformed:
        # Published, this would say that all tasks are gone.
        raise ProtocolError(
            f"the API reports {whole.total} upload tasks and lists none",
            code="invalid_response",
            remedy=_REMEDY,
        )
    listed = len(whole.tasks) + whole.malformed.total()
    movement = sum(abs(later - earlier) for earlier, later in pairwise(whole.totals))
    return WalkResult(
        tasks=tuple(whole.tasks.values()),
        pages=whole.pages,
        reported_total=whole.total,
        malformed=dict(whole.malformed),
        shortfall=0 if whole.total is None else whole.total - listed - movement,
    )


class TotalsCheck:
    """Learns whether an app's totals count what is listed, and has short walks repeated.

    What the total counts is not documented (docs/zego-api.md, Not documented), so nothing is
    concluded from it until it has agreed with a listing (docs/guarantees.md, section 1).
    """

    def __init__(self) -> None:
        self._credible: bool | None = None  # None until a first walk says something
        self._undecided = 0

    @property
    def credible(self) -> bool:
        """Whether a total has agreed with a listing."""
        return self._credible is True

    def complete(self, walk_again: Callable[[], WalkResult]) -> WalkResult:
        """Return the first walk that is complete, of two at most.

        Raises PaginationError if neither is, and whatever the walks raise.
        """
        first = walk_again()
        if first.shortfall <= 0 or self._credible is False:
            return self.learn(first)
        second = walk_again()
        if second.shortfall <= 0:
            return self.learn(second)
        if self._credible is None:
            self._undecided += 1
            same = second.shortfall == first.shortfall
            if same or self._undecided >= MAX_UNDECIDED_COLLECTIONS:
                self._credible = False
                return second
        raise PaginationError(
            f"the API reports {second.reported_total} upload tasks and lists "
            f"{len(second.tasks)}, in two walks in a row",
            remedy=_REMEDY,
        )

    def learn(self, result: WalkResult) -> WalkResult:
        """Return `result`, having noted whether its total agrees with what it listed."""
        if result.agrees:
            self._credible = True
        return result
