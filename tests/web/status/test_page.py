"""The status page: its states, its table, and hostile texts."""

from __future__ import annotations

import base64
import hashlib
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.errors import AuthError
from exporter.languages import Language
from exporter.tasks import TaskStatus, TitleMode, show_title
from exporter.text import printable
from exporter.web.status.page import COLUMNS, HTML_HEADERS, MANY_APPS, render_status
from exporter.web.status.query import ORDERS, QueryError, TaskQuery, read_fields, read_query
from exporter.web.status.task_list import Tables
from exporter.web.status.wording import TEXTS, texts_in
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


def render(
    *views: AppView,
    query: TaskQuery | None = None,
    title: TitleMode = "full",
    problem: QueryError | None = None,
    language: Language = "en",
) -> str:
    """Return the page of these apps."""
    return render_status(
        views,
        Tables().of(views, title),
        TaskSettings(title=title),
        query or TaskQuery(),
        NOW,
        language=language,
        problem=problem,
    ).decode()


def failed(title: str) -> AppView:
    """Return an app with one failed task of this title."""
    return make_view(tasks=[make_task("the-id", TaskStatus.FAILED, title=title)])


def test_the_page_shows_the_state_of_every_app() -> None:
    """Up, down with the reason and remedy, or waiting, in words."""
    error = AuthError("the signature was refused", code="1", remedy="check the secret")
    text = Page(
        render(
            make_view("first", tasks=[make_task(), make_task("2", TaskStatus.WAITING)]),
            make_view("second", stale=True, error=error, api_errors={"http_502": 3}),
            make_view("third", tasks=None),
        )
    ).text
    assert "down \u00b7 ZEGO upload exporter" in text
    for expected in (
        "first up",
        "second down",
        "auth : the signature was refused What to do: check the secret",
        "3 apps 1 down 1 waiting 1 up",
        "Stale since 2023-11-14 22:17:38 UTC",
        "3 \u00d7 http_502",
        "third waiting",
        "The first collection has not ended yet.",
        "Last success never",
        "Slots used 1 of 10",
        "42 s ago",
        "in 18 s",
    ):
        assert expected in text


DOWN = make_view("down", error=AuthError("the signature was refused", code="1"))


@pytest.mark.parametrize(
    ("views", "title"),
    [
        ((make_view(), make_view("new", tasks=None), DOWN), "down"),
        ((make_view(), make_view("new", tasks=None)), "waiting for the first collection"),
        ((make_view(),), "up"),
        ((), "up"),
    ],
)
def test_the_title_is_the_worst_health_of_all(views: tuple[AppView, ...], title: str) -> None:
    """Down is worse than waiting, waiting worse than up; no app at all is fine."""
    assert f"<title>{title} \u00b7 " in render(*views)


def test_a_page_without_trouble_says_so() -> None:
    """An empty list of tasks is a sentence, not an empty table."""
    html = render(make_view())
    assert "No task needs attention." in html
    assert "<table>" not in html
    assert "No task is like that." in render(make_view(), query=TaskQuery(search="x"))


def test_a_failure_is_shown_with_its_reason() -> None:
    """The status of a failed task says why, where that is known."""
    tasks = [make_task("b", TaskStatus.FAILED)]
    html = render(make_view(tasks=tasks, failure_reasons={"b": "source_download"}))
    assert "the source could not be downloaded" in html
    assert "a new one" in render(make_view(tasks=tasks, failure_reasons={"b": "a_new_one"}))


def test_a_long_list_comes_in_pages() -> None:
    """Fifty on a page, with links to the others that keep the filter."""
    tasks = [make_task(f"{n}", TaskStatus.FAILED) for n in range(1200)]
    html = render(make_view(tasks=tasks), query=TaskQuery(search="1", offset=50))
    assert html.count("<tr>\n<td>") == 50
    links = dict(re.findall(r'<a id="(first|previous|next|last)" href="([^"]*)"', html))
    assert {name: unescape(link) for name, link in links.items()} == {
        "first": "?q=1",
        "previous": "?q=1",
        "next": "?q=1&offset=100",
        "last": "?q=1&offset=450",
    }
    assert "51\u2013100 of 471 tasks" in html
    assert 'aria-label="Pages"' not in render(make_view(tasks=tasks[:50]))


def test_headings_sort_and_reverse() -> None:
    """A click sorts by the column, another one reverses it; the heading shows the direction."""
    html = render(failed("x"), query=TaskQuery(sort="retries", descending=True, offset=0))
    assert re.search(r'aria-sort="descending"><a id="by-retries" href="\?sort=retries"', html)
    assert re.search(r'<th scope="col"><a id="by-created" href="\?sort=-created"', html)
    assert {column.sort for column in COLUMNS} == set(ORDERS) - {"urgency"}


