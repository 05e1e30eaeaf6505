"""Fixtures of the tests of the web server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from exporter.web.server import WebServer
from tests.web.peers import serving
from tests.web.sample_site import SampleSite


@pytest.fixture
def site() -> Iterator[SampleSite]:
    """Return the sample site; its gate is opened at the end."""
    sample = SampleSite()
    yield sample
    sample.gate.set()


@pytest.fixture(scope="module")
def server() -> Iterator[WebServer]:
    """Serve a sample site of its own, for tests that leave nothing behind in it."""
    with serving(SampleSite()) as web_server:
        yield web_server
