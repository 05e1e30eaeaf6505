"""Asks the API for pages of upload tasks: signed, rate-limited, retried, counted."""

from __future__ import annotations

import json
import random as random_module
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from exporter.errors import ApiError, RequestTimeout
from exporter.zego.codes import error_for_code, error_for_status
from exporter.zego.deadline import Deadline
from exporter.zego.decoding import Page, decode_answer, decode_page
from exporter.zego.headers import parse_http_date, parse_retry_after
from exporter.zego.limiter import RateLimiter
from exporter.zego.retry import Retries
from exporter.zego.signing import signed_parameters
from exporter.zego.stats import ApiStats
from exporter.zego.transport import Response, Transport

__all__ = ["Client", "Page"]

_ACTION = "DescribeUploadTasks"


class Client:
    """One app's access to the API; for one thread, except for `abort`.

    `endpoint` has no trailing slash; `timeout` is seconds for one request. `clock` never jumps,
    `wall_clock` is Unix seconds; `sleep` may raise Stopped. `ca_file` is trusted besides the
    usual certificates; a given `transport` has its own.
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
        """Return one page of tasks; `secret` signs the request.

        `deadline` is an instant of `clock`. Raises DeadlineError when it is reached, the ApiError
        of the last try, or Stopped.
        """
        body = _encode_body(page_token, page_size, status, task_id)
        until = Deadline(deadline, self._clock, self._sleep)
        retries = Retries(self._max_retries, self._random)
        while True:
            try:
                return self._try_once(body, secret, until)
            except ApiError as error:
                self._stats.record_error(error.code)
                delay = retries.delay_after(error)
                # What went wrong says more than that there was no time to try again.
                if delay is None or delay >= until.remaining():
                    raise
                until.last_error = error
            until.wait(delay)

    def abort(self) -> None:
        """Cut a request in flight and refuse all later ones: both raise Stopped. Any thread."""
        self._transport.abort()

    def close(self) -> None:
        """Close the kept connection."""
        self._transport.close()

    def _try_once(self, body: bytes, secret: str, until: Deadline) -> Page:
        with self._limiter.slot(until.wait) as waited:
            self._stats.record_wait(waited)
            parameters = self._signed_parameters(secret)
            sent_at = self._wall_clock()
            response = self._send(parameters, body, until)
            answered_at = self._wall_clock()
        date = parse_http_date(response.headers.get("Date", ""))
        skew = None if date is None else date - (sent_at + answered_at) / 2
        if skew is not None:
            self._stats.record_clock_skew(skew)
        return _read_page(
            response,
            now=answered_at,
            clock_skew=skew,
            hide=(secret, parameters["Signature"]),
        )

    def _signed_parameters(self, secret: str) -> dict[str, str]:
        return signed_parameters(
            action=_ACTION,
            app_id=self._app_id,
            secret=secret,
            nonce=secrets.token_hex(8),
            timestamp=int(self._wall_clock()),
            is_test=self._is_test,
        )

    def _send(self, parameters: dict[str, str], body: bytes, until: Deadline) -> Response:
        timeout = min(self._timeout, until.remaining())
        if timeout <= 0:
            raise until.missed()
        started = self._clock()
        try:
            return self._transport.post(self._url, params=parameters, body=body, timeout=timeout)
        except RequestTimeout as error:
            if timeout == self._timeout:
                raise
            self._stats.record_error(error.code)
            raise until.missed() from None
        finally:
            self._stats.record_request(self._clock() - started)


def _encode_body(page_token: str, page_size: int, status: int | None, task_id: str | None) -> bytes:
    body: dict[str, int | str] = {"PageSize": page_size}
    if page_token:
        body["PageToken"] = page_token
    if status is not None:
        body["Status"] = status
    if task_id is not None:
        body["UploadTaskId"] = task_id
    return json.dumps(body).encode()


def _read_page(
    response: Response, *, now: float, clock_skew: float | None, hide: tuple[str, ...]
) -> Page:
    retry_after = parse_retry_after(response.headers.get("Retry-After", ""), now=now)
    if error := error_for_status(response.status, retry_after=retry_after):
        raise error
    answer = decode_answer(response.body)
    if answer.code:
        raise error_for_code(answer, clock_skew=clock_skew, hide=hide)
    return decode_page(answer.data)
