"""`once`: one collection, and its exposition on stdout or in a file.

The file is for the textfile collector of node_exporter: it appears whole or not at all.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from exporter.commands.collecting import collected
from exporter.commands.output import OutputError, printing
from exporter.config import Settings
from exporter.metrics.exposition import Exposition

READABLE_BY_ALL = 0o644


def once(settings: Settings, output: Path | None) -> bool:
    """Collect every app once and write the exposition; return whether all collections succeeded.

    A failed app is in the exposition with `zego_upload_up` 0. Raises ConfigError, HistoryError or
    OutputError.
    """
    with collected(settings, with_history=True) as views:
        # Metrics of a process that ends are of no use, and node_exporter has those of its own.
        exposition = Exposition(lambda: views, settings.tasks, process=False)
        body = exposition.render()
        if output is None:
            with printing():
                sys.stdout.write(body.decode())
        else:
            write_atomically(output, body)
        return all(view.up for view in views)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by a file with `content`, readable by all. Raises OutputError."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(file.fileno(), READABLE_BY_ALL)
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error
