"""Files that ship with the exporter: dashboards and the documents that hold the runbooks.

In a wheel they are in `exporter/shipped/`. In a checkout of the repository, which an editable
installation uses, they are where they are maintained: `grafana/` and `docs/`.
"""

from __future__ import annotations

from pathlib import Path

from exporter.errors import ExporterError

_PACKAGE = Path(__file__).resolve().parents[1]
_INSTALLED = _PACKAGE / "shipped"
_REPOSITORY = _PACKAGE.parent


def dashboards(language: str) -> dict[str, str]:
    """Return the dashboards in a language: file name, JSON. Raises ExporterError if none are there.

    Chinese ones end in `-zh.json`.
    """
    paths = sorted(_folder("grafana").glob("*.json"))
    chosen = [path for path in paths if path.stem.endswith("-zh") == (language == "zh")]
    if not chosen:
        raise ExporterError("this installation holds no dashboards (install the package again)")
    return {path.name: path.read_text(encoding="utf-8") for path in chosen}


def document(path: str) -> str:
    """Return a document of the repository, such as `docs/alerts.md`, as Markdown.

    Raises ExporterError if it is not there.
    """
    folder, _, name = path.rpartition("/")
    try:
        return (_folder(folder) / name).read_text(encoding="utf-8")
    except OSError as error:
        raise ExporterError(f"this installation lacks {path}: {error.strerror}") from error


def _folder(name: str) -> Path:
    installed = _INSTALLED / name
    return installed if installed.is_dir() else _REPOSITORY / name
