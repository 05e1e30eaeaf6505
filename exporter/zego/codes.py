"""Translates return codes and HTTP statuses into errors, each with its remedy for the operator.

Source: `docs/zego-api.md`, Return codes. Codes of other actions are treated like unknown ones,
because DescribeUploadTasks does not return them.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from exporter.errors import (
    ApiError,
    AuthError,
    ClockSkewError,
    NotEnabledError,
    ProtocolError,
    RateLimitedError,
    RejectedError,
    ServerError,
)
from exporter.text import one_line
from exporter.zego.decoding import Answer

MAX_MESSAGE_CHARACTERS = 200
MAX_REQUEST_ID_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class _Meaning:
    error: type[ApiError]
    text: str
    remedy: str
    transient: bool = False


_CODES = {
    100000004: _Meaning(
        ClockSkewError,
        "the API takes our timestamp for expired",
        "Set this machine's clock (NTP): ZEGO accepts at most 10 minutes of deviation.",
    ),
    100000005: _Meaning(
        AuthError,
        "the API refused the signature",
        "Check that server_secret belongs to app_id: ZEGO console, project, ServerSecret.",
    ),
    350006001: _Meaning(
        RateLimitedError,
        "the API's rate limit is used up",
        "Lower collection.requests_per_second: others call the API with this AppId too.",
        transient=True,
    ),
    350006002: _Meaning(
        RejectedError,
        "the API's gateway check failed",
        "Check app_id, then contact ZEGO's technical support with the request id.",
    ),
    350006003: _Meaning(
        RejectedError,
        "the API refused a parameter",
        "Check app_id, is_test (needed for projects created up to 2021-11-16) and page_size.",
    ),
    350006006: _Meaning(
        NotEnabledError,
        "the cloud player service is not enabled for this AppId",
        "Ask ZEGO's technical support to enable Cloud Player with upload tasks for this AppId.",
    ),
    350010000: _Meaning(
        ServerError,
        "the API reports a system error",
        "Nothing to do unless it lasts: then contact ZEGO's technical support.",
        transient=True,
    ),
}
_ANY_OTHER_CODE = _Meaning(
    RejectedError,
    "the API refused the request",
    "Look the return code up in ZEGO's documentation, or contact its technical support.",
)

_REMEDIES_BY_STATUS = {
    401: "Something between here and ZEGO demands credentials: check proxy and gateway.",
    403: "Something between here and ZEGO forbids the request: check proxy, gateway, firewall.",
    404: "Check the endpoint: ZEGO's API answers at the root of its host.",
    407: "The proxy demands credentials: put them into HTTPS_PROXY.",
}


def error_for_code(
    answer: Answer,
    *,
    clock_skew: float | None = None,
    retry_after: float | None = None,
    secrets: Iterable[str] = (),
) -> ApiError:
    """Return the error for an answer whose return code is not 0.

    `clock_skew` is the API's clock minus ours in seconds, None if unknown; `retry_after` are the
    seconds that the API asked to wait, which a transient error keeps. The API's message is
    included, in one printable line, unless it contains a secret: one of `secrets`, which are those
    of the request, or a registered one (docs/guarantees.md, section 11).
    """
    secrets = tuple(secrets)
    meaning = _CODES.get(answer.code, _ANY_OTHER_CODE)
    message = one_line(answer.message, limit=MAX_MESSAGE_CHARACTERS, secrets=secrets)
    text = f"{meaning.text} (code {answer.code})"
    if meaning.error is ClockSkewError and clock_skew is not None:
        text += f", its clock is {abs(clock_skew):.0f} s {'behind' if clock_skew < 0 else 'ahead'}"
    return meaning.error(
        f"{text}: {message}" if message else text,
        code=str(answer.code),
        transient=meaning.transient,
        retry_after=retry_after if meaning.transient else None,
        request_id=one_line(answer.request_id, limit=MAX_REQUEST_ID_CHARACTERS, secrets=secrets),
        remedy=meaning.remedy,
    )


def error_for_status(status: int, *, retry_after: float | None) -> ApiError | None:
    """Return the error for an HTTP status, None for success (2xx).

    `retry_after` is in seconds, None if the answer had none.
    """
    # The registered reason phrase: the one in the answer is text from outside.
    text = f"HTTP {status} {http.client.responses.get(status, '')}".rstrip()
    remedy = "Check the endpoint and any proxy."
    error: type[ApiError] = ProtocolError
    match status // 100:  # the classes of RFC 9110, section 15
        case 2:
            return None
        case 3:
            text += ": a redirect, refused because a signature must not go to another host"
            remedy = "Set the endpoint to where the API really is."
        case 4 if status == HTTPStatus.TOO_MANY_REQUESTS:
            error, remedy = RateLimitedError, _CODES[350006001].remedy
        case 4:
            error, remedy = RejectedError, _REMEDIES_BY_STATUS.get(status, remedy)
        case 5:
            error = ServerError
            remedy = "Nothing to do unless it lasts: then check any proxy, and ZEGO's status."
    transient = error in (RateLimitedError, ServerError)
    return error(
        text,
        code=f"http_{status}",
        transient=transient,
        retry_after=retry_after if transient else None,
        remedy=remedy,
    )
