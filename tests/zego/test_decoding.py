"""Decoding of valid and broken answers."""

from __future__ import annotations

import json
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.errors import ProtocolError
from exporter.tasks import TaskStatus, UploadTask
from exporter.zego.decoding import (
    MALFORMED_REASONS,
    MAX_VALUES,
    Page,
    decode_answer,
    decode_page,
)
from exporter.zego.transport import MAX_BYTES
from tests.linear import assert_linear

ENTRY: dict[str, Any] = {
    "UploadTaskId": "upload_task_1",
    "StreamUrl": "https://xxx.com/video/test.mp4",
    "Title": "your-title.mp4",
    "Status": 4,
    "RetryCount": 0,
    "ExpiresAt": 1742989076,
    "CreateTime": 1735213076,
    "UploadStreamUrl": "https://xxx.com/video/your-title.mp4",
    "InternalUploadStreamUrl": "https://xxx.com/video/your-title.mp4",
}
TASK = UploadTask(
    id="upload_task_1",
    title="your-title.mp4",
    status=TaskStatus.SUCCEEDED,
    retry_count=0,
    expires_at=1742989076.0,
    created_at=1735213076.0,
    source_host="xxx.com",
)
ABSENT = object()


def page_of(*entries: Any) -> Page:
    """Decode a page with these entries, by way of real JSON."""
    body = json.dumps({"Code": 0, "Data": {"UploadTasks": entries}}).encode()
    return decode_page(decode_answer(body).data)


def entry_with(field: str, value: Any) -> dict[str, Any]:
    """Return the vendor's example with one field changed, or left out."""
    changed = {**ENTRY, field: value}
    if value is ABSENT:
        del changed[field]
    return changed


def test_the_largest_page_is_within_both_limits() -> None:
    """50 tasks at ZEGO's limits (`docs/zego-api.md`, Slots), each character escaped."""
    url = "https://h/" + "," * 1014
    entry = ENTRY | dict.fromkeys(("StreamUrl", "UploadStreamUrl", "InternalUploadStreamUrl"), url)
    entry["Title"] = "," * 100
    answer = json.dumps({"Code": 0, "Data": {"UploadTasks": [entry] * 50}}).encode()
    escaped = b"".join(b"\\u002c" if byte == ord(",") else bytes([byte]) for byte in answer)
    assert len(escaped) < MAX_BYTES
    assert len(page_of(*[{**ENTRY, "Title": "," * 100}] * 50).tasks) == 50


PATTERNS = {
    "lists": b"[],",
    "objects": b"{},",
    "members": b'{"a":{}},',
    "floats": b"0.1,",
    "texts": b'"ab",',
    "wide texts": b'"\xf0\x9f\x8e\xac",',
    "entries": json.dumps(ENTRY).encode() + b",",
    "one text": b"\xf0\x9f\x8e\xac",
}


SHORTLY = {"members", "wide texts", "one text"}
"""The patterns that take the most memory; the others follow with the long tests."""


