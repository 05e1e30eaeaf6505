"""`docs/metrics.md`, from the table of metrics."""

from __future__ import annotations


def metrics_page() -> str:
    """Return the page."""
    return ""
