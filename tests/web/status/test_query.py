"""Query parameters of the status page and of the JSON API."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.durations import parse_duration
from exporter.tasks import TaskStatus
from exporter.web.status.query import (
    ALL,
    MAX_LIMIT,
    ORDERS,
    PARAMETERS,
    QueryError,
    TaskQuery,
    read_apps,
    read_fields,
    read_query,
)

APPS = ("vod", "lessons", "课程 & Co")


def read(text: str, **defaults: Any) -> TaskQuery:
    """Return the query of a query string."""
    return read_query(read_fields(text.encode()), APPS, **defaults)


def refusal(text: str) -> str:
    """Return why a query string is refused."""
    with pytest.raises(QueryError) as caught:
        read(text)
    assert str(caught.value).startswith(f"{caught.value.parameter}: ")
    return str(caught.value)


def test_without_parameters_the_page_shows_what_needs_attention() -> None:
    """The defaults are the page's; the API has its own."""
    assert read("") == TaskQuery()
    assert read("", status=ALL, limit=100) == TaskQuery(
        statuses=frozenset(TaskStatus), attention=False, limit=100
    )


def test_every_parameter_is_read() -> None:
    """Names, lists, durations, orders and numbers are read."""
    asked = "app=vod&app=lessons&status=failed&status=expired&expiring_within=6h&q=%20A%26b%20"
    assert read(f"{asked}&sort=-created&limit=7&offset=14") == TaskQuery(
        apps=("vod", "lessons"),
        statuses=frozenset({TaskStatus.FAILED, TaskStatus.EXPIRED}),
        attention=False,
        expiring_within=21600.0,
        search="A&b",
        sort="created",
        descending=True,
        limit=7,
        offset=14,
    )


def test_empty_values_are_as_if_absent() -> None:
    """A form without JavaScript sends its empty fields too."""
    assert read("&".join(f"{name}=" for name in PARAMETERS)) == TaskQuery()


def test_attention_and_statuses_add_up() -> None:
    """`attention` beside a status shows the tasks of both."""
    query = read("status=attention&status=expired")
    assert (query.attention, query.statuses) == (True, frozenset({TaskStatus.EXPIRED}))
    assert query.status_words == ("attention", "expired")


def test_an_app_named_twice_is_one() -> None:
    """Repetition changes nothing."""
    assert read_apps({"app": ["vod", "vod"]}, APPS) == ("vod",)


@pytest.mark.parametrize("text", ["90", "90s", "1m30s", "90.0"])
def test_a_duration_is_prometheus_like_or_seconds(text: str) -> None:
    """As in the configuration file."""
    assert read(f"expiring_within={text}").expiring_within == 90


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("status=bogus", "status: 'bogus' is none of attention, unresolved, all, waiting, "),
        ("app=vodd", "app: 'vodd' is none of vod, lessons, "),
        ("expiring_within=soon", "expiring_within: 'soon' is not a duration (such as 90s, "),
        ("expiring_within=-1", "expiring_within: '-1' is not a duration"),
        ("expiring_within=nan", "expiring_within: 'nan' is not a duration"),
        ("sort=size", "sort: 'size' is none of urgency, app, "),
        ("sort=--created", "sort: '-created' is none of "),
        ("limit=0", f"limit: '0' is not a whole number from 1 to {MAX_LIMIT}"),
        ("limit=1001", "limit: '1001' is not"),
        ("offset=-1", "offset: '-1' is not a whole number from 0 to "),
        ("offset=1e3", "offset: '1e3' is not"),
        ("offset=%D9%A3", "offset: '\u0663' is not"),
        ("limit=1_0", "limit: '1_0' is not"),
        ("limit=5&limit=6", "limit: is given more than once"),
        ("a=1&" * 1001, "query: has more than 1000 parameters"),
        ("status=" + "x" * 9000, "status: 'xxxxxxxxxxx"),
    ],
)
def test_a_refusal_names_the_parameter_and_what_would_be_right(text: str, expected: str) -> None:
    """A mistyped parameter is named, in a short message."""
    message = refusal(text)
    assert message.startswith(expected)
    assert len(message) < 250


def test_an_unknown_parameter_is_refused_with_the_known_ones() -> None:
    """A typo must not silently list everything; the page is more lenient."""
    with pytest.raises(QueryError, match=r"^stauts: is no parameter here \(known: app, status, "):
        read_fields(b"stauts=failed", PARAMETERS)
    assert read("utm_source=chat") == TaskQuery()


queries = st.builds(
    TaskQuery,
    apps=st.lists(st.sampled_from(APPS), unique=True).map(tuple),
    statuses=st.frozensets(st.sampled_from(TaskStatus), min_size=1, max_size=7),
    attention=st.booleans(),
    expiring_within=st.none() | st.integers(0, 10**6).map(float),
    search=st.text(st.characters(exclude_categories=["Cs"])).map(str.strip),
    sort=st.sampled_from(ORDERS),
    descending=st.booleans(),
    offset=st.integers(0, 10**9 - 1),
)


@settings(deadline=None, max_examples=40)
@given(queries)
def test_a_link_leads_to_the_same_query(query: TaskQuery) -> None:
    """Every shown query has a link that gives it again."""
    assert read(query.link.removeprefix("?")) == query


def test_a_link_leaves_defaults_out() -> None:
    """The address stays short, and another order begins at the start."""
    assert TaskQuery().link == "?"
    query = read("status=all&q=a&offset=50")
    assert query.link == "?status=all&q=a&offset=50"
    assert query.at(0).link == "?status=all&q=a"
    assert query.ordered("-retries").link == "?status=all&q=a&sort=-retries"


def test_a_window_is_written_as_a_duration() -> None:
    """Plain seconds are shown with units."""
    query = read("expiring_within=5400")
    assert query.window == "1h30m"
    assert parse_duration(query.window) == query.expiring_within


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*PARAMETERS, "x"]),
            st.text() | st.sampled_from(["1", "-1", "1d", "all", "failed", "vod", "9" * 40, "-"]),
        ),
        max_size=8,
    )
)
def test_any_query_is_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    """No value of any parameter makes another error than QueryError."""
    text = "&".join(f"{name}={quote_plus(value, errors='replace')}" for name, value in pairs)
    with suppress(QueryError):
        assert 1 <= read(text).limit <= MAX_LIMIT
