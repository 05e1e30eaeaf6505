"""The client with scripted answers; test_transport has real sockets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.errors import (
    ApiError,
    AuthError,
    ClockSkewError,
    DeadlineError,
    NetworkError,
    NotEnabledError,
    ProtocolError,
    RejectedError,
    RequestTimeout,
    ServerError,
    Stopped,
)
from exporter.zego.client import (
    MAX_RETRY_AFTER_SECONDS,
    Client,
    Deadline,
    Page,
    parse_http_date,
    parse_retry_after,
)
from exporter.zego.limiter import RateLimiter
from exporter.zego.signing import sign
from exporter.zego.stats import ApiStats, ApiStatsView
from exporter.zego.transport import Response, Transport
from tests.builders import NOW, SECRET
from tests.linear import assert_linear
from tests.zego.peer import Connection, serving

EMPTY = {"Code": 0, "Data": {"UploadTasks": [], "NextPageToken": "", "TotalSize": 0}}


def ok(body: Any = EMPTY, *, status: int = 200, **headers: str) -> Response:
    """Return an answer with a JSON body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, named, json.dumps(body).encode())


def refusal(code: int) -> Response:
    """Return an answer with a return code."""
    return ok({"Code": code, "Message": "no", "RequestId": "r1", "Data": None})


TIMED_OUT = RequestTimeout("slow", code="timeout", transient=True)
BROKEN = NetworkError("connection reset", code="connection", transient=True)


