"""The status page in a real browser."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.errors import AuthError
from exporter.languages import LANGUAGES
from exporter.tasks import TaskStatus
from exporter.text import printable
from exporter.web.app import Application, Sources
from tests.builders import NOW, make_task
from tests.e2e.chromium import Page, chromium
from tests.web.peers import serving
from tests.web.views import make_view

pytestmark = pytest.mark.e2e

HOSTILE = (
    "<script>window.hacked = 1</script>",
    "\"><img src=x onerror='window.hacked = 2'>",
    "</style></title></script><svg onload=window.hacked=3>",
    "\u202egnp.4pm\u2066 abc",
    "x" * 96 + ".mp4",
    "标题" * 16,
)
COUNT = 5000
TOO_WIDE = (
    "[...document.querySelectorAll('body *')].filter(e => !e.closest('thead'))"
    ".filter(e => e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML)"
)
OVERFULL = (
    "[...document.querySelectorAll('.chips a')]"
    ".filter(e => e.scrollWidth > e.clientWidth).map(e => e.outerHTML)"
)
ROWS = "document.querySelectorAll('tbody tr').length"
FIRST = "document.querySelector('tbody code')?.textContent"
PART = "document.querySelector('.part p')?.textContent"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Return a page of a browser."""
    with chromium(tmp_path_factory.mktemp("browser") / "profile") as opened:
        yield opened


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Serve an app with 5,000 failed tasks, one with hostile titles, and one that is down."""
    many = [
        make_task(f"task-{n:04}", TaskStatus.FAILED, title=f"film {n}.mp4", created_at=NOW - n)
        for n in range(COUNT)
    ]
    wild = [
        make_task(f"wild-{n}", TaskStatus.WAITING_RETRY, title=title)
        for n, title in enumerate(HOSTILE)
    ]
    error = AuthError(HOSTILE[0], code="1", remedy=HOSTILE[1])
    views = (
        make_view("many", tasks=many),
        make_view("wild", tasks=wild),
        make_view(HOSTILE[0], tasks=None, error=error),
    )
    with serving_page(views) as url:
        yield url


@contextmanager
def serving_page(views: Sequence[AppView]) -> Iterator[str]:
    """Serve the status page of these apps at NOW; yield its address."""
    sources = Sources(
        render_metrics=lambda **_: b"",
        views=lambda: views,
        healthy=lambda: True,
        tasks=TaskSettings,
        now=lambda: NOW,
    )
    with serving(Application(sources, max_requests=0)) as server:
        yield f"http://{server.addresses[0]}/"


@pytest.fixture(autouse=True)
def _without_complaint(page: Page) -> Iterator[None]:
    """Nothing on the page breaks its policy or its script."""
    page.errors.clear()
    yield
    assert page.errors == []


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_hostile_texts_have_no_effect(page: Page, url: str, script: bool) -> None:
    """Titles, names and messages are shown; none runs a script or changes the writing direction."""
    page.open(f"{url}?app=wild&status=all", script=script)
    assert page.value("[...document.querySelectorAll('.name > bdi')].map(b => b.textContent)") == [
        *map(printable, HOSTILE),
    ]
    page.open(url, script=script)
    assert page.value("document.querySelector('.note.down bdi').textContent") == HOSTILE[0]
    assert page.value("document.querySelectorAll('img, svg').length") == 0
    assert page.value("window.hacked ?? null") is None


def test_the_table_can_be_used_without_script(page: Page, url: str) -> None:
    """Search, filter, order and pages work by a form and links alone."""
    page.open(url, script=False)
    assert page.value(PART) == "1\u201350 of 5,006 tasks"
    assert page.value(ROWS) == 50
    page.click("input[name=q]")
    page.type("film 49")
    page.click("form button")
    page.until(f"{PART} === '1\u201350 of 111 tasks'")
    page.click("#next")
    page.until(f"{PART} === '51\u2013100 of 111 tasks'")
    page.click("#by-created")
    page.until(f"{FIRST} === 'task-0049'")
    page.click("#by-created")
    page.until(f"{FIRST} === 'task-4999'")
    page.click(".reset")
    page.until(f"{PART} === '1\u201350 of 5,006 tasks'")


def test_the_table_follows_typing_with_script(page: Page, url: str) -> None:
    """The list is filtered on typing, without loading a page; the focus stays."""
    page.open(url)
    page.value("window.same = true")
    page.click("input[name=q]")
    page.type("FILM 4999")
    page.until(f"{ROWS} === 1")
    assert page.value(FIRST) == "task-4999"
    assert page.value("location.search") == "?q=FILM+4999&status=attention&sort=urgency"
    assert page.value("document.activeElement.name") == "q"
    assert page.value("window.same")


def test_selects_links_and_the_way_back_work_with_script(page: Page, url: str) -> None:
    """A status is chosen, the order reversed, and the browser's back button reverts both."""
    page.open(f"{url}?app=wild")
    page.value("window.same = true")
    page.value(
        "(select => { select.value = 'failed';"
        " select.dispatchEvent(new Event('input', {bubbles: true})) })"
        "(document.querySelector('select[name=status]'))"
    )
    page.until("document.querySelector('.empty') !== null")
    page.click(".empty a")
    page.until(f"{PART} === '1\u201350 of 5,006 tasks'")
    page.click("#last")
    page.until(f"{PART} === '5,001\u20135,006 of 5,006 tasks'")
    page.value("history.back()")
    page.until(f"{PART} === '1\u201350 of 5,006 tasks'")
    assert page.value("window.same")


