"""A running demo, to try commands and queries on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.processes import ANY_PORT, EXPORTER, Program, running


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Run the demo, ready, with reloads over HTTP."""
    flags = ("--demo", "--web.enable-lifecycle", *ANY_PORT)
    with running([EXPORTER, *flags], tmp_path_factory.mktemp("demo")) as exporter:
        exporter.find("collection complete.* app=vod")
        exporter.find("collection complete.* app=lessons")
        yield exporter
