"""Signals, taken one after the other by the main thread.

The kernel may hand a signal to any thread of the process, and one that waits for a lock or a queue
does not notice then. Waiting for what the interpreter writes at each signal (`set_wakeup_fd`) is
the way that never misses one.
"""

from __future__ import annotations

import signal
import socket
from types import TracebackType
from typing import final


@final
class Signals:
    """While the `with` block lasts, `numbers` do nothing but wake `wait`; for the main thread."""

    def __init__(self, *numbers: signal.Signals) -> None:
        self._numbers = numbers

    def __enter__(self) -> Signals:
        self._receiver, self._sender = socket.socketpair()
        self._sender.setblocking(False)
        self._before = {number: signal.getsignal(number) for number in self._numbers}
        signal.set_wakeup_fd(self._sender.fileno(), warn_on_full_buffer=False)
        for number in self._numbers:
            signal.signal(number, lambda *_: None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)
        self._receiver.close()
        self._sender.close()

    def wait(self) -> int:
        """Return the next signal that has come since the block began, waiting for it."""
        while (number := self._receiver.recv(1)[0]) not in self._numbers:
            pass
        return number
