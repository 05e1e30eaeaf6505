"""The Markdown of the runbooks as HTML."""

from __future__ import annotations

import pytest

from exporter.alerting.markdown import to_html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a <b> & `c < d`", "<p>a &lt;b&gt; &amp; <code>c &lt; d</code></p>"),
        ("**A.** *b* [c](#d)", '<p><strong>A.</strong> <em>b</em> <a href="to#d">c</a></p>'),
        ('[x](a"onclick=)', '<p><a href="toa&quot;onclick=">x</a></p>'),
        ("```sh\na <b>\n\nc\n```", "<pre><code>a &lt;b&gt;\n\nc</code></pre>"),
        ("- a\n- `b`", "<ul><li>a</li><li><code>b</code></li></ul>"),
        (
            "| a | b |\n|---|---|\n| 1 | `2` |",
            "<table><thead><tr><th>a</th><th>b</th></tr></thead>"
            "<tbody><tr><td>1</td><td><code>2</code></td></tr></tbody></table>",
        ),
        ("## H\n\np\nq", "<h2>H</h2>\n<p>p q</p>"),
        ("a:\n\n```promql\nx\n```\n\nb", "<p>a:</p>\n<pre><code>x</code></pre>\n<p>b</p>"),
        ("a * b ** c", "<p>a * b ** c</p>"),
    ],
)
def test_markdown_becomes_html_and_all_text_is_escaped(text: str, html: str) -> None:
    """The part of Markdown that the runbooks use."""
    assert to_html(text, lambda target: f"to{target}") == html
