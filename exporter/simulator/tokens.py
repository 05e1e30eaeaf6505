"""Page tokens: opaque, unguessable, good for one place in one listing."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Entry = Mapping[str, Any]
"""A task as the API writes it."""

TOKENS_KEPT = 1000
"""A token is known until that many newer ones were given out; a walk needs the newest only."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a walk: `page` is the number (from 1) of the page that begins there.

    `position` is the last key listed ("live") or the number of entries listed ("snapshot", then
    `snapshot` holds all entries). `status` is the filter of the walk, None for all tasks.
    `previous` is the last entry of the page before.
    """

    page: int = 1
    position: int = 0
    status: int | None = None
    snapshot: Sequence[Entry] | None = None
    previous: Entry | None = None


BEGINNING = Cursor()


class TokenTable:
    """The tokens that one app's walks were given."""

    def __init__(self) -> None:
        self._cursors: OrderedDict[str, Cursor] = OrderedDict()

    def issue(self, cursor: Cursor, token: str = "") -> str:
        """Return a token for `cursor`: a new one, or `token`, which then moves there."""
        token = token or secrets.token_urlsafe(24)
        self._cursors[token] = cursor
        self._cursors.move_to_end(token)
        while len(self._cursors) > TOKENS_KEPT:
            self._cursors.popitem(last=False)
        return token

    def find(self, token: str) -> Cursor | None:
        """Return the place that `token` means; None for a token that is not known."""
        return self._cursors.get(token)
