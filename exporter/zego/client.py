"""Requests pages of upload tasks from the API: signed, rate-limited, retried and counted.

Rules that this file keeps:

- Every try has a new signature, and takes a slot of the rate limiter.
- Nothing waits beyond the deadline of the collection: a wait that would end later is not started
  but fails.
- The API's clock and its Retry-After are read from headers; unreadable headers are ignored.
"""

from __future__ import annotations

import json
import random as random_module
import re
import secrets
import time
from collections.abc import Callable
from email.utils import mktime_tz, parsedate_tz
from pathlib import Path

from exporter.errors import ApiError, DeadlineError, RequestTimeout
from exporter.zego.codes import error_for_code, error_for_status
from exporter.zego.decoding import Page, decode_answer, decode_page
from exporter.zego.limiter import RateLimiter
from exporter.zego.retry import Retries
from exporter.zego.signing import signed_parameters
from exporter.zego.stats import ApiStats
from exporter.zego.transport import Response, Transport

__all__ = ["Client", "Page"]

MAX_RETRY_AFTER_SECONDS = 3600.0
"""Upper bound of a Retry-After; the deadline of the collection usually ends the wait sooner."""

_ACTION = "DescribeUploadTasks"
_SECONDS = re.compile(r"[0-9]{1,9}")
_MAX_HEADER_CHARACTERS = 100  # an HTTP date has 29


class Client:
    """Access of one app to the API; for one thread, except for `abort`.

    Args:
        endpoint: Origin without a trailing slash.
        is_test: Sent as IsTest; None leaves it out.
        timeout: Seconds for one request.
        max_retries: Maximum number of retries of one request.
        ca_file: Trusted in addition to the usual certificates; unused if `transport` is given.
        wall_clock: Returns Unix seconds.
        clock: Returns monotonic seconds.
        sleep: Waits for some seconds; may raise Stopped.
        random: Returns numbers in [0, 1), for the jitter.
    """

    def __init__(
        self,
        *,
        app_id: int,
        endpoint: str,
        is_test: bool | None,
        limiter: RateLimiter,
        stats: ApiStats,
        timeout: float,
        max_retries: int,
        ca_file: Path | None = None,
        transport: Transport | None = None,
        wall_clock: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random_module.random,
    ) -> None:
        self._app_id = app_id
        self._url = endpoint + "/"
        self._is_test = is_test
        self._limiter = limiter
        self._stats = stats
        self._timeout = timeout
        self._max_retries = max_retries
        self._transport = transport or Transport(ca_file=ca_file)
        self._wall_clock = wall_clock
        self._clock = clock
        self._sleep = sleep
        self._random = random

    def describe_upload_tasks(
        self,
        *,
        secret: str,
        page_token: str = "",
        page_size: int = 50,
        status: int | None = None,
        task_id: str | None = None,
        deadline: float,
    ) -> Page:
        """Return one page of tasks.

        Args:
            secret: Signs the request.
            page_token: Token of the page, empty for the first one.
            page_size: Maximum number of tasks on the page.
            status: Code of the only status to list, None for all.
            task_id: Id of the only task to list, None for all.
            deadline: Time of `clock` by which the answer must have arrived.

        Raises DeadlineError at the deadline, the ApiError of the last try, or Stopped.
        """
        fields = {
            "PageSize": page_size,
            "PageToken": page_token or None,
            "Status": status,
            "UploadTaskId": task_id,
        }
        # The API does not document null: a field without a value is left out.
        body = json.dumps({k: v for k, v in fields.items() if v is not None}).encode()
        limit = Deadline(deadline, self._clock, self._sleep)
        retries = Retries(self._max_retries, self._random)
        while True:
            try:
                return self._try_once(body, secret, limit)
            except ApiError as error:
                self._stats.record_error(error.code)
                delay = retries.delay_after(error)
                # No time for another try: this error is more useful than a DeadlineError.
                if delay is None or delay >= limit.remaining():
                    raise
                limit.last_error = str(error)
            limit.wait(delay)

    def abort(self) -> None:
        """Cut a request in flight and refuse all later ones: both raise Stopped. Any thread."""
        self._transport.abort()

    def close(self) -> None:
        """Close the kept connection."""
        self._transport.close()

    def _try_once(self, body: bytes, secret: str, deadline: Deadline) -> Page:
        with self._limiter.slot(deadline.wait) as waited:
            self._stats.record_wait(waited)
            sent_at = self._wall_clock()
            parameters = signed_parameters(
                action=_ACTION,
                app_id=self._app_id,
                secret=secret,
                nonce=secrets.token_hex(8),
                timestamp=int(sent_at),
                is_test=self._is_test,
            )
            response = self._send(parameters, body, deadline)
            answered_at = self._wall_clock()
        date = parse_http_date(response.headers.get("Date", ""))
        # The API wrote its date at an unknown time between the two; the middle errs least.
        skew = None if date is None else date - (sent_at + answered_at) / 2
        if skew is not None:
            self._stats.record_clock_skew(skew)
        retry_after = parse_retry_after(response.headers.get("Retry-After", ""), now=answered_at)
        if error := error_for_status(response.status, retry_after=retry_after):
            try:
                raise error
            finally:
                del error  # this frame and the error would keep each other in memory
        answer = decode_answer(response.body)
        if answer.code:
            secrets_of_request = (secret, parameters["Signature"])
            raise error_for_code(
                answer, clock_skew=skew, retry_after=retry_after, secrets=secrets_of_request
            )
        return decode_page(answer.data)

    def _send(self, parameters: dict[str, str], body: bytes, deadline: Deadline) -> Response:
        timeout = min(self._timeout, deadline.remaining())
        if timeout <= 0:
            raise deadline.missed()
        started = self._clock()
        try:
            return self._transport.post(self._url, params=parameters, body=body, timeout=timeout)
        except RequestTimeout as error:
            if timeout == self._timeout:
                raise
            # The request had less time than usual: the deadline has ended it, not the peer.
            self._stats.record_error(error.code)
            raise deadline.missed() from None
        finally:
            self._stats.record_request(self._clock() - started)


