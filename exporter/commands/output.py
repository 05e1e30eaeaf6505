"""Writing to stdout, which may be a full disk, a closed pipe, or a terminal of another encoding.

Rules that this file keeps (docs/guarantees.md, section 14):

- What programs read (exposition, JSON, CSV) is UTF-8, whatever the locale.
- What people read is in the encoding of the locale. A character that it lacks becomes `?`.
- A reader that stops reading (`| head`) is not an error to report: nobody is there to read it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from exporter.errors import ExporterError

EXIT_FAILED = 1


class OutputError(ExporterError):
    """The output cannot be written; the message names it and says why."""


@contextmanager
def printing(*, machine: bool = False) -> Iterator[TextIO]:
    """Yield stdout for people, or in UTF-8 for programs; flush it at the end of the block.

    Raises OutputError where it cannot be written, and SystemExit where its reader has gone.
    """
    stream = sys.stdout
    # Not the method of TextIO, which tests may replace by a stream without it.
    if reconfigure := getattr(stream, "reconfigure", None):
        reconfigure(encoding="utf-8" if machine else None, errors="replace")
    try:
        yield stream
        stream.flush()
    except (OSError, KeyboardInterrupt) as error:
        # What is still buffered must not fail, or wait for its reader, when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if isinstance(error, KeyboardInterrupt):
            raise
        if isinstance(error, BrokenPipeError):
            raise SystemExit(EXIT_FAILED) from None
        raise OutputError(f"stdout cannot be written: {error.strerror}") from error
