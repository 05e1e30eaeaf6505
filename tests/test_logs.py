"""Log lines."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter import logs
from exporter.logs import LineWriter, LogFormat, get_logger, line_formatter, setup_logging

TIMESTAMP = r"ts=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
ENOUGH = 120.0
"""Seconds to wait for something that should happen."""

log = get_logger("exporter.test")


@pytest.fixture
def stream() -> io.StringIO:
    """Return a sink for log lines."""
    return io.StringIO()


def test_a_logfmt_line_has_time_level_message_and_fields(stream: io.StringIO) -> None:
    """Values with spaces or quotes are quoted, plain ones are not, None is left out."""
    setup_logging("info", "logfmt", stream)
    log.warning("it failed", app="vod", error='said "no"', seconds=1.5, code=None)
    expected = r' level=warn msg="it failed" app=vod error="said \\"no\\"" seconds=1.5\n'
    assert re.fullmatch(TIMESTAMP + expected, stream.getvalue())


def test_a_json_line_is_one_object(stream: io.StringIO) -> None:
    """Numbers stay numbers, text stays readable in any script."""
    setup_logging("info", "json", stream)
    log.error("失败", tasks=3)
    line = json.loads(stream.getvalue())
    assert {key: line[key] for key in ("level", "msg", "tasks")} == {
        "level": "error",
        "msg": "失败",
        "tasks": 3,
    }


def test_lines_below_the_level_are_not_shown(stream: io.StringIO) -> None:
    """At warn, info is silent."""
    setup_logging("warn", "logfmt", stream)
    log.info("quiet")
    assert stream.getvalue() == ""


def test_the_http_librarys_own_lines_are_never_shown(
    stream: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    """They contain request lines, and those contain signatures."""
    setup_logging("debug", "logfmt", stream)
    for level in (logging.DEBUG, logging.ERROR):
        logging.getLogger("urllib3.connectionpool").log(level, "POST /?Signature=abc")
    assert stream.getvalue() + "".join(capfd.readouterr()) == ""


def test_the_servers_own_records_have_the_same_form(stream: io.StringIO) -> None:
    """Uvicorn logs defects of the application through the standard library."""
    setup_logging("info", "logfmt", stream)
    logging.getLogger("uvicorn.error").error("Exception in %s", "ASGI application")
    assert ' level=error msg="Exception in ASGI application"\n' in stream.getvalue()


@pytest.mark.parametrize("name", ["exporter.test", "uvicorn.error"])
def test_a_traceback_is_a_field_on_the_same_line(stream: io.StringIO, name: str) -> None:
    """One record is one line, so that a log store keeps all of it."""
    setup_logging("info", "logfmt", stream)
    logger = log if name == "exporter.test" else logging.getLogger(name)
    try:
        raise ValueError("no")
    except ValueError:
        logger.exception("defect")
    assert stream.getvalue().count("\n") == 1
    assert "ValueError: no" in stream.getvalue()


@pytest.mark.parametrize("log_format", ["logfmt", "json"])
def test_a_defect_that_quotes_a_request_shows_no_secret(
    stream: io.StringIO, log_format: LogFormat
) -> None:
    """Neither in the message nor in a field nor in the traceback."""
    setup_logging("info", log_format, stream)
    url = "https://api.example.com/?AppId=1&Signature=43e5cfcca828314675f91b001390566a"
    try:
        raise ValueError(f"cannot send to {url}", {"Signature": "43e5cfcc"})
    except ValueError as error:
        log.exception(f"defect at {url}", error=error, nested=[url])
    assert stream.getvalue().count("https://api.example.com/") >= 4
    assert "AppId" not in stream.getvalue()
    assert "43e5" not in stream.getvalue()


@given(st.text(), st.sampled_from(["logfmt", "json"]))
def test_no_value_can_break_a_line(value: str, log_format: LogFormat) -> None:
    """A record is one printable line for any text of a peer."""
    record = logging.LogRecord("exporter", logging.INFO, "", 0, value, (), None)
    line = line_formatter(log_format).format(record)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e\ud800-\udfff]", line)


def test_a_field_without_a_text_costs_its_line_only(stream: io.StringIO) -> None:
    """Logging never raises, and never writes to stderr by itself."""

    class Odd:
        def __str__(self) -> str:
            raise ZeroDivisionError

    setup_logging("info", "logfmt", stream)
    log.error("lost", field=Odd())
    log.error("next")
    assert "msg=next" in stream.getvalue()


class Pipe:
    """A pipe with a writer at one end; nobody reads until `read_all`."""

    def __init__(self, capacity: int = logs.QUEUE_BYTES, *, blocking: bool = True) -> None:
        self.reader, self.end = os.pipe()
        os.set_blocking(self.end, blocking)
        self.writer = LineWriter(self.end, report="{} lines dropped\n".format, capacity=capacity)

    def read_all(self) -> list[str]:
        """Return every line up to the end of the writer, which is closed meanwhile."""
        read: list[bytes] = []

        def drain() -> None:
            while piece := os.read(self.reader, 65_536):
                read.append(piece)

        thread = threading.Thread(target=drain)
        thread.start()
        assert self.writer.flush(ENOUGH)
        os.close(self.end)
        thread.join()
        os.close(self.reader)
        return b"".join(read).decode().splitlines()


def line(number: int) -> str:
    """Return a line of some length."""
    return f"{number} {'x' * 200}\n"


def test_a_sink_that_stalls_stops_nobody() -> None:
    """Excess lines are dropped and counted; one line says so once writing works again."""
    pipe = Pipe(capacity=50_000)
    for number in range(5_000):
        pipe.writer.write(line(number))
    dropped = pipe.writer.dropped
    assert dropped > 0
    read = pipe.read_all()
    assert sum(int(text.split()[0]) for text in read if text.endswith("dropped")) == dropped
    numbers = [int(text.split()[0]) for text in read if text.endswith("x")]
    assert len(numbers) == 5_000 - dropped
    assert numbers == sorted(numbers)


def test_a_descriptor_that_does_not_block_loses_nothing() -> None:
    """Another process on the same terminal may have made it non-blocking: EAGAIN is no error."""
    pipe = Pipe(blocking=False)
    for number in range(2_000):  # six times what a pipe holds
        pipe.writer.write(line(number))
    assert [int(text.split()[0]) for text in pipe.read_all()] == list(range(2_000))
    assert pipe.writer.dropped == 0


def test_a_reader_that_has_gone_costs_lines_only() -> None:
    """EPIPE; each line is counted."""
    pipe = Pipe()
    os.close(pipe.reader)
    for number in range(3):
        pipe.writer.write(line(number))
    assert pipe.writer.flush(ENOUGH)
    assert pipe.writer.dropped == 3
    os.close(pipe.end)


def test_a_full_disk_costs_lines_only() -> None:
    """ENOSPC; each line is counted."""
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device of Linux
        writer = LineWriter(full.fileno(), report=str)
        for number in range(3):
            writer.write(line(number))
        assert writer.flush(ENOUGH)
    assert writer.dropped == 3


def test_half_a_line_does_not_swallow_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up within a line leaves its beginning; the next record is complete."""
    written: list[bytes] = []

    def write(_: int, content: bytes) -> int:
        if len(written) == 1:
            written.append(b"")
            raise OSError(28, "No space left on device")
        written.append(content[:5] if not written else content)
        return len(written[-1])

    monkeypatch.setattr(os, "write", write)
    writer = LineWriter(2, report="{} dropped\n".format)
    writer.write("first line\n")
    writer.write("second\n")
    assert writer.flush(ENOUGH)
    assert b"".join(written) == b"first\nsecond\n1 dropped\n"


