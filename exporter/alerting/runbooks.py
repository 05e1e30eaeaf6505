"""Runbooks: the section of one alert as a page, in English or Chinese.

The text is that of `docs/alerts.md` and `docs/alerts.zh-CN.md`, which ship with the exporter.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape

from exporter.alerting.catalog import ALERTS, LANGUAGES
from exporter.alerting.markdown import to_html
from exporter.alerting.shipped import document

_HTML_LANGUAGES = {"en": "en", "zh": "zh-CN"}
_OTHER = {"en": ("zh", "中文"), "zh": ("en", "English")}

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


def runbook_page(alert: str, language: str) -> str | None:
    """Return the page of an alert's runbook, None where there is no such alert or language.

    It is self-contained HTML; links to other alerts are relative. Raises ExporterError if the
    installation lacks the document.
    """
    if language not in LANGUAGES or (section := _sections(language).get(alert)) is None:
        return None
    runbooks = {f"#{other.name.lower()}": f"{other.name}?lang={language}" for other in ALERTS}
    other, other_name = _OTHER[language]
    return _PAGE.format(
        lang=_HTML_LANGUAGES[language],
        title=escape(alert),
        other=other,
        other_lang=_HTML_LANGUAGES[other],
        other_name=other_name,
        body=to_html(section, lambda target: runbooks.get(target, target)),
    )


@cache
def _sections(language: str) -> dict[str, str]:
    """Return the sections of all alerts, headings included, by alert name."""
    text = document(LANGUAGES[language].runbooks)
    found = re.finditer(r"^## (ZegoUpload\w+)\n.*?(?=^#{1,2} |\Z)", text, re.DOTALL | re.MULTILINE)
    return {section[1]: section[0].replace("## ", "# ", 1).strip() for section in found}
