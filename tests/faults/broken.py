"""Malformed pages: faults within the JSON of an answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from exporter.simulator.app import Fields, SimulatedApp
from tests.faults.faults import Fault, Parameter

Payload = dict[str, Any]


class _Context(NamedTuple):
    app: SimulatedApp
    previous: Fields | None  # the last task of the page before


def _with(**changes: Any) -> Callable[[Payload], Any]:
    """Return a function that gives an entry with other values."""
    return lambda entry: {**entry, **changes}


def _without(name: str) -> Callable[[Payload], Any]:
    return lambda entry: {key: value for key, value in entry.items() if key != name}


BROKEN_ENTRIES: Mapping[str, Callable[[Payload], Any]] = {
    "null": lambda _: None,
    "text": lambda _: "upload_task_1",
    "number": lambda _: 1,
    "list": lambda entry: [entry],
    "empty": lambda _: {},
    "id_absent": _without("UploadTaskId"),
    "id_null": _with(UploadTaskId=None),
    "id_empty": _with(UploadTaskId=""),
    "id_object": _with(UploadTaskId={"id": 1}),
    "status_absent": _without("Status"),
    "status_null": _with(Status=None),
    "status_text": _with(Status="done"),
    "status_bool": _with(Status=True),
    "status_fraction": _with(Status=1.5),
    "status_list": _with(Status=[4]),
    "retries_text": _with(RetryCount="many"),
    "retries_negative": _with(RetryCount=-1),
    "retries_object": _with(RetryCount={}),
    "expiry_text": _with(ExpiresAt="tomorrow"),
    "expiry_huge": _with(ExpiresAt=1e300),
    "expiry_list": _with(ExpiresAt=[]),
    "created_text": _with(CreateTime="yesterday"),
    "created_object": _with(CreateTime={}),
    "title_object": _with(Title={"text": "x"}),
}
"""What can be wrong with an entry; the good entries of the page are unchanged."""

_TEMPLATE: Payload = {
    "UploadTaskId": "",
    "StreamUrl": "https://origin.example.com/media/broken?token=stream-secret-broken",
    "Title": "broken.mp4",
    "Status": 5,
    "RetryCount": 0,
    "ExpiresAt": 0,
    "CreateTime": 0,
}

WRONG_TYPES: Mapping[str, Callable[[Payload, SimulatedApp], Any]] = {
    "answer_list": lambda payload, _: [payload],
    "answer_text": lambda _payload, _: "succeed",
    "answer_null": lambda _payload, _: None,
    "code_text": lambda payload, _: {**payload, "Code": "fine"},
    "code_absent": lambda payload, _: _without("Code")(payload),
    "code_bool": lambda payload, _: {**payload, "Code": False},
    "data_list": lambda payload, _: {**payload, "Data": [payload["Data"]]},
    "data_text": lambda payload, _: {**payload, "Data": "none"},
    "data_null": lambda payload, _: {**payload, "Data": None},
    "data_absent": lambda payload, _: _without("Data")(payload),
    "tasks_text": lambda payload, app: _with_data(payload, app.tasks_name, "none"),
    "tasks_object": lambda payload, app: _with_data(payload, app.tasks_name, {"0": {}}),
    "token_number": lambda payload, _: _with_data(payload, "NextPageToken", 7),
    "token_list": lambda payload, _: _with_data(payload, "NextPageToken", ["x"]),
    "total_text": lambda payload, app: _with_data(payload, app.total_name, "all"),
    "total_negative": lambda payload, app: _with_data(payload, app.total_name, -1),
}
"""What can be wrong with the answer around the entries."""


def _with_data(payload: Payload, name: str, value: Any) -> Payload:
    return {**payload, "Data": {**payload["Data"], name: value}}


def _empty_page(payload: Payload, context: _Context, _: Parameter) -> Any:
    return _with_data(payload, context.app.tasks_name, [])


def _duplicate_task(payload: Payload, context: _Context, _: Parameter) -> Any:
    if context.previous is None:
        return payload
    entries = [context.previous, *_entries(payload, context)]
    return _with_data(payload, context.app.tasks_name, entries)


def _break_entries(payload: Payload, context: _Context, kind: Parameter) -> Any:
    """Spread broken entries, one of each kind or one of `kind`, among the good ones."""
    kinds = list(BROKEN_ENTRIES) if kind == "all" else [str(kind)]
    mixed = _entries(payload, context)
    for index, word in enumerate(kinds):
        template = {**_TEMPLATE, "UploadTaskId": f"broken-{word}"}
        mixed.insert(2 * index, BROKEN_ENTRIES[word](template))
    return _with_data(payload, context.app.tasks_name, mixed)


def _lose_list(payload: Payload, context: _Context, how: Parameter) -> Any:
    data = dict(payload["Data"])
    data[context.app.tasks_name] = None
    if how == "absent":
        del data[context.app.tasks_name]
    return {**payload, "Data": data}


def _lose_tasks(payload: Payload, context: _Context, count: Parameter) -> Any:
    return _with_data(
        payload, context.app.tasks_name, _entries(payload, context)[int(count or 0) :]
    )


def _break_all_entries(payload: Payload, context: _Context, kind: Parameter) -> Any:
    broken = [BROKEN_ENTRIES[str(kind)](entry) for entry in _entries(payload, context)]
    return _with_data(payload, context.app.tasks_name, broken)


def _crowd_page(payload: Payload, context: _Context, count: Parameter) -> Any:
    crowd = [{**_TEMPLATE, "UploadTaskId": f"crowd-{n}"} for n in range(int(count or 0))]
    return _with_data(payload, context.app.tasks_name, _entries(payload, context) + crowd)


def _falsify_total(payload: Payload, context: _Context, error: Parameter) -> Any:
    total = int(payload["Data"].get(context.app.total_name, 0)) + int(error or 0)
    return _with_data(payload, context.app.total_name, total)


def _write_nan(payload: Payload, context: _Context, _: Parameter) -> Any:
    return _with_data(payload, context.app.total_name, math.nan)


def _change_type(payload: Payload, context: _Context, word: Parameter) -> Any:
    return WRONG_TYPES[str(word)](payload, context.app)


_ALTERATIONS: Mapping[Fault, Callable[[Payload, _Context, Parameter], Any]] = {
    Fault.EMPTY_PAGE: _empty_page,
    Fault.LOST_LIST: _lose_list,
    Fault.CROWDED_PAGE: _crowd_page,
    Fault.LOST_TASKS: _lose_tasks,
    Fault.UNREADABLE_PAGE: _break_all_entries,
    Fault.DUPLICATED_TASKS: _duplicate_task,
    Fault.BROKEN_ENTRIES: _break_entries,
    Fault.WRONG_TOTAL: _falsify_total,
    Fault.NAN: _write_nan,
    Fault.WRONG_TYPE: _change_type,  # the last one: what it gives may be no object any more
}


def alter_payload(
    payload: Payload,
    app: SimulatedApp,
    previous: Fields | None,
    faults: Mapping[Fault, Parameter],
) -> Any:
    """Return the successful answer `payload` with everything in it that is to go wrong.

    `previous` is the last task of the page before, None at the first page.
    """
    context = _Context(app, previous)
    for fault, alter in _ALTERATIONS.items():
        if fault in faults:
            payload = alter(payload, context, faults[fault])
    return payload


def _entries(payload: Payload, context: _Context) -> list[Any]:
    return list(payload["Data"].get(context.app.tasks_name) or ())