@pytest.mark.parametrize("most", ["bytes", "values"])
@pytest.mark.parametrize(
    "pattern", [pytest.param(p, marks=() if p in SHORTLY else pytest.mark.long) for p in PATTERNS]
)
def test_no_answer_takes_much_memory(pattern: str, most: str) -> None:
    """At most 12 MiB while it is read: one of as many bytes, or values, as are let through."""
    piece = PATTERNS[pattern]
    values = max(1, sum(map(piece.count, b"[{,:")))
    count = min(MAX_BYTES // len(piece), MAX_BYTES if most == "bytes" else MAX_VALUES // values - 9)
    data = b'"%b"' % (piece * count) if pattern == "one text" else b"[%b0]" % (piece * count)
    body = b'{"Code":0,"Data":{"UploadTasks":%b}}' % data
    tracemalloc.start()
    try:
        with suppress(ProtocolError):
            decode_page(decode_answer(body).data)
        assert tracemalloc.get_traced_memory()[1] < 12 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("text", [",:" * 512, '\\",' * 341, "[{" * 512])
def test_separators_inside_of_strings_are_no_values(text: str) -> None:
    """50 tasks, each with three URLs of the documented 1,024 characters."""
    body = json.dumps({"Code": 0, "Data": [text] * 150}).encode()
    assert decode_answer(body).data == [text] * 150


def test_an_answer_with_too_many_values_is_refused_unread() -> None:
    """The message says how many there may be."""
    with pytest.raises(ProtocolError, match="more than 65536 values"):
        decode_answer(b"[%b0]" % (b"0," * MAX_VALUES))


@pytest.mark.parametrize("total", ["TotalSize", "TotoalSize"])
@pytest.mark.parametrize("tasks", ["UploadTask", "UploadTasks"])
def test_the_vendors_example_in_each_of_its_spellings(total: str, tasks: str) -> None:
    """`docs/zego-api.md`, Answers."""
    body = json.dumps(
        {
            "Code": 0,
            "Message": "succeed",
            "RequestId": "abcd123",
            "Data": {total: 1, "NextPageToken": "", tasks: [ENTRY]},
        }
    )
    answer = decode_answer(body.encode())
    assert (answer.code, answer.message, answer.request_id) == (0, "succeed", "abcd123")
    assert decode_page(answer.data) == Page((TASK,), "", 1, {})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>502</html>",
        b"\xff\xfe",
        b'"text"',
        b"[]",
        b"{}",
        b'{"Code": null}',
        b'{"Code": true}',
        b'{"Code": "x"}',
        b'{"Code": 0.5}',
        b'{"Code": 1e400}',
        b'{"Code": 0, "Data": {"TotalSize": NaN}}',
        b'{"Code": 0, "Data": {"TotalSize": -Infinity}}',
        b'{"Code": 9223372036854775808}',
        b'{"Code": ' + b"9" * 5000 + b"}",
        b'{"Code": 0, "Data": ' + b"[" * 200_000 + b"}",
        b'{"Code": 0} {"Code": 0}',
        '{"Code": 0}'.encode("utf-16"),
    ],
)
def test_bytes_that_are_no_answer(body: bytes) -> None:
    """Each is a protocol error that does not quote the bytes."""
    with pytest.raises(ProtocolError) as caught:
        decode_answer(body)
    assert (caught.value.code, caught.value.transient) == ("invalid_response", False)


@pytest.mark.parametrize("code", ["0", "0.0", '"0"', '"0.0"', "-0"])
def test_the_code_may_be_any_form_of_a_whole_number(code: str) -> None:
    """Strings and whole floating-point numbers are accepted."""
    assert decode_answer(f'{{"Code": {code}}}'.encode()).code == 0


def test_fields_of_the_envelope_with_a_wrong_type_are_ignored() -> None:
    """They only appear in messages."""
    answer = decode_answer(b'\xef\xbb\xbf{"Code": 7, "Message": [1], "RequestId": 5}')
    assert (answer.code, answer.message, answer.request_id, answer.data) == (7, "", "", None)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "text",
        {},
        {"Tasks": []},
        {"UploadTasks": {}},
        {"UploadTask": "text"},
        {"UploadTasks": [], "NextPageToken": 5},
        {"UploadTasks": [], "NextPageToken": False},
    ],
)
def test_data_that_is_no_page(data: Any) -> None:
    """A broken page fails the walk, so that no part of a listing is published."""
    with pytest.raises(ProtocolError):
        decode_page(data)


@pytest.mark.parametrize(
    "data",
    [
        {"UploadTasks": []},
        {"UploadTasks": None},
        {"UploadTask": None},
        {"TotalSize": 0},
        {"TotoalSize": 0, "NextPageToken": None},
        {"TotalSize": None},
        {"NextPageToken": ""},
        {"NextPageToken": "", "UploadTasks": None},
    ],
)
def test_pages_without_tasks(data: Any) -> None:
    """The list can be null, or absent if another field shows that it is a page.

    JSON writers omit empty values.
    """
    page = decode_page(data)
    assert (page.tasks, page.next_token, dict(page.malformed)) == ((), "", {})


