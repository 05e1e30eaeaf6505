"""How one value of the file is read: each reader knows what is right and says so.

A reader stands in the annotation of a field, `Annotated[int, WholeNumber(1, 50, "...")]`, and is at
once the check (wrong types are errors, nothing is converted silently), the message, and the JSON
Schema of the field. What a reader has returned, it takes again. Messages read as a sentence about
the place: "is text, not a whole number (tasks of one page, 1 to 50)".
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from exporter.config.environment import FromEnvironment
from exporter.config.problems import shown


def kind(value: object) -> str:
    """Return what `value` is, for people."""
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "a boolean"),
        (int, "a whole number"),
        (float, "a decimal number"),
        (str, "text"),
        ((list, tuple), "a list"),
        (Mapping, "a mapping"),
    )
    return next((name for type_, name in kinds if isinstance(value, type_)), "empty")


def told(value: object) -> str:
    """Return `is "x", ` to begin a message with, or `is ` where `value` must not be shown."""
    return "is " if isinstance(value, FromEnvironment) else f"is {shown(value)}, "


class Reader(ABC):
    """Base of all readers; as text, a reader is what would be right."""

    @abstractmethod
    def __str__(self) -> str:
        """Return what would be right, for the brackets of a message."""

    @abstractmethod
    def _read(self, value: Any) -> Any:
        """Return what `value` means; raises ValueError that says what is wrong with it."""

    @abstractmethod
    def _schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what `_read` takes from a file."""

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(self, _schema: Any, _handler: Any) -> dict[str, Any]:
        return self._schema()

    def _wrong_type(self, value: object, wanted: str) -> ValueError:
        """Return the error for a value of another type."""
        unquoted = wanted == "text" and isinstance(value, bool | float | int)
        hint = "; put it in quotes" if unquoted else ""
        return ValueError(f"is {kind(value)}, not {wanted} ({self}{hint})")

    def _wrong(self, value: object, what: str) -> ValueError:
        """Return the error for a value of the right type; `what` goes on from `is "x", `."""
        return ValueError(f"{told(value)}{what} ({self})")


def from_environment(value: Any, form: str, convert: Callable[[str], object]) -> Any:
    """Return a text from the environment as the number that it is; anything else as it is."""
    if isinstance(value, FromEnvironment) and re.fullmatch(form, value):
        return convert(value)
    return value


_WHOLE = r"[-+]?[0-9]{1,100}"
DECIMAL = r"[-+]?(?:[0-9]{1,100}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,9})?"


@dataclass(frozen=True)
class WholeNumber(Reader):
    """A whole number from `low` to `high`."""

    low: int
    high: int
    meaning: str

    def __str__(self) -> str:
        return f"{self.meaning}, {self.low} to {self.high}"

    def _read(self, value: Any) -> int:
        number = from_environment(value, _WHOLE, int)
        if isinstance(number, bool) or not isinstance(number, int):
            raise self._wrong_type(value, "a whole number")
        if not self.low <= number <= self.high:
            raise self._wrong(value, "out of range")
        return number

    def _schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True)
class Number(Reader):
    """A finite number from `low` to `high`."""

    low: float
    high: float
    meaning: str

    def __str__(self) -> str:
        return f"{self.meaning}, {self.low:g} to {self.high:g}"

    def _read(self, value: Any) -> float:
        number = from_environment(value, DECIMAL, float)
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise self._wrong_type(value, "a number")
        if not self.low <= number <= self.high:  # NaN is not in any range
            raise self._wrong(value, "out of range")
        return float(number)

    def _schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True)
class Boolean(Reader):
    """`true` or `false`."""

    def __str__(self) -> str:
        return "true or false"

    def _read(self, value: Any) -> bool:
        words = {"true": True, "false": False}
        truth = from_environment(value, "true|false", words.__getitem__)
        if not isinstance(truth, bool):
            raise self._wrong_type(value, "a boolean")
        return truth

    def _schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class OneOf(Reader):
    """One of `words`."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"one of {', '.join(self.words)}"

    def _read(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise self._wrong_type(value, "text")
        if value not in self.words:
            raise self._wrong(value, "not known")
        return str(value)

    def _schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.words)}


@dataclass(frozen=True)
class Member(Reader):
    """A member of the enumeration `members`, written as its value."""

    members: type[Enum]

    def __str__(self) -> str:
        return str(self._word())

    def _word(self) -> OneOf:
        return OneOf(tuple(member.value for member in self.members))

    def _read(self, value: Any) -> Enum:
        return value if isinstance(value, self.members) else self.members(self._word()._read(value))

    def _schema(self) -> dict[str, Any]:
        return self._word()._schema()


@dataclass(frozen=True)
class Items:
    """A list without repetitions; the annotation of the items says what they are.

    `same` gives what may not be repeated, `order` sorts the items where their order means nothing.
    """

    meaning: str
    at_least: int = 0
    same: Callable[[Any], Any] | None = None
    order: Callable[[Any], Any] | None = None

    def __str__(self) -> str:
        return self.meaning

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        items = core_schema.no_info_before_validator_function(self._check_list, handler(source))
        return core_schema.no_info_after_validator_function(self._check_items, items)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        described = handler(schema)
        return {**described, "minItems": self.at_least} if self.at_least else described

    def _check_list(self, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            what = f"is {kind(value)}, not a list ({self})"
            raise ValueError(what)  # noqa: TRY004 - pydantic collects ValueError only
        if len(value) < self.at_least:
            raise ValueError(f"is an empty list ({self})")
        return value

    def _check_items(self, items: tuple[Any, ...]) -> tuple[Any, ...]:
        seen: dict[Any, int] = {}
        for index, item in enumerate(items):
            same = self.same(item) if self.same else index
            if same in seen:
                raise ValueError(f"items {seen[same] + 1} and {index + 1} are the same (keep one)")
            seen[same] = index
        return tuple(sorted(items, key=self.order)) if self.order else items
