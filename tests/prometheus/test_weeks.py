"""How often each alert fires within two weeks, as `docs/alerts.md` says in its table."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from exporter.alerting.catalog import ALERTS
from exporter.alerting.model import Severity
from exporter.alerting.rules import expression
from exporter.alerting.tuning import tuning
from exporter.durations import parse_duration
from tests.components import ROOT
from tests.grafana.prometheus import Prometheus, prometheus_with
from tests.prometheus.weeks import ACCOUNTS, START, STEP, TWO_WEEKS, openmetrics

pytestmark = [pytest.mark.e2e, pytest.mark.long]

Episodes = dict[tuple[str, str], int]
"""How often an alert (first) began to fire for an account (second)."""

COLUMNS = (
    ("50 uploads a day", ("healthy",)),
    ("demo", ("demo-vod", "demo-lessons")),
    ("1 an hour, succeeds", ("hourly",)),
    ("1 an hour, fails", ("hourly-failing",)),
)


@pytest.fixture(scope="module")
def episodes(tmp_path_factory: pytest.TempPathFactory) -> Episodes:
    """Evaluate every alert over the two weeks of all accounts."""
    folder = tmp_path_factory.mktemp("weeks")
    found: Counter[tuple[str, str]] = Counter()
    chosen = tuning()
    with prometheus_with(openmetrics(), folder) as prometheus:
        for alert in chosen.alerts:
            hold = parse_duration(chosen.hold(alert) or "0s")
            keep = parse_duration(alert.keep or "0s")
            found.update(fired(prometheus, alert.name, expression(alert, chosen), hold, keep))
    return dict(found)


def fired(
    prometheus: Prometheus, alert: str, expr: str, hold: float, keep: float
) -> Counter[tuple[str, str]]:
    """Return how often an alert began to fire, by account."""
    found: Counter[tuple[str, str]] = Counter()
    for series in prometheus.query_range(expr, start=START, end=START + TWO_WEEKS, step=STEP):
        account = series["metric"].get("zego_app", "")
        times = [float(at) for at, _ in series["values"]]
        since, last = times[0], times[0]
        firing = False
        for at in times:
            if at - last > STEP + keep:
                since, firing = at, False
            if not firing and at - since >= hold:
                firing = True
                found[alert, account] += 1
            last = at
    return found


def test_a_healthy_account_has_neither_page_nor_ticket(episodes: Episodes) -> None:
    """Alerts that fire only when something is wrong are not ignored."""
    loud = {a.name for a in ALERTS if a.severity in {Severity.CRITICAL, Severity.WARNING}}

    for account in ("healthy", "hourly"):
        assert {alert for alert, where in episodes if where == account} & loud == set()


def test_an_account_whose_uploads_all_fail_is_paged(episodes: Episodes) -> None:
    """Although there is one upload an hour only."""
    assert episodes["ZegoUploadNothingSucceeds", "hourly-failing"] >= 1
    assert episodes["ZegoUploadFailed", "hourly-failing"] >= 1


def test_every_account_is_quiet_about_the_exporter(episodes: Episodes) -> None:
    """The simulated exporter works, so no alert about it or its collections fires."""
    own = {alert.name for alert in ALERTS if alert.component != "uploads"}

    assert {alert for alert, _ in episodes} & own == set()
    assert {account for _, account in episodes} <= set(ACCOUNTS)


def table(episodes: Episodes) -> list[tuple[str, ...]]:
    """Return the rows of the documents' table: alert, severity, one number for each column."""
    return [
        (
            alert.name,
            alert.severity,
            *(
                str(sum(episodes.get((alert.name, account), 0) for account in accounts))
                for _, accounts in COLUMNS
            ),
        )
        for alert in ALERTS
        if any(episodes.get((alert.name, account)) for account in ACCOUNTS)
    ]


def markdown(rows: list[tuple[str, ...]]) -> str:
    """Return the rows as they are in the documents."""
    return "\n".join(
        f"| [{alert}](#{alert.lower()}) | `{severity}` | {' | '.join(numbers)} |"
        for alert, severity, *numbers in rows
    )


@pytest.mark.parametrize("name", ["alerts.md", "alerts.zh-CN.md"])
def test_the_table_in_the_document_is_up_to_date(episodes: Episodes, name: str) -> None:
    """Copy the rows from this failure where the rules have changed on purpose."""
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| \[(\w+)\]\(#\w+\) \| `(\w+)` \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$",
        text,
        re.MULTILINE,
    )

    assert rows == table(episodes), markdown(table(episodes))
