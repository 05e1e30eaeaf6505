"""Log lines on stderr, as logfmt or JSON, written by a thread of its own.

Rules that this file keeps (`docs/guarantees.md`, sections 9 and 11):

- Logging never waits: a line goes into a bounded queue and is written by `LineWriter`'s thread.
  Lines that the sink does not take are dropped and counted. One line says so when it flows again.
- Only this program's own loggers are shown. Those of `urllib3` print request lines, which contain
  signatures.
- Every text goes through `redact` before it is written, tracebacks and fields included.
- A record is one line, whatever a peer sent: characters that a terminal or a log store acts on
  are escaped.
"""

from __future__ import annotations

import json
import logging
import os
import re
import select
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, Protocol

from exporter.text import mask_secrets, redact


@contextmanager
def hidden(module: str) -> Iterator[None]:
    """Let `import module` fail within the block, unless it is imported already."""
    hidden = module not in sys.modules
    if hidden:
        sys.modules[module] = None  # type: ignore[assignment] # the documented way to block it
    try:
        yield
    finally:
        if hidden:
            del sys.modules[module]


# structlog imports rich where it is installed, for coloured tracebacks that are not used here. That
# is 0.2 s of CPU at every start.
with hidden("rich"):
    import structlog

LogFormat = Literal["logfmt", "json"]

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}
QUEUE_BYTES = 1024 * 1024
"""Maximum number of bytes of the lines that wait for the sink: some thousand lines."""

RETRY_SECONDS = 1.0
"""Longest time between two attempts to write to a descriptor that does not block."""

DRAIN_SECONDS = 0.5
"""Longest time that the end of the program waits for lines that are not written yet."""

