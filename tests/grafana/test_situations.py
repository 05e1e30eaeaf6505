"""The texts and colours of the dashboards in situations of operators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from grafana.generator.palette import BAD, GOOD, NOTHING, STATUS_COLOURS, WARN
from tests.grafana.boards import ENGLISH_NAMES, NAMES, load, panels
from tests.grafana.prometheus import Prometheus, prometheus_with
from tests.grafana.queries import panel_queries
from tests.grafana.rendering import Shown, all_texts, render
from tests.grafana.samples import APPS
from tests.grafana.situations import FAILED_LISTED, MANY, NASTY, NOW, openmetrics

BLIND = ("api_down", "exporter_down", "target_gone")
NO_DATA = {"": "no data", "-zh": "无数据"}
TILES = (
    "Collection",
    "Oldest data",
    "Unfinished",
    "Unresolved",
    "Failed, 24 h",
    "Success rate, 24 h",
    "Expiring 6 h",
)


@pytest.fixture(name="prometheus", scope="module")
def prometheus_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Return a Prometheus that holds each situation as a job."""
    with prometheus_with(openmetrics(), tmp_path_factory.mktemp("situations")) as prometheus:
        yield prometheus


def overview(prometheus: Prometheus, job: str) -> dict[str, list[Shown]]:
    """Return the texts of the overview."""
    return render(load("zego-uploads"), prometheus, now=NOW, job=job)


@pytest.mark.parametrize("name", NAMES)
def test_texts_for_no_data_do_not_report_that_all_is_well(name: str) -> None:
    """An empty panel never says that there is nothing: no data looks the same."""
    phrase = NO_DATA["-zh" if name.endswith("-zh") else ""]
    for panel in panels(load(name)):
        text = panel["fieldConfig"]["defaults"]["noValue"]
        assert phrase in text.lower(), (panel["title"], text)


@pytest.mark.e2e
def test_all_is_well(prometheus: Prometheus) -> None:
    """Tiles are green while all is well: otherwise the tests below would prove nothing."""
    shown = overview(prometheus, "healthy")
    for tile in ("Collection", "Oldest data", *TILES[3:6]):
        assert [one.colour for one in shown[tile]] == [GOOD], (tile, all_texts(shown))
    assert [one.text for one in shown["Collection"]] == ["OK"]
    assert [one.text for one in shown["Failed, 24 h"]] == ["0"]


@pytest.mark.e2e
@pytest.mark.parametrize("job", BLIND)
@pytest.mark.parametrize("name", ENGLISH_NAMES)
def test_a_board_without_data_does_not_report_that_all_is_well(
    prometheus: Prometheus, name: str, job: str
) -> None:
    """Without fresh data nothing is green, neither a tile nor a cell nor a band."""
    shown = render(load(name), prometheus, now=NOW, job=job, task="fine")
    green = STATUS_COLOURS["succeeded"]
    assert green == GOOD
    if job == "api_down":
        shown.pop("Exporters", None)  # the exporter itself is up
    for title, texts in shown.items():
        assert all(one.colour != GOOD for one in texts), (title, all_texts(shown))


@pytest.mark.e2e
def test_the_api_is_down(prometheus: Prometheus) -> None:
    """The tiles show that collecting fails; those of a day keep their number, in grey."""
    shown = overview(prometheus, "api_down")
    assert [(one.text, one.colour) for one in shown["Collection"]] == [("2 failing", BAD)]
    assert [one.colour for one in shown["Oldest data"]] == [BAD]
    for tile in ("Failed, 24 h", "Success rate, 24 h"):
        assert [one.colour for one in shown[tile]] == [NOTHING]
    for tile in ("Unfinished", "Unresolved", "Expiring 6 h"):
        assert [(one.text, one.colour) for one in shown[tile]] == [("No data", NOTHING)]
    apps = {one.about("zego_app"): one.text for one in shown["Apps"] if one.column == "Collection"}
    assert apps == dict.fromkeys(APPS, "Failing")


@pytest.mark.e2e
@pytest.mark.parametrize("job", ["exporter_down", "target_gone"])
def test_the_exporter_is_down(prometheus: Prometheus, job: str) -> None:
    """The first tile shows it; the apps of the last day are still named."""
    shown = overview(prometheus, job)
    assert [(one.text, one.colour) for one in shown["Collection"]] == [("No exporter", BAD)]
    apps = {one.about("zego_app"): one.text for one in shown["Apps"] if one.column == "Collection"}
    assert apps == dict.fromkeys(APPS, "Not reported")
    exporters = [one.text for one in shown["Exporters"] if one.column == "State"]
    assert exporters == (["Down"] if job == "exporter_down" else [])


@pytest.mark.e2e
def test_an_app_is_removed(prometheus: Prometheus) -> None:
    """An app that is reported no more is named, and the first tile is not green."""
    shown = overview(prometheus, "app_removed")
    assert [(one.text, one.colour) for one in shown["Collection"]] == [("1 not reported", WARN)]
    apps = {
        one.about("zego_app"): (one.text, one.colour)
        for one in shown["Apps"]
        if one.column == "Collection"
    }
    assert apps == {APPS[0]: ("OK", GOOD), APPS[1]: ("Not reported", WARN)}


