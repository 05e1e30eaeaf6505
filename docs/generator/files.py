"""Which files are generated, and from what."""

from __future__ import annotations

import json
from pathlib import Path

from docs.generator.configuration import configuration_page
from docs.generator.example import example
from docs.generator.metrics import metrics_page
from docs.generator.reliability import reliability_page
from exporter.config.schema import Settings

DOCS = Path(__file__).parent.parent


def generated() -> dict[Path, str]:
    """Return the text of every generated file."""
    return {
        DOCS / "configuration.md": configuration_page("en"),
        DOCS / "configuration.zh-CN.md": configuration_page("zh"),
        DOCS / "metrics.md": metrics_page("en"),
        DOCS / "metrics.zh-CN.md": metrics_page("zh"),
        DOCS / "reliability.md": reliability_page(),
        DOCS / "config.schema.json": schema(),
        DOCS.parent / "config.example.yaml": example(),
    }


def schema() -> str:
    """Return the JSON Schema of the configuration file, for editors."""
    described = Settings.model_json_schema()
    described["title"] = "zego-upload-exporter configuration"
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"
