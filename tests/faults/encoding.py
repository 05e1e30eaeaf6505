"""How answers are encoded, where ZEGO's documents are silent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from exporter.simulator.app import Fields

_TIMES = ("ExpiresAt", "CreateTime")
_NUMBERS = ("Status", "RetryCount", *_TIMES)


@dataclass(frozen=True, slots=True)
class Encoding:
    """What differs from the documented encoding.

    `no_expiry` is how ExpiresAt is written where there is none.
    """

    empty_list: Literal["list", "null", "absent"] = "list"
    no_expiry: Literal["zero", "null", "absent"] = "zero"
    numbers: Literal["integer", "string", "float"] = "integer"
    milliseconds: bool = False
    unknown_fields: bool = False

    def number(self, value: int) -> int | float | str:
        """Return a number as answers write it."""
        if self.numbers == "string":
            return str(value)
        return float(value) if self.numbers == "float" else value

    def entry(self, task: Fields) -> Fields:
        """Return a task as answers write it."""
        entry = dict(task)
        if self.milliseconds:
            entry.update({name: entry[name] * 1000 for name in _TIMES})
        entry.update({name: self.number(entry[name]) for name in _NUMBERS})
        if not task["ExpiresAt"] and self.no_expiry == "null":
            entry["ExpiresAt"] = None
        elif not task["ExpiresAt"] and self.no_expiry == "absent":
            del entry["ExpiresAt"]
        if self.unknown_fields:
            entry["Labels"] = {"added": ["later"]}
        return entry

    def entries(self, data: dict[str, Any], name: str) -> None:
        """Write the list of tasks of a page, which is the field `name` of its `data`."""
        data[name] = [self.entry(task) for task in data[name]]
        if not data[name] and self.empty_list == "null":
            data[name] = None
        elif not data[name] and self.empty_list == "absent":
            del data[name]
