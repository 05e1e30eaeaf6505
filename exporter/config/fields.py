"""Field types of the configuration, in plain pydantic.

A field is `Annotated[type, Field(constraints), reader, Right("the correct form")]`:

- `strict=True` keeps pydantic from converting a value silently: a quoted number is text, and wrong.
- A reader is a `BeforeValidator` or `AfterValidator` of this file. It raises ValueError with the
  end of a sentence about the place: "has more than a host and a port".
- ValueError is the only error that pydantic collects, also for a wrong type.
- `Right` ends every message about the field, in brackets.

`problems` turns pydantic's errors into messages. No message shows a secret, or a text from the
environment, which may be a secret that was put into the wrong variable.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic_core import CoreSchema

from exporter.config.addresses import check_endpoint, split_listen_address
from exporter.durations import EXAMPLES, JSON_SCHEMA_PATTERN, format_duration, parse_duration
from exporter.text import LIKE_A_SECRET

MAX_NAME_LENGTH = 64
YEAR_SECONDS = 365 * 86_400.0
_RESERVED_PATHS = ("-", "api", "callback", "runbooks")


class Unavailable(ValueError):
    """A file that cannot be opened now, and may be there soon."""


@dataclass(frozen=True, slots=True)
class Right:
    """The correct form of a field, for the brackets at the end of a message about it."""

    text: str


class FromEnvironment(str):
    """A text that came from the environment, at least in part.

    It may stand for a number or a boolean, which a quoted text in the file may not. No message
    shows it: it may be a secret, whatever the field.
    """

    __slots__ = ()


def kind(value: object) -> str:
    """Return the type of `value` in the words of YAML, such as `a whole number`."""
    if isinstance(value, str) and LIKE_A_SECRET.search(value):
        return "text that looks like a secret"
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "a boolean"),
        (int, "a whole number"),
        (float, "a decimal number"),
        (str, "text"),
        ((list, tuple), "a list"),
        (Mapping, "a mapping"),
    )
    return next((name for type_, name in kinds if isinstance(value, type_)), "empty")


def shown(value: object, *, limit: int = 40) -> str:
    """Return `value` for a message: short, printable, and nothing that looks like a secret."""
    text = "".join(c if c.isprintable() else "?" for c in str(value))
    if LIKE_A_SECRET.search(text):
        return "a value that looks like a secret"
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return f'"{text}"' if isinstance(value, str) else text


class Unfit(ValueError):
    """A value of the right type that is wrong: the message becomes `is "x", MESSAGE`.

    `problems` adds the value, unless it came from the environment.
    """


# Numbers and booleans. A variable is always text; a quoted number in the file is a mistake.


def _from_environment(form: str, convert: Callable[[str], object]) -> BeforeValidator:
    def read(value: Any) -> Any:
        if isinstance(value, FromEnvironment) and re.fullmatch(form, value):
            return convert(value)
        return value

    return BeforeValidator(read)


# Lengths are limited: Python refuses whole numbers of more than 4,300 digits.
_DECIMAL = r"[-+]?(?:[0-9]{1,100}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,9})?"
INTEGER = _from_environment(r"[-+]?[0-9]{1,100}", int)
NUMBER = _from_environment(_DECIMAL, float)
BOOLEAN = _from_environment("true|false", "true".__eq__)


def _read_seconds(value: Any) -> Any:
    if isinstance(value, FromEnvironment) and re.fullmatch(_DECIMAL, value):
        value = float(value)
    if isinstance(value, str):
        try:
            value = parse_duration(value)
        except ValueError as error:
            raise Unfit(str(error)) from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"is {kind(value)}, not a duration")  # noqa: TRY004 - see the module
    if not abs(value) <= YEAR_SECONDS:  # also refuses NaN, which compares false
        raise Unfit("not a duration of up to a year")
    return round(float(value), 3)  # 0.1 + 0.2 s is written as 300ms again


_LEAST_WINDOW_SECONDS = 1.0


def _read_window(value: Any) -> Any:
    if isinstance(value, tuple):  # settings built from settings: YAML has only lists
        return value
    seconds = _read_seconds(value)
    if seconds < _LEAST_WINDOW_SECONDS:
        raise Unfit("too short")
    as_written = isinstance(value, str) and not re.fullmatch(_DECIMAL, value)
    return (str(value) if as_written else format_duration(seconds)), seconds


@dataclass(frozen=True)
class _DurationSchema:
    """The JSON Schema of a duration: text with units, or plain seconds."""

    least: float | None = None
    """Seconds; None stands for the minimum of the field."""

    optional: bool = False

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        least = handler(core_schema)["minimum"] if self.least is None else self.least
        schemas: list[dict[str, Any]] = [
            {"type": "string", "pattern": JSON_SCHEMA_PATTERN, "minLength": 2},
            {"type": "number", "minimum": least, "maximum": YEAR_SECONDS},
        ]
        return {"anyOf": [*schemas, {"type": "null"}] if self.optional else schemas}


DURATION = BeforeValidator(_read_seconds)
"""Text with units or plain seconds -> seconds, a whole number of milliseconds."""

DURATION_SCHEMA = _DurationSchema()


def right_duration(least: float, reason: str = "") -> Right:
    """Return the correct form of a duration of at least `least` seconds, and the reason."""
    bound = f"at least {format_duration(least)}{reason and ': '}{reason}"
    return Right(f"{EXAMPLES}, {bound}")


Seconds = Annotated[
    float, Field(strict=True, ge=0.001), DURATION, DURATION_SCHEMA, right_duration(0.001)
]
"""A duration."""

ComputedSeconds = Annotated[
    float,
    Field(strict=True, ge=0.001),
    DURATION,
    _DurationSchema(optional=True),
    right_duration(0.001),
]
"""A duration whose default follows from other keys."""

Window = Annotated[
    tuple[str, float],
    BeforeValidator(_read_window),
    _DurationSchema(_LEAST_WINDOW_SECONDS),
    right_duration(_LEAST_WINDOW_SECONDS),
]
"""A duration that becomes a label: (label as written, seconds)."""


def distinct(key: Callable[[Any], Any]) -> AfterValidator:
    """Return a validator that refuses a list in which two items have the same `key`."""

    def check(items: tuple[Any, ...]) -> tuple[Any, ...]:
        first: dict[Any, int] = {}
        for index, item in enumerate(items):
            earlier = first.setdefault(key(item), index)
            if earlier != index:
                raise ValueError(f"items {earlier + 1} and {index + 1} are the same (keep one)")
        return items

    return AfterValidator(check)


# Texts with a form.

TEXT = Field(strict=True, min_length=1)
PLAIN = AfterValidator(str)
"""Forgets that a text came from the environment."""


def _check_name(text: str) -> str:
    plain = all(c in "._-" or unicodedata.category(c)[0] in "LMN" for c in text)
    if not plain or len(text) > MAX_NAME_LENGTH or text in (".", ".."):
        raise Unfit("not usable as a name")
    return str(text)


_OPTIONAL_NAME = {
    "anyOf": [
        {"type": "string", "minLength": 1, "maxLength": MAX_NAME_LENGTH},
        {"type": "null"},
    ]
}
AppName = Annotated[
    str,
    TEXT,
    AfterValidator(_check_name),
    WithJsonSchema(_OPTIONAL_NAME),
    Right(f"letters, digits and . _ -, at most {MAX_NAME_LENGTH} of them"),
]
"""A name that is safe as a label value, in the path of a URL and in a query."""

Endpoint = Annotated[
    str,
    TEXT,
    AfterValidator(check_endpoint),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": "^https?://[^/?#@]+/?$"}, {"type": "null"}]}
    ),
    Right("such as https://cloud-player-api.zego.im; http on a loopback address only"),
]
"""An origin that requests may go to, without a trailing slash."""


def _check_listen_address(text: str) -> str:
    try:
        split_listen_address(text)
    except ValueError as error:
        raise Unfit(str(error)) from None
    return str(text)


ListenAddress = Annotated[
    str,
    TEXT,
    AfterValidator(_check_listen_address),
    WithJsonSchema({"type": "string", "pattern": ":[0-9]{1,5}$"}),
    Right('such as ":10317", "127.0.0.1:10317" or "[::1]:10317"'),
]
"""`host:port` to listen on; without a host on all addresses."""


def _check_telemetry_path(text: str) -> str:
    if not re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+", text):
        raise Unfit("not a path for the metrics")
    if text.split("/")[1] in _RESERVED_PATHS:
        raise Unfit("taken by another page")
    return str(text)


TelemetryPath = Annotated[
    str,
    TEXT,
    AfterValidator(_check_telemetry_path),
    WithJsonSchema({"type": "string", "pattern": "^/[A-Za-z0-9_~-]"}),
    Right("such as /metrics; /, /-/…, /api, /callback and /runbooks have other uses"),
]
"""The path of the metrics page, which may not hide another page."""
