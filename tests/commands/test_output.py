"""Output that cannot be written, in any encoding."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from exporter.commands.output import printing
with printing(machine=sys.argv[1] == "machine") as stdout:
    stdout.write("课程\\ud800.mp4\\n" * int(sys.argv[2]))
"""


def run(kind: str, lines: int = 1, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the program above, in which `printing` writes to a real stdout."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, kind, str(lines)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "gbk", "ascii", "latin-1"])
def test_programs_read_utf_8_in_every_locale(encoding: str) -> None:
    """In another encoding Prometheus refuses the file, or reads wrong titles from it."""
    done = run("machine", PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "课程?.mp4\n".encode()


@pytest.mark.parametrize(
    ("encoding", "shown"), [("utf-8", "课程"), ("gb18030", "课程"), ("ascii", "??")]
)
def test_people_read_their_own_encoding(encoding: str, shown: str) -> None:
    """A character that it lacks becomes a question mark, never a traceback."""
    done = run("people", PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode(encoding).startswith(shown)


def test_a_reader_that_has_gone_ends_it_silently(tmp_path: Path) -> None:
    """Like `| head`: exit code 1, as not everything was written, and no message."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "machine", "100000"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path,
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a device of Linux")
def test_a_full_disk_is_named() -> None:
    """An error with its reason, not a traceback of the interpreter's end."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, "machine", "1"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert b"stdout cannot be written: No space left on device" in done.stderr
    assert b"Exception ignored" not in done.stderr
