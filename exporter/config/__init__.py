"""YAML, environment and flags -> frozen, validated settings (`docs/guarantees.md`, section 13)."""

from exporter.config.app import AppSettings, CollectionSettings
from exporter.config.loading import load_settings
from exporter.config.schema import (
    HistorySettings,
    Settings,
    TaskSettings,
    WebSettings,
)

__all__ = [
    "AppSettings",
    "CollectionSettings",
    "HistorySettings",
    "Settings",
    "TaskSettings",
    "WebSettings",
    "load_settings",
]
