"""Settings of the test run."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# Machines differ in speed; what a rule says does not. The seed is fixed: a failure is a regression.
settings.register_profile(
    "default",
    deadline=None,
    derandomize=True,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites golden files."""
    parser.addoption(
        "--update-golden", action="store_true", help="write golden files anew; review the diff"
    )
