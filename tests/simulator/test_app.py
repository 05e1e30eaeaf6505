from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.simulator.app import handle, sign
from exporter.simulator.lifecycle import Lifecycle
from exporter.simulator.task import SUCCEEDED, WAITING
from tests.simulator.calls import (
    NOW,
    SECRET,
    answer,
    call,
    frozen_app,
    ids,
    signed_query,
    tasks_of,
    walk,
)


def test_the_published_signature() -> None:
    """The vendor's example gives the vendor's result."""
    signature = sign(12345, "4fd24687296dd9f3", "9193cc662a4c0ec135ec71fb57194b38", 1615186943)
    assert signature == "43e5cfcca828314675f91b001390566a"


def test_a_good_answer_has_the_envelope() -> None:
    """Code, Message, RequestId and Data, and a RequestId of its own for each request."""
    app = frozen_app()
    first, second = call(app), call(app)
    assert set(first) == {"Code", "Message", "RequestId", "Data"}
    assert (first["Code"], first["Message"]) == (0, "succeed")
    assert first["RequestId"] != second["RequestId"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"AppId": "2"}, 350006002),
        ({"AppId": None}, 350006002),
        ({"Action": "DescribePlayers"}, 350006002),
        ({"SignatureVersion": "1.0"}, 350006002),
        ({"SignatureNonce": "15215528852396"}, 350006002),
        ({"SignatureNonce": "x" * 16}, 350006002),
        ({"Timestamp": "now"}, 350006002),
        ({"Timestamp": "-1"}, 350006002),
        ({"Timestamp": str(int(NOW) - 601)}, 100000004),
        ({"Timestamp": str(int(NOW) + 601)}, 100000004),
        ({"Timestamp": str(int(NOW) + 1)}, 100000005),
        ({"SignatureNonce": "0123456789abcdef"}, 100000005),
        ({"Signature": "0" * 32}, 100000005),
        ({"Signature": "é"}, 100000005),
        ({"Signature": None}, 100000005),
        ({"IsTest": "yes"}, 350006003),
        ({"IsTest": "true"}, 0),
    ],
)
def test_the_caller_is_checked(changes: dict[str, str | None], code: int) -> None:
    """Each public parameter is checked, with the code of the first one that is wrong."""
    app = frozen_app()
    refused = answer(app, signed_query(app, now=NOW, **changes))
    assert refused["Code"] == code
    assert (refused["Data"] is None) == (code != 0)


@pytest.mark.parametrize("offset", [-600, 600])
def test_a_clock_may_be_ten_minutes_off(offset: float) -> None:
    """A timestamp up to 600 seconds early or late is accepted."""
    app = frozen_app()
    assert answer(app, signed_query(app, now=NOW + offset))["Code"] == 0


def test_a_nonce_is_accepted_once() -> None:
    """A request with a wrong signature does not use it up."""
    app = frozen_app()
    query = signed_query(app)
    assert answer(app, {**query, "Signature": "0" * 32})["Code"] == 100000005
    assert answer(app, query)["Code"] == 0
    assert answer(app, query)["Code"] == 100000005


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 350006003),
        (b"[]", 350006003),
        (b"\xff", 350006003),
        (b"[" * 100_000, 350006003),
        (b'{"PageSize": 0}', 350006003),
        (b'{"PageSize": 51}', 350006003),
        (b'{"PageSize": "50"}', 350006003),
        (b'{"PageSize": true}', 350006003),
        (b'{"PageSize": null, "Status": null, "PageToken": null, "UploadTaskId": null}', 0),
        (b'{"PageSize": 50, "Status": 7, "PageToken": "", "UploadTaskId": ""}', 0),
        (b'{"Status": 8}', 350006003),
        (b'{"Status": -1}', 350006003),
        (b'{"PageToken": "never given"}', 350006003),
        (b'{"PageToken": 7}', 350006003),
        (b'{"UploadTaskId": 7}', 350006003),
        (b'{"AnythingElse": 7}', 0),
    ],
)
def test_the_parameters_are_checked(body: bytes, code: int) -> None:
    """Ranges, types and tokens; what the vendor does not name is ignored."""
    app = frozen_app(3)
    assert answer(app, signed_query(app), body)["Code"] == code


def test_the_body_must_be_declared_as_json() -> None:
    """Another Content-Type than application/json is an invalid parameter."""
    app = frozen_app()
    for content_type, code in (("application/json; charset=utf-8", 0), ("text/plain", 350006003)):
        query = signed_query(app)
        assert answer(app, query, content_type=content_type)["Code"] == code


def test_a_token_belongs_to_its_filter() -> None:
    """A token may be sent again, with another page size too, but not with another Status."""
    app = frozen_app(70)
    token = call(app, PageSize=5)["Data"]["NextPageToken"]
    assert len(call(app, PageToken=token, PageSize=7)["Data"]["UploadTask"]) == 7
    assert call(app, PageToken=token)["Code"] == 0
    assert call(app, PageToken=token, Status=4)["Code"] == 350006003