@pytest.mark.parametrize("unused", [None, []])
def test_of_both_spellings_the_one_with_tasks_is_used(unused: Any) -> None:
    """An empty field with the other spelling hides no tasks."""
    assert decode_page({"UploadTasks": unused, "UploadTask": [ENTRY]}).tasks == (TASK,)
    assert decode_page({"UploadTasks": [ENTRY], "UploadTask": unused}).tasks == (TASK,)


def test_the_token_is_not_changed() -> None:
    """It is opaque."""
    assert decode_page({"UploadTasks": [], "NextPageToken": " \ud800?"}).next_token == " \ud800?"


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (3, 3),
        ("3", 3),
        (3.0, 3),
        (None, None),
        (-1, None),
        (0.5, None),
        ("many", None),
        ([], None),
        (True, None),
        (10**400, None),
    ],
)
def test_the_total_is_advisory(total: Any, expected: int | None) -> None:
    """An unreadable total is ignored."""
    assert decode_page({"UploadTasks": [], "TotalSize": total}).total == expected


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (1, TaskStatus.WAITING),
        (2, TaskStatus.UPLOADING),
        (3, TaskStatus.WAITING_RETRY),
        (4, TaskStatus.SUCCEEDED),
        (5, TaskStatus.FAILED),
        (6, TaskStatus.CANCELLED),
        (7, TaskStatus.EXPIRED),
        ("5", TaskStatus.FAILED),
        (5.0, TaskStatus.FAILED),
        (0, TaskStatus.UNKNOWN),
        (8, TaskStatus.UNKNOWN),
        (-1, TaskStatus.UNKNOWN),
        (10**30, TaskStatus.UNKNOWN),
    ],
)
def test_statuses(code: Any, status: TaskStatus) -> None:
    """The seven documented codes, and unknown ones."""
    (task,) = page_of(entry_with("Status", code)).tasks
    assert task.status is status


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1742989076, 1742989076.0),
        ("1742989076", 1742989076.0),
        (1742989076.5, 1742989076.5),
        (1742989076000, 1742989076.0),
        ("1742989076123", 1742989076.123),
        (1e11, 1e11),
        (0, None),
        (0.0, None),
        ("0", None),
        ("", None),
        (None, None),
        (ABSENT, None),
    ],
)
def test_timestamps(value: Any, expected: float | None) -> None:
    """Seconds or milliseconds become Unix seconds; 0, null and absent mean none."""
    (task,) = page_of(entry_with("ExpiresAt", value), entry_with("CreateTime", value)).tasks[:1]
    assert task.expires_at == expected
    (task,) = page_of(entry_with("CreateTime", value)).tasks
    assert task.created_at == expected


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("Title", None, ("title", "")),
        ("Title", ABSENT, ("title", "")),
        ("Title", "a\ud800b", ("title", "a\ufffdb")),
        ("Title", "片名.mp4", ("title", "片名.mp4")),
        ("UploadTaskId", "\udc00", ("id", "\ufffd")),
        ("RetryCount", None, ("retry_count", 0)),
        ("RetryCount", ABSENT, ("retry_count", 0)),
        ("RetryCount", "3", ("retry_count", 3)),
        ("RetryCount", 3.0, ("retry_count", 3)),
    ],
)
def test_fields_that_are_absent_or_in_another_form(
    field: str, value: Any, expected: tuple[str, Any]
) -> None:
    """All forms that can be understood are accepted."""
    (task,) = page_of(entry_with(field, value)).tasks
    assert getattr(task, expected[0]) == expected[1]


