"""Messages that a collector logs once."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from exporter.collection.log_once import MAX_LOGGED_STATUSES, EntryLog
from exporter.zego.decoding import Page, decode_page
from tests.logged import lines as logged_lines

ENTRY = {"UploadTaskId": "a", "Title": "b", "Status": 4, "RetryCount": 0}


def page_of(*changes: dict[str, Any]) -> Page:
    """Return a page with a good entry and one for each of `changes`."""
    return decode_page({"UploadTasks": [ENTRY, *({**ENTRY, **change} for change in changes)]})


def test_an_unknown_status_and_its_code_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """Each code, for each app: the alert sends the operator to this line."""
    with caplog.at_level(logging.DEBUG):
        for app in ("x", "y"):
            log = EntryLog(app)
            for _ in range(3):
                log.note(page_of({"Status": 8}, {"Status": "9"}, {"Status": 8}))
    assert list(logged_lines(caplog)) == [
        ("WARNING", "unknown status", {"app": app, "code": code})
        for app in ("x", "y")
        for code in ("8", "9")
    ]


@pytest.mark.parametrize(
    ("change", "reason", "problem"),
    [
        ({"Status": None}, "status", "null or absent"),
        ({"Status": True}, "status", "a boolean"),
        ({"Status": 1.5}, "status", "the number 1.5"),
        ({"RetryCount": -1}, "retry_count", "the number -1"),
        ({"RetryCount": 10**99}, "retry_count", "the number 10000000000000000000"),
        ({"UploadTaskId": "x\n"}, "id", "a text of 2 characters"),
        ({"UploadTaskId": ""}, "id", "a text of 0 characters"),
        ({"Title": ["https://h/?token=x"]}, "title", "an array"),
        ({"CreateTime": {"t": 1}}, "create_time", "an object"),
        ({"ExpiresAt": "https://h/?token=x"}, "expires_at", "a text of 18 characters"),
    ],
)
def test_entries_that_are_left_out_are_logged_with_the_reason_once(
    caplog: pytest.LogCaptureFixture, change: dict[str, Any], reason: str, problem: str
) -> None:
    """The kind of value in the field, not its text, which can be a title or a URL."""
    log = EntryLog("x")
    with caplog.at_level(logging.DEBUG):
        for _ in range(3):
            log.note(page_of(change))
    assert list(logged_lines(caplog)) == [
        ("WARNING", "entry left out", {"app": "x", "reason": reason, "value": problem})
    ]


def test_an_entry_that_is_no_object_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """It has no field that could be named."""
    with caplog.at_level(logging.DEBUG):
        EntryLog("x").note(decode_page({"UploadTasks": [ENTRY, "text"]}))
    ((_, _, fields),) = logged_lines(caplog)
    assert fields == {"app": "x", "reason": "not_an_object", "value": "a text of 4 characters"}


def test_endless_new_codes_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """The code comes from outside."""
    log = EntryLog("x")
    with caplog.at_level(logging.DEBUG):
        for code in range(100, 1000):
            log.note(page_of({"Status": code}))
    assert len(list(logged_lines(caplog))) == MAX_LOGGED_STATUSES
