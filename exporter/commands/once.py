"""`once`: one collection, and its exposition on stdout or in a file.

The file is meant for the textfile collector of node_exporter: it appears whole or not at all.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from exporter.commands.collecting import collected
from exporter.commands.output import OutputError, printing
from exporter.config import Settings
from exporter.errors import file_problem
from exporter.metrics.exposition import Exposition

READABLE_BY_ALL = 0o644


def once(settings: Settings, output: Path | None) -> bool:
    """Collect every app once and write the exposition; return whether all collections succeeded.

    A failed app is in the exposition with `zego_upload_up` 0. Raises ConfigError, HistoryError or
    OutputError.
    """
    if output == Path("-"):
        raise OutputError("- cannot be written: leave out --output for stdout, or name a file")
    if output is not None:
        _mode_of(output)  # before a walk of minutes
    with collected(settings, with_history=True) as views:
        # Metrics of a process that ends are of no use, and node_exporter has those of its own.
        exposition = Exposition(lambda: views, settings.tasks, process=False)
        body = exposition.render()
        if output is None:
            with printing(machine=True) as stdout:
                stdout.write(body.decode())
        else:
            write_output(output, body)
        return all(view.up for view in views)


def write_output(path: Path, content: bytes) -> None:
    """Write `content` to the file or device at `path`. Raises OutputError.

    A regular file is replaced atomically and is readable by all. Of a symbolic link its target is
    replaced. Into a character device or a FIFO the content is written. Nothing else is touched.
    """
    mode = _mode_of(path)
    try:
        if stat.S_ISREG(mode):
            _replace(path.resolve(), content)
        else:
            _write_into(path, content)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error


def _mode_of(path: Path) -> int:
    """Return the mode of the file or device at `path`, that of a regular file for a new one.

    Raises OutputError for anything else, and where the folder is missing or cannot be written.
    """
    try:
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:  # the file, or its folder
            mode = stat.S_IFREG
        folder = path.resolve().parent  # of a link, the folder of its target
        folder.stat()
        if stat.S_ISREG(mode) and not os.access(folder, os.W_OK):
            read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
            number = errno.EROFS if read_only else errno.EACCES
            raise OSError(number, os.strerror(number))  # noqa: TRY301 - as `stat` would
    except OSError as error:
        remedy = "name a file in a folder that exists and that this user may write"
        raise OutputError(f"{path} cannot be written: {file_problem(error)} ({remedy})") from error
    if not (stat.S_ISREG(mode) or stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)):
        what = "a folder" if stat.S_ISDIR(mode) else "a block device or socket"
        raise OutputError(f"{path} cannot be written: it is {what} (name a file)")
    return mode


def _replace(path: Path, content: bytes) -> None:
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


def _write_into(path: Path, content: bytes) -> None:
    # Without waiting: a FIFO that nobody reads is an error (ENXIO) instead of a program that hangs.
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
