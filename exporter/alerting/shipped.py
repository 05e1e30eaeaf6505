"""Files that ship with the exporter: the dashboards, and the runbooks as pages.

In a wheel they are in `exporter/shipped/`. In a checkout of the repository, which an editable
installation uses, they are where they are maintained: `grafana/` and `docs/`.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt

from exporter.alerting.catalog import ALERTS, LANGUAGES
from exporter.errors import ExporterError
from exporter.languages import HTML_LANGUAGES, OTHER_LANGUAGE

_PACKAGE = Path(__file__).resolve().parents[1]
_INSTALLED = _PACKAGE / "shipped"
_REPOSITORY = _PACKAGE.parent

_PAGE = """\
<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.6 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; }}
body {{ padding: 0 1rem; }}
pre {{ overflow-x: auto; padding: .75rem; border: 1px solid #8886; border-radius: 4px; }}
code {{ font-family: ui-monospace, monospace; font-size: .9em; }}
table {{ border-collapse: collapse; }}
th, td {{ border: 1px solid #8886; padding: .25rem .5rem; text-align: left; }}
</style>
</head>
<body>
<p><a href="?lang={other}" lang="{other_lang}">{other_name}</a></p>
{body}
</body>
</html>
"""


_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


def dashboards(language: str) -> dict[str, str]:
    """Return the dashboards in a language: file name, JSON. Raises ExporterError if none are there.

    Chinese ones end in `-zh.json`.
    """
    paths = sorted(_folder("grafana").glob("*.json"))
    chosen = [path for path in paths if path.stem.endswith("-zh") == (language == "zh")]
    if not chosen:
        raise ExporterError("this installation holds no dashboards (install the package again)")
    return {path.name: path.read_text(encoding="utf-8") for path in chosen}


def runbook_page(alert: str, language: str) -> str | None:
    """Return the page of an alert's runbook, None where there is no such alert or language.

    It is self-contained HTML; links to other alerts are relative. Raises ExporterError if the
    installation lacks the document.
    """
    if language not in LANGUAGES or (section := _sections(language).get(alert)) is None:
        return None
    runbooks = {f"#{other.name.lower()}": f"{other.name}?lang={language}" for other in ALERTS}
    blocks = _MARKDOWN.parse(section)
    for link in (span for block in blocks for span in block.children or () if span.attrs):
        if (target := link.attrs.get("href")) in runbooks:
            link.attrs["href"] = runbooks[str(target)]
    other, other_name = OTHER_LANGUAGE[language]
    return _PAGE.format(
        lang=HTML_LANGUAGES[language],
        title=escape(alert),
        other=other,
        other_lang=HTML_LANGUAGES[other],
        other_name=other_name,
        body=_MARKDOWN.renderer.render(blocks, _MARKDOWN.options, {}),
    )


@cache
def _sections(language: str) -> dict[str, str]:
    """Return the sections of all alerts, headings included, by alert name."""
    path = Path(LANGUAGES[language].runbooks)
    try:
        text = (_folder(path.parent.name) / path.name).read_text(encoding="utf-8")
    except OSError as error:
        raise ExporterError(f"this installation lacks {path}: {error.strerror}") from error
    found = re.finditer(r"^## (ZegoUpload\w+)\n.*?(?=^#{1,2} |\Z)", text, re.DOTALL | re.MULTILINE)
    return {section[1]: section[0].replace("## ", "# ", 1).strip() for section in found}


def _folder(name: str) -> Path:
    installed = _INSTALLED / name
    return installed if installed.is_dir() else _REPOSITORY / name