def test_the_rate_limit_is_twenty_in_any_sliding_second() -> None:
    """The 21st request within a second is refused, whatever else is wrong with it."""
    app = frozen_app(rate_limit=20)
    codes = []
    for tenth in range(25):
        arrived = 5.0 + tenth / 25
        codes.append(answer(app, signed_query(app, Signature="0"), arrived=arrived)["Code"])
    assert codes == [100000005] * 20 + [350006001] * 5
    assert answer(app, signed_query(app), arrived=6.0)["Code"] == 0
    assert app.arrivals.max_in_a_second == 25


def test_a_request_advances_the_tasks() -> None:
    """The tasks are those at the time of the request."""
    app = frozen_app()
    app.life = Lifecycle(1, 60, start=NOW)
    assert call(app)["Data"]["TotalSize"] == 0
    later = call(app, now=NOW + 600)["Data"]["TotalSize"]
    assert later == len(app.life.tasks) > 0


def test_a_large_list_is_paged_through_quickly() -> None:
    """20,000 tasks are walked to the end, every one of them once."""
    app = frozen_app(20_000)
    listed = ids(walk(app, limit=3000))
    assert len(set(listed)) == len(listed) == 20_000


def test_no_secret_is_in_an_answer() -> None:
    """Not even when the signature is wrong."""
    app = frozen_app()
    query = signed_query(app, Signature="0" * 32)
    text = json.dumps(answer(app, query))
    assert app.server_secret not in text
    assert signed_query(app, SignatureNonce=query["SignatureNonce"])["Signature"] not in text


def test_the_secret_is_not_in_the_repr() -> None:
    """Printing an app shows no secret."""
    assert SECRET not in repr(frozen_app())
    assert frozen_app(app_id=7).name == "7"


def test_gateway_errors_are_decided_by_their_chance() -> None:
    """About a quarter of the answers with a chance of 0.25; none with 0."""

    def errors(chance: float) -> int:
        app = frozen_app(gateway_error_chance=chance)
        replies = [handle({1: app}, signed_query(app), b"{}", NOW) for _ in range(1000)]
        assert {reply.status for reply in replies} <= {200, 502}
        return sum(reply.status == 502 for reply in replies)

    assert 200 < errors(0.25) < 300
    assert errors(0.0) == 0


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.integers(1, 7), max_size=120),
    st.integers(0, 7),
    st.integers(1, 50),
    st.sampled_from(["live", "snapshot"]),
)
def test_a_walk_finds_exactly_the_tasks_that_match(
    statuses: list[int], status: int, page_size: int, paging: str
) -> None:
    """For any tasks, filter, page size and paging the pages give each match once, and its count."""
    app = frozen_app(paging=paging)
    for each in statuses:
        app.life.add_task(status=each)
    expected = [task.id for task in app.life.tasks.values() if status in (0, task.status)]
    pages = list(walk(app, Status=status, PageSize=page_size))
    assert sorted(ids(iter(pages))) == sorted(expected)
    assert all(len(tasks_of(data)) == page_size for data in pages[:-1])
    assert {data["TotalSize"] for data in pages} == {len(expected)}
    assert len(pages) == max(1, -(-len(expected) // page_size))


def test_a_walk_lists_what_was_added_meanwhile() -> None:
    """Removed tasks shift no other; tasks added meanwhile come last."""
    app = frozen_app(4)
    pages = walk(app, PageSize=2)
    assert ids(iter([next(pages)])) == ["upload_task_1", "upload_task_2"]
    app.life.remove("upload_task_1")
    app.life.remove("upload_task_3")
    app.life.add_task()
    assert ids(pages) == ["upload_task_4", "upload_task_5"]


def test_a_look_up_finds_one_task_or_none() -> None:
    """By id; with a Status that is not the task's, and for an unknown id, the list is empty."""
    app = frozen_app(10)
    found = call(app, UploadTaskId="upload_task_4", PageSize=0)["Data"]
    assert ids(iter([found])) == ["upload_task_4"]
    assert (found["TotalSize"], found["NextPageToken"]) == (1, "")
    assert ids(iter([call(app, UploadTaskId="upload_task_4", Status=SUCCEEDED)["Data"]]))
    for other in ({"UploadTaskId": "upload_task_4", "Status": WAITING}, {"UploadTaskId": "x"}):
        data = call(app, **other)["Data"]
        assert (data["UploadTask"], data["TotalSize"]) == ([], 0)


def test_a_task_is_written_as_the_vendor_does() -> None:
    """All fields of `docs/zego-api.md`, Answers, are present with their names."""
    app = frozen_app()
    app.life.add_task(id="t", title="课 1.mp4", status=4, retry_count=2, expires_at=9, created_at=8)
    (entry,) = tasks_of(call(app)["Data"])
    assert entry == {
        "UploadTaskId": "t",
        "StreamUrl": "https://origin.example.com/media/t?token=stream-secret-t",
        "Title": "课 1.mp4",
        "Status": 4,
        "RetryCount": 2,
        "ExpiresAt": 9,
        "CreateTime": 8,
        "UploadStreamUrl": "https://media.example.com/t",
        "InternalUploadStreamUrl": "https://media.internal.example.com/t",
    }
