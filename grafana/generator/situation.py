"""The first row of the overview: large numbers that say whether anything is wrong right now.

A tile that is blind must not reassure. Its good colours need at least one app with fresh data;
without, numbers about the last 24 hours stay, in grey, and numbers about this moment give way to
the tile's no-value text.
"""

from __future__ import annotations

from grafana.generator import palette
from grafana.generator.finish import Row
from grafana.generator.panels import Query, colour, properties, stat_panel
from grafana.generator.promql import (
    AGE,
    EXPIRING,
    FRESH,
    GONE,
    STALENESS,
    UNFINISHED_TASKS,
    UNRESOLVED,
    UP,
    finished,
)
from grafana.generator.sdk import common_models, dashboard, stat
from grafana.generator.texts import Texts


def right_now(texts: Texts) -> Row:
    """Return the panels of the row."""
    return [
        (_collection(texts), 4, 4),
        (_data_age(texts), 3, 4),
        (_active(texts), 3, 4),
        (_unresolved(texts), 4, 4),
        (_failed(texts), 3, 4),
        (_success_rate(texts), 4, 4),
        (_expiring(texts), 3, 4),
    ]


def _collection(texts: Texts) -> stat.Panel:
    """Count the apps whose collection fails, and those that are reported no more."""
    words = {"0": ("ok", palette.GOOD), "-1": ("no_exporter", palette.BAD)}
    mapping = palette.value_map({v: (texts.words[w], c) for v, (w, c) in words.items()})
    failing, gone = f"(count({UP}) - sum({UP}))", f"count({GONE})"
    none_fails = f"({failing} unless on () {gone})"
    queries = [
        Query(f"{failing} > 0 or {none_fails} or absent({UP}) * -1", texts.words["failing_apps"]),
        Query(f"{gone} and on () {failing}", texts.words["gone_apps"]),
    ]
    colours = palette.steps(palette.NOTHING, (0, palette.GOOD), (1, palette.BAD))
    panel = stat_panel(texts, "collection", *queries, colours=colours)
    panel.override_by_query("A", properties({"unit": f"suffix: {texts.words['failing']}"}))
    gone_look = {"unit": f"suffix: {texts.words['gone_count']}", **colour(palette.WARN)}
    panel.override_by_query("B", properties(gone_look))
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
    return stat_panel(texts, "active", query).decimals(0)


def _unresolved(texts: Texts) -> stat.Panel:
    query = Query(f"sum({UNRESOLVED})", texts.words["unresolved"])
    colours = palette.steps(palette.NOTHING, (0, palette.GOOD), (0.5, palette.BAD))
    panel = stat_panel(texts, "unresolved", query, colours=colours).decimals(0)
    return panel.color_mode(common_models.BigValueColorMode.BACKGROUND)


def _failed(texts: Texts) -> stat.Panel:
    failed = f"sum({finished('failed', '24h')})"
    colours = palette.steps(palette.NOTHING, (0, palette.GOOD), (0.5, palette.BAD))
    return _of_a_day(texts, "failed", failed, colours=colours).decimals(0)


def _success_rate(texts: Texts) -> stat.Panel:
    succeeded, ended = finished("succeeded", "24h"), finished("succeeded|failed", "24h")
    ratio = f"(sum({succeeded}) / (sum({ended}) > 0))"
    colours = palette.steps(
        palette.NOTHING, (0, palette.BAD), (0.9, palette.WARN), (0.98, palette.GOOD)
    )
    panel = _of_a_day(texts, "success_rate", ratio, unit="percentunit", colours=colours)
    return panel.decimals(1)


def _of_a_day(
    texts: Texts,
    key: str,
    expr: str,
    *,
    unit: str = "short",
    colours: dashboard.ThresholdsConfig,
) -> stat.Panel:
    """Return a tile that shows its number in grey while no app's data are fresh."""
    word = texts.panels[key].title
    queries = [
        Query(f"{expr} and on () {FRESH}", word),
        Query(f"{expr} unless on () {FRESH}", word),
    ]
    panel = stat_panel(texts, key, *queries, unit=unit, colours=colours)
    panel.override_by_query("B", properties(colour(palette.NOTHING)))
    return panel.color_mode(common_models.BigValueColorMode.BACKGROUND)


def _expiring(texts: Texts) -> stat.Panel:
    query = Query(f"sum({EXPIRING})", texts.words["expiring_6h"])
    return stat_panel(texts, "expiring_6h", query).decimals(0)
