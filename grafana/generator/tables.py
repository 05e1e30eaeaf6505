"""Tables: several instant queries, merged into rows by the labels that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grafana.generator.panels import Query, describe, properties, ref_id
from grafana.generator.sdk import common_models, models, table
from grafana.generator.texts import Texts

COLOURED_TEXT: Mapping[str, object] = {"custom.cellOptions": {"type": "color-text"}}
COLOURED_CELL: Mapping[str, object] = {
    "custom.cellOptions": {"type": "color-background", "mode": "basic"},
    "custom.align": "center",
}

EMPTY_CELL = "-"
"""Stands in cells without a value, where the panel's own text is for a table without rows."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the field it shows, the word that heads it, its width in pixels, its looks.

    `name` is that of a label, or "Value #A" for the value of query A ("Value" where there is no
    other). A `width` of 0 takes what is left. A label that no row has makes no column.
    """

    name: str
    word: str
    width: int = 0
    looks: Mapping[str, object] = field(default_factory=dict)


def table_panel(
    texts: Texts,
    key: str,
    queries: Sequence[Query],
    columns: Sequence[Column],
    *,
    hidden: Sequence[str] = (),
    sort_by: str = "",
    then_by: str = "zego_app",
    descending: bool = True,
    only_with: str = "",
) -> table.Panel:
    """Return a table of exactly these columns, in this order.

    `hidden` fields are there for links only. `sort_by` is a field, shown or not; rows with the same
    value in it are in ascending order of `then_by`. `only_with` is a field without which a row is
    left out, "" for none.
    """
    panel = describe(table.Panel(), texts, key, "none")
    for index, query in enumerate(queries):
        panel.with_target(query.rows(ref_id(index)))
    for column in columns:
        width = {"custom.width": column.width} if column.width else {"custom.minWidth": 100}
        named = {"displayName": texts.words[column.word], "noValue": EMPTY_CELL, **width}
        panel.override_by_name(column.name, properties({**named, **column.looks}))
    for name in hidden:
        panel.override_by_name(name, properties({"custom.hidden": True}))
    kept = [column.name for column in columns] + list(hidden)
    merge, *further = _transformations(kept, sort_by, then_by, descending)
    steps = [merge, *([_with_value(only_with)] if only_with else []), *further]
    return panel.transformations(steps).cell_height(common_models.TableCellHeight.SM)


def _with_value(name: str) -> models.DataTransformerConfig:
    """Leave out the rows without a value in a field."""
    is_there = {"fieldName": name, "config": {"id": "isNotNull", "options": {}}}
    options = {"type": "include", "match": "all", "filters": [is_there]}
    return models.DataTransformerConfig(id_val="filterByValue", options=options)


def _transformations(
    kept: Sequence[str], sort_by: str, then_by: str, descending: bool
) -> list[models.DataTransformerConfig]:
    """Merge the queries' rows, sort them, and leave the kept fields in their order."""
    steps = [models.DataTransformerConfig(id_val="merge", options={})]
    if sort_by:
        # Grafana sorts by one field only; its sort is stable, so the minor order comes first.
        for name, falling in ((then_by, False), (sort_by, descending)):
            order = {"fields": {}, "sort": [{"field": name, "desc": falling}]}
            steps.append(models.DataTransformerConfig(id_val="sortBy", options=order))
    kept_only = {"include": {"names": list(kept)}}
    steps.append(models.DataTransformerConfig(id_val="filterFieldsByName", options=kept_only))
    in_order = {"indexByName": {name: index for index, name in enumerate(kept)}}
    order_options = {"excludeByName": {}, "renameByName": {}, **in_order}
    steps.append(models.DataTransformerConfig(id_val="organize", options=order_options))
    return steps