BAD_UNIX_SECONDSS: tuple[Any, ...] = (-1, "soon", "-1", True, [], {}, 1e300, 1e14, 10**400, "1e9")
NOT_IDS: tuple[Any, ...] = (ABSENT, None, "", 5, [], "a\nb", "\u2028", "x" * 257)
NOT_TITLES: tuple[Any, ...] = (5, False, [], {})
NOT_WHOLE: tuple[Any, ...] = (ABSENT, None, "", "x", 4.5, True, [], "4.5")
NOT_COUNTS: tuple[Any, ...] = (-1, "", "x", 0.5, False, [], 10**400)
BROKEN_ENTRIES: list[tuple[Any, str]] = [
    *[(entry, "not_an_object") for entry in (None, 5, "text", [ENTRY], True)],
    *[(entry_with("UploadTaskId", value), "id") for value in NOT_IDS],
    *[(entry_with("Title", value), "title") for value in NOT_TITLES],
    *[(entry_with("Status", value), "status") for value in NOT_WHOLE],
    *[(entry_with("RetryCount", value), "retry_count") for value in NOT_COUNTS],
    *[(entry_with("ExpiresAt", value), "expires_at") for value in BAD_UNIX_SECONDSS],
    *[(entry_with("CreateTime", value), "create_time") for value in BAD_UNIX_SECONDSS],
]


@pytest.mark.parametrize(("entry", "reason"), BROKEN_ENTRIES)
def test_a_broken_entry_is_left_out_and_counted(entry: Any, reason: str) -> None:
    """The other entries are kept."""
    page = page_of(entry, ENTRY)
    assert page.tasks == (TASK,)
    assert dict(page.malformed) == {reason: 1}


def test_every_reason_occurs() -> None:
    """The list of reasons is complete, and each reason occurs."""
    assert {reason for _, reason in BROKEN_ENTRIES} == set(MALFORMED_REASONS)


def test_a_float_that_overflows_is_no_number() -> None:
    """JSON allows 1e400, and Python reads it as infinity."""
    entries = [entry_with("Status", 123454321), ENTRY]
    body = json.dumps({"Code": 0, "Data": {"UploadTasks": entries}})
    answer = decode_answer(body.replace("123454321", "1e400").encode())
    assert dict(decode_page(answer.data).malformed) == {"status": 1}


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
JSON = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(), SCALARS, max_size=2)
ENTRIES = st.fixed_dictionaries({}, optional=dict.fromkeys(ENTRY, JSON))
PAGES = st.fixed_dictionaries(
    {},
    optional={
        "TotalSize": JSON,
        "TotoalSize": JSON,
        "NextPageToken": JSON,
        "UploadTasks": st.lists(ENTRIES | JSON, max_size=3) | JSON,
        "UploadTask": st.lists(ENTRIES | JSON, max_size=3) | JSON,
    },
)


@settings(deadline=None, max_examples=60)
@given(PAGES | JSON)
def test_any_data_gives_a_page_or_a_protocol_error(data: Any) -> None:
    """No other exception is raised, and the counts add up."""
    try:
        page = decode_page(data)
    except ProtocolError:
        return
    assert set(page.malformed) <= set(MALFORMED_REASONS)
    entries = [len(data.get(name) or ()) for name in ("UploadTasks", "UploadTask")]
    assert len(page.tasks) + sum(page.malformed.values()) == max(entries)
    for task in page.tasks:
        assert (task.id + task.title).encode()


@settings(deadline=None, max_examples=60)
@given(st.binary() | JSON.map(lambda value: json.dumps({"Code": value}).encode()))
def test_any_bytes_give_an_answer_or_a_protocol_error(body: bytes) -> None:
    """No other exception is raised."""
    try:
        answer = decode_answer(body)
    except ProtocolError:
        return
    assert isinstance(answer.code, int)


