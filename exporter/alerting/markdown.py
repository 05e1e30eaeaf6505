"""The part of Markdown that the runbooks use, as HTML.

Blocks: headings, paragraphs, lists of one level, tables, fenced code. Within a line: code, links,
strong and emphasised text. Everything else stays text; all text is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape

_BLOCKS = re.compile(r"^```(?P<language>\w*)\n(?P<code>.*?)\n```$|(?P<text>\S.*?)(?=\n\n|\n```|\Z)",
                     re.DOTALL | re.MULTILINE)  # fmt: skip
_INLINE = re.compile(
    r"`(?P<code>[^`]+)`|\[(?P<label>[^\]]+)\]\((?P<target>[^)\s]+)\)"
    r"|\*\*(?P<strong>[^*]+)\*\*|\*(?P<emphasis>[^*\s][^*]*)\*"
)


def to_html(text: str, link: Callable[[str], str]) -> str:
    """Return Markdown as HTML; `link` gives the address for the target of a link."""
    return "\n".join(_blocks(text, link))


def _blocks(text: str, link: Callable[[str], str]) -> Iterator[str]:
    for block in _BLOCKS.finditer(text):
        if block["code"] is not None:
            yield f"<pre><code>{escape(block['code'])}</code></pre>"
        else:
            yield _block(block["text"], link)


def _block(text: str, link: Callable[[str], str]) -> str:
    lines = text.split("\n")
    if heading := re.fullmatch(r"(#{1,4}) (.+)", text):
        level = len(heading[1])
        return f"<h{level}>{inline(heading[2], link)}</h{level}>"
    if all(line.startswith("|") for line in lines) and len(lines) > 1:
        return _table(lines, link)
    if all(line.startswith("- ") for line in lines):
        items = "".join(f"<li>{inline(line[2:], link)}</li>" for line in lines)
        return f"<ul>{items}</ul>"
    return f"<p>{inline(' '.join(lines), link)}</p>"


def _table(lines: list[str], link: Callable[[str], str]) -> str:
    """Return a table; its second line is the rule below the headings."""
    heads, *rows = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for number, line in enumerate(lines)
        if number != 1
    )
    head = "".join(f"<th>{inline(cell, link)}</th>" for cell in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{inline(cell, link)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def inline(text: str, link: Callable[[str], str]) -> str:
    """Return a line's Markdown as HTML."""
    parts: list[str] = []
    end = 0
    for found in _INLINE.finditer(text):
        parts += [escape(text[end : found.start()]), _span(found, link)]
        end = found.end()
    return "".join([*parts, escape(text[end:])])


def _span(found: re.Match[str], link: Callable[[str], str]) -> str:
    if found["code"] is not None:
        return f"<code>{escape(found['code'])}</code>"
    if found["label"] is not None:
        return f'<a href="{escape(link(found["target"]))}">{escape(found["label"])}</a>'
    if found["strong"] is not None:
        return f"<strong>{inline(found['strong'], link)}</strong>"
    return f"<em>{inline(found['emphasis'], link)}</em>"
