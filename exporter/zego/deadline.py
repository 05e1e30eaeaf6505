"""The instant by which a walk must have ended, and the only waiting that keeps to it."""

from __future__ import annotations

from collections.abc import Callable

from exporter.errors import ApiError, DeadlineError


class Deadline:
    """An `instant` of the monotonic `clock`, in seconds; `sleep` does the waiting.

    `last_error` is the latest failure that is being retried, for the message.
    """

    def __init__(
        self, instant: float, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._instant = instant
        self._clock = clock
        self._sleep = sleep
        self.last_error: ApiError | None = None

    def remaining(self) -> float:
        """Return the seconds left, negative once it is past."""
        return self._instant - self._clock()

    def wait(self, seconds: float) -> None:
        """Sleep; raises DeadlineError at once where the sleep would not end in time."""
        if seconds >= self.remaining():
            raise self.missed()
        self._sleep(seconds)

    def missed(self) -> DeadlineError:
        """Return the error that says so."""
        because = f"; the last error was: {self.last_error}" if self.last_error else ""
        return DeadlineError(
            f"the collection did not end before its deadline{because}",
            remedy="Raise collection.deadline, or see to what makes the API slow.",
        )