def test_the_form_shows_what_was_asked_for() -> None:
    """The form shows the parameters of the request, and sends them again."""
    asked = "app=b&status=expired&q=%22x%22&expiring_within=2h&sort=-title"
    views = [make_view("a"), make_view("b")]
    html = render(*views, query=read_query(read_fields(asked.encode()), ("a", "b")))
    assert re.findall(r'<option value="([^"]*)" selected>', html) == [
        *("expired", "b", "2h", "-title"),
    ]
    assert 'value="&#34;x&#34;"' in html
    several = read_query(read_fields(b"app=a&app=b&status=failed&status=expired"), ("a", "b"))
    html = render(*views, query=several)
    assert '<select name="status" multiple>' in html
    assert '<select name="app" multiple>' in html
    assert re.findall(r'<option value="([^"]*)" selected>', html) == [
        *("failed", "expired", "a", "b", "urgency"),
    ]


def test_every_order_has_its_words() -> None:
    """In the form, offered or only chosen by a heading, there are words for every order."""
    for word in (*ORDERS, *(f"-{order}" for order in ORDERS)):
        label = TEXTS[f"sort_{word}"][0]
        html = render(make_view(), query=read_query(read_fields(f"sort={word}".encode()), ()))
        assert f'<option value="{word}" selected>{label}</option>' in html


def test_an_app_that_is_asked_for_has_the_only_card() -> None:
    """The others are a click away, and counted above."""
    html = render(make_view("a"), make_view("b"), query=TaskQuery(apps=("b",)))
    assert html.count('<section class="card">') == 1
    assert "Show all apps" in html
    assert "<b>2 apps</b>" in html


def test_many_apps_have_short_cards_the_worst_first() -> None:
    """Apps that are down are visible without scrolling."""
    views = [make_view(f"app-{n}") for n in range(MANY_APPS - 1)]
    html = render(*views, make_view("bad", tasks=None, error=AuthError("no", code="1")))
    assert '<div class="cards many">' in html
    assert html.index("<bdi>bad</bdi>") < html.index("<bdi>app-0</bdi>")
    assert '<div class="cards">' in render(*views)
    assert '<div class="cards one">' in render(views[0])


def test_titles_are_shown_as_the_settings_say() -> None:
    """A hash instead of a title, or a note that it is hidden."""
    shown = show_title("secret.mp4", "hash")
    for mode, expected in (("full", "secret.mp4"), ("hash", shown), ("none", "(title hidden)")):
        html = render(failed("secret.mp4"), title=mode)  # type: ignore[arg-type]  # one of three
        assert expected in html
        assert ("secret.mp4" in html) is (mode == "full")


def test_an_invalid_query_is_explained() -> None:
    """The problem is escaped like any other text."""
    assert "<bdi>sort: &#39;&lt;b&gt;&#39; is none</bdi>" in render(
        problem=QueryError("sort", "'<b>' is none")
    )


def test_times_can_be_read_by_programs() -> None:
    """The attributes of a time have the timestamp, also where its text is an age."""
    assert (
        '<time datetime="2023-11-14T22:12:38Z" title="2023-11-14 22:12:38 UTC">42 s ago</time>'
        in render(make_view())
    )


def test_an_expiry_within_a_day_stands_out() -> None:
    """It is marked as needing attention, not as a failure."""
    views = make_view(tasks=[make_task("1"), make_task("2", expires_at=NOW + 10**6)])
    assert render(views, query=read_query(read_fields(b"status=all"), ())).count("keep soon") == 2


def test_every_status_has_its_colour() -> None:
    """Each status has a dot and a rule for it in the style."""
    html = render(make_view())
    for status in TaskStatus:
        assert f'class="dot {status.value}"' in html
        assert f".dot.{status.value} {{ background: #" in html


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
    """Markup in a title or name is shown unchanged, isolated, never part of the page."""
    named = make_view(title)
    for wild, calm in ((failed(title), failed("calm")), (named, make_view("calm"))):
        html = render(wild)
        page = Page(html)
        assert page.tags == Page(render(calm)).tags
        shown = title if wild is named else printable(title)
        assert shown in unescape(html)
        assert "".join(page.isolated).count(shown) == 1
        assert not {name for name in page.attributes if name.startswith("on")}


@settings(deadline=None, max_examples=25)
@given(st.text(max_size=100), st.text(max_size=100))
def test_no_text_adds_a_tag(title: str, message: str) -> None:
    """The page has the same tags for any text of ZEGO or of a user."""
    calm, wild = (
        make_view(
            tasks=[make_task("id", TaskStatus.FAILED, title=words[0])],
            error=AuthError(words[1], code="1", remedy=words[1] or "x"),
        )
        for words in (("title", "message"), (title, message))
    )
    assert Page(render(wild)).tags == Page(render(calm)).tags


def test_half_a_character_does_not_break_the_page() -> None:
    """A lone surrogate, which JSON can carry and UTF-8 cannot, is replaced."""
    assert "<bdi>half \ufffd</bdi>" in render(failed("half \ud800"))


