"""Log lines on stderr, as logfmt or JSON; fields travel beside the message, never inside it.

Only this program's own loggers are shown. Those of `urllib3` would print request lines, and with
them signatures (contract, section 1.9). What a defect, a library's error or a traceback may still
quote of a request goes through `redact` before it is written.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

from exporter.redaction import redact

LogFormat = Literal["logfmt", "json"]

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}
_WORDS = {level: word for word, level in LEVELS.items()}
_SILENCED = ("urllib3", "requests", "asyncio")
_SHOWN = ("exporter", "uvicorn.error")
# Control characters, line and paragraph ends, marks of writing direction, lone surrogates.
_ACTIVE = re.compile(r"[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_BARE = re.compile(rf"(?:(?!{_ACTIVE.pattern})[^\s\"=\\\x00-\x1f])+")


def fields(**values: object) -> dict[str, Any]:
    """Return the `extra` argument that puts `values` beside a log message; None is left out."""
    return {"fields": {key: value for key, value in values.items() if value is not None}}


def setup_logging(level: str, log_format: LogFormat, stream: TextIO | None = None) -> None:
    """Send this program's log lines from `level` (a key of LEVELS) up to `stream`, or stderr."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(LineFormatter(log_format))
    for name in _SHOWN:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(LEVELS[level])
    # uvicorn has one line for each start and stop; what matters of them, this program says itself.
    logging.getLogger("uvicorn.error").setLevel(max(LEVELS[level], logging.WARNING))
    for name in _SILENCED:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [logging.NullHandler()], False


class LineFormatter(logging.Formatter):
    """One line for one record: `ts`, `level`, `msg`, the fields, and the traceback if any."""

    def __init__(self, log_format: LogFormat) -> None:
        super().__init__()
        self._render: Callable[[dict[str, object]], str] = (
            _dump_json if log_format == "json" else _as_logfmt
        )

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without its end."""
        instant = datetime.fromtimestamp(record.created, UTC)
        pairs: dict[str, object] = {
            "ts": instant.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": _WORDS.get(record.levelno, record.levelname.lower()),
            "msg": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            pairs["traceback"] = self.formatException(record.exc_info)
        return self._render({key: _redacted(value) for key, value in pairs.items()})


def _redacted(value: object) -> object:
    return value if isinstance(value, int | float) else redact(str(value))


def _as_logfmt(pairs: dict[str, object]) -> str:
    return " ".join(f"{key}={_quoted(value)}" for key, value in pairs.items())


def _quoted(value: object) -> str:
    text = format(value, ".3f").rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return text if _BARE.fullmatch(text) else _dump_json(text)


def _dump_json(value: object) -> str:
    """Return JSON in any script, with everything escaped that a terminal or a log store acts on."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return _ACTIVE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
