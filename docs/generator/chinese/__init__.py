"""Chinese texts of the generated pages."""

from __future__ import annotations

from collections.abc import Callable

from docs.generator.chinese import configuration, metrics, metrics_of_tasks
from exporter.languages import Language

Say = Callable[[str], str]
"""Returns an English text in the language of the page."""

TEXTS = {**configuration.TEXTS, **metrics_of_tasks.TEXTS, **metrics.TEXTS}
"""Chinese texts by the English ones."""


def texts_in(language: Language) -> Say:
    """Return what gives an English text in a language. It raises KeyError for a missing text."""
    return str if language == "en" else TEXTS.__getitem__
