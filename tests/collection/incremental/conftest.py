"""Both strategies after their first collection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from exporter.simulator.task import (
    EXPIRED,
    FAILED,
    SUCCEEDED,
)
from tests.twins import Twins


@pytest.fixture
def twins() -> Iterator[Twins]:
    """Return both strategies after a first collection of 90 terminal tasks on 31 pages."""
    with closing(Twins()) as both:
        both.life.add_tasks(90, statuses=(SUCCEEDED, SUCCEEDED, FAILED, EXPIRED, EXPIRED))
        both.collect()
        yield both
