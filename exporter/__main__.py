"""The entry point: `zego-upload-exporter`, or `python -m exporter`.

Importing the program takes a good part of a second, and a signal may come before its end:

- SIGTERM and SIGINT end it: with 0 if it was to serve, with 1 if a command has not finished
  (`docs/guarantees.md`, section 14). As the first process of a container it would otherwise ignore
  them.
- SIGHUP is blocked until the program serves, where it means a reload.
"""

from __future__ import annotations

import os
import signal
import sys

from exporter import ENDING_COMMANDS


def main() -> int:
    """Run the program and return its exit code."""
    code = 1 if ENDING_COMMANDS.intersection(sys.argv[1:]) else 0
    if not code:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(code))
    from exporter.cli import main as run  # noqa: PLC0415 - the slow part, see above

    return run()


if __name__ == "__main__":
    sys.exit(main())
