"""The commands of the documents that tests run, and the reasons for the others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import blocks

NOT_RUN = {
    r"make demo": "does not end; its log is compared with that of the demo that the tests run",
    r"make (test|check)": "these are the tests",
    r"git clone .*|cd zego-upload-exporter|make install": "the tests run in what it gives",
    r"sudo .*|promtool check config /etc/.*": "changes or reads the reader's Prometheus",
    r"export .*": "sets variables of the reader's shell",
    r"(\.venv/bin/)?zego-upload-exporter": "needs an account, and does not end",
    r"(\.venv/bin/)?zego-upload-exporter check --live": "needs an account",
    r"zego-upload-exporter once --output /var/.*": "writes where node_exporter reads",
    r"docker .*": "the image is built and run by a test of its own",
    r"sqlite3 .*": "test_commands.py runs it on a history of its own",
    r"kill -HUP .*": "would signal every exporter of the machine",
}
"""Patterns of whole commands, and the reason."""

EXIT_CODES = {"zego-upload-exporter check --config.file config.yaml": 2}
"""Commands that are shown because they fail. `mistaken.yaml` is `config.yaml` in their folder."""


@dataclass(frozen=True)
class Command:
    """One command after a `$`, and the lines that are printed below it in the document."""

    page: Path
    text: str
    printed: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Why it is not run, empty where it is."""
        reasons = (why for pattern, why in NOT_RUN.items() if re.fullmatch(pattern, self.text))
        return next(reasons, "")


def commands() -> Iterator[Command]:
    """Yield every command of every block, without a comment behind it."""
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            line, *printed = part.rstrip("\n").split("\n")
            shown = tuple(text for text in printed if text not in ("", "…", "..."))
            yield Command(block.page, re.sub(r"\s{2,}#.*", "", line).strip(), shown)


def shape(line: str) -> str:
    """Return the part of a printed line that does not depend on numbers: its beginning."""
    same = re.sub(r"[\d.,]*\d", "0", re.sub(r"(http://|\")[\w.-]+:\d+", r"\1HOST", line))
    return re.sub(r"\s+", " ", same)[:40].rstrip()
