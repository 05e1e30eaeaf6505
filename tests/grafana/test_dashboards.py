"""What makes a dashboard import and work anywhere: the linter's rules, for every kind of panel."""

from __future__ import annotations

import json
import re
from itertools import combinations, pairwise
from typing import Any

import pytest

from exporter.tasks import TaskStatus
from tests.grafana.boards import NAMES, load, looks, overrides, panels, targets

ANGULAR = {"graph", "singlestat", "table-old", "grafana-worldmap-panel"}
UNITS = {"short", "none", "s", "percentunit", "reqps", "bytes", "dateTimeAsIso"}
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


def test_identity(board: dict[str, Any]) -> None:
    """An import makes a new dashboard at a stable address in any Grafana from 9.5 on."""
    assert board["uid"] in NAMES
    assert board["id"] is None
    assert board["schemaVersion"] == 39
    assert board["__inputs"] == []
    assert board["title"]
    assert board["description"]
    assert board["editable"] is True


def test_requires_what_it_uses(board: dict[str, Any]) -> None:
    """`__requires` names Grafana, the data source and exactly the panel types in use."""
    required = {(entry["type"], entry["id"]) for entry in board["__requires"]}
    kinds = {("panel", panel["type"]) for panel in panels(board)}
    assert required == {("grafana", "grafana"), ("datasource", "prometheus")} | kinds


def test_datasource_variable(board: dict[str, Any]) -> None:
    """The data source is the reader's choice, and no choice of ours is in the file."""
    first = board["templating"]["list"][0]
    assert (first["type"], first["name"], first["query"]) == (
        "datasource",
        "datasource",
        "prometheus",
    )
    assert first["current"] == {}


@pytest.mark.parametrize("name", ["cluster", "namespace", "job", "instance", "zego_app"])
def test_multi_value_variables(board: dict[str, Any], name: str) -> None:
    """Each takes several values or All, and is read again with the time range.

    All of cluster and namespace also takes series without these labels, most people's.
    """
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    variable = variables[name]
    assert variable["multi"] is True
    assert variable["includeAll"] is True
    assert variable["allValue"] == (".*" if name in {"cluster", "namespace"} else ".+")
    assert variable["refresh"] == 2
    assert variable["datasource"] == DATASOURCE
    assert variable["current"] == {}
    assert variable["label"]


def test_no_other_datasource(board: dict[str, Any]) -> None:
    """Every panel, query and annotation uses the variable."""
    for panel, target in targets(board):
        assert panel["datasource"] == DATASOURCE, panel["title"]
        assert target["datasource"] == DATASOURCE, panel["title"]
    for annotation in board["annotations"]["list"]:
        if not annotation["builtIn"]:
            assert annotation["datasource"] == DATASOURCE
    assert "${DS_" not in str(board)


def test_panels_say_what_they_are(board: dict[str, Any]) -> None:
    """Every panel has a title, a description in whole sentences, a unit and a no-value text."""
    for panel in panels(board):
        defaults = panel["fieldConfig"]["defaults"]
        assert panel["title"], panel
        assert panel["description"].endswith((".", "。")), panel["title"]
        assert defaults["unit"] in UNITS, panel["title"]
        assert defaults["noValue"], panel["title"]
        assert panel["type"] not in ANGULAR
        assert "repeat" not in panel, "a panel per app is no use with 200 apps"


def test_titles_are_unique(board: dict[str, Any]) -> None:
    """A panel can be named by its title."""
    titles = [panel["title"] for panel in panels(board)]
    assert len(set(titles)) == len(titles)


def test_ids_are_unique(board: dict[str, Any]) -> None:
    """Every panel and row has an id of its own, none is 0."""
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    assert min(ids) > 0


