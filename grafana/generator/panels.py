"""One function per kind of panel, with the defaults that all panels of the kind share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from grafana.generator import palette
from grafana.generator.sdk import (
    bargauge,
    common,
    common_models,
    dashboard,
    models,
    prometheus,
    prometheus_models,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana.generator.texts import Texts

DATASOURCE = common_models.DataSourceRef(type_val="prometheus", uid="${datasource}")
EVENTS = "1m"
"""Minimal interval of bars that count events, which is also how far apart they are."""
MOST_BARS = 100
"""Bars in a graph; Grafana widens the interval to the next round one that gives no more."""
DAYS = "1d"
RATES = "1m"
"""Minimal interval of rates: four scrapes a minute apart must fit into $__rate_interval."""
SLOW_RATES = "5m"
"""Minimal interval of rates of what happens now and then."""

Panel = stat.Panel | bargauge.Panel | timeseries.Panel | statetimeline.Panel | table.Panel
SomePanel = TypeVar("SomePanel", bound=Panel)


@dataclass(frozen=True, slots=True)
class Query:
    """A query, the legend of its series, and its minimal interval ("" for none)."""

    expr: str
    legend: str = "__auto"
    interval: str = ""

    def target(self, ref_id: str) -> prometheus.Dataquery:
        """Return the target that asks for the whole time range."""
        target = prometheus.Dataquery().expr(self.expr).legend_format(self.legend)
        if self.interval:
            target = target.interval(self.interval)
        return (
            target.ref_id(ref_id)
            .datasource(DATASOURCE)
            .editor_mode(prometheus_models.QueryEditorMode.CODE)
            .range()
        )

    def now(self, ref_id: str) -> prometheus.Dataquery:
        """Return the target that asks for the end of the time range only."""
        return self.target(ref_id).instant()

    def rows(self, ref_id: str) -> prometheus.Dataquery:
        """Return the target that gives the values at the end of the time range as a table."""
        return self.now(ref_id).format(prometheus_models.PromQueryFormat.TABLE)


def ref_id(index: int) -> str:
    """Return the name of a panel's query: A, B, C, ..."""
    return chr(ord("A") + index)


def describe(panel: SomePanel, texts: Texts, key: str, unit: str) -> SomePanel:
    """Give a panel what every panel has: title, description, data source, unit, no-value text."""
    text = texts.panels[key]
    panel.title(text.title).description(text.description).datasource(DATASOURCE)
    panel.unit(unit).no_value(text.no_value)
    return panel


def properties(values: Mapping[str, object]) -> list[models.DynamicConfigValue]:
    """Return an override's properties."""
    return [models.DynamicConfigValue(id_val=name, value=value) for name, value in values.items()]


def colour(value: str) -> dict[str, object]:
    """Return the override property of a fixed colour."""
    return {"color": {"mode": "fixed", "fixedColor": value}}


def last(fields: str = "") -> common.ReduceDataOptions:
    """Return the choice of each series' last value; of these fields (a regex) if any are given."""
    return common.ReduceDataOptions().calcs(["lastNotNull"]).fields(fields).values(False)


def stat_panel(
    texts: Texts,
    key: str,
    *queries: Query,
    unit: str = "short",
    colours: dashboard.ThresholdsConfig | None = None,
    history: bool = False,
) -> stat.Panel:
    """Return a panel of large numbers: present ones, with `history` the last ones of the range."""
    panel = describe(stat.Panel(), texts, key, unit)
    for index, query in enumerate(queries):
        panel.with_target(query.target(ref_id(index)) if history else query.now(ref_id(index)))
    return (
        panel.thresholds(colours or palette.steps(palette.NOTHING, (0, palette.CALM)))
        .color_mode(common_models.BigValueColorMode.VALUE)
        .graph_mode(common_models.BigValueGraphMode.NONE)
        .reduce_options(last())
        .orientation(common_models.VizOrientation.AUTO)
    )


