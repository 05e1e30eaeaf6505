"""Lines of the exposition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.utils import floatToGoString

from exporter.metrics.text_format import Series, write_number


@given(st.floats() | st.integers(-(10**17), 10**17))
def test_a_number_is_written_as_the_library_writes_it(number: float) -> None:
    """Infinities, no number at all, exponents as in Go."""
    assert write_number(number) == floatToGoString(number)


def test_labels_are_sorted_by_their_names() -> None:
    """As the library does, whatever the order of the table's row."""
    series = Series("metric", ("zego_app", "status"))
    assert series.line(("vod", "failed"), 2) == 'metric{status="failed",zego_app="vod"} 2.0\n'


def test_no_labels_need_no_braces() -> None:
    """A name and a value are enough."""
    assert Series("metric", ()).line((), 0.5) == "metric 0.5\n"


def test_label_values_are_escaped_and_braces_are_not() -> None:
    """Only quotes, backslashes and newlines mean anything between quotes."""
    series = Series("metric", ("title",))
    assert series.line(('a"b\\c\nd{0}',), 1) == 'metric{title="a\\"b\\\\c\\nd{0}"} 1.0\n'


@pytest.mark.parametrize("values", [(), ("a", "b")])
def test_values_that_do_not_fit_the_labels_are_a_defect(values: tuple[str, ...]) -> None:
    """The library would drop what is too much or too little."""
    with pytest.raises(ValueError, match="values for 1 labels"):
        Series("metric", ("title",)).start(values)
