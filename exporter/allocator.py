"""Sets the C library's allocator so that memory that was freed goes back to the system.

glibc lets each thread allocate from an arena of its own, of which a machine with two cores has up
to 16, and gives back only their ends. Answers, pages and the buffers of compression come and go in
several threads, so what survives among them would hold tens of MiB. Python's threads rarely
allocate at the same time, so one arena costs no speed.
"""

from __future__ import annotations

import ctypes
import os

# The parameters of mallopt(3), its numbers in malloc.h, and the variables that set them too.
_OPTIONS = (
    ("MALLOC_ARENA_MAX", -8, 1),
    ("MALLOC_MMAP_THRESHOLD_", -3, 128 * 1024),
    ("MALLOC_TRIM_THRESHOLD_", -1, 128 * 1024),
)


def limit_allocator() -> None:
    """Use one arena, and give large blocks back immediately. To be called before threads start.

    What a variable of the environment sets stays as it is. Without glibc, this does nothing.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # musl and macOS have no mallopt
        return
    for variable, parameter, value in _OPTIONS:
        if variable not in os.environ:
            mallopt(parameter, value)


def return_free_memory() -> None:
    """Give whole free pages back to the system. Without glibc, this does nothing.

    Freed blocks between others stay with the process until they are used again; what took much
    memory once, such as compiling a template, leaves MiB of them.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return
    trim(0)
