"""YAML and environment -> frozen, validated settings (contract, section 3)."""

from exporter.config.loading import load_settings
from exporter.config.schema import TaskSettings, WebSettings
from exporter.config.settings import AppSettings, CollectionSettings, Settings

__all__ = [
    "AppSettings",
    "CollectionSettings",
    "Settings",
    "TaskSettings",
    "WebSettings",
    "load_settings",
]
