"""Open files: each connection takes one, and the usual limit of 1,024 is for small programs."""

from __future__ import annotations

import resource

WANTED_OPEN_FILES = 16_384
"""Far above the connections that the server takes (`Limits.connections`)."""


def raise_open_files_limit(wanted: int = WANTED_OPEN_FILES) -> int:
    """Raise the process's own limit of open files towards `wanted`; return what it is then.

    No privilege is needed up to the hard limit, above which it is never raised; a limit that is
    higher already stays.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    possible = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if possible > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    return max(soft, possible)
