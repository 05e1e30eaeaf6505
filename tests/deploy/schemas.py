"""Published schemas of the files that this repository writes for other programs.

The schemas of the Compose Specification, of GitHub's workflows and of its other files come with
check-jsonschema, those of Kubernetes with kubernetes-validate, for the oldest and newest version
that users may have. No package carries those of the Prometheus Operator: `operator_schemas.json`
holds the part of its v1 API that a scrape and rules need, closed against every other field.
"""

from __future__ import annotations

import functools
import importlib
import json
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

from jsonschema import Draft7Validator

from tests.components import give_up

VERSIONS = ("1.25", "1.34")

Manifest = dict[str, Any]


def validate(manifest: Manifest) -> None:
    """Raise an exception that describes the first error of the manifest, if there is one."""
    if manifest["apiVersion"] == "monitoring.coreos.com/v1":
        schemas = _operator_schemas()
        _module("jsonschema").validate(
            manifest, {"$ref": f"#/definitions/{manifest['kind']}", "definitions": schemas}
        )
        return
    for version in VERSIONS:
        _module("kubernetes_validate").validate(manifest, version, strict=True)


def vendored_schema(name: str) -> Draft7Validator:
    """Return the validator of a schema that check-jsonschema ships, such as "compose-spec"."""
    package = resources.files(_module("check_jsonschema").__name__)
    file = package / "builtin_schemas" / "vendor" / f"{name}.json"
    return Draft7Validator(json.loads(file.read_text("utf-8")))


def kubernetes_schemas() -> Path:
    """Return the folder of kubernetes-validate's schemas, a folder for each version."""
    package = Path(str(resources.files(_module("kubernetes_validate").__name__)))
    return package / "kubernetes-json-schema"


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        package = name.replace("_", "-")
        give_up(f"{package} is not installed; pip install {package}")


@functools.cache
def _operator_schemas() -> dict[str, Any]:
    text = Path(__file__).with_name("operator_schemas.json").read_text("utf-8")
    return dict(json.loads(text))
