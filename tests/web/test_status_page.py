from __future__ import annotations

import base64
import hashlib
import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.collection.state import AppView
from exporter.errors import AuthError
from exporter.tasks import TaskStatus
from exporter.web.status import build_status
from exporter.web.status_page import HTML_HEADERS, render_status
from tests.builders import NOW, make_task
from tests.web.views import make_view


class Page(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.isolated: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """Note a text, and those that are isolated from the direction of the text around."""
        self.words.append(data)
        if self.tags[-1:] == ["bdi"]:
            self.isolated.append(data)

    @property
    def text(self) -> str:
        """Return all text, white space folded."""
        return " ".join(" ".join(self.words).split())


def render(*views: AppView) -> str:
    """Return the page of these apps."""
    return render_status(build_status(views, NOW), telemetry_path="/metrics").decode()


def failed(title: str) -> AppView:
    """Return an app with one failed task of this title."""
    return make_view(tasks=[make_task("the-id", TaskStatus.FAILED, title=title)])


def test_the_page_tells_the_state_of_every_app() -> None:
    """Up, down with the reason and remedy, and waiting are said in words."""
    error = AuthError("the signature was refused", code="1", remedy="check the secret")
    text = Page(
        render(
            make_view("first", tasks=[make_task(), make_task("2", TaskStatus.WAITING)]),
            make_view("second", stale=True, error=error, api_errors={"http_502": 3}),
            make_view("third", tasks=None),
        )
    ).text
    assert "ZEGO upload exporter: down" in text
    for expected in (
        "first up",
        "second down",
        "auth : the signature was refused check the secret",
        "Stale since 2023-11-14 22:17:38 UTC",
        "3 \u00d7 http_502",
        "third waiting",
        "Waiting for the first collection.",
        "Last success never",
        "Slots used 1 of 10",
        "42 s ago",
        "in 18 s",
    ):
        assert expected in text


def test_a_page_without_trouble_says_so() -> None:
    """An empty list of tasks is said, not shown as an empty table."""
    html = render(make_view())
    assert "None: nothing failed" in html
    assert "<table>" not in html


def test_a_failure_is_told_with_its_reason() -> None:
    """The status of a failed task says why, where that is known."""
    tasks = [make_task("b", TaskStatus.FAILED)]
    html = render(make_view(tasks=tasks, failure_reasons={"b": "source_download"}))
    assert 'failed <span class="soft small">source download</span>' in html


def test_tasks_beyond_the_limit_are_counted() -> None:
    """The page says how many tasks it leaves out."""
    tasks = [make_task(f"{n}", TaskStatus.FAILED) for n in range(1200)]
    html = render(make_view(tasks=tasks))
    assert "and 1,100 more" in html
    assert html.count("<tr>") == 101


def test_every_status_has_its_colour() -> None:
    """Each status of the contract has a dot and a rule for it in the style."""
    html = render(make_view())
    for status in TaskStatus:
        assert f'class="dot {status.value}"' in html
        assert f".{status.value} {{ background: #" in html


@pytest.mark.parametrize(
    "title",
    [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>'",
        "</style></title></bdi><h1>x",
        "{{ 7 * 7 }}{% raw %}",
        "&lt;b&gt;&amp;",
        "\u202egnp.4pm\u2066",
        "x" * 96 + ".mp4",
        "标题" * 16,
    ],
)
def test_hostile_texts_stay_texts(title: str) -> None:
    """Markup in a title or name is shown as it is, isolated, and never becomes part of the page."""
    for wild, calm in ((failed(title), failed("calm")), (make_view(title), make_view("calm"))):
        html = render(wild)
        page = Page(html)
        assert page.tags == Page(render(calm)).tags
        assert title in unescape(html)
        assert "".join(page.isolated).count(title) == 1
        assert not {name for name in page.attributes if name.startswith("on")}


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=100), st.text(max_size=100))
def test_no_text_adds_a_tag(title: str, message: str) -> None:
    """Whatever ZEGO or a user wrote, the page has the same tags."""
    calm, wild = (
        make_view(
            tasks=[make_task("id", TaskStatus.FAILED, title=words[0])],
            error=AuthError(words[1], code="1", remedy=words[1] or "x"),
        )
        for words in (("title", "message"), (title, message))
    )
    assert Page(render(wild)).tags == Page(render(calm)).tags


def test_half_a_character_does_not_break_the_page() -> None:
    """A lone surrogate, which JSON can carry and UTF-8 cannot, is shown as a question mark."""
    assert "<bdi>half ?</bdi>" in render(failed("half \ud800"))


def test_the_page_is_what_its_policy_allows() -> None:
    """The style has the hash that the policy names; nothing is loaded or run."""
    html = render(failed("x"))
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in HTML_HEADERS["Content-Security-Policy"]
    page = Page(html)
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not {"style", "src", "onclick"} & page.attributes
    assert "url(" not in style