def test_without_stderr_every_line_is_counted() -> None:
    """Descriptor 2 may be any other file then; nothing is written."""
    writer = LineWriter(None, report=str)
    writer.write("line\n")
    assert writer.flush(ENOUGH)
    assert writer.dropped == 1


PROGRAM = """
import threading
from exporter.logs import dropped_lines, get_logger, setup_logging

setup_logging("info", "logfmt")
log = get_logger("exporter.test")
for number in range(12_000):
    log.info("a line of some length, so that the pipe is full soon", number=number)
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
assert dropped_lines() > 0
"""


def test_a_program_with_a_stalled_stderr_ends_by_itself() -> None:
    """Interpreter shutdown included, and with an uncaught defect in a thread."""
    reader, end = os.pipe()
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stderr=end)
    os.close(end)
    try:
        assert process.wait(ENOUGH) == 0
    finally:
        process.kill()
        process.wait()
        os.close(reader)


def test_uncaught_defects_of_threads_are_log_lines() -> None:
    """The interpreter's own traceback could block on the reader of stderr."""
    program = PROGRAM.replace("12_000", "1").partition("assert")[0]
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    *_, last = ended.stderr.splitlines()
    assert ' level=error msg="uncaught defect" traceback="' in last
    assert "ZeroDivisionError" in last
