"""Routes of the status page and of the JSON API."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.errors import ServerError
from exporter.tasks import TaskStatus, TitleMode
from exporter.web.status.query import MAX_LIMIT, PARAMETERS
from tests.builders import NOW, make_task
from tests.web.site import Answer, Site
from tests.web.views import SECRET, make_view

VIEWS = (
    make_view(
        "vod",
        tasks=[
            make_task("failed-1", TaskStatus.FAILED, title="talk.mp4"),
            make_task("soon", expires_at=NOW + 60),
            make_task("later", expires_at=NOW + 10**6),
        ],
    ),
    make_view("lessons", tasks=[make_task("failed-2", TaskStatus.FAILED, title="maths.mp4")]),
    make_view("down", tasks=None, error=ServerError("it fell", code="http_500")),
)


def ask(
    path: str,
    query: str = "",
    *,
    title: TitleMode = "full",
    views: Sequence[AppView] = VIEWS,
    encoding: str = "",
) -> Answer:
    """Return the answer to a request."""
    site = Site(shown=views, tasks=TaskSettings(title=title))
    return site.ask(path, query, headers={"accept-encoding": encoding})


def tasks(query: str, **options: Any) -> list[str]:
    """Return the ids that `/api/v1/tasks` gives."""
    answer = ask("/api/v1/tasks", query, **options)
    assert answer.status == 200
    return [task["id"] for task in json.loads(answer.body)["tasks"]]


def test_the_api_lists_all_tasks_unless_asked_for_some() -> None:
    """Most urgent first, over all apps."""
    assert tasks("") == ["failed-1", "failed-2", "soon", "later"]
    assert tasks("status=attention") == ["failed-1", "failed-2"]
    assert tasks("status=failed&status=succeeded&app=vod") == ["failed-1", "soon", "later"]
    assert tasks("expiring_within=1h") == ["soon"]
    assert tasks("q=MATHS") == ["failed-2"]
    assert tasks("limit=1&offset=1") == ["failed-2"]
    assert tasks("offset=4") == []


def test_the_page_takes_the_same_parameters() -> None:
    """The page has the filters of the API."""
    body = ask("/", "status=failed&q=maths&app=lessons").body
    assert b"failed-2" in body
    assert b"failed-1" not in body
    assert b'value="maths"' in body


def test_the_api_names_the_apps_asked_for() -> None:
    """All without a parameter."""

    def names(query: str) -> list[str]:
        return [app["name"] for app in json.loads(ask("/api/v1/apps", query).body)["apps"]]

    assert names("") == ["vod", "lessons", "down"]
    assert names("app=down&app=vod") == ["vod", "down"]


@pytest.mark.parametrize(
    ("path", "query", "parameter"),
    [
        ("/api/v1/apps", "app=nobody", "app"),
        ("/api/v1/apps", "status=failed", "status"),
        ("/api/v1/tasks", "app=nobody", "app"),
        ("/api/v1/tasks", "stauts=failed", "stauts"),
        ("/api/v1/tasks", "limit=many", "limit"),
        ("/api/v1/tasks", "a&" * 1001, "query"),
    ],
)
def test_a_bad_parameter_is_400_and_named(path: str, query: str, parameter: str) -> None:
    """As JSON, for programs and people."""
    answer = ask(path, query)
    assert (answer.status, answer.headers["content-type"]) == (400, "application/json")
    document = json.loads(answer.body)
    assert document["parameter"] == parameter
    assert document["error"].startswith(f"{parameter}: ")


def test_a_bad_parameter_of_the_page_is_explained_on_the_page() -> None:
    """With 400, escaped, above the default list."""
    answer = ask("/", "status=<b>")
    assert (answer.status, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert b"status: &#39;&lt;b&gt;&#39; is none of" in answer.body
    assert b"failed-1" in answer.body


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/runbooks/ZegoUploadExporterDown", "text/plain; charset=utf-8"),
        ("/metrics", "text/plain; charset=utf-8"),
        ("/api/v1/apps", "application/json"),
        ("/api/v1/tasks", "application/json"),
    ],
)
def test_a_bad_query_is_refused_in_the_form_of_the_path(path: str, content_type: str) -> None:
    """JSON is for programs that asked for JSON."""
    answer = ask(path, "a&" * 1001)
    assert (answer.status, answer.headers["content-type"]) == (400, content_type)
    assert b"has more than 1000 parameters" in answer.body


def test_the_page_ignores_unknown_parameters() -> None:
    """A link to which a tool has added parameters still opens; the page's size is fixed."""
    assert ask("/", "utm_source=chat&limit=1").body == ask("/").body


