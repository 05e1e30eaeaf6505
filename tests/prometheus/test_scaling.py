"""Scaled rules differ from ours in their durations alone, and in all of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.prometheus import rule_files
from tests.prometheus.rule_files import PROMETHEUS, RULE_FILES
from tests.prometheus.scaling import scale_document, scale_duration, scale_query

FILES = (
    *RULE_FILES,
    PROMETHEUS / "alertmanager.example.yml",
    PROMETHEUS / "prometheus.example.yml",
)


def load(path: Path) -> Any:
    """Return the parsed file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("duration", "scaled"),
    [("30s", "500ms"), ("5m", "5000ms"), ("1h30m", "90000ms"), ("7d", "10080000ms")],
)
def test_a_duration_is_divided(duration: str, scaled: str) -> None:
    """Every unit, and several in one duration."""
    assert scale_duration(duration, 60) == scaled


@pytest.mark.parametrize("duration", ["1s", "0s"])
def test_what_cannot_be_divided_is_refused(duration: str) -> None:
    """Prometheus has no parts of a millisecond, and a window of 0 is another rule."""
    with pytest.raises(ValueError, match=duration):
        scale_duration(duration, 60)


@pytest.mark.parametrize(
    ("query", "scaled"),
    [
        ("increase(x_total[30m]) > 0", "increase(x_total[30000ms]) > 0"),
        ("last_over_time(x[6h] offset 30m)", "last_over_time(x[360000ms] offset 30000ms)"),
        ("max_over_time(rate(x[5m])[1h:1m])", "max_over_time(rate(x[5000ms])[60000ms:1000ms])"),
        ("x offset -5m", "x offset -5000ms"),
        ('x{within="6h", y="\\"[5m]"} < 21600', 'x{within="6h", y="\\"[5m]"} < 21600'),
        ("job:x:increase1h / x2h > 1e3", "job:x:increase1h / x2h > 1e3"),
    ],
)
def test_a_query_keeps_everything_but_its_durations(query: str, scaled: str) -> None:
    """Windows, offsets and subqueries are scaled; names, labels and numbers are not."""
    assert scale_query(query, 60) == scaled


def test_the_words_of_a_text_are_not_scaled() -> None:
    """Only the query in a text is scaled, although it is between quotes there."""
    text = 'In 30m: {{ query "topk(10, x[5m] offset 1h)" }} (run --expiring-within 6h)'
    rule = {"for": "5m", "keep_firing_for": "15m", "annotations": {"description": text}}

    assert scale_document(rule, 60) == {
        "for": "5000ms",
        "keep_firing_for": "15000ms",
        "annotations": {
            "description": 'In 30m: {{ query "topk(10, x[5000ms] offset 60000ms)" }} '
            "(run --expiring-within 6h)"
        },
    }


def unscaled(document: Any, key: str = "") -> list[str]:
    """Return the texts that look like an unscaled duration of a minute or more.

    In texts for people it searches within `{{ }}`, in expressions outside of quotes
    (`within="6h"` is a label), and everywhere in other texts.
    """
    if isinstance(document, list):
        return [found for entry in document for found in unscaled(entry)]
    if isinstance(document, dict):
        return [found for name, value in document.items() for found in unscaled(value, name)]
    text = str(document)
    if key in {"summary", "description"}:
        text = " ".join(re.findall(r"{{.*?}}", text, re.DOTALL))
    if key == "expr":
        text = re.sub(r'"[^"]*"', "", text)
    return re.findall(r"(?<!\w)\d+[mhdwy]\b", text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_duration_of_our_files_is_forgotten(path: Path) -> None:
    """Before scaling there are durations of minutes and more, afterwards there is none."""
    document = load(path)

    assert unscaled(document)
    assert unscaled(scale_document(document, 60)) == []


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.name)
def test_prometheus_accepts_the_scaled_rules(tmp_path: Path, path: Path) -> None:
    """The scaled expressions are still PromQL."""
    scaled = tmp_path / path.name
    scaled.write_text(yaml.safe_dump(scale_document(load(path), 60)), encoding="utf-8")

    result = rule_files.promtool("check", "rules", scaled)

    assert result.returncode == 0, result.stdout
