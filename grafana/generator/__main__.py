"""Write all dashboards: `python -m grafana.generator` at the top of the repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from grafana.generator.chinese import CHINESE
from grafana.generator.english import ENGLISH
from grafana.generator.finish import to_json
from grafana.generator.overview import overview
from grafana.generator.task import task
from grafana.generator.weeks import weeks

FOLDER = Path(__file__).resolve().parents[1]
LANGUAGES = (ENGLISH, CHINESE)
BOARDS = (overview, task, weeks)


def generate() -> Iterator[tuple[Path, str]]:
    """Yield each dashboard's file and its text."""
    for texts in LANGUAGES:
        for build in BOARDS:
            board = build(texts)
            yield FOLDER / f"{board.uid}{texts.uid_suffix}.json", to_json(board, texts)


if __name__ == "__main__":
    for path, text in generate():
        path.write_text(text, encoding="utf-8")
