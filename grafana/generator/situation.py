"""The first row of the overview: large numbers that say whether anything is wrong right now."""

from __future__ import annotations

from grafana.generator import palette
from grafana.generator.finish import Row
from grafana.generator.panels import Query, colour, properties, stat_panel
from grafana.generator.promql import AGE, NEXT_EXPIRY, STALENESS, UNFINISHED_TASKS, UP, finished
from grafana.generator.sdk import common_models, stat
from grafana.generator.texts import Texts


def right_now(texts: Texts) -> Row:
    """Return the panels of the row."""
    panels = (
        _collection(texts),
        _data_age(texts),
        _active(texts),
        _failed(texts),
        _success_rate(texts),
        _next_expiry(texts),
    )
    return [(panel, 4, 4) for panel in panels]


def _collection(texts: Texts) -> stat.Panel:
    words = {"0": ("ok", palette.GOOD), "-1": ("no_exporter", palette.BAD)}
    mapping = palette.value_map({v: (texts.words[w], c) for v, (w, c) in words.items()})
    query = Query(f"(count({UP}) - sum({UP})) or vector(-1)", texts.words["failing_apps"])
    panel = stat_panel(
        texts,
        "collection",
        query,
        colours=palette.steps(palette.NOTHING, (0, palette.GOOD), (1, palette.BAD)),
    )
    panel.override_by_query("A", properties({"unit": f"suffix: {texts.words['failing']}"}))
    return panel.mappings([mapping]).color_mode(common_models.BigValueColorMode.BACKGROUND)


def _data_age(texts: Texts) -> stat.Panel:
    """Colour the oldest data by what the exporter itself calls stale, whatever its interval."""
    worst, oldest = f"max({STALENESS})", f"max({AGE})"
    cases = {
        f"{oldest} and ({worst} < 0.5)": palette.GOOD,
        f"{oldest} and ({worst} >= 0.5 < 1)": palette.WARN,
        f"{oldest} and ({worst} >= 1)": palette.BAD,
    }
    queries = [Query(expr, texts.words["data_age"]) for expr in cases]
    panel = stat_panel(
        texts, "data_age", *queries, unit="s", colours=palette.steps(palette.NOTHING)
    ).decimals(0)
    for ref_id, shade in zip("ABC", cases.values(), strict=True):
        panel.override_by_query(ref_id, properties(colour(shade)))
    return panel.color_mode(common_models.BigValueColorMode.BACKGROUND)


def _active(texts: Texts) -> stat.Panel:
    query = Query(f"sum({UNFINISHED_TASKS})", texts.words["unfinished"])
    return stat_panel(texts, "active", query, history=True)


def _failed(texts: Texts) -> stat.Panel:
    query = Query(f"sum({finished('failed', '24h')})", texts.statuses["failed"])
    colours = palette.steps(palette.NOTHING, (0, palette.GOOD), (0.5, palette.BAD))
    panel = stat_panel(texts, "failed", query, colours=colours).decimals(0)
    return panel.color_mode(common_models.BigValueColorMode.BACKGROUND)


def _success_rate(texts: Texts) -> stat.Panel:
    succeeded, ended = finished("succeeded", "24h"), finished("succeeded|failed", "24h")
    query = Query(f"sum({succeeded}) / (sum({ended}) > 0)", texts.statuses["succeeded"])
    colours = palette.steps(
        palette.NOTHING, (0, palette.BAD), (0.9, palette.WARN), (0.98, palette.GOOD)
    )
    panel = stat_panel(texts, "success_rate", query, unit="percentunit", colours=colours)
    return panel.decimals(1).color_mode(common_models.BigValueColorMode.BACKGROUND)


def _next_expiry(texts: Texts) -> stat.Panel:
    colours = palette.steps(palette.NOTHING, (0, palette.WARN), (3600, palette.CALM))
    query = Query(f"min({NEXT_EXPIRY})", texts.words["expires_in"])
    return stat_panel(texts, "next_expiry", query, unit="s", colours=colours).decimals(1)
