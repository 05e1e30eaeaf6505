"""Environment variables in the configuration.

`${NAME}` in any text of the file is replaced, several in one text too; keys are left alone.
To write a plain `${`, double the dollar: `$${`. A variable that is set but empty gives an empty
text, which is an error wherever a value is needed. What a variable holds is not searched again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from exporter.config.problems import Place, Problem

_REFERENCE = re.compile(r"\$\$\{|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)\})?")


class FromEnvironment(str):
    """A text that came from the environment at least in part.

    It may stand for a number or a boolean, which a quoted text in the file may not; and no message
    shows it, for it may be a secret wherever it stands.
    """

    __slots__ = ()


def replace_variables(
    value: Any, environment: Mapping[str, str], place: Place = ()
) -> tuple[Any, list[Problem]]:
    """Return `value` with the variables of all its texts replaced, and what could not be."""
    if isinstance(value, str):
        return _replace_in_text(value, environment, place)
    if isinstance(value, dict):
        parts = {k: replace_variables(v, environment, (*place, k)) for k, v in value.items()}
        return {k: new for k, (new, _) in parts.items()}, _problems_of(parts.values())
    if isinstance(value, list):
        items = [replace_variables(v, environment, (*place, i)) for i, v in enumerate(value)]
        return [new for new, _ in items], _problems_of(items)
    return value, []


def _problems_of(parts: Any) -> list[Problem]:
    return [problem for _, problems in parts for problem in problems]


def _replace_in_text(
    text: str, environment: Mapping[str, str], place: Place
) -> tuple[str, list[Problem]]:
    found = list(_REFERENCE.finditer(text))
    names = [match[1] for match in found if match[0] != "$${"]
    problems = [_problem(name, place) for name in names if not name or name not in environment]
    if problems:
        return text, problems
    new = _REFERENCE.sub(lambda m: environment[m[1]] if m[1] else "${", text)
    return (FromEnvironment(new) if names else new), []


def _problem(name: str | None, place: Place) -> Problem:
    if name is None:
        return Problem(place, "has ${ without a name and } (write ${NAME}, or $${ for a plain ${)")
    return Problem(
        place, f"the environment variable {name} is not set (set it, or write $${{ for a plain ${{)"
    )