def bar_panel(
    texts: Texts, key: str, *queries: Query, unit: str, colours: dashboard.ThresholdsConfig
) -> bargauge.Panel:
    """Return horizontal bars of the present values, in the order of the queries."""
    panel = describe(bargauge.Panel(), texts, key, unit)
    for index, query in enumerate(queries):
        panel.with_target(query.now(ref_id(index)))
    return (
        panel.thresholds(colours)
        .display_mode(common_models.BarGaugeDisplayMode.BASIC)
        .value_mode(common_models.BarGaugeValueMode.TEXT)
        .orientation(common_models.VizOrientation.HORIZONTAL)
        .show_unfilled(True)
        .sizing(common_models.BarGaugeSizing.MANUAL)
        .min_viz_height(16)
        .max_viz_height(36)
        .text(common.VizTextDisplayOptions().title_size(14).value_size(16))
        .reduce_options(last())
        .min(0)
    )


def graph_panel(
    texts: Texts, key: str, *queries: Query, unit: str = "short", from_zero: bool = True
) -> timeseries.Panel:
    """Return lines over time, from 0 or from the lowest value up, with a legend below."""
    panel = describe(timeseries.Panel(), texts, key, unit)
    for index, query in enumerate(queries):
        panel.with_target(query.target(ref_id(index)))
    if from_zero:
        panel.min(0)
    return (
        panel.thresholds(palette.steps(palette.GOOD))
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC))
        .line_width(2)
        .fill_opacity(10)
        .show_points(common_models.VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .show_legend(True)
            .display_mode(common_models.LegendDisplayMode.LIST)
            .placement(common_models.LegendPlacement.BOTTOM)
        )
        .tooltip(
            common.VizTooltipOptions()
            .mode(common_models.TooltipDisplayMode.MULTI)
            .sort(common_models.SortOrder.DESCENDING)
        )
    )


def stacked(panel: timeseries.Panel, fill: int = 60) -> timeseries.Panel:
    """Stack the areas of a graph."""
    return (
        panel.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL).group("A"))
        .line_width(1)
        .fill_opacity(fill)
    )


def event_panel(texts: Texts, key: str, *queries: Query) -> timeseries.Panel:
    """Return stacked bars that count events since the bar before (`promql.happened`)."""
    panel = stacked(graph_panel(texts, key, *queries), fill=90)
    return (
        panel.draw_style(common_models.GraphDrawStyle.BARS)
        .line_width(0)
        .decimals(0)
        .axis_soft_max(4)
        .max_data_points(MOST_BARS)
    )


def timeline_panel(
    texts: Texts, key: str, query: Query, mapping: models.ValueMap
) -> statetimeline.Panel:
    """Return bands over time, one for each series, coloured by a value mapping."""
    return (
        describe(statetimeline.Panel(), texts, key, "short")
        .with_target(query.target("A"))
        .mappings([mapping])
        .thresholds(palette.steps(palette.CALM))
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .merge_values(True)
        .show_value(common_models.VisibilityMode.NEVER)
        .row_height(0.8)
        .line_width(0)
        .fill_opacity(85)
        .legend(
            common.VizLegendOptions()
            .show_legend(True)
            .display_mode(common_models.LegendDisplayMode.LIST)
            .placement(common_models.LegendPlacement.BOTTOM)
        )
        .tooltip(common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.SINGLE))
    )


def with_last(panel: timeseries.Panel) -> timeseries.Panel:
    """Write the last value of each series beside its name, for those too small to see."""
    return panel.legend(
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(common_models.LegendDisplayMode.LIST)
        .placement(common_models.LegendPlacement.BOTTOM)
        .calcs(["lastNotNull"])
    )


def by_reason(panel: timeseries.Panel, texts: Texts) -> timeseries.Panel:
    """Give the series that are named by a reason its words, in shades of red."""
    for reason, text in texts.reasons.items():
        panel.override_by_name(reason, properties({"displayName": text}))
    return panel.color_scheme(palette.shades(palette.BAD))


def by_status(panel: timeseries.Panel, texts: Texts, statuses: Sequence[str]) -> timeseries.Panel:
    """Give the series that are named by a status its name and its colour."""
    for status in statuses:
        look = {"displayName": texts.statuses[status], **colour(palette.STATUS_COLOURS[status])}
        panel.override_by_name(status, properties(look))
    return panel
