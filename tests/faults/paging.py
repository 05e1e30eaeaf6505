"""Other ways to continue a walk than behind the last listed task, and wrong ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from exporter.simulator.app import Fields, Page, Query, write_task
from exporter.simulator.bookkeeping import Cursor, TokenTable
from exporter.simulator.task import SimulatedTask
from tests.faults.faults import Fault

Paging = Literal["live", "offset", "snapshot"]
"""How a walk continues: "live" behind the last listed task, in the list as it then is; "offset" at
the number of tasks listed, so that a deletion shifts the rest; "snapshot" pages through the list as
it was at the first page, by the number of tasks listed."""

CYCLE = ("token-of-cycle-A", "token-of-cycle-B")


@dataclass(frozen=True)
class FaultyCursor(Cursor):
    """A place in a walk.

    Attributes:
        page: The number (from 1) of the page that begins there.
        snapshot: The whole list, with paging by snapshot.
        previous: The last task of the page before.
        token: The text of the place's token; empty for a fresh one.
    """

    page: int = 1
    snapshot: tuple[Fields, ...] | None = None
    previous: Fields | None = None
    token: str = ""

    @classmethod
    def of(cls, cursor: Cursor | None) -> FaultyCursor:
        """Return the place as one of this type; None is the beginning."""
        if isinstance(cursor, FaultyCursor):
            return cursor
        return cls() if cursor is None else cls(cursor.position, cursor.status)


class FaultyTokens(TokenTable):
    """Tokens whose text a fault can choose."""

    def issue(self, cursor: Cursor) -> str:
        """Return a token for `cursor`: a new one, or its own, which then moves there."""
        if not isinstance(cursor, FaultyCursor) or not cursor.token:
            return super().issue(cursor)
        self._cursors[cursor.token] = cursor
        return cursor.token


def numbered_page(query: Query, tasks: list[SimulatedTask], paging: Paging) -> Page:
    """Return the page behind so many tasks of a list, or of that at the first page."""
    cursor = FaultyCursor.of(query.cursor)
    entries = cursor.snapshot or tuple(write_task(task) for task in tasks)
    end = cursor.position + query.page_size
    page = Page(list(entries[cursor.position : end]), len(entries))
    if end < len(entries):
        kept = entries if paging == "snapshot" else None
        page.following = FaultyCursor(end, cursor.status, snapshot=kept)
    return page


def following_cursor(query: Query, page: Page, faults: Mapping[Fault, Any]) -> Cursor | None:
    """Return the place that the token of `page` means; None for no token."""
    cursor = FaultyCursor.of(query.cursor)
    number = cursor.page + 1
    if Fault.TOKEN_CYCLE in faults:
        token = CYCLE[1] if cursor.token == CYCLE[0] else CYCLE[0]
        return replace(cursor, page=number, position=0, token=token)
    if Fault.EMPTY_PAGE in faults:
        return replace(cursor, page=number, token="")
    if Fault.ENDLESS_TOKENS in faults and page.following is None:
        return replace(cursor, page=number, position=0, token="")
    if Fault.LOST_TOKEN in faults or page.following is None:
        return None
    previous = page.entries[-1] if page.entries else None
    return replace(FaultyCursor.of(page.following), page=number, previous=previous)
