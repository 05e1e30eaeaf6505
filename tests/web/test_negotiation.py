"""Accept, Accept-Encoding and Accept-Language."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.web.negotiation import (
    TEXT_TYPE,
    accepts_gzip,
    choose_metrics_format,
    prefers_chinese,
)
from tests.linear import assert_linear


@pytest.mark.parametrize(
    "header",
    [
        "gzip",
        "GZip",
        "x-gzip",
        "deflate, gzip",
        "gzip;q=0.001",
        "gzip ; q=1.000",
        "*",
        "*;q=0.5",
        "identity;q=0.5, gzip;q=0.5",
        "identity;q=0, *",
        "br, gzip;level=3",
    ],
)
def test_gzip_is_wanted(header: str) -> None:
    """Gzip is used when it is named, or covered by the asterisk."""
    assert accepts_gzip(header)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "identity",
        "deflate, br",
        "gzip;q=0",
        "gzip;q=0.000",
        "gzip;q=0, *",
        "*;q=0",
        "gzip;q=0.2, identity;q=0.8",
        "gzip;q=abc",
        "gzip;q=",
        "gzip;q=2",
        "gzip;q=-1",
        "gzip;q=nan",
        "gzipped",
        ";;;,,,==",
    ],
)
def test_gzip_is_not_wanted(header: str) -> None:
    """Gzip is not used when it is refused, has a lower weight than identity, or is malformed."""
    assert not accepts_gzip(header)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=40) | st.text(alphabet="gzip*;q=01., \t", max_size=40))
def test_no_header_breaks_the_reading(header: str) -> None:
    """Any header gives yes or no."""
    assert accepts_gzip(header) in {True, False}


PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;"
    "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping="


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", TEXT_TYPE),
        ("*/*", TEXT_TYPE),
        ("text/plain", TEXT_TYPE),
        ("text/html, application/xhtml+xml, */*;q=0.8", TEXT_TYPE),
        (PROMETHEUS_3, OPENMETRICS + "allow-utf-8"),
        (PROMETHEUS_2, OPENMETRICS + "underscores"),
        ("application/openmetrics-text", OPENMETRICS + "underscores"),
        ("application/openmetrics-text;escaping=values", OPENMETRICS + "values"),
        ("application/openmetrics-text;escaping=dots", OPENMETRICS + "underscores"),
        ("application/openmetrics-text;escaping=x\r\ny", OPENMETRICS + "underscores"),
        ('APPLICATION/OpenMetrics-Text;Version="1.0.0"', OPENMETRICS + "underscores"),
        (
            "application/openmetrics-text; version=0.0.1",
            "application/openmetrics-text; version=0.0.1; charset=utf-8",
        ),
        ("application/openmetrics-text;version=abc", TEXT_TYPE),
        ("application/openmetrics-text;version=2.0.0,text/plain;q=0.1", TEXT_TYPE),
        ("application/openmetrics-text;q=0", TEXT_TYPE),
        ("application/openmetrics-text;q=0.1,text/plain", TEXT_TYPE),
        ("application/openmetrics-text;q=junk", TEXT_TYPE),
    ],
)
def test_the_format_of_metrics_is_negotiated(accept: str, content_type: str) -> None:
    """Text 0.0.4 unless OpenMetrics is wanted at least as much; 1.0.0 names the escaping."""
    chosen = choose_metrics_format(accept)
    assert chosen == (content_type is not TEXT_TYPE, content_type)


@pytest.mark.parametrize(
    ("accept_language", "chinese"),
    [
        ("", False),
        ("zh-CN,zh;q=0.9,en;q=0.8", True),
        ("en-US,en;q=0.9,zh-CN;q=0.8", False),
        ("de,zh;q=0.5,en;q=0.4", True),
        ("de", False),
        ("zh;q=0", False),
        ("zh-Hant-TW", True),
        ("*", False),
    ],
)
def test_the_language_is_negotiated(accept_language: str, chinese: bool) -> None:
    """The one of English and Chinese with the higher weight, English where neither is named."""
    assert prefers_chinese(accept_language) is chinese


@given(st.text())
def test_no_header_breaks_the_negotiation(header: str) -> None:
    """Any header gives a format and a language."""
    assert choose_metrics_format(header).openmetrics in (True, False)
    assert prefers_chinese(header) in (True, False)


@pytest.mark.parametrize("read", [accepts_gzip, choose_metrics_format, prefers_chinese])
@pytest.mark.parametrize(
    "piece",
    [
        " ",
        ",",
        ";",
        "a",
        "a;",
        "a ",
        "q=1;",
        'a="',
        "gzip,",
        "text/plain;q=0.5,",
        "a\t;\t",
        "=",
        "-",
    ],
)
def test_negotiation_is_linear_in_the_header(read: Callable[[str], object], piece: str) -> None:
    """Four times the header takes about four times as long (docs/guarantees.md, section 9)."""
    assert_linear(read, lambda size: piece * (size // len(piece)))
