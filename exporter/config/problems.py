"""Where in the configuration something is wrong, and what."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

Place: TypeAlias = tuple[str | int, ...]
"""Keys and indices from the top of the file: `("apps", 0, "app_id")`."""

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")
_LIKE_A_SECRET = re.compile(r"[0-9A-Fa-f]{32}")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: `text` says what is wrong and, in brackets, what would be right."""

    place: Place
    text: str


def place_text(place: Place) -> str:
    """Return `apps[0].app_id` for `("apps", 0, "app_id")`; the top is `the file`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{_key(step)}" for step in place)
    return text.removeprefix(".") or "the file"


def _key(key: str) -> str:
    text = shown(key)
    if not text.startswith('"'):  # it looks like a secret
        return '"…"'
    return key if _PLAIN_KEY.fullmatch(key) and text == f'"{key}"' else text


def shown(value: object, *, limit: int = 40) -> str:
    """Return `value` for a message: short, printable, and not what looks like a secret."""
    text = "".join(c if c.isprintable() else "?" for c in str(value))
    if _LIKE_A_SECRET.search(text):
        return "a value that looks like a secret"
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return f'"{text}"' if isinstance(value, str) else text


def in_file_order(problems: Iterable[Problem], document: Any) -> list[Problem]:
    """Return `problems` in the order of their places in the file; what is absent comes last."""
    return sorted(problems, key=lambda problem: _position(document, problem.place))


def _position(node: Any, place: Place) -> list[int]:
    position = []
    for step in place:
        steps = list(node) if isinstance(node, dict) else []
        known = steps.index(step) if step in steps else len(steps)
        position.append(step if isinstance(step, int) else known)
        node = value_at(node, (step,))
    return position


def value_at(node: Any, place: Place) -> Any:
    """Return what stands at `place` of the file, None where nothing does."""
    for step in place:
        if isinstance(node, dict):
            node = node.get(step)
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            node = node[step]
        else:
            return None
    return node
