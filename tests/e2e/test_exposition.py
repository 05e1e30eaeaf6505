"""The pages of a running exporter, judged by the programs that read them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator

import pytest
import requests
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from exporter.simulator.http_server import SimulatorServer
from tests.components import require
from tests.e2e.apps import exporter_of, still_app
from tests.e2e.pages import wait_for_up
from tests.e2e.processes import url_of

pytestmark = pytest.mark.e2e

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
MOVING = ("process_", "python_gc_", "zego_upload_task_time_to_expiry_seconds")
"""Series that differ between two scrapes without a collection."""

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(name="url", scope="module")
def url_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of an exporter that has collected 60 tasks and waits for an hour."""
    folder = tmp_path_factory.mktemp("exporter")
    with (
        SimulatorServer([still_app(60)]) as server,
        exporter_of(server, folder, interval="40s") as exporter,
    ):
        url = url_of(exporter)
        wait_for_up(url)
        yield url


def fetch(url: str, *, accept: str = "", encoding: str = "identity") -> requests.Response:
    """Return the metrics page."""
    headers = {"Accept": accept, "Accept-Encoding": encoding}
    answer = requests.get(f"{url}/metrics", headers=headers, timeout=60)
    assert answer.status_code == 200
    return answer


def samples(page: str, parse: Callable[[str], Iterable[Metric]]) -> Samples:
    """Return the samples of a page that do not move."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parse(page)
        for sample in family.samples
        if not sample.name.startswith(MOVING)
    }


def test_promtool_has_no_warning(url: str) -> None:
    """`promtool check metrics` accepts the page without output."""
    promtool = require("promtool", package="prometheus")
    checked = subprocess.run(
        [promtool, "check", "metrics"],
        input=fetch(url).content,
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_both_formats_and_gzip_have_the_same_samples(url: str) -> None:
    """Both parsers of the client library read their page; gzip changes nothing."""
    zipped = fetch(url, encoding="gzip")
    assert zipped.headers["Content-Encoding"] == "gzip"
    text = samples(fetch(url).text, text_string_to_metric_families)
    modern = fetch(url, accept=OPENMETRICS)
    assert modern.headers["Content-Type"].startswith("application/openmetrics-text")
    assert len(text) > 300
    assert text == samples(zipped.text, text_string_to_metric_families)
    assert text == samples(modern.text, openmetrics.text_string_to_metric_families)


def test_the_other_addresses_answer(url: str) -> None:
    """The status page is HTML, health is fine; a HEAD has no body, and a stray path is 404."""
    page = requests.get(f"{url}/", timeout=60)
    assert page.headers["Content-Type"].startswith("text/html")
    assert "vod" in page.text
    for path in ("/-/healthy", "/-/ready"):
        assert requests.get(url + path, timeout=60).status_code == 200
    head = requests.head(f"{url}/metrics", timeout=10)
    assert (head.status_code, head.content) == (200, b"")
    assert requests.get(f"{url}/nothing", timeout=60).status_code == 404
    assert requests.post(f"{url}/metrics", timeout=60).status_code == 405
