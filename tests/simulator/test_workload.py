from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.simulator.workload import STYLES, SUFFIXES, fit_title, make_title


@settings(deadline=None)
@given(st.text(), st.sampled_from(SUFFIXES))
def test_a_title_fits_into_100_bytes_and_keeps_its_suffix(stem: str, suffix: str) -> None:
    """However long the stem, the title is valid UTF-8 of at most 100 bytes with its suffix."""
    title = fit_title(stem.encode(errors="ignore").decode(), suffix)
    assert len(title.encode()) <= 100
    assert title.endswith(suffix)
    assert stem.startswith(title.removesuffix(suffix)) or not stem.isprintable()


@pytest.mark.parametrize("style", STYLES)
def test_titles_vary_and_fit(style: str) -> None:
    """A thousand titles of a style all fit, and are not always the same few."""
    random = Random(1)  # noqa: S311 - nothing secret here
    titles = [make_title(random, style) for _ in range(1000)]
    assert all(len(title.encode()) <= 100 for title in titles)
    assert max(len(title.encode()) for title in titles) > 90
    assert len(set(titles)) > 500