def test_an_exporter_that_does_not_answer_is_shown(page: Page) -> None:
    """Data that cannot be refreshed is marked as old; the page stays."""
    sources = Sources(
        render_metrics=lambda **_: b"",
        views=lambda: [make_view()],
        healthy=lambda: True,
        tasks=TaskSettings,
        now=lambda: NOW,
    )
    with serving(Application(sources, max_requests=0)) as server:
        page.open(f"http://{server.addresses[0]}/")
        assert page.value("document.getElementById('silence').hidden")
    page.click(".reset")
    page.until("!document.getElementById('silence').hidden")
    assert page.value("document.querySelectorAll('.card').length") == 1
    page.errors.clear()  # the browser logs the refused connection, as it should


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_fits_every_screen(
    page: Page, url: str, tmp_path: Path, scheme: str, width: int
) -> None:
    """Nothing overflows, in either colour scheme, and text has contrast."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.call("Emulation.setEmulatedMedia", features=features)
    page.set_width(width)
    page.open(f"{url}?status=all&sort=-status")
    assert page.value(TOO_WIDE) == []
    assert page.value("document.documentElement.scrollWidth") <= width
    ground, ink = (
        page.value(f"getComputedStyle(document.body).{name}")
        for name in ("backgroundColor", "color")
    )
    assert (ground == "rgb(18, 22, 29)") == (scheme == "dark")
    assert ink != ground
    assert page.photograph(tmp_path / "page.png").startswith(b"\x89PNG")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("apps", [1, 3, 20])
def test_large_numbers_stay_in_their_boxes(page: Page, apps: int, language: str) -> None:
    """A number of six digits fits beside or below the name of its status, at every width."""
    views = [make_view(f"app-{n}") for n in range(apps)]
    with serving_page(views) as url:
        page.open(f"{url}?lang={language}", script=False)
    assert page.value("document.querySelectorAll('.chips a').length") == apps * len(TaskStatus)
    page.value(
        "document.querySelectorAll('.chips b').forEach(count => {"
        " count.textContent = '888,888'; count.closest('li').className = '' })"
    )
    for width in (360, 700, 1000, 1440):
        page.set_width(width)
        assert page.value(OVERFULL) == [], width


def test_a_chinese_browser_gets_the_page_in_chinese(
    tmp_path_factory: pytest.TempPathFactory, url: str
) -> None:
    """By the language that it prefers, with local time beside UTC; a link leads to English."""
    folder = tmp_path_factory.mktemp("chinese") / "profile"
    with chromium(folder, "--lang=zh-CN", "--accept-lang=zh-CN", TZ="Asia/Shanghai") as browser:
        browser.open(url)
        assert browser.value("document.documentElement.lang") == "zh-CN"
        assert browser.value("document.querySelector('#tasks h2').textContent") == "需要关注的任务"
        shown = browser.value("document.querySelector('#asof time').title")
        assert shown.startswith("2023-11-14 22:13:20 UTC")
        assert "2023年11月15日 06:13:20" in shown
        browser.click("nav a[lang=en]")
        browser.until("document.documentElement?.lang === 'en'")
