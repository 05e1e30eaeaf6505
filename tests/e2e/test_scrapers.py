"""docs/scrapers.md: every configuration there, run by its program, or by its headers.

Prometheus of Debian is in `test_prometheus.py`. Programs that take long to build are used where
`.ci/go-tools scrapers` has built them; CI does not demand those.
"""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from tests.components import ROOT, require, require_current
from tests.e2e.processes import ANY_PORT, EXPORTER, running, url_of
from tests.grafana.prometheus import free_port
from tests.waiting import wait_until

pytestmark = pytest.mark.e2e

PAGE = (ROOT / "docs" / "scrapers.md").read_text("utf-8")
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
OPENMETRICS, TEXT = "application/openmetrics-text", "text/plain"


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of an exporter on the simulator, once its data is complete."""
    folder = tmp_path_factory.mktemp("exporter")
    with running([EXPORTER, "--demo", *ANY_PORT], folder) as program:
        url = url_of(program)
        wait_until(lambda: _is_up(url), "the first collection of both apps")
        yield url


def _is_up(url: str) -> bool:
    return (
        len(re.findall(r"^zego_upload_up\{.*\} 1(?:\.0)?$", _get(url, "*/*")[1], re.MULTILINE)) == 2
    )


def _get(url: str, accept: str) -> tuple[str, str]:
    """Return media type and body of the metrics."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.addheaders = [("Accept", accept)]
    with opener.open(f"{url}/metrics", timeout=30) as answer:
        return answer.headers["Content-Type"], answer.read().decode("utf-8")


def configuration(heading: str, exporter: str) -> str:
    """Return the first configuration below a heading, for this exporter, every second."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = re.search(r"```\w+\n(.*?)```", section, re.DOTALL)
    assert found, heading
    assert "localhost:10317" in found[1]
    return (
        found[1].replace("localhost:10317", exporter.removeprefix("http://")).replace("30s", "1s")
    )


@pytest.mark.parametrize(
    "find",
    [lambda: require("prometheus", package="prometheus"), lambda: require_current("prometheus")],
    ids=["Debian's", "current"],
)
def test_prometheus(exporter: str, tmp_path: Path, find: Callable[[], str]) -> None:
    """It stores both apps with their labels, and the target is up."""
    (tmp_path / "prometheus.yml").write_text(configuration("Prometheus", exporter), "utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = [find(), "--config.file=prometheus.yml", "--storage.tsdb.path=data"]
    with running([*command, f"--web.listen-address={address}"], tmp_path) as program:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

        def answered() -> bool:
            assert program.alive, program.output
            try:
                url = f"http://{address}/api/v1/query?query=count(zego_upload_up%20and%20on()%20(up==1))"
                with opener.open(url, timeout=10) as answer:
                    return '"2"]' in answer.read().decode()
            except OSError:
                return False

        wait_until(answered, "both apps in Prometheus")


def test_vmagent(exporter: str, tmp_path: Path) -> None:
    """Its target is up, and it received as many samples as the exporter has series."""
    (tmp_path / "vmagent.yml").write_text(
        configuration("VictoriaMetrics: vmagent", exporter), "utf-8"
    )
    address = f"127.0.0.1:{free_port()}"
    command = [
        *(require_current("vmagent"), "-promscrape.config=vmagent.yml", "-httpListenAddr", address),
        *("-remoteWrite.url=http://127.0.0.1:1/", f"-remoteWrite.tmpDataPath={tmp_path / 'queue'}"),
    ]
    series = sum(1 for line in _get(exporter, "*/*")[1].splitlines() if not line.startswith("#"))
    with running(command, tmp_path) as program:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

        def scraped() -> int:
            assert program.alive, program.output
            try:
                with opener.open(f"http://{address}/targets", timeout=10) as answer:
                    found = re.search(r"state=up.*?samples_scraped=(\d+)", answer.read().decode())
            except OSError:
                return 0
            return int(found[1]) if found else 0

        # Tasks of the demo come and go, and each has a few series.
        assert abs(wait_until(scraped, "a scrape by vmagent") - series) < series / 5


@pytest.mark.parametrize(
    ("heading", "command", "pattern"),
    [
        (
            "OpenTelemetry Collector",
            ("otelcol", "--config", "otelcol.yaml"),
            r"Name: zego_upload_up\n(?:.*\n){1,20}?.*zego_app: Str\(vod\)",
        ),
        (
            "Telegraf",
            ("telegraf", "--config", "telegraf.conf"),
            r"prometheus,[^\n]*zego_app=vod[^\n]* [^\n]*zego_upload_up=1",
        ),
    ],
    ids=["otelcol", "telegraf"],
)
def test_programs_that_print(
    exporter: str, tmp_path: Path, heading: str, command: tuple[str, ...], pattern: str
) -> None:
    """They print a metric of ours with its app."""
    program, *arguments = command
    (tmp_path / command[-1]).write_text(configuration(heading, exporter), "utf-8")
    with running([require_current(program), *arguments], tmp_path) as running_program:
        assert running_program.find(pattern)


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        pytest.param(PROMETHEUS_3, OPENMETRICS, id="Prometheus 3, Grafana Alloy"),
        pytest.param("text/plain", TEXT, id="Datadog Agent"),
        pytest.param(
            "application/openmetrics-text; version=0.0.1; charset=utf-8",
            OPENMETRICS,
            id="Datadog Agent, latest specification",
        ),
        pytest.param("*/*", TEXT, id="anything"),
    ],
)
def test_headers(exporter: str, accept: str, media: str) -> None:
    """The answer is of the type that was asked for, and prometheus-client parses all of it."""
    content_type, body = _get(exporter, accept)
    assert content_type.startswith(f"{media};")
    parse = parse_openmetrics if media == OPENMETRICS else parse_text
    assert {"zego_upload_up", "zego_upload_tasks"} <= {family.name for family in parse(body)}


def test_the_page_names_the_versions_that_are_tested() -> None:
    """The table's versions are those that `.ci/go-tools` builds."""
    tools = (ROOT / ".ci" / "go-tools").read_text("utf-8")
    rows = dict(re.findall(r"^\| \[([^\]]+)\][^|]*\| ([\d.]+) \|", PAGE, re.MULTILINE))
    assert rows.pop("Prometheus 2") == "2.42"
    names = {
        "Prometheus 3": r"# (\d+\.\d+)\.\d+; Go numbers",
        "vmagent": r"^vmagent=v(\d+\.\d+)",
        "OpenTelemetry Collector": r"^opentelemetry=v(\d+\.\d+)",
        "Telegraf": r"^telegraf=v(\d+\.\d+)",
    }
    expected = {name: re.search(p, tools, re.MULTILINE) for name, p in names.items()}
    assert rows == {name: found[1] for name, found in expected.items() if found}
