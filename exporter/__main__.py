"""The entry point: `zego-upload-exporter`, or `python -m exporter`.

Loading the program takes most of a second. A signal that comes by then must end it as well as later
ones do, with exit code 0 (contract, section 5); as the first process of a container it would
otherwise even be ignored.
"""

from __future__ import annotations

import os
import signal
import sys


def main() -> int:
    """Run the program and return its exit code."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    from exporter.cli import main as run  # noqa: PLC0415 - the slow part, see above

    return run()


if __name__ == "__main__":
    sys.exit(main())