HOSTS = [
    ("https://Origin.Example.com/media/a.mp4?token=x", "origin.example.com"),
    ("http://user:word@origin.example:8443/a", "origin.example"),
    ("https://me@example.org:word@origin.example/a", "origin.example"),
    ("rtmp://minio/live", "minio"),
    ("ftp://10.0.0.7", "10.0.0.7"),
    ("https://[2001:DB8::1]:443/a", "[2001:db8::1]"),
    ("https://视频.example/片.mp4", "视频.example"),
    ("https://xn--fiq228c.example#top", "xn--fiq228c.example"),
    ("https://origin.example.?a", "origin.example"),
    ("https://origin.example/clip@1080p.mp4", "origin.example"),
    ("https://origin.example:/a", "origin.example"),
    ("s3+https://under_score.example/a", "under_score.example"),
]
NO_SURE_HOST = [
    ABSENT,
    None,
    "",
    5,
    ["https://origin.example/"],
    "origin.example/a.mp4",
    "/a.mp4?token=word",
    "https://",
    "https:///a",
    "https://./a",
    "https://user:word",
    "https://user:word/x@origin.example/a",
    "https://word/x@origin.example/a",
    "https://user:word#x@origin.example/a",
    "https://word\\@origin.example/a",
    "https://two words.example/",
    "https://line\nend.example/",
    "https://con\u202etrol.example/",
    "https://%77ord.example/",
    "https://origin.example:80x/",
    "https://[origin.example]/",
    "https://" + "x" * 254,
    "https://origin.example/" + "x" * 5000,
    "javascript:word",
    "\ud800://\ud800",
]
"""A text that is not a host could be a password."""


@pytest.mark.parametrize(("url", "host"), [*HOSTS, *((url, "unknown") for url in NO_SURE_HOST)])
def test_the_host_of_the_source(url: Any, host: str) -> None:
    """Only the host, in lower case."""
    assert page_of(entry_with("StreamUrl", url)).tasks[0].source_host == host


@settings(deadline=None)
@given(
    st.text(max_size=300)
    | st.from_regex(r"[a-z]{1,5}://[a-z@:/?#.\\\[\] %-]{0,60}", fullmatch=True)
)
def test_any_source_gives_a_short_host(url: str) -> None:
    """No part that can contain a token, and no control character."""
    host = page_of(entry_with("StreamUrl", url)).tasks[0].source_host
    assert 0 < len(host) <= 256
    assert not set(host) & set("/?#@%\\ \n")
    assert host.isprintable()


@pytest.mark.parametrize(
    "part", ["a", "@", "a@", ":", "a:", "[", "[:", ".", "://", "a://", "%", "/@", "?", "\\", " "]
)
def test_the_host_is_found_in_linear_time(part: str) -> None:
    """For any URL."""
    assert_linear(
        decode_page,
        lambda size: {"UploadTasks": [{**ENTRY, "StreamUrl": "a://" + part * 800}] * (size // 50)},
    )
    assert_linear(
        decode_page, lambda size: {"UploadTasks": [{**ENTRY, "StreamUrl": "a://" + part * size}]}
    )


@pytest.mark.parametrize(
    "data",
    [
        {"TotalSize": 5},
        {"TotalSize": "5", "UploadTasks": None},
        {"NextPageToken": "next"},
        {"NextPageToken": "next", "TotalSize": 0, "UploadTask": None, "UploadTasks": None},
    ],
)
def test_a_page_that_reports_tasks_and_has_no_list_is_broken(data: dict[str, Any]) -> None:
    """`docs/guarantees.md`, section 1: a part of the listing would be published."""
    with pytest.raises(ProtocolError, match="has no list of tasks"):
        decode_page(data)


@pytest.mark.parametrize("broken", [None, 5, {}, {**ENTRY, "Status": None}])
@pytest.mark.parametrize("entries", [1, 50])
def test_a_page_without_a_readable_entry_is_broken(broken: Any, entries: int) -> None:
    """The API uses a format that this version does not know; no task is gone."""
    with pytest.raises(ProtocolError, match=f"none of a page's {entries} entries can be read"):
        page_of(*[broken] * entries)
