"""Views of apps for the tests of the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from exporter.collection.state import AppView
from exporter.errors import CollectionError
from exporter.tasks import UploadTask
from exporter.zego.stats import ApiStats
from tests import builders
from tests.builders import NOW, make_settings, make_snapshot

SECRET = "0123456789abcdef0123456789abcdef"


def make_view(
    name: str = "production",
    *,
    tasks: Sequence[UploadTask] | None = (),
    stale: bool = False,
    error: CollectionError | None = None,
    api_errors: Mapping[str, int] | None = None,
    failure_reasons: Mapping[str, str] | None = None,
) -> AppView:
    """Return a view as of `NOW`: a success with `tasks` 42 s ago, unless None; then `error`."""
    snapshot = None
    if tasks is not None:
        snapshot = make_snapshot(*tasks, completed_at=NOW - 42)
        snapshot = replace(snapshot, failure_reasons=failure_reasons or {})
    stats = ApiStats()
    for code, count in (api_errors or {}).items():
        for _ in range(count):
            stats.record_error(code)
    # Not validated: what the page does with a name must not depend on that.
    settings = make_settings("any", server_secret=SECRET).model_copy(update={"name": name})
    view = builders.make_view(
        name, snapshot, stale=stale, error=error, stats=stats, settings=settings
    )
    return replace(view, next_collection=NOW + 18)
