"""Metrics of upload tasks."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config import TaskSettings
from exporter.tasks import UNKNOWN_HOST, TaskStatus
from tests.builders import make_snapshot, make_task, make_view
from tests.metrics.pages import render, series


@pytest.mark.parametrize(
    ("mode", "title", "expected"),
    [
        ("full", "video.mp4", "video.mp4"),
        ("hash", "video.mp4", "5a44db20c2ccb60c"),
        ("none", "video.mp4", ""),
        ("full", "", ""),
        ("hash", "", ""),  # the hash of an empty text would look like a title of many tasks
        ("none", "", ""),
    ],
)
def test_titles_are_shown_as_configured(mode: str, title: str, expected: str) -> None:
    """Full, as a short hash that still distinguishes files, or not at all."""
    tasks = TaskSettings.model_validate({"title": mode})
    page = render(make_view(snapshot=make_snapshot(make_task(title=title))), tasks=tasks)
    (labels,) = series(page, "zego_upload_task_info")
    assert f'title="{expected}"' in labels


HOSTS = ("a.example", "b.example", "c.example", "other", UNKNOWN_HOST)


@given(
    st.lists(st.tuples(st.sampled_from(HOSTS), st.sampled_from(TaskStatus)), max_size=30),
    st.integers(0, 3),
)
def test_source_tasks_are_bounded_and_add_up(
    sources: list[tuple[str, TaskStatus]], limit: int
) -> None:
    """Each listed task is in one series; hosts beyond the limit share one."""
    tasks = [
        replace(make_task(str(number), status), source_host=host)
        for number, (host, status) in enumerate(sources)
    ]
    page = render(
        make_view(snapshot=make_snapshot(*tasks)), tasks=TaskSettings(source_hosts=limit, limit=0)
    )
    samples = {
        (host, status): float(value)
        for host, status, value in re.findall(
            r'zego_upload_source_tasks{source_host="([^"]+)",status="(\w+)",zego_app="vod"} (\S+)',
            page,
        )
    }
    labels = {host for host, _ in samples}
    assert len(labels) <= limit + 2
    assert len(samples) == len(labels) * len(TaskStatus)
    if not limit:
        assert not samples
        return
    for status in TaskStatus:
        listed = sum(1 for _, one in sources if one is status)
        assert sum(n for (_, word), n in samples.items() if word == status.value) == listed
    counts = Counter(host for host, _ in sources)
    assert (UNKNOWN_HOST in labels) == (counts[UNKNOWN_HOST] > 0)
    largest = max((n for host, n in counts.items() if host != UNKNOWN_HOST), default=0)
    shown = [sum(n for (host, _), n in samples.items() if host == label) for label in labels]
    assert largest <= max(shown, default=0)
