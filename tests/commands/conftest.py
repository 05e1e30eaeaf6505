"""What all tests of the commands share."""

from __future__ import annotations

import pytest

from exporter.simulator import demo
from exporter.simulator.workload import HOUR


@pytest.fixture(autouse=True)
def _young_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the demo begin with an hour of history: a day takes half a second of CPU."""
    monkeypatch.setattr(demo, "WARM_UP", HOUR)
