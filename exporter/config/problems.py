"""Problems of a configuration: their places, texts and order."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from exporter.config.fields import FromEnvironment, Right, Unavailable, Unfit, kind, shown
from exporter.errors import ConfigError
from exporter.text import nearest

Place: TypeAlias = tuple[str | int, ...]
"""Keys and indices from the top of the file: `("apps", 0, "app_id")`."""

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to fix."""

    place: Place
    text: str
    """The problem and, in brackets, a correct form."""

    passing: bool = False
    """Whether it may pass without an edit of the configuration."""


def place_text(place: Place) -> str:
    """Return `apps[0].app_id` for `("apps", 0, "app_id")`; the top is `the file`."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
            continue
        quoted = shown(step)
        if not quoted.startswith('"'):  # it looks like a secret
            text += '."…"'
        elif _PLAIN_KEY.fullmatch(step) and quoted == f'"{step}"':
            text += f".{step}"
        else:
            text += f".{quoted}"
    return text.removeprefix(".") or "the file"


def in_file_order(problems: Iterable[Problem], document: Any) -> list[Problem]:
    """Return `problems` in the order of their places in the file; absent places come last."""

    def position(problem: Problem) -> list[int]:
        indices, node = [], document
        for step in problem.place:
            steps = list(node) if isinstance(node, dict) else []
            known = steps.index(step) if step in steps else len(steps)
            indices.append(step if isinstance(step, int) else known)
            node = value_at(node, (step,))
        return indices

    return sorted(problems, key=position)


def value_at(node: Any, place: Place) -> Any:
    """Return the value at `place` of the file, None where there is none."""
    for step in place:
        if isinstance(node, dict):
            node = node.get(step)
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            node = node[step]
        else:
            return None
    return node


_SENTENCES = {
    "missing": "is missing",
    "int_type": "is {kind}, not a whole number",
    "float_type": "is {kind}, not a number",
    "bool_type": "is {kind}, not a boolean",
    "string_type": "is {kind}, not text",
    "string_too_short": "is empty",
    "string_unicode": "is not UTF-8 text",  # bytes of a variable or flag, which are surrogates here
    "tuple_type": "is {kind}, not a list",
    "too_short": "is an empty list",
    "mapping_type": "is {kind}, not a mapping",
    "dict_type": "is {kind}, not a mapping",
    "greater_than_equal": "out of range",
    "less_than_equal": "out of range",
    "finite_number": "out of range",
    "literal_error": "not known",
    "enum": "not known",
}
"""Our texts for pydantic's types of errors. Its own texts show values and name Python types.

