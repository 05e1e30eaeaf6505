"""Every query of a dashboard as Grafana would send it, for one, several and all apps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.grafana.boards import targets
from tests.grafana.prometheus import Prometheus

ALL = ".+"
"""The value of the variables' All."""
ANYWHERE = {"cluster": ".*", "namespace": ".*"}
"""All of the variables whose labels a series need not have."""

MAY_BE_EMPTY = frozenset(
    {
        "Callback events",
        "Collection time of interval",
        "Expires",
        "Expires in",
        "Failed collections by reason",
        "Failure reason",
        "Firing alerts",
        "Next files to expire",
        "Other uploads of this title",
        "Success rate, 24 h",
        "Time to expiry",
        "Uploads sharing a title",
    }
)
"""Titles of the panels in which no data can be the good news, or a matter of the chosen task."""


@dataclass(frozen=True, slots=True)
class PanelQuery:
    """A query ready to be sent; `choice` says which apps it is for: one, several or all."""

    panel: str
    ref_id: str
    choice: str
    expr: str
    instant: bool

    @property
    def name(self) -> str:
        """The name in the message of a failing test."""
        return f"{self.panel} / {self.ref_id} / {self.choice}"

    def send(
        self, prometheus: Prometheus, *, start: float, end: float, step: float
    ) -> list[dict[str, Any]]:
        """Return the series that Grafana would get for this time range; times in seconds."""
        if self.instant:
            return prometheus.query(self.expr, now=end)
        return prometheus.query_range(self.expr, start=start, end=end, step=step)


def panel_queries(
    board: dict[str, Any],
    *,
    apps: Sequence[str],
    task: str = "",
    job: str = ALL,
    rate_interval: str = "1m",
    interval: str = "1m",
    time_range: str = "15m",
) -> Iterator[PanelQuery]:
    """Yield every query of every panel, for the first app, for all named apps, and for All.

    `apps` are at least two names, `task` an upload_task_id for the task's dashboard. `job` is a
    regular expression.
    """
    choices = {"one": one(apps[0]), "several": several(apps), "all": ALL}
    for panel, target in targets(board):
        for choice, value in choices.items():
            values = {
                **ANYWHERE,
                "job": job,
                "instance": ALL,
                "zego_app": value,
                "task": task,
                "__rate_interval": rate_interval,
                "__interval": interval,
                "__range": time_range,
                "__range_s": "900",
            }
            yield PanelQuery(
                panel["title"],
                target["refId"],
                choice,
                substitute(target["expr"], values),
                bool(target.get("instant")),
            )


def annotation_queries(board: dict[str, Any], *, task: str = "") -> Iterator[str]:
    """Yield the annotations' queries for all apps."""
    values = {**ANYWHERE, "job": ALL, "instance": ALL, "zego_app": ALL, "task": task}
    for annotation in board["annotations"]["list"]:
        if "expr" in annotation:
            yield substitute(annotation["expr"], values)


def variable_selectors(board: dict[str, Any]) -> Iterator[str]:
    """Yield the selectors that the variables take their values from."""
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            selector = re.fullmatch(r"label_values\((.+), \w+\)", variable["query"])
            assert selector, variable["query"]
            yield substitute(
                selector[1], {**ANYWHERE, "job": ALL, "instance": ALL, "zego_app": ALL}
            )


def one(value: str) -> str:
    """Return a single value as Grafana writes it for a variable that can have several."""
    escaped = re.sub(r"[\\^$*+?.()|[\]{}]", r"\\\g<0>", value)
    return escaped.replace("\\", "\\\\")


def several(values: Sequence[str]) -> str:
    """Return several values as Grafana writes them into a regular expression."""
    return f"({'|'.join(one(value) for value in values)})"


def substitute(expr: str, values: Mapping[str, str]) -> str:
    """Replace the variables `$name`; one without a value here is left, and fails its test."""
    return re.sub(r"\$(\w+)", lambda found: values.get(found[1], found[0]), expr)
