"""Writes the committed rules, templates and Alertmanager's example from `exporter/alerting`.

Run it after a change there: `python prometheus/generate.py`. A test holds the files to it. They are
what `zego-upload-exporter export` writes without options, and in Chinese with `--language zh`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from exporter.alerting.alertmanager import TEMPLATE_FILE, configuration, template
from exporter.alerting.messengers import ROBOTS_FILE, messenger_files
from exporter.alerting.rules import ALERTS_FILE, rule_files
from exporter.alerting.slo import SLO_FILE, Objective, slo_file
from exporter.alerting.tuning import tuning

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Write all files."""
    for path, text in texts().items():
        (HERE / path).parent.mkdir(exist_ok=True)
        (HERE / path).write_text(text, encoding="utf-8")


def texts() -> dict[str, str]:
    """Return the generated files: path below this folder, content."""
    english, chinese = tuning(), tuning(language="zh")
    return {
        **{f"rules/{name}": text for name, text in rule_files(english).items()},
        f"rules-zh/{ALERTS_FILE}": rule_files(chinese)[ALERTS_FILE],
        f"templates/{TEMPLATE_FILE}": template(english),
        f"templates-zh/{TEMPLATE_FILE}": template(chinese),
        **_in_chinese_folders(messenger_files(chinese)),
        **messenger_files(english),
        "alertmanager.example.yml": configuration(english),
        f"slo/{SLO_FILE}": slo_file(Objective(), english),
    }


def _in_chinese_folders(files: Mapping[str, str]) -> dict[str, str]:
    """Return files with names that differ from those of the English ones."""
    robots = {f"messengers/{ROBOTS_FILE}": "messengers/robots.zh-CN.tmpl"}
    return {
        robots.get(name, name.replace("templates/", "templates-zh/")): text
        for name, text in files.items()
    }


if __name__ == "__main__":
    main()
