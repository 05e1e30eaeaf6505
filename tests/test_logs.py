"""Log lines."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.logs import LineFormatter, LogFormat, fields, setup_logging

TIMESTAMP = r"ts=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Return a stream for log lines; afterwards the loggers are as they were."""
    names = ("exporter", "uvicorn.error", "urllib3", "requests", "asyncio")
    loggers = [logging.getLogger(name) for name in names]
    before = [(one.handlers, one.propagate, one.level) for one in loggers]
    yield io.StringIO()
    for one, (handlers, propagate, level) in zip(loggers, before, strict=True):
        one.handlers, one.propagate, one.level = handlers, propagate, level


def test_a_logfmt_line_has_time_level_message_and_fields(stream: io.StringIO) -> None:
    """Values with spaces or quotes are quoted, plain ones are not, None is left out."""
    setup_logging("info", "logfmt", stream)
    extra = fields(app="vod", error='said "no"', seconds=1.5, code=None)
    logging.getLogger("exporter.test").warning("it failed", extra=extra)
    expected = r' level=warn msg="it failed" app=vod error="said \\"no\\"" seconds=1.5\n'
    assert re.fullmatch(TIMESTAMP + expected, stream.getvalue())


def test_a_json_line_is_one_object(stream: io.StringIO) -> None:
    """Numbers stay numbers, text stays readable in any script."""
    setup_logging("info", "json", stream)
    logging.getLogger("exporter.test").error("失败", extra=fields(tasks=3))
    line = json.loads(stream.getvalue())
    assert {key: line[key] for key in ("level", "msg", "tasks")} == {
        "level": "error",
        "msg": "失败",
        "tasks": 3,
    }


def test_lines_below_the_level_are_not_shown(stream: io.StringIO) -> None:
    """At warn, info is silent."""
    setup_logging("warn", "logfmt", stream)
    logging.getLogger("exporter.test").info("quiet")
    assert stream.getvalue() == ""


def test_the_http_librarys_own_lines_are_never_shown(
    stream: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    """They hold request lines, and those hold signatures."""
    setup_logging("debug", "logfmt", stream)
    for level in (logging.DEBUG, logging.ERROR):
        logging.getLogger("urllib3.connectionpool").log(level, "POST /?Signature=abc")
    assert stream.getvalue() + "".join(capfd.readouterr()) == ""


def test_a_traceback_is_a_field_on_the_same_line(stream: io.StringIO) -> None:
    """One record is one line, so that nothing of it is lost in a log store."""
    setup_logging("info", "logfmt", stream)
    try:
        raise ValueError("no")
    except ValueError:
        logging.getLogger("exporter.test").exception("defect")
    assert stream.getvalue().count("\n") == 1
    assert "ValueError: no" in stream.getvalue()


@pytest.mark.parametrize("log_format", ["logfmt", "json"])
def test_what_a_defect_quotes_of_a_request_is_not_shown(
    stream: io.StringIO, log_format: LogFormat
) -> None:
    """Neither in the message nor in a field nor in the traceback."""
    setup_logging("info", log_format, stream)
    url = "https://api.example.com/?AppId=1&Signature=43e5cfcca828314675f91b001390566a"
    try:
        raise ValueError(f"cannot send to {url}", {"Signature": "43e5cfcc"})
    except ValueError as error:
        extra = fields(error=error, nested=[url])
        logging.getLogger("exporter.test").exception("defect at %s", url, extra=extra)
    assert stream.getvalue().count("https://api.example.com/") >= 4
    assert "AppId" not in stream.getvalue()
    assert "43e5" not in stream.getvalue()


@given(st.text(), st.sampled_from(["logfmt", "json"]))
def test_no_value_can_break_a_line(value: str, log_format: LogFormat) -> None:
    """Whatever a peer sent, a record is one printable line."""
    record = logging.LogRecord("exporter", logging.INFO, "", 0, "m", (), None)
    record.__dict__.update(fields(value=value))
    line = LineFormatter(log_format).format(record)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e\ud800-\udfff]", line)
