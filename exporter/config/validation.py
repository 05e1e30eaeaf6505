"""A document as plain values -> a validated Document, or every problem with its place."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from exporter.config.fields import Items, Reader, kind
from exporter.config.problems import Place, Problem, shown, value_at
from exporter.config.schema import Document


def validate(values: Any, folder: Path) -> tuple[Document | None, list[Problem]]:
    """Return the Document that `values` describe, None where there are problems, and the problems.

    Relative paths count from `folder`. A problem of the common section `collection` is not
    repeated for the apps that inherit it.
    """
    full = _with_inherited_collection(values)
    problems = _same_names(full)
    document = None
    try:
        document = Document.model_validate(full, context={"folder": folder})
    except ValidationError as error:
        found = problems_of(error, Document)
        problems += [problem for problem in found if not _is_inherited(problem, found, values)]
    return (None if problems else document), problems


def _with_inherited_collection(values: Any) -> Any:
    """Return `values` with the common section `collection` under each app's own keys."""
    common, apps = value_at(values, ("collection",)), value_at(values, ("apps",))
    if not isinstance(common, dict) or not isinstance(apps, list):
        return values
    return {**values, "apps": [_overlaid(app, common) for app in apps]}


def _overlaid(app: Any, common: Mapping[str, Any]) -> Any:
    own = app.get("collection", {}) if isinstance(app, dict) else None
    return {**app, "collection": {**common, **own}} if isinstance(own, dict) else app


def _is_inherited(problem: Problem, problems: Sequence[Problem], values: Any) -> bool:
    """Tell whether the problem is one of the common section, which names it already."""
    app, key = problem.place[:2], problem.place[2:]
    if problem.place[:1] != ("apps",) or key[:1] != ("collection",):
        return False
    own = value_at(values, (*app, "collection")) or {}
    return len(key) > 1 and key[1] not in own and Problem(key, problem.text) in problems


def _same_names(values: Any) -> list[Problem]:
    """Return a problem for each app whose name, given or by default, another app has already."""
    first: dict[str, int] = {}
    problems = []
    apps = value_at(values, ("apps",))
    for index, app in enumerate(apps if isinstance(apps, list) else ()):
        given = value_at(app, ("name",))
        name = given if given is not None else value_at(app, ("app_id",))
        if not isinstance(name, str | int) or isinstance(name, bool):
            continue
        earlier = first.setdefault(str(name), index)
        if earlier != index:
            text = f"is the same as that of apps[{earlier}] (a name for each app; default: app_id)"
            problems.append(Problem(("apps", index, "name"), text))
    return problems


def problems_of(error: ValidationError, root: type[BaseModel]) -> list[Problem]:
    """Return what pydantic found in our words; its own words are not used, nor the values.

    `root` is the model that describes the top of the file.
    """
    return [
        Problem(details["loc"], _text(details, details["loc"], root))
        for details in error.errors(include_url=False)
    ]


def _text(details: ErrorDetails, place: Place, root: type[BaseModel]) -> str:
    error = details.get("ctx", {}).get("error")
    if details["type"] == "value_error":
        return str(error)
    if details["type"] == "missing":
        return f"is missing ({_right(place, root)})"
    if details["type"] == "extra_forbidden":
        return f"unknown key ({_likely_key(place, root)})"
    keys = ", ".join(_fields(_section_at(place, root)))
    return f"is {kind(details['input'])}, not a mapping (with keys of {keys})"


def _right(place: Place, root: type[BaseModel]) -> str:
    field = _fields(_section_at(place[:-1], root))[str(place[-1])]
    return next(str(m) for m in field.metadata if isinstance(m, Reader | Items))


def _likely_key(place: Place, root: type[BaseModel]) -> str:
    known = list(_fields(_section_at(place[:-1], root)))
    near = difflib.get_close_matches(str(place[-1]), known, n=1)
    return f"did you mean {shown(near[0])}?" if near else f"known: {', '.join(known)}"


def _section_at(place: Place, root: type[BaseModel]) -> type[BaseModel]:
    """Return the model that describes the mapping at `place`."""
    section = root
    for step in place:
        if isinstance(step, str):
            section = _section_of(_fields(section)[step].annotation)
    return section


def _fields(section: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a section under their names in the file."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


def _section_of(annotation: Any) -> type[BaseModel]:
    """Return the model in the annotation of a section or of a list of them."""
    candidates = (*get_args(annotation), annotation)  # a generic list counts as a type in 3.10
    return next(c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