class Deadline:
    """The end of a collection, and waits that end before it.

    Attributes:
        last_error: Text of the failure that is being retried, empty before the first one. Not the
            error: its frames would keep the answer in memory.
    """

    def __init__(
        self, end: float, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._end = end
        self._clock = clock
        self._sleep = sleep
        self.last_error = ""

    def remaining(self) -> float:
        """Return the seconds left, negative after the end."""
        return self._end - self._clock()

    def wait(self, seconds: float) -> None:
        """Sleep; raises DeadlineError immediately if the sleep would end after the deadline."""
        if seconds >= self.remaining():
            raise self.missed()
        self._sleep(seconds)

    def missed(self) -> DeadlineError:
        """Return the error of a collection that did not end in time."""
        because = f"; the last error was: {self.last_error}" if self.last_error else ""
        return DeadlineError(
            f"the collection did not end before its deadline{because}",
            remedy="Raise collection.deadline, or find out why the API is slow.",
        )


def parse_http_date(value: str) -> float | None:
    """Return the Unix seconds of an HTTP date (RFC 9110, 5.6.7), None for any other text."""
    if len(value) > _MAX_HEADER_CHARACTERS:
        return None
    try:
        parsed = parsedate_tz(value)
        return None if parsed is None else float(mktime_tz(parsed))
    except (ValueError, OverflowError, IndexError, TypeError):  # the parser's errors for garbage
        return None


def parse_retry_after(value: str, *, now: float) -> float | None:
    """Return the seconds to wait from `now` (Unix seconds) on, None for an unreadable value.

    The value is a number of seconds or an HTTP date (RFC 9110, 10.2.3). The result is never
    negative and at most `MAX_RETRY_AFTER_SECONDS`.
    """
    value = value.strip()
    if _SECONDS.fullmatch(value):
        seconds = float(value)
    elif (date := parse_http_date(value)) is not None:
        seconds = date - now
    else:
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)
