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


@pytest.mark.parametrize(
    ("names", "values", "line"),
    [
        (("zego_app", "status"), ("vod", "failed"), 'metric{status="failed",zego_app="vod"} 1.0\n'),
        ((), (), "metric 1.0\n"),
        (("title",), ('a"b\\c\nd{0}',), 'metric{title="a\\"b\\\\c\\nd{0}"} 1.0\n'),
    ],
    ids=["labels in the order of their names", "no labels", "escaped quotes, not braces"],
)
def test_a_line_is_written_as_the_library_writes_it(
    names: tuple[str, ...], values: tuple[str, ...], line: str
) -> None:
    """Labels are sorted; only quotes, backslashes and newlines have a meaning between quotes."""
    assert Series("metric", names).line(values, 1) == line


@pytest.mark.parametrize("values", [(), ("a", "b")])
def test_values_that_do_not_fit_the_labels_are_a_defect(values: tuple[str, ...]) -> None:
    """The library would silently drop values or labels."""
    with pytest.raises(ValueError, match="values for 1 labels"):
        Series("metric", ("title",)).start(values)
