"""`tasks`: the listed tasks as a table, JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import pytest

from exporter.commands.tasks import FORMS, Wanted, print_failures, rows
from exporter.errors import NetworkError
from exporter.tasks import TaskStatus
from tests.builders import NOW, make_snapshot, make_task, make_view

VIEW = make_view(
    "vod",
    make_snapshot(
        make_task("soon", expires_at=NOW + 60, title="a,b.mp4"),
        make_task("later", expires_at=NOW + 7200),
        make_task("past", expires_at=NOW - 1),
        make_task("never", expires_at=None),
        make_task("failed", TaskStatus.FAILED, retry_count=3, title="课程.mp4"),
        make_task("expired", TaskStatus.EXPIRED, expires_at=NOW + 60),
    ),
)


def ids(wanted: Wanted) -> list[str]:
    """Return the ids of the wanted tasks."""
    return [row.upload_task_id for row in rows([VIEW], wanted, NOW)]


def test_all_tasks_are_listed_most_urgent_first() -> None:
    """The order of the per-task series, every status included."""
    assert ids(Wanted()) == ["failed", "past", "soon", "later", "never", "expired"]


def test_tasks_are_filtered_by_status_and_expiry() -> None:
    """Expiring within a time are succeeded tasks whose file is still there."""
    assert ids(Wanted([TaskStatus.FAILED, TaskStatus.EXPIRED])) == ["failed", "expired"]
    assert ids(Wanted(expiring_within=3600)) == ["soon"]
    assert ids(Wanted([TaskStatus.FAILED], expiring_within=3600)) == []


def test_resolved_failures_are_left_out_on_request() -> None:
    """A later task with the same title resolves a failure; a task that did not fail is no match."""
    view = make_view(
        "vod",
        make_snapshot(
            make_task("open", TaskStatus.FAILED, title="a.mp4"),
            make_task("again", TaskStatus.FAILED, title="b.mp4", created_at=NOW - 600),
            make_task("done", TaskStatus.SUCCEEDED, title="b.mp4", created_at=NOW - 60),
        ),
    )
    wanted = Wanted(unresolved=True)
    assert [row.upload_task_id for row in rows([view], wanted, NOW)] == ["open"]
    by_id = {row.upload_task_id: row.resolved for row in rows([view], Wanted(), NOW)}
    assert by_id == {"open": False, "again": True, "done": None}


def test_only_stored_files_have_an_expiry_in_the_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The API gives failed tasks one, too, although no file is stored."""
    lines = printed("table", capsys).splitlines()
    (failed,) = (line for line in lines if "failed" in line)
    (expired,) = (line for line in lines if "expired" in line)
    assert len(re.findall(r"\d{4}-\d\d-\d\d", failed)) == 1
    assert len(re.findall(r"\d{4}-\d\d-\d\d", expired)) == 2


def test_an_empty_table_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """A heading alone would look as if something were missing."""
    FORMS["table"]([], "en")
    assert capsys.readouterr().out == "no upload tasks\n"


def test_an_app_without_a_snapshot_has_no_rows() -> None:
    """Its failure is printed on stderr."""
    assert list(rows([make_view()], Wanted(), NOW)) == []


def test_a_failure_is_in_the_language_of_the_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With its reason and remedy; in English the log line has both."""
    error = NetworkError(
        "connection refused", code="connection", remedy="Check the endpoint and any proxy."
    )
    view = replace(VIEW, up=False, last_error=error)

    print_failures([view, VIEW], "zh")

    assert capsys.readouterr().err == (
        "vod: 网络错误：连接被拒绝\n    请检查 endpoint 以及代理（如有）。\n"
    )


def printed(form: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what printing all tasks writes to stdout."""
    FORMS[form](list(rows([VIEW], Wanted(), NOW)), "en")
    return capsys.readouterr().out


def test_json_holds_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    """Names as in the metrics, times in Unix seconds."""
    assert json.loads(printed("json", capsys))[0] == {
        "app": "vod",
        "upload_task_id": "failed",
        "title": "课程.mp4",
        "status": "failed",
        "failure_reason": None,
        "resolved": False,
        "retry_count": 3,
        "created_at": NOW - 600,
        "status_since": None,
        "expires_at": NOW + 3600,
    }


def test_csv_quotes_what_needs_it(capsys: pytest.CaptureFixture[str]) -> None:
    """A comma in a title is no column."""
    lines = list(csv.DictReader(io.StringIO(printed("csv", capsys))))
    assert [line["title"] for line in lines if line["upload_task_id"] == "soon"] == ["a,b.mp4"]
    assert {line["expires_at"] for line in lines if line["upload_task_id"] == "never"} == {""}


def test_the_table_shows_whole_titles_without_control_sequences(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No markup of the terminal library, no escape sequence of a title gets through."""
    title = "[red]x[/red] \x1b[31m" + "长" * 30 + ".mp4"
    view = make_view("vod", make_snapshot(make_task("id", TaskStatus.FAILED, title=title)))
    FORMS["table"](list(rows([view], Wanted(), NOW)), "en")
    shown = capsys.readouterr().out
    assert "[red]x[/red]" in shown
    assert "长" * 30 in shown
    assert "\x1b" not in shown


def test_a_table_is_in_the_requested_language(capsys: pytest.CaptureFixture[str]) -> None:
    """Headings and statuses are translated; JSON and CSV are not."""
    found = list(rows([VIEW], Wanted(), NOW))
    FORMS["table"](found, "zh")
    table = capsys.readouterr().out
    assert table.startswith("应用")
    assert "上传失败" in table
    FORMS["json"](found, "zh")
    assert json.loads(capsys.readouterr().out)[0]["status"] == "failed"
