"""An ordered list in which reading a page takes time proportional to the page.

Rules that this file keeps:

- Keys only grow: new items come last, so the list is in the order of insertion.
- A place in the listing is a key. Taking other tasks out does not change it.
- Putting in is O(1), taking out and finding a place O(log n), a page O(page); all amortised, since
  the holes that taking out leaves are closed as soon as they are more than the tasks.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

_HOLES_WORTH_CLOSING = 64


class OrderedList(Generic[T]):
    """Items under growing integer keys; `len()` is the number of items."""

    __slots__ = ("_holes", "_items", "_keys")

    def __init__(self) -> None:
        self._keys: list[int] = []
        self._items: list[T | None] = []
        self._holes = 0

    def __len__(self) -> int:
        return len(self._keys) - self._holes

    def __iter__(self) -> Iterator[T]:
        return (item for item in self._items if item is not None)

    def put(self, key: int, item: T) -> None:
        """Put `item` behind all others; `key` is greater than every key before it."""
        self._keys.append(key)
        self._items.append(item)

    def take(self, key: int) -> None:
        """Take out the item that was put in under `key`."""
        self._items[bisect_left(self._keys, key)] = None
        self._holes += 1
        if self._holes > _HOLES_WORTH_CLOSING and self._holes > len(self):
            kept = [index for index, item in enumerate(self._items) if item is not None]
            self._keys = [self._keys[index] for index in kept]
            self._items = [self._items[index] for index in kept]
            self._holes = 0

    def after(self, key: int, limit: int) -> list[tuple[int, T]]:
        """Return at most `limit` items, with their keys, whose keys are greater than `key`."""
        found: list[tuple[int, T]] = []
        for index in range(bisect_right(self._keys, key), len(self._keys)):
            if len(found) == limit:
                break
            item = self._items[index]
            if item is not None:
                found.append((self._keys[index], item))
        return found