_WORDS = {level: word for word, level in LEVELS.items()}
_SILENCED = ("urllib3", "requests", "asyncio")
_SHOWN = ("exporter", "uvicorn.error", "py.warnings")
# Control characters, line and paragraph ends, marks of writing direction, lone surrogates.
_ACTIVE = re.compile(r"[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_BARE = re.compile(rf"(?:(?!{_ACTIVE.pattern})[^\s\"=\\\x00-\x1f])+")


class LineSink(Protocol):
    """Anything that takes whole lines, with their ends."""

    def write(self, line: str, /) -> object:
        """Take one line."""


class LineWriter:
    """Writes lines to a descriptor from its own thread; only `flush` ever waits.

    `fd` is the descriptor, None where there is none: then every line is dropped. `capacity` is the
    number of bytes that may wait. `report` returns the line that says how many were dropped.

    The thread is a daemon that uses `os.write`, not `sys.stderr`: blocked for good, it must not
    hold the lock of a buffered stream that the interpreter takes when it ends.
    """

    def __init__(
        self,
        fd: int | None,
        *,
        report: Callable[[int], str],
        capacity: int = QUEUE_BYTES,
    ) -> None:
        self._fd = -1 if fd is None else fd
        self._report = report
        self._capacity = capacity
        self._changed = threading.Condition()
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0  # those being written included
        self._dropped = 0
        self._reported = 0
        self._torn = False  # whether the last write ended in the middle of a line
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        if fd is not None:
            self._thread.start()

    @property
    def dropped(self) -> int:
        """Lines dropped since the program began."""
        return self._dropped

    def write(self, line: str) -> None:
        """Queue one line, or drop it where the queue is full."""
        encoded = line.encode(errors="backslashreplace")
        with self._changed:
            full = self._waiting_bytes + len(encoded) > self._capacity
            if full or self._fd < 0:
                self._dropped += 1
                return
            self._waiting.append(encoded)
            self._waiting_bytes += len(encoded)
            self._changed.notify_all()

    def drop(self) -> None:
        """Count a line that could not even be made."""
        with self._changed:
            self._dropped += 1

    def flush(self, seconds: float) -> bool:
        """Wait at most `seconds` until everything is written; return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting_bytes, seconds)

    def _run(self) -> None:
        # It starts before those threads that wait for signals: the kernel must not hand it any.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                line = self._waiting.popleft()
            written = self._put(line)
            with self._changed:
                self._dropped += not written
                missing = self._dropped - self._reported
                flows_again = written and missing and not self._waiting
            if flows_again and self._put(self._report(missing).encode()):
                self._reported += missing
            with self._changed:
                self._waiting_bytes -= len(line)
                self._changed.notify_all()

    def _put(self, line: bytes) -> bool:
        """Write one line, waiting as long as it takes; return whether the sink took it."""
        rest = b"\n" + line if self._torn else line
        length = len(rest)
        while rest:
            try:
                rest = rest[os.write(self._fd, rest) :]
            except BlockingIOError:  # another process made the open file non-blocking
                with suppress(OSError):
                    select.select([], [self._fd], [], RETRY_SECONDS)
            except OSError:  # a full disk, a closed pipe
                self._torn |= len(rest) < length
                return False
        self._torn = False
        return True


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module: `log.info("message", key=value)`; None values are left out."""
    return structlog.stdlib.get_logger(name)


def setup_logging(level: str, log_format: LogFormat, sink: LineSink | None = None) -> None:
    """Send this program's log lines from `level` (a key of LEVELS) up to `sink`, or to stderr.

    Uncaught defects of threads and warnings of Python become log lines too: the interpreter itself
    would wait for the reader of stderr.
    """
    render = line_formatter(log_format)
    handler = _QueueHandler(sink or _stderr_writer(render))
    handler.setFormatter(render)
    for name in _SHOWN:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(LEVELS[level])
    # uvicorn has one line for each start and stop, of which this program logs its own.
    logging.getLogger("uvicorn.error").setLevel(max(LEVELS[level], logging.WARNING))
    for name in _SILENCED:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [logging.NullHandler()], False
    if sink is None:
        logging.captureWarnings(True)
        sys.excepthook = _log_uncaught
        threading.excepthook = lambda hook: _log_uncaught(
            hook.exc_type, hook.exc_value, hook.exc_traceback
        )
        sys.unraisablehook = lambda hook: _log_uncaught(
            hook.exc_type, hook.exc_value, hook.exc_traceback
        )


def dropped_lines() -> int:
    """Return how many log lines the sink did not take since the program began."""
    return _stderr.dropped if _stderr is not None else 0


def say(text: str) -> None:
    """Write text for people to stderr, after the log lines so far, with its secrets masked."""
    if _stderr is not None:
        _stderr.write(mask_secrets(text))
        _stderr.flush(DRAIN_SECONDS)


def flush_logging(seconds: float = DRAIN_SECONDS) -> None:
    """Wait at most `seconds` until the lines so far are written."""
    if _stderr is not None:
        _stderr.flush(seconds)


_stderr: LineWriter | None = None


def _stderr_writer(render: logging.Formatter) -> LineWriter:
    global _stderr  # noqa: PLW0603 - there is one stderr, and its losses are counted over all setups
    if _stderr is None:

        def report(missing: int) -> str:
            text = "log lines were dropped: stderr did not take them"
            record = {"levelno": logging.WARNING, "msg": {"event": text, "lines": missing}}
            # The last two are what structlog's formatter takes for a record of structlog's.
            record |= {"_logger": None, "_name": "warning"}
            return render.format(logging.makeLogRecord(record)) + "\n"

        # Where stderr was closed at the start, descriptor 2 is the next file that is opened.
        _stderr = LineWriter(None if sys.__stderr__ is None else 2, report=report)
    return _stderr


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None
) -> None:
    if error is not None and not issubclass(kind, SystemExit):
        get_logger(__name__).error("uncaught defect", exc_info=(kind, error, traceback))


class _QueueHandler(logging.Handler):
    """Hands each record, as a line, to `sink`, which must not wait."""

    def __init__(self, sink: LineSink) -> None:
        super().__init__()
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - a field that has no text costs its own line only
            if isinstance(self._sink, LineWriter):
                self._sink.drop()
        else:
            self._sink.write(line + "\n")

    def close(self) -> None:
        # `logging.shutdown`, at the end of the interpreter.
        if isinstance(self._sink, LineWriter):
            self._sink.flush(DRAIN_SECONDS)
        super().close()


def line_formatter(log_format: LogFormat) -> logging.Formatter:
    """Return the formatter of lines: `ts`, `level`, `msg`, fields, `traceback`."""
    return structlog.stdlib.ProcessorFormatter(
        processors=[_arrange_and_redact, _as_json if log_format == "json" else _as_logfmt],
        foreign_pre_chain=[structlog.processors.format_exc_info],
    )


_Event = structlog.typing.EventDict


def _arrange_and_redact(_logger: Any, _method: str, event: _Event) -> _Event:
    """Put `ts`, `level` and `msg` first and the traceback last; leave out fields without value.

    Secrets in texts are replaced, in the traceback too (docs/guarantees.md, section 11).
    """
    record: logging.LogRecord = event.pop("_record")
    del event["_from_structlog"]
    traceback = event.pop("exception", None)
    created = datetime.fromtimestamp(record.created, UTC)
    pairs = {
        "ts": created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": _WORDS.get(record.levelno, record.levelname.lower()),
        "msg": event.pop("event"),
        **event,
        "traceback": traceback,
    }
    return {
        key: value if isinstance(value, int | float) else redact(str(value))
        for key, value in pairs.items()
        if value is not None
    }


def _as_logfmt(_logger: Any, _method: str, event: _Event) -> str:
    # Not structlog's LogfmtRenderer, which refuses keys and leaves control characters as they are.
    pairs = []
    for key, value in event.items():
        is_float = isinstance(value, float)
        text = format(value, ".3f").rstrip("0").rstrip(".") if is_float else str(value)
        pairs.append(f"{key}={text if _BARE.fullmatch(text) else _dump_json(text)}")
    return " ".join(pairs)


def _as_json(_logger: Any, _method: str, event: _Event) -> str:
    return _dump_json(event)


def _dump_json(value: object) -> str:
    """Return JSON in any script, with everything escaped that a terminal or a log store acts on."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return _ACTIVE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
