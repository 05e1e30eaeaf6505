"""Pages of the exposition, and views and snapshots to render them of."""

from __future__ import annotations

import gzip
import re
import zlib

from hypothesis import strategies as st

from exporter.collection.state import AppView
from exporter.config import TaskSettings
from exporter.metrics.exposition import Exposition
from exporter.tasks import Snapshot, Tracked
from tests.builders import NOW, tasks_strategy


def render(
    *views: AppView,
    openmetrics: bool = False,
    apps: frozenset[str] | None = None,
    tasks: TaskSettings | None = None,
) -> str:
    """Return the page for `views` at NOW."""
    exposition = Exposition(lambda: views, tasks or TaskSettings(), now=lambda: NOW)
    return exposition.render(apps=apps, openmetrics=openmetrics).decode()


def series(page: str, name: str) -> dict[str, float]:
    """Return the samples called `name`: their labels as written, and the value."""
    found = re.findall(rf"^{name}(?:\{{(.*)\}})? (\S+)$", page, re.MULTILINE)
    return {labels: float(value) for labels, value in found}


INSTANTS = st.floats(0, 4e9)


LISTINGS = st.lists(tasks_strategy(), unique_by=lambda task: task.id, max_size=6)


def without_process(page: bytes) -> bytes:
    """Return the page without the numbers of this process, which change all the time."""
    return b"\n".join(line for line in page.split(b"\n") if not line.startswith(b"process_"))


def pages(exposition: Exposition, apps: frozenset[str] | None, openmetrics: bool) -> list[bytes]:
    """Return the page plain and unpacked, each rendered once afresh and once from the cache."""
    plain = [exposition.render(apps=apps, openmetrics=openmetrics) for _ in range(2)]
    packed = [exposition.render(apps=apps, openmetrics=openmetrics, gzip=True) for _ in range(2)]
    return [without_process(page) for page in (*plain, *map(unpack, packed))]


def unpack(body: bytes) -> bytes:
    """Return the content of one gzip member; fail if anything follows it."""
    member = zlib.decompressobj(zlib.MAX_WBITS | 16)
    page = member.decompress(body)
    assert member.eof
    assert member.unused_data == b""
    assert gzip.decompress(body) == page
    return page


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Return any snapshot, some of its tasks tracked and some with a reason."""
    tasks = draw(LISTINGS)
    ids = [task.id for task in tasks]
    known = st.lists(st.sampled_from(ids), unique=True) if ids else st.just([])
    return Snapshot(
        tuple(tasks),
        completed_at=draw(INSTANTS),
        duration=draw(st.floats(0, 1e7)),
        pages=1,
        reported_total=draw(st.none() | st.integers(0, 10**12)),
        tracked={
            task.id: Tracked(task.status, draw(INSTANTS))
            for task in tasks
            if task.id in draw(known)
        },
        failure_reasons={task_id: draw(st.text()) for task_id in draw(known)},
    )


def heads(page: bytes) -> list[bytes]:
    """Return the HELP and TYPE lines."""
    return [line for line in page.split(b"\n") if line.startswith(b"#")]