@pytest.mark.e2e
def test_the_first_day_of_a_large_account(prometheus: Prometheus) -> None:
    """What failed before the exporter began is on a tile, and in the table with its age."""
    shown = overview(prometheus, "first_day")
    now, day = shown["Unresolved"], shown["Failed, 24 h"]
    assert [(one.text, one.colour) for one in now] == [(str(FAILED_LISTED), BAD)]
    assert [(one.text, one.colour) for one in day] == [("0", GOOD)]
    table = shown["Failed and unfinished uploads"]
    columns = {one.column for one in table}
    assert "Expires in" not in columns, "a failed upload has no file that could expire"
    assert "In status for" not in columns, "it is not known since when"
    for column in ("File", "Age"):
        assert len([one for one in table if one.column == column]) == 100


@pytest.mark.e2e
def test_statuses_of_different_size_are_apart(prometheus: Prometheus) -> None:
    """Active uploads are not in one graph with 50,000 stored files."""
    shown = overview(prometheus, "first_day")
    attended = {one.about("status"): one.text for one in shown["Unfinished and failed"]}
    stored = {one.about("status") for one in shown["Stored and past"]}
    assert attended["failed"] == str(FAILED_LISTED)
    assert not attended.keys() & stored
    assert attended.keys() | stored == STATUS_COLOURS.keys()


@pytest.mark.e2e
def test_an_empty_account(prometheus: Prometheus) -> None:
    """Zeros are shown as data, not as missing data."""
    shown = overview(prometheus, "empty_account")
    for tile in ("Unfinished", "Unresolved", "Expiring 6 h"):
        assert [one.text for one in shown[tile]] == ["0"]
    assert [one.text for one in shown["Collection"]] == ["OK"]
    assert shown["Failed and unfinished uploads"][0].text.startswith("None, or no data")


@pytest.mark.e2e
def test_failures_that_were_uploaded_again_are_left_out(prometheus: Prometheus) -> None:
    """A failed upload is resolved by a later one of its title in the same app, by no other."""
    table = overview(prometheus, "uploaded_again")["Failed and unfinished uploads"]
    failed = {one.about("upload_task_id") for one in table if one.text == "Failed"}
    assert failed == {"unresolved", "elsewhere", "nameless", "together", "timeless"}


@pytest.mark.e2e
@pytest.mark.parametrize("number", range(len(NASTY)))
def test_nasty_titles(prometheus: Prometheus, number: int) -> None:
    """Every title is a row of the table, and on its task's tile, cut where it is long."""
    table = overview(prometheus, "nasty_titles")["Failed and unfinished uploads"]
    assert NASTY[number] in [one.text for one in table if one.column == "File"]
    board = load("zego-upload-task")
    (title,) = render(board, prometheus, now=NOW, job="nasty_titles", task=f"n{number}")["File"]
    assert len(title.text) <= 101
    assert title.text.rstrip("…") == NASTY[number][: len(title.text.rstrip("…"))]


@pytest.mark.e2e
@pytest.mark.parametrize("name", ENGLISH_NAMES)
def test_two_hundred_apps(prometheus: Prometheus, name: str) -> None:
    """Graphs stay legible with 200 apps: none has more than 20 lines."""
    for query in panel_queries(load(name), apps=APPS, job="many_apps", time_range="1h"):
        if not query.instant and query.choice == "all":
            found = prometheus.query_range(query.expr, start=NOW - 180, end=NOW, step=60)
            assert len(found) <= 20, query.name


@pytest.mark.e2e
def test_idle_apps_are_not_the_busiest(prometheus: Prometheus) -> None:
    """Apps with no request and no taken slot are missing where the busiest are shown."""
    shown = overview(prometheus, "many_apps")
    for title in ("Use of the own rate limit", "Upload slots in use"):
        named = {one.about("zego_app") for one in shown[title]}
        assert named
        assert not any(f"tenant-{number:04}-of-a-platform" in named for number in range(5))
    idle = overview(prometheus, "empty_account")
    for title in ("Use of the own rate limit", "Upload slots in use"):
        assert "no data" in idle[title][0].text
    apps = [one for one in shown["Apps"] if one.column == "Collection"]
    assert len(apps) == MANY


def test_rows_of_equal_value_are_in_order() -> None:
    """Tables sort twice: rows of the same value are in the order of their names."""
    for name in NAMES:
        for panel in (panel for panel in panels(load(name)) if panel["type"] == "table"):
            orders = [
                entry["options"]["sort"][0]
                for entry in panel["transformations"]
                if entry["id"] == "sortBy"
            ]
            if orders:
                minor, _ = orders
                assert minor == {"field": minor["field"], "desc": False}
                assert not minor["field"].startswith("Value")


def test_windows_of_expiry_are_in_order() -> None:
    """The bars of the default windows go from the shortest to the longest."""
    (panel,) = (p for p in panels(load("zego-uploads")) if p["title"] == "Expiring within")
    asked = [target["expr"].split("within")[-1] for target in panel["targets"]]
    assert [expr.split('"')[1] for expr in asked] == [
        "1h",
        "6h",
        "1d",
        "3d",
        "7d",
        "1h|6h|1d|3d|7d",
    ]


def test_names_are_not_cut() -> None:
    """Apps are named in tables, whose free column takes them whole, not beside narrow bars."""
    gauges: list[dict[str, Any]] = [
        panel for name in NAMES for panel in panels(load(name)) if panel["type"] == "bargauge"
    ]
    assert all("zego_app" not in target["legendFormat"] for p in gauges for target in p["targets"])
