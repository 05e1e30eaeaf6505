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
    """Return the function that translates a text. It raises KeyError if there is no translation."""

    def translate(text: str) -> str:
        if text not in TEXTS:
            raise KeyError(f"docs/generator/chinese/ has no Chinese text of {text!r}")
        return TEXTS[text]

    return str if language == "en" else translate
