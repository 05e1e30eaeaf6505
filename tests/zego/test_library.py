"""What the import of the HTTP library loads, seen in a separate process."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import exporter.zego.client
print(*sys.modules)
import charset_normalizer  # still there for others
"""


def test_nothing_that_guesses_encodings_is_loaded() -> None:
    """And requests' warning about it is not shown: here, any warning would be an error."""
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert "requests" in loaded
    assert not {"charset_normalizer", "chardet"}.intersection(loaded)