@dataclass
class Scripted(Transport):
    """A transport with a list of answers, each of which takes a tenth of a second."""

    answers: list[Response | Exception]
    now: float = 100.0
    sent: list[tuple[str, dict[str, str], dict[str, Any], float]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def post(self, url: str, *, params: Mapping[str, str], body: bytes, timeout: float) -> Response:
        """Play the next answer."""
        self.sent.append((url, dict(params), json.loads(body), timeout))
        self.now += 0.1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def clock(self) -> float:
        """Return the monotonic time."""
        return self.now

    def wall_clock(self) -> float:
        """Return the Unix time."""
        return NOW - 100.0 + self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class World:
    """A client, its transport and its counts."""

    transport: Scripted
    stats: ApiStats
    client: Client

    @property
    def counts(self) -> ApiStatsView:
        """What the client has counted."""
        return self.stats.view()

    def ask(self, deadline: float = 1000.0, secret: str = SECRET, **arguments: Any) -> Page:
        """Ask for one page."""
        return self.client.describe_upload_tasks(secret=secret, deadline=deadline, **arguments)


def world(
    *answers: Response | Exception,
    max_retries: int = 3,
    is_test: bool | None = None,
    rate: float = 10,
    transport: Scripted | None = None,
) -> World:
    """Return a client that will get these answers."""
    transport = transport or Scripted(list(answers))
    stats = ApiStats()
    client = Client(
        app_id=12345,
        endpoint="https://api.example",
        is_test=is_test,
        limiter=RateLimiter(rate, clock=transport.clock),
        stats=stats,
        timeout=10.0,
        max_retries=max_retries,
        transport=transport,
        wall_clock=transport.wall_clock,
        clock=transport.clock,
        sleep=transport.sleep,
        random=lambda: 1.0,
    )
    return World(transport, stats, client)


def test_a_request_is_signed_and_asks_for_the_first_page() -> None:
    """`docs/zego-api.md`, Requests; absent arguments are not sent."""
    one = world(ok())
    page = one.ask()
    assert page == Page((), "", 0, {})
    ((url, parameters, body, timeout),) = one.transport.sent
    assert url == "https://api.example/"
    nonce = parameters["SignatureNonce"]
    assert len(bytes.fromhex(nonce)) == 8
    assert parameters == {
        "Action": "DescribeUploadTasks",
        "AppId": "12345",
        "SignatureNonce": nonce,
        "Timestamp": "1700000000",
        "Signature": sign(app_id=12345, nonce=nonce, secret=SECRET, timestamp=1700000000),
        "SignatureVersion": "2.0",
    }
    assert (body, timeout) == ({"PageSize": 50}, 10.0)


def test_all_arguments_are_sent() -> None:
    """Each argument goes into the body, IsTest into the query."""
    one = world(ok(), is_test=False)
    one.ask(page_token="t\ud800", page_size=7, status=0, task_id="id")
    ((_, parameters, body, _),) = one.transport.sent
    assert parameters["IsTest"] == "false"
    assert body == {"PageSize": 7, "PageToken": "t\ud800", "Status": 0, "UploadTaskId": "id"}


def test_each_request_is_signed_with_the_secret_it_comes_with() -> None:
    """A secret that was replaced on disk is used by the next collection."""
    one = world(ok(), ok())
    one.ask(secret="first")
    one.ask(secret="second")
    signatures = [
        sign(app_id=12345, nonce=sent["SignatureNonce"], secret=secret, timestamp=1700000000)
        for (_, sent, _, _), secret in zip(one.transport.sent, ("first", "second"), strict=True)
    ]
    assert [sent["Signature"] for _, sent, _, _ in one.transport.sent] == signatures


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (refusal(350006001), "350006001"),
        (refusal(350010000), "350010000"),
        (ok(status=429), "http_429"),
        (ok(status=503), "http_503"),
        (TIMED_OUT, "timeout"),
        (BROKEN, "connection"),
    ],
)
def test_transient_errors_are_retried(failure: Response | Exception, code: str) -> None:
    """With backoff and a new signature each time; every request and error is counted."""
    one = world(failure, failure, ok())
    assert one.ask().tasks == ()
    assert one.transport.slept == [0.5, 1.0]
    assert len({sent["SignatureNonce"] for _, sent, _, _ in one.transport.sent}) == 3
    assert (one.counts.requests, one.counts.errors) == (3, {code: 2})


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (refusal(100000005), AuthError),
        (refusal(350006002), RejectedError),
        (refusal(350006003), RejectedError),
        (refusal(350006006), NotEnabledError),
        (refusal(4711), RejectedError),
        (ok(status=302), ProtocolError),
        (ok(status=403), RejectedError),
        (ok([]), ProtocolError),
        (ok({"Code": 0, "Data": None}), ProtocolError),
        (NetworkError("self-signed certificate", code="tls"), NetworkError),
    ],
)
def test_lasting_errors_are_not_retried(
    failure: Response | Exception, expected: type[ApiError]
) -> None:
    """One request, one error."""
    one = world(failure)
    with pytest.raises(expected) as caught:
        one.ask()
    assert one.transport.slept == []
    assert (one.counts.requests, one.counts.errors) == (1, {caught.value.code: 1})


def test_the_last_error_is_raised_when_retries_are_used_up() -> None:
    """After the allowed number of requests."""
    one = world(BROKEN, TIMED_OUT, refusal(350010000), max_retries=2)
    with pytest.raises(ServerError) as caught:
        one.ask()
    assert caught.value.request_id == "r1"
    assert one.counts.requests == 3


def test_an_expired_timestamp_is_signed_again_once() -> None:
    """The second error contains the difference of the clocks."""
    late = ok({"Code": 100000004}, Date=formatdate(NOW + 1201, usegmt=True))
    one = world(late, late)
    with pytest.raises(ClockSkewError, match="its clock is 1200 s ahead"):
        one.ask()
    assert one.counts.requests == 2


def test_retry_after_is_honoured() -> None:
    """In seconds, or as a date compared with our clock."""
    date = formatdate(NOW + 30, usegmt=True)
    one = world(ok(status=429, Retry_After="7"), ok(status=503, Retry_After=date), ok())
    one.ask()
    assert one.transport.slept[0] == 7.0
    assert one.transport.slept[1] == pytest.approx(30 - 7 - 0.2)


