"""What a language has to say: the words of the dashboards, apart from their structure.

A further language is one more `Texts` with the same keys, added to `LANGUAGES` in `__main__`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PanelText:
    """Title of a panel, what it tells and what to do about it, and what stands for no data."""

    title: str
    description: str
    no_value: str = "-"


@dataclass(frozen=True, slots=True)
class Texts:
    """All words of one language.

    `uid_suffix` tells this language's dashboards from the others' ("" for English), `language` is
    what the exporter's status page calls it. `panels` is
    keyed by panel; `words` holds names of columns, series, rows, variables, links and annotations;
    `statuses` the names of the task statuses by value of the label `status`; `reasons` why uploads
    and collections fail, by value of the label `reason`.
    """

    uid_suffix: str
    language: str
    panels: Mapping[str, PanelText]
    words: Mapping[str, str]
    statuses: Mapping[str, str]
    reasons: Mapping[str, str]