def test_layout(board: dict[str, Any]) -> None:
    """Panels lie within the 24 columns, fill their rows and do not overlap."""
    cells = [panel["gridPos"] for panel in board["panels"]]
    for one, other in combinations(cells, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above, (one, other)
    bottom = max(cell["y"] + cell["h"] for cell in cells)
    assert sum(cell["w"] * cell["h"] for cell in cells) == 24 * bottom
    assert all(cell["x"] + cell["w"] <= 24 for cell in cells)


def test_targets_have_names(board: dict[str, Any]) -> None:
    """Every panel asks something, its queries have different names, and its series legends."""
    for panel in panels(board):
        names = [target["refId"] for target in panel["targets"]]
        assert names == sorted(set(names))
        assert names, panel["title"]
        assert all(target["legendFormat"] for target in panel["targets"])
        if panel["type"] == "timeseries":
            assert all(target["legendFormat"] != "__auto" for target in panel["targets"])


def test_graphs_have_legends(board: dict[str, Any]) -> None:
    """Legends are shown, as lists below the graph."""
    for panel in panels(board):
        if panel["type"] in {"timeseries", "state-timeline"}:
            legend = panel["options"]["legend"]
            assert legend["showLegend"] is True, panel["title"]
            assert (legend["displayMode"], legend["placement"]) == ("list", "bottom")


def test_thresholds_begin_below_everything(board: dict[str, Any]) -> None:
    """Each list of thresholds has a base without a value and rises, in overrides too."""
    found = 0
    for panel in panels(board):
        for look in looks(panel):
            if "thresholds" in look:
                found += 1
                first, *further = [step["value"] for step in look["thresholds"]["steps"]]
                assert first is None, panel["title"]
                assert further == sorted(set(further)), panel["title"]
    assert found > 5


def test_one_colour_per_status() -> None:
    """A status has the same colour in every series and every cell of all dashboards."""
    colours: dict[str, set[str]] = {status.value: set() for status in TaskStatus}
    for panel in (panel for name in NAMES for panel in panels(load(name))):
        for matched, properties in overrides(panel):
            if matched in colours:
                colours[matched].add(properties["color"]["fixedColor"])
            for mapping in properties.get("mappings", []):
                for value, result in mapping["options"].items():
                    if value in colours:
                        colours[value].add(result["color"])
    assert all(len(found) == 1 for found in colours.values()), colours
    assert len(set.union(*colours.values())) == len(TaskStatus)


def test_rows_link_to_the_task(board: dict[str, Any]) -> None:
    """Every table row that is a task opens that task's dashboard, with app and id."""
    for panel in panels(board):
        columns = dict(overrides(panel))
        if panel["type"] == "table" and "upload_task_id" in columns:
            (link,) = columns["title"]["links"]
            assert re.match(r"/d/zego-upload-task(-zh)?\?", link["url"])
            assert 'var-zego_app=${__data.fields["zego_app"]' in link["url"]
            assert 'var-task=${__data.fields["upload_task_id"]' in link["url"]


def test_links_between_the_dashboards() -> None:
    """Each dashboard links to the others of its language, and takes the variables along.

    The time range goes along too, but not to or from the dashboard of weeks.
    """
    for name in NAMES:
        same_language = {other for other in NAMES if other.endswith("-zh") == name.endswith("-zh")}
        links = {link["url"].removeprefix("/d/"): link for link in load(name)["links"]}
        assert links.keys() == same_language - {name}
        for target, link in links.items():
            assert link["includeVars"] is True
            assert link["keepTime"] is ("weeks" not in name + target)


def test_table_columns_have_widths(board: dict[str, Any]) -> None:
    """Every column but the one for long titles has a width, so that 100 bytes break nothing."""
    for panel in panels(board):
        if panel["type"] == "table":
            shown = [look for _, look in overrides(panel) if not look.get("custom.hidden")]
            free = [look for look in shown if "custom.width" not in look]
            assert len(free) == 1, panel["title"]
            assert all("custom.minWidth" in look for look in free)
            assert all(look["noValue"] for look in shown)


def test_nothing_lies_in_menus(board: dict[str, Any]) -> None:
    """Links and annotations are at the top of the dashboard, as in versions without the menus."""
    assert all("placement" not in entry for entry in board["links"])
    assert all("placement" not in entry for entry in board["annotations"]["list"])


def test_annotations_mark_ended_uploads(board: dict[str, Any]) -> None:
    """On the overview failed and succeeded uploads can be marked, from the transitions.

    On the dashboard of one task its own changes are marked, and no upload of others.
    """
    marked = [entry["expr"] for entry in board["annotations"]["list"] if not entry["builtIn"]]
    if board["uid"].startswith("zego-uploads-weeks"):
        assert marked == []
    elif board["uid"].startswith("zego-uploads"):
        for status in ("failed", "succeeded"):
            assert any(f'to="{status}"' in expr for expr in marked)
    else:
        assert marked
        assert all('upload_task_id="$task"' in expr for expr in marked)


def test_order_of_rows() -> None:
    """The rows of the overview answer the questions of a person on call, in this order."""
    rows = [panel for panel in load("zego-uploads")["panels"] if panel["type"] == "row"]
    assert [row["title"] for row in rows] == [
        "Right now",
        "Needs attention",
        "Uploads",
        "API and exporter",
    ]
    assert all(upper["gridPos"]["y"] < lower["gridPos"]["y"] for upper, lower in pairwise(rows))


def test_no_address_is_hard_coded(board: dict[str, Any]) -> None:
    """Links are paths within whatever Grafana shows them, or to a scraped exporter itself."""
    own = 'http://${__data.fields["instance"]}/'
    assert not re.search(r"https?://", json.dumps(board).replace(json.dumps(own)[1:-1], ""))


def test_link_to_the_status_page() -> None:
    """The instance opens the exporter's status page, in the dashboard's language."""
    for name, language in (("zego-uploads", "en"), ("zego-uploads-zh", "zh")):
        links = [
            link["url"]
            for panel in panels(load(name))
            for column, look in overrides(panel)
            for link in look.get("links", [])
            if column == "instance"
        ]
        assert links == [f'http://${{__data.fields["instance"]}}/?lang={language}']
