"""Settings of the test run."""

from __future__ import annotations

import gc
import logging
import signal
import sys
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# No deadline: a slow machine breaks no property. The seed is fixed: a failure is a regression.
settings.register_profile(
    "default",
    deadline=None,
    derandomize=True,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("default")

# Ignored where the run is started with nohup, and inherited by every program that a test starts.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Thousands of tests are collected, and stay: without this, a fifth of the time of their collection
# goes into searching them for garbage, and later on a part of each search.
gc.disable()


FIRST = ("test_alerting.py", "test_rules.py", "test_matrix.py")
"""Files whose tests wait, or compute in one process, the longest: others run beside them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what would otherwise be waited for at the end."""
    items.sort(key=lambda item: item.path.name not in FIRST)


def pytest_collection_finish() -> None:
    """Leave what was collected out of every search for garbage from now on."""
    gc.freeze()
    gc.enable()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites golden files."""
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite golden files; review the diff"
    )


LOGGERS = ("exporter", "uvicorn.error", "py.warnings", "urllib3", "requests", "asyncio")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Leave loggers and hooks as they were: a test may have run the program."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(logger.handlers, logger.propagate, logger.level) for logger in loggers]
    hooks = sys.excepthook, sys.unraisablehook, threading.excepthook
    yield
    for logger, (handlers, propagate, level) in zip(loggers, before, strict=True):
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)
    sys.excepthook, sys.unraisablehook, threading.excepthook = hooks
    logging.captureWarnings(False)
