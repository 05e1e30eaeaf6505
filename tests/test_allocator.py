"""The allocator's settings, seen in the arenas of a separate process."""

from __future__ import annotations

import ctypes
import re
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.allocator import limit_allocator, return_free_memory

HAS_GLIBC = hasattr(ctypes.CDLL(None), "mallopt") and hasattr(ctypes.CDLL(None), "malloc_info")

PROGRAM = """
import ctypes, sys, threading
from exporter.allocator import limit_allocator

if sys.argv[1] == "limited":
    limit_allocator()
together = threading.Barrier(8)


def allocate():
    block = bytearray(10_000)  # more than Python's own allocator takes, less than is mapped
    together.wait()
    return block


threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(sys.argv[2].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""

FREED = """
from exporter.allocator import return_free_memory

def resident():
    with open("/proc/self/smaps_rollup") as file:
        return int(file.read().split("Rss:")[1].split()[0])

blocks = [bytearray(24_000) for _ in range(2_000)]  # less than is mapped
blocks[::2] = [None] * 1_000
before = resident()
return_free_memory()
print(before, resident())
"""


def arenas(tmp_path: Path, *, limited: bool, **environment: str) -> int:
    """Return how many arenas eight threads have used in a new process."""
    report = tmp_path / "malloc.xml"
    how = "limited" if limited else "unlimited"
    subprocess.run([sys.executable, "-c", PROGRAM, how, str(report)], check=True, env=environment)
    return len(re.findall(r"<heap ", report.read_text(encoding="ascii")))


@pytest.mark.skipif(not HAS_GLIBC, reason="only glibc has arenas")
def test_all_threads_share_one_arena(tmp_path: Path) -> None:
    """Without the limit, threads have arenas of their own."""
    assert arenas(tmp_path, limited=False) > 1
    assert arenas(tmp_path, limited=True) == 1


@pytest.mark.skipif(not HAS_GLIBC, reason="only glibc has arenas")
def test_the_environment_wins(tmp_path: Path) -> None:
    """An operator who sets the variable gets as many arenas."""
    assert arenas(tmp_path, limited=True, MALLOC_ARENA_MAX="3") > 1


def test_another_c_library_is_not_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The C library musl has no mallopt and no malloc_trim."""
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    limit_allocator()
    return_free_memory()


@pytest.mark.skipif(not HAS_GLIBC, reason="only glibc has arenas")
def test_free_blocks_between_others_are_returned() -> None:
    """Every other block is kept, so that the end of the arena alone gives nothing back."""
    command = [sys.executable, "-c", FREED]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    kept, returned = map(int, answer.split())
    assert kept - returned > 15_000  # KiB of the 23,400 that were freed