def test_retry_after_is_honoured_for_return_codes_too() -> None:
    """ZEGO reports its rate limit with HTTP 200 and a code."""
    one = world(*[ok({"Code": code}, Retry_After="7") for code in (350006001, 350010000)], ok())
    one.ask()
    assert one.transport.slept == [7.0, 7.0]


def test_retries_pass_the_limiter() -> None:
    """A retry waits for a slot like any request."""
    one = world(BROKEN, ok(), rate=0.1)
    one.ask()
    assert sum(one.transport.slept) == pytest.approx(10.0, abs=0.01)
    assert one.counts.rate_limit_wait_seconds == pytest.approx(9.5, abs=0.01)


def test_no_try_starts_past_the_deadline() -> None:
    """The error of the last try is raised, which is more useful than a DeadlineError."""
    one = world(ok(status=503, Retry_After="60"))
    with pytest.raises(ServerError, match="HTTP 503") as caught:
        one.ask(deadline=150.0)
    assert one.transport.slept == []
    assert one.counts.requests == 1
    assert SECRET not in str(caught.value)


def test_a_wait_for_the_limiter_ends_at_the_deadline() -> None:
    """As does the walk."""
    one = world(ok(), ok(), rate=0.01)
    one.ask(deadline=150.0)
    with pytest.raises(DeadlineError):
        one.ask(deadline=150.0)
    assert one.counts.requests == 1


def test_the_deadline_cuts_a_request() -> None:
    """It shortens the time-out, and the failure is a DeadlineError."""
    one = world(TIMED_OUT)
    with pytest.raises(DeadlineError):
        one.ask(deadline=102.0)
    assert one.transport.sent[0][3] == pytest.approx(2.0)
    assert (one.counts.requests, one.counts.errors) == (1, {"timeout": 1})


def test_nothing_is_sent_once_the_deadline_is_past() -> None:
    """Not even a first try."""
    one = world(ok())
    with pytest.raises(DeadlineError):
        one.ask(deadline=99.0)
    assert one.counts.requests == 0


def test_stopped_passes() -> None:
    """It is neither counted as an API error nor retried."""
    one = world(Stopped())
    with pytest.raises(Stopped):
        one.ask()
    assert (one.counts.requests, one.counts.errors) == (1, {})


def test_the_clock_skew_is_measured_from_the_date() -> None:
    """Relative to the middle of the request; garbage does not change the last value."""
    one = world(ok(Date=formatdate(NOW + 5, usegmt=True)), ok(Date="today"), ok())
    one.ask()
    assert one.counts.clock_skew_seconds == pytest.approx(5 - 0.05)
    one.ask()
    one.ask()
    assert one.counts.clock_skew_seconds == pytest.approx(5 - 0.05)


def test_durations_are_counted() -> None:
    """One observation for each request, failed ones included."""
    one = world(BROKEN, ok())
    one.ask()
    view = one.counts
    assert view.duration_sum == pytest.approx(0.2)
    assert view.duration_buckets[-1][1] == 2


def test_a_message_that_echoes_the_signature_is_dropped() -> None:
    """Some gateways quote the request."""

    class Echo(Scripted):
        def post(
            self, url: str, *, params: Mapping[str, str], body: bytes, timeout: float
        ) -> Response:
            self.answers = [ok({"Code": 100000005, "Message": f"bad {params['Signature']}"})]
            return super().post(url, params=params, body=body, timeout=timeout)

    one = world(transport=Echo([]))
    with pytest.raises(AuthError) as caught:
        one.ask()
    assert str(caught.value) == "the API refused the signature (code 100000005)"