@pytest.mark.parametrize("path", ["/", "/api/v1/apps", "/api/v1/tasks"])
def test_gzip_is_sent_to_clients_that_accept_it(path: str) -> None:
    """The same answer comes packed or plain, errors too."""
    for query in ("", "app=nobody"):
        packed = ask(path, query, encoding="gzip")
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed.body) == ask(path, query).body
        assert packed.headers["vary"].startswith("Accept-Encoding")


@pytest.mark.parametrize("path", ["/", "/api/v1/tasks"])
@pytest.mark.parametrize("query", ["", "status=all&sort=title", "q=talk"])
def test_a_hidden_title_is_nowhere(path: str, query: str) -> None:
    """`tasks.title` holds for pages as it does for metrics (`docs/guarantees.md`, section 13)."""
    assert b"talk.mp4" in ask(path, query).body
    modes: tuple[TitleMode, ...] = ("hash", "none")
    for mode in modes:
        assert b"talk.mp4" not in ask(path, query, title=mode).body


@pytest.mark.parametrize("path", ["/", "/api/v1/apps", "/api/v1/tasks"])
def test_no_answer_holds_a_secret(path: str) -> None:
    """Nor the settings that carry it (`docs/guarantees.md`, section 11)."""
    assert SECRET.encode() not in ask(path).body


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(["/", "/api/v1/apps", "/api/v1/tasks"]),
    st.text()
    | st.lists(
        st.tuples(
            st.sampled_from(PARAMETERS),
            st.text() | st.sampled_from(["all", "vod", "1", "1d", "-title", "9" * 12, "1e9"]),
        ).map(lambda pair: f"{pair[0]}={quote_plus(pair[1], errors='replace')}"),
        max_size=8,
    ).map("&".join),
)
def test_any_query_is_answered(path: str, query: str) -> None:
    """With 200 or 400, never with a defect, and no page is longer than it may be."""
    answer = ask(path, query)
    assert answer.status in (200, 400)
    if answer.headers["content-type"] == "application/json":
        assert len(json.loads(answer.body).get("tasks", [])) <= MAX_LIMIT


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", "", "en"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("lang=en", "zh-CN", "en"),
        ("lang=zh&status=all", "", "zh-CN"),
        ("lang=de", "zh", "zh-CN"),
        ("lang=zh&sort=bogus", "", "zh-CN"),
    ],
)
def test_the_page_is_in_the_language_that_is_preferred(
    query: str, header: str, language: str
) -> None:
    """`?lang=` wins over Accept-Language; links keep the language."""
    answer = Site(shown=VIEWS).ask("/", query, headers={"accept-language": header})
    assert f'<html lang="{language}">'.encode() in answer.body
    assert "Accept-Language" in answer.headers["vary"]
    assert (b"&amp;lang=zh" in answer.body) is ("lang=zh" in query)


def test_runbooks_are_served_in_both_languages() -> None:
    """Each alert has its page; an alert that does not exist has none."""
    site = Site()
    for header, language in (("en", b'<html lang="en"'), ("zh-CN", b'<html lang="zh-CN"')):
        answer = site.ask("/runbooks/ZegoUploadExporterDown", headers={"accept-language": header})
        assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert language in answer.body
        assert b"ZegoUploadExporterDown" in answer.body
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert b'lang="zh-CN"' in site.ask("/runbooks/ZegoUploadExporterDown", "lang=zh").body
    for path in (
        "/runbooks/",
        "/runbooks/Other",
        "/runbooks/ZegoUploadExporterDown/x",
        "/runbooks",
    ):
        assert site.ask(path).status == 404
