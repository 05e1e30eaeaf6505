"""The glossary at the end of `docs/metrics.md`."""

from __future__ import annotations

from collections.abc import Mapping

from docs.generator.chinese import Say

_TERMS: Mapping[str, str] = {
    "collection": "The exporter reads all upload tasks of one app from ZEGO's API. It succeeds or "
    "fails as a whole.",
    "interval": "The time from the start of one collection to the start of the next "
    "(`collection.interval`).",
    "page": "The answer to one request: up to 50 tasks, and a token for the next page.",
    "resync": "With `strategy: incremental`, a full walk every `collection.resync_interval` that "
    "checks and corrects the known tasks.",
    "scrape": "Prometheus reads `/metrics`. A scrape reads snapshots and never calls the API.",
    "slot": "One task that an AppId may have waiting or uploading. There are 10, unless ZEGO "
    "raised the limit. With none free, ZEGO refuses new uploads.",
    "snapshot": "The immutable result of one successful collection. The current snapshots are what "
    "the exporter exposes.",
    "stale": "A snapshot older than `collection.stale_after` is stale, and is no longer exposed.",
    "transition": "A change of a task's status between two consecutive snapshots, or its "
    "appearance or disappearance.",
    "walk": "One pass over all pages of a listing, from the first page to the one without a next "
    "page.",
}


def glossary(say: Say) -> str:
    """Return the section, with one list item for each term in alphabetical order."""
    items = [
        say("- **{term}**: {meaning}").format(term=say(term), english=term, meaning=say(meaning))
        for term, meaning in sorted(_TERMS.items())
    ]
    return "\n".join([say("## Glossary"), "", *items, ""])
