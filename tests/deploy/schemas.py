"""Whether a manifest is what the Kubernetes API and the Prometheus Operator accept.

Kubernetes' own schemas come with kubernetes-validate, for the oldest and the newest version that
users may have. No package carries those of the Operator: `operator_schemas.json` holds the part of
its v1 API that a scrape and rules need, closed against every other field.
"""

from __future__ import annotations

import functools
import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.deploy.tools import give_up

VERSIONS = ("1.25", "1.34")

Manifest = dict[str, Any]


def validate(manifest: Manifest) -> None:
    """Raise an exception that says what is wrong with the manifest, if anything is."""
    if manifest["apiVersion"] == "monitoring.coreos.com/v1":
        schemas = _operator_schemas()
        _module("jsonschema").validate(
            manifest, {"$ref": f"#/definitions/{manifest['kind']}", "definitions": schemas}
        )
        return
    for version in VERSIONS:
        _module("kubernetes_validate").validate(manifest, version, strict=True)


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        give_up("kubernetes-validate is not installed; pip install kubernetes-validate")


@functools.cache
def _operator_schemas() -> dict[str, Any]:
    text = Path(__file__).with_name("operator_schemas.json").read_text("utf-8")
    return dict(json.loads(text))