@settings(deadline=None, max_examples=60)
@given(
    st.integers(100, 999),
    st.binary()
    | st.fixed_dictionaries({"Code": st.integers() | st.none(), "Data": st.none() | st.text()}).map(
        lambda answer: json.dumps(answer).encode()
    ),
    st.text(),
)
def test_any_answer_gives_a_page_or_one_of_our_errors(
    status: int, body: bytes, garbage: str
) -> None:
    """No other exception is raised."""
    headers = {"Date": garbage, "Retry-After": garbage}
    one = world(Response(status, headers, body), max_retries=0)
    with suppress(ApiError):
        one.ask()
        assert one.counts.errors == {}
    assert one.counts.requests == 1
    assert sum(one.counts.errors.values()) <= 1


def test_over_a_real_connection() -> None:
    """The client with its own transport: ask, abort, close."""
    body = json.dumps(EMPTY).encode()

    def behave(connection: Connection) -> None:
        while connection.read_request():
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    stats = ApiStats()
    with serving(behave) as peer:
        client = Client(
            app_id=1,
            endpoint=peer.url,
            is_test=None,
            limiter=RateLimiter(20),
            stats=stats,
            timeout=30.0,
            max_retries=0,
            clock=lambda: 0.0,
        )
        assert client.describe_upload_tasks(secret=SECRET, deadline=60.0).total == 0
        client.abort()
        with pytest.raises(Stopped):
            client.describe_upload_tasks(secret=SECRET, deadline=60.0)
        client.close()
    assert len(peer.requests) == 1


def test_a_wait_that_ends_in_time_is_slept() -> None:
    """The given function sleeps."""
    naps: list[float] = []
    deadline = Deadline(10.0, lambda: 4.0, naps.append)
    deadline.wait(5.0)
    assert naps == [5.0]
    assert deadline.remaining() == 6.0


def test_a_wait_that_would_end_too_late_fails_immediately() -> None:
    """It does not sleep first; the message contains the error that was being retried."""
    naps: list[float] = []
    deadline = Deadline(10.0, lambda: 4.0, naps.append)
    deadline.last_error = "HTTP 503"
    with pytest.raises(DeadlineError, match="the last error was: HTTP 503"):
        deadline.wait(6.0)
    assert naps == []


DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
UNIX_SECONDS = 784111777.0


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (DATE, UNIX_SECONDS),
        ("", None),
        ("yesterday", None),
        ("Sun, 99 Nov 99999999999 08:49:37 GMT", None),
    ],
)
def test_http_dates(value: str, expected: float | None) -> None:
    """The example of RFC 9110, section 5.6.7, and garbage."""
    assert parse_http_date(value) == expected


@pytest.mark.parametrize(
    ("value", "date_is_in", "expected"),
    [
        ("120", 10, 120),
        (" 0 ", 10, 0),
        (DATE, 10, 10),
        (DATE, -10, 0),
        ("999999999", 10, MAX_RETRY_AFTER_SECONDS),
        ("-5", 10, None),
        ("soon", 10, None),
        ("", 10, None),
    ],
)
def test_retry_after(value: str, date_is_in: float, expected: float | None) -> None:
    """Seconds or a date, from 0 up to a limit; garbage is ignored."""
    assert parse_retry_after(value, now=UNIX_SECONDS - date_is_in) == expected


@settings(deadline=None, max_examples=25)
@given(
    st.one_of(
        st.text(), st.from_regex(r"[a-z]{3}, [0-9]+ Nov [0-9]+ [0-9]+:[0-9]+:[0-9]+ [+-]?[0-9]+")
    )
)
def test_garbage_raises_nothing(value: str) -> None:
    """Any text gives seconds within the cap, or None."""
    seconds = parse_retry_after(value, now=UNIX_SECONDS)
    assert seconds is None or 0 <= seconds <= MAX_RETRY_AFTER_SECONDS


@pytest.mark.parametrize("part", ["1", "Mon, ", ":", "(", ")", " ", "\\", "+", "GMT "])
def test_headers_are_read_in_linear_time(part: str) -> None:
    """For any text of a peer."""
    assert_linear(parse_http_date, lambda size: part * size)
    assert_linear(lambda text: parse_retry_after(text, now=0.0), lambda size: part * size)
