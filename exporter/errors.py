"""The errors that this program raises on purpose.

    ExporterError
    |-- ConfigError            a configuration that cannot be used, with all problems
    |-- Stopped                the program is being ended; not a failure
    `-- CollectionError        a collection that produced no snapshot; `reason` says why
        |-- ApiError           one request failed; `code` says how
        |   |-- AuthError          auth
        |   |-- ClockSkewError     clock_skew
        |   |-- RateLimitedError   rate_limited
        |   |-- NotEnabledError    not_enabled
        |   |-- RejectedError      rejected
        |   |-- ServerError        server
        |   |-- NetworkError       network
        |   |-- RequestTimeout     timeout
        |   `-- ProtocolError      protocol
        |-- PaginationError    pagination
        |-- DeadlineError      deadline
        `-- InternalError      internal

`reason` and `code` are label values (`docs/guarantees.md`, section 12): words of a closed set, not
text from a peer. The message is for people, and never contains a secret, a signature or the query
of a URL (section 11).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import ClassVar

LIMITS_REMEDY = (
    "Raise the limits of open files and of threads (LimitNOFILE= and TasksMax= in systemd, "
    "ulimits or --pids-limit in a container)."
)
"""Remedy of errors that a limit of this process has caused."""

COMMAND_LINE, CONFIGURATION = "the command line", "the configuration"
"""Sources of problems: flags alone; places of several kinds, or not known which."""

API_FAULT_REMEDY = "This is a fault of the API: report it to ZEGO, with the time of this message."
"""Remedy of answers that contradict themselves or one another."""


def file_problem(error: OSError) -> str:
    """Return the text of an error of a file or folder, with a remedy if the error implies one."""
    problem = error.strerror or str(error)
    if isinstance(error, PermissionError):
        return f"{problem}; give user id {os.geteuid()} access"
    if isinstance(error, IsADirectoryError):
        return f"{problem}; Docker mounts one for a file that the host lacks"
    if isinstance(error, FileNotFoundError) and "~" in str(error.filename).split("/"):
        return f"{problem}; ~ is not replaced here by the home folder"
    return problem


class ExporterError(Exception):
    """Base of every error that this program raises on purpose."""


class ConfigError(ExporterError):
    """A configuration that cannot be used.

    Attributes:
        problems: One line for each problem.
        passing: Whether all problems can pass without an edit, such as a secret file that is not
            mounted yet.
        source: What has the problems, such as `the command line`; empty for the configuration file.
    """

    def __init__(self, problems: Sequence[str], *, passing: bool = False, source: str = "") -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
        self.passing = passing
        self.source = source


class Stopped(ExporterError):
    """The program is being ended while this was waiting."""


class CollectionError(ExporterError):
    """A collection that produced no snapshot.

    Attributes:
        reason: Label of `zego_upload_collection_failures_total`.
        remedy: Advice for the operator, empty if only waiting helps.
    """

    reason: ClassVar[str]

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class ApiError(CollectionError):
    """One request to the API failed.

    Attributes:
        code: Label of `zego_upload_api_errors_total`: the API's return code, or `http_<status>`,
            `timeout`, `connection`, `tls`, `invalid_response`, `secret_file`.
        transient: Whether the same request can succeed if it is sent again.
        request_id: ZEGO's id of the request, empty if the answer had none.
        retry_after: Seconds that the API asked us to wait, None if it did not.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        transient: bool = False,
        request_id: str = "",
        retry_after: float | None = None,
        remedy: str = "",
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.code = code
        self.transient = transient
        self.request_id = request_id
        self.retry_after = retry_after


class AuthError(ApiError):
    """The signature was refused, or the secret to sign with could not be read."""

    reason = "auth"


class ClockSkewError(ApiError):
    """The API regards our timestamp as expired: one of the two clocks is wrong."""

    reason = "clock_skew"


class RateLimitedError(ApiError):
    """The API refused the request because there were too many."""

    reason = "rate_limited"


class NotEnabledError(ApiError):
    """The cloud player service is not enabled for this AppId."""

    reason = "not_enabled"


class RejectedError(ApiError):
    """The API understood the request and refused it."""

    reason = "rejected"


class ServerError(ApiError):
    """The API failed on its side."""

    reason = "server"


class NetworkError(ApiError):
    """No connection, or one that broke: DNS, refused, reset, TLS."""

    reason = "network"


class RequestTimeout(ApiError):
    """One request took longer than `collection.timeout`."""

    reason = "timeout"


class ProtocolError(ApiError):
    """An answer that is not what the API's documentation describes."""

    reason = "protocol"


class PaginationError(CollectionError):
    """The pages do not end, or list fewer tasks than a credible total."""

    reason = "pagination"


class DeadlineError(CollectionError):
    """The collection took longer than `collection.deadline`."""

    reason = "deadline"


class InternalError(CollectionError):
    """A defect of this program; the traceback is in the log."""

    reason = "internal"


FAILURE_REASONS = tuple(
    error.reason
    for error in (
        AuthError,
        ClockSkewError,
        RateLimitedError,
        NotEnabledError,
        RejectedError,
        ServerError,
        NetworkError,
        RequestTimeout,
        ProtocolError,
        PaginationError,
        DeadlineError,
        InternalError,
    )
)
"""Every `reason` that a collection can fail with (`docs/guarantees.md`, section 12)."""
