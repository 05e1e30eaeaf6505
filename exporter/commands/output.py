"""Writing to stdout, which may be a full disk or a reader that has gone."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from exporter.errors import ExporterError


class OutputError(ExporterError):
    """The output cannot be written; the message names it and says why."""


@contextmanager
def printing() -> Iterator[None]:
    """Flush stdout at the end of the block. Raises OutputError where it cannot be written."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        # What is still buffered must not fail once more when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(f"stdout cannot be written: {error.strerror}") from error
