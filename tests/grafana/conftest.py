"""Fixtures of the tests of dashboards."""

from __future__ import annotations

from typing import Any

import pytest

from tests.grafana.boards import NAMES, load


@pytest.fixture(params=NAMES)
def board(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return one dashboard; tests run for each."""
    return load(request.param)
