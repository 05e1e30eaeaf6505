"""Authentic callbacks, and refused ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.tasks import TaskStatus
from exporter.zego.callbacks import (
    EVENT_WORDS,
    MAX_BODY_BYTES,
    CallbackEvent,
    CallbackRejected,
    read_callback,
    sign_callback,
)
from tests.linear import assert_linear

NOW = 1_470_820_198.0
SECRET = "secret"

EVENT: dict[str, Any] = {
    "AppID": 7,
    "UploadTaskId": "upload_task_1",
    "EventType": 10002,
    "Nonce": "123412",
    "Timestamp": "1470820198",
    "Signature": "5bd59fd62953a8059fb7eaba95720f66d19e4517",
    "EventTime": 1470820198000,
    "Title": "课程 1.mp4",
    "StreamUrl": "https://example.com/a.mp4?token=x",
    "Detail": {"Reason": 2},
}


def read(body: bytes, *, app_id: int = 7, now: float = NOW) -> CallbackEvent:
    """Read `body` with the secret of the published vector."""
    return read_callback(body, secret=SECRET, app_id=app_id, now=now)


def encode(**changes: Any) -> bytes:
    """Return EVENT with `changes` as JSON; None leaves a field out."""
    values = {key: value for key, value in {**EVENT, **changes}.items() if value is not None}
    return json.dumps(values, ensure_ascii=False).encode()


def test_the_signature_is_the_published_vectors() -> None:
    """`docs/zego-api.md`, Callbacks: nonce 123412, timestamp 1470820198, secret `secret`."""
    assert sign_callback(SECRET, "1470820198", "123412") == EVENT["Signature"]


@pytest.mark.parametrize(
    "body",
    [
        encode(),
        quote(encode()).encode(),
        quote_plus(encode()).encode(),
        encode(AppID="7", EventType="10002", Detail={"Reason": "2"}),
        b"\n" + encode(Unheard="of") + b"\n",
    ],
)
def test_every_form_of_a_callback_is_read_alike(body: bytes) -> None:
    """Plain or URL-encoded as a whole, numbers as strings, unknown fields."""
    assert read(body) == CallbackEvent(
        "failed", "upload_task_1", "upload", "123412", TaskStatus.FAILED, 1470820198.0
    )


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"EventType": 10001}, TaskStatus.SUCCEEDED),
        ({"EventType": 10003, "Detail": {"Status": 1}}, TaskStatus.WAITING),
        ({"EventType": 10003, "Detail": {"Status": "2"}}, TaskStatus.UPLOADING),
        ({"EventType": 10003, "Detail": {"Status": 3}}, TaskStatus.CANCELLED),
        ({"EventType": 10003, "Detail": {"Status": 4}}, None),
        ({"EventType": 10003, "Detail": 1}, None),
        ({"EventType": 10004}, None),
        ({"EventType": 10005}, TaskStatus.WAITING_RETRY),
        ({"EventType": 10006}, TaskStatus.EXPIRED),
        ({"EventType": 99}, None),
    ],
)
def test_an_event_names_the_status_that_its_task_has_entered(
    changes: Mapping[str, Any], status: TaskStatus | None
) -> None:
    """The numbers of 10003 are not those of the query API."""
    assert read(encode(**changes)).status is status


@pytest.mark.parametrize(
    ("event_time", "at"),
    [
        (1470820190500, 1470820190.5),
        ("1470820190500", 1470820190.5),
        (1470820198, None),
        ("soon", None),
        (None, None),
    ],
)
def test_the_time_of_an_event_is_used_if_it_is_plausible(
    event_time: object, at: float | None
) -> None:
    """It is in milliseconds; seconds would be in 1970."""
    assert read(encode(EventTime=event_time)).at == at


@pytest.mark.parametrize(
    ("event_type", "word"),
    [
        (10001, "succeeded"),
        (10002, "failed"),
        (10003, "status_changed"),
        (10004, "cancel_refused"),
        (10005, "retrying"),
        (10006, "expired"),
        (1, "other"),
        (99999, "other"),
        (None, "other"),
        ("later", "other"),
    ],
)
def test_event_types_have_words_and_unknown_ones_are_other(event_type: Any, word: str) -> None:
    """ZEGO adds events over time; only a failure has a reason."""
    event = read(encode(EventType=event_type))
    assert (event.word, event.failure is None) == (word, word != "failed")


@pytest.mark.parametrize(
    ("detail", "failure"),
    [
        ({"Reason": 1}, "source_download"),
        ({"Reason": 2}, "upload"),
        ({"Reason": 3}, "file_too_large"),
        ({"Reason": 4}, "other"),
        ({}, "other"),
        ("text", "other"),
        (None, "other"),
    ],
)
def test_failure_reasons_have_words_and_unknown_ones_are_other(detail: Any, failure: str) -> None:
    """The label values are a closed set."""
    assert read(encode(Detail=detail)).failure == failure


@pytest.mark.parametrize(
    ("body", "now", "reason"),
    [
        (encode(Signature=None), NOW, "signature"),
        (encode(Signature="5BD5"), NOW, "signature"),
        (encode(Nonce=None), NOW, "signature"),
        (encode(Nonce="123413"), NOW, "signature"),
        (encode(Nonce="n" * 257), NOW, "malformed"),
        (encode(Timestamp="1470820199"), NOW, "signature"),
        (encode(), NOW + 601, "timestamp"),
        (encode(), NOW - 601, "timestamp"),
        (encode(AppID=8), NOW, "app_id"),
        (encode(AppID=None), NOW, "app_id"),
        (b"", NOW, "malformed"),
        (b"[]", NOW, "malformed"),
        (b"\xff\xfe", NOW, "malformed"),
        (b"[" * 60_000, NOW, "malformed"),
        (b"x" * (MAX_BODY_BYTES + 1), NOW, "too_large"),
    ],
)
def test_what_is_not_authentic_is_refused(body: bytes, now: float, reason: str) -> None:
    """The message contains the counted reason and nothing from the callback."""
    with pytest.raises(CallbackRejected) as caught:
        read(body, now=now)
    assert caught.value.reason == reason
    assert str(caught.value) == f"callback rejected: {reason}"


def test_an_authentic_signature_fits_one_timestamp_and_nonce_only() -> None:
    """Zeros cannot move from the nonce to the timestamp, which would make a replay look new."""
    recorded = sign_callback(SECRET, "1470820198", "00")
    assert read(encode(Nonce="00", Signature=recorded)).nonce == "00"
    with pytest.raises(CallbackRejected):
        read(encode(Nonce="0", Timestamp="01470820198", Signature=recorded))


@given(
    st.binary(max_size=400)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(list(EVENT)), inner),
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_bytes_are_refused_and_nothing_else_happens(body: bytes) -> None:
    """A signature needs the secret, so random bytes are always refused."""
    with pytest.raises(CallbackRejected):
        read(body)


@given(
    st.dictionaries(
        st.sampled_from(["EventType", "Detail", "UploadTaskId", "Title"]),
        st.recursive(
            st.none() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["Reason"]), inner),
        ),
    )
)
def test_any_signed_content_gives_an_event_of_the_closed_sets(changes: dict[str, Any]) -> None:
    """The signature covers only nonce and timestamp, so no other field is trusted."""
    body = json.dumps({**EVENT, **changes}).encode()
    assert read(body).word in EVENT_WORDS
    read(body).task_id.encode()


@pytest.mark.parametrize("part", [b"%", b"+", b"%7B", b"[", b'{"a":', b"\\u0000", b"0", b" "])
def test_bodies_are_read_in_linear_time(part: bytes) -> None:
    """For bodies up to the limit and above it."""

    def read(body: bytes) -> None:
        with suppress(CallbackRejected):
            read_callback(body, secret="secret", app_id=1, now=0.0)

    assert_linear(read, lambda size: (part * size)[:60_000])
    assert_linear(read, lambda size: b'{"Nonce": "' + (part * size)[:60_000])