Those that do not begin with "is" follow the value.
"""


def problems_of(error: ValidationError, root: type[BaseModel], values: Any) -> list[Problem]:
    """Return the errors of pydantic as problems, with our texts.

    `root` is the model of the whole file, `values` the file itself: a value is taken from there,
    where a text from the environment is still known as one.
    """
    return [
        Problem(
            details["loc"],
            _text(details, root, values),
            isinstance(details.get("ctx", {}).get("error"), Unavailable),
        )
        for details in error.errors(include_url=False)
        # A list is also too short to pydantic when each of its items is wrong.
        if details["type"] != "too_short" or not value_at(values, details["loc"])
    ]


def _text(details: ErrorDetails, root: type[BaseModel], values: Any) -> str:
    place, type_ = details["loc"], details["type"]
    if type_ == "extra_forbidden":
        known = list(fields_of(_model_at(root, place[:-1])))
        same = (name for name in known if _letters(name) == _letters(str(place[-1])))
        near = next(same, "") or nearest(str(place[-1]), known)
        hint = f"did you mean {shown(near)}?" if near else f"known: {', '.join(known)}"
        return f"unknown key ({hint})"
    if type_ == "model_type":
        keys = ", ".join(fields_of(_model_at(root, place)))
        return f"is {kind(details['input'])}, not a mapping (with keys of {keys})"
    value = value_at(values, place)
    error = details.get("ctx", {}).get("error")
    text = str(error) if type_ == "value_error" else _SENTENCES[type_].format(kind=kind(value))
    if text.endswith(")"):  # a validator's text with a remedy of its own
        return text
    if text == "not known" and not isinstance(value, str):
        text = f"is {kind(value)}, not text"
    right = next(_rights_at(root, place)) + _about_quotes(text, value)
    if isinstance(error, Unfit) or (error is None and not text.startswith("is")):
        text = f"is {text}" if isinstance(value, FromEnvironment) else f"is {shown(value)}, {text}"
    return f"{_with_quotes(value, right) or text} ({right})"


def _letters(key: str) -> str:
    """Return a key without case and separators: ZEGO writes AppId for what is app_id here."""
    return re.sub("[-_. ]", "", key).lower()


def _about_quotes(text: str, value: object) -> str:
    """Return the end of the brackets where quotes, or marks between digits, are the mistake."""
    if isinstance(value, bool | int | float) and text.endswith(("not text", "as a number")):
        return "; put it in quotes"
    if not isinstance(value, str) or not text.endswith("not a whole number"):
        return ""
    if re.fullmatch("0|[1-9][0-9]*", value):
        return "; remove the quotes"
    # Full-width digits are digits to `\d`. The first part leaves out a number with zeros before it.
    marked = re.fullmatch(r"(?=.*[^0-9])[\d\s,._']+", value)
    return "; only digits from 0 to 9" if marked else ""


def _with_quotes(value: object, right: str) -> str:
    """Return the problem of a value that still has its quotes, as `docker --env-file` keeps them.

    The value is shown only if it is correct without its quotes, or a number: no secret is either.
    """
    match = re.fullmatch(r"(['\"])(.*)\1", value) if isinstance(value, FromEnvironment) else None
    if match is None:
        return ""
    words = right.removeprefix("one of ").split(", ")
    harmless = match[2] in words or re.fullmatch("[0-9]{1,10}", match[2])
    return f"is {value if harmless else 'a text'} with its quotes: remove the quotes"


def fields_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the fields of a model under their names in the file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_at(root: type[BaseModel], place: Place) -> type[BaseModel]:
    model: type[BaseModel] = next(part for part, _ in _parts_at(root, place) if _is_model(part))
    return model


def _rights_at(root: type[BaseModel], place: Place) -> Iterator[str]:
    for part, metadata in _parts_at(root, place):
        yield from (right.text for right in metadata if isinstance(right, Right))
        if get_origin(part) is Literal:
            yield f"one of {', '.join(get_args(part))}"
        if isinstance(part, type) and issubclass(part, Enum):
            yield f"one of {', '.join(member.value for member in part)}"


def _parts_at(root: type[BaseModel], place: Place) -> list[tuple[Any, tuple[Any, ...]]]:
    """Return the types that the value at `place` may have, each with its annotations.

    pydantic does not report the field of an error, only its place: the types are found by following
    the place through the annotations of the models.
    """
    parts: list[tuple[Any, tuple[Any, ...]]] = [(root, ())]
    for step in place:
        if isinstance(step, str) and _is_model(parts[0][0]):
            field = fields_of(parts[0][0])[step]
            parts = [(part, (*own, *field.metadata)) for part, own in _parts(field.annotation)]
        else:  # an item of a list, a value of a mapping
            # tuple[X, ...] has its item first, Mapping[K, V] its value last.
            items = get_args(next(part for part, _ in parts if get_args(part)))
            parts = list(_parts(items[0] if isinstance(step, int) else items[-1]))
    return parts


def _parts(annotation: Any) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Yield the types in an annotation, without None, each with its own annotations."""
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        yield from ((part, (*own, *metadata)) for part, own in _parts(inner))
    elif get_origin(annotation) in (Union, types.UnionType):
        for choice in get_args(annotation):
            yield from _parts(choice)
    elif annotation is not type(None):
        yield annotation, ()


def _is_model(part: Any) -> bool:
    return isinstance(part, type) and issubclass(part, BaseModel)


def refusal(
    problems: Iterable[Problem],
    values: Any,
    names: Mapping[Place, str] = types.MappingProxyType({}),
    *,
    source: str = "",
) -> ConfigError:
    """Return the error of a file with `values` that has these problems."""
    ordered = in_file_order(problems, values)
    passing = all(problem.passing for problem in ordered)
    lines = [line_of(problem, names) for problem in ordered]
    return ConfigError(lines, passing=passing, source=source)


def line_of(problem: Problem, names: Mapping[Place, str] = types.MappingProxyType({})) -> str:
    """Return the problem as one line; `names` are those of places outside a file."""
    return f"{names.get(problem.place) or place_text(problem.place)}: {problem.text}"