def test_the_page_follows_its_content_security_policy() -> None:
    """Style and script have the hashes that the policy names; nothing is loaded, nothing inline."""
    html = render(failed("x"))
    policy = HTML_HEADERS["Content-Security-Policy"]
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}';" in policy
        assert "url(" not in text
    assert "unsafe" not in policy
    page = Page(html)
    assert not {"link", "img", "iframe"} & set(page.tags)
    assert not {"style", "src", "onclick"} & page.attributes


REFUSED = AuthError("no", code="1")


@pytest.mark.parametrize(
    "blind", [{"tasks": None}, {"tasks": None, "error": REFUSED}, {"stale": True, "error": REFUSED}]
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_without_data_does_not_report_that_all_is_well(
    blind: dict[str, Any], language: Language
) -> None:
    """It says that no task needs attention only if that is known of every shown app."""
    calm = texts_in(language)("no_attention")
    views = make_view("first"), make_view("second", **blind)

    html = render(*views, language=language)
    assert calm.lower() not in html.lower()
    assert html.count(texts_in(language)("unknown_attention", n=1)) == 2
    only = render(*views, query=TaskQuery(apps=("second",)), language=language)
    assert "second" in only
    assert only.count(texts_in(language)("unknown_attention", n=1)) == 2
    well = render(*views, query=TaskQuery(apps=("first",)), language=language)
    assert well.count(texts_in(language)("empty_attention_in", apps="first")) == 1


def test_files_that_expire_soon_have_a_section_of_their_own() -> None:
    """Files that expire within a day need no attention; the soonest are listed, with a link."""
    tasks = [make_task(f"s{n}", expires_at=NOW + 60 * n) for n in range(1, 13)]
    html = render(make_view(tasks=tasks))
    section = html[html.index('<div id="expiring">') :]
    assert re.findall(r"<code><bdi>(s\d+)</bdi>", section) == [f"s{n}" for n in range(1, 11)]
    assert unescape(section).count("?status=succeeded&expiring_within=1d&sort=expires#tasks") == 1
    assert "Show all 12" in section
    assert "No task needs attention." in html
    assert "Files that expire" not in render(make_view())


def test_a_failure_whose_file_was_uploaded_again_needs_no_attention() -> None:
    """It is listed when it is asked for, and says so."""
    tasks = [
        make_task("old", TaskStatus.FAILED, title="a", created_at=NOW - 90),
        make_task("new", title="a", created_at=NOW - 50),
    ]
    assert "No task needs attention." in render(make_view(tasks=tasks))
    html = render(make_view(tasks=tasks), query=read_query(read_fields(b"status=failed"), ()))
    assert "uploaded again" in html


def test_tasks_of_the_baseline_have_no_time_of_their_status() -> None:
    """Since when such a task has its status is not known."""
    assert "before the start" in render(failed("x"))
    assert "\u542f\u52a8\u4e4b\u524d" in render(failed("x"), language="zh")


def test_the_page_in_chinese_has_no_english_sentence() -> None:
    """State, reason, remedy and every text of the page are translated."""
    error = AuthError(
        "the API refused the signature (code 100000005)",
        code="100000005",
        remedy="Check that server_secret belongs to app_id: ZEGO console, project, ServerSecret.",
    )
    tasks = [make_task("1", TaskStatus.FAILED), make_task("2"), make_task("3", TaskStatus.WAITING)]
    views = (
        make_view("app-a", tasks=tasks, error=error, stale=True, api_errors={"timeout": 2}),
        make_view("app-b", tasks=None),
    )
    html = render(*views, language="zh", problem=QueryError("sort", "is none of these"))
    assert '<html lang="zh-CN">' in html
    text = re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.DOTALL)
    words = re.findall(r"[A-Za-z][A-Za-z ]*[A-Za-z]", Page(text).text)
    left = [word for word in words if len(word.split()) > 2 and "JSON" not in word]
    assert left == []


def test_every_link_is_relative() -> None:
    """So that a proxy may serve the page below a prefix."""
    html = render(failed("x"), make_view("b"), query=TaskQuery(search="x", language="zh"))
    links = re.findall(r'(?:href|action|src)="([^"]*)"', html)
    assert links
    assert [link for link in links if not link.startswith(("?", "#", "./"))] == []
    assert "./metrics" in links
    pages = [link for link in links if link.startswith("?")]
    assert all("lang=" in link for link in pages)


def test_control_characters_are_replaced() -> None:
    """Control characters and marks of the writing direction; long titles are cut."""
    assert "<bdi>a\ufffdb\ufffd</bdi>" in render(failed("a\x1bb\u202e"))
    html = render(failed("x" * 5000))
    assert f"<bdi>{'x' * 255}\u2026</bdi>" in html
    error = AuthError("no\x07", code="1", remedy="do\x9b")
    assert "no\ufffd" in render(make_view(tasks=None, error=error))
    assert "do\ufffd" in render(make_view(tasks=None, error=error))
