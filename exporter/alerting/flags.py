"""The arguments of the sub-command `export`."""

from __future__ import annotations

import argparse
from pathlib import Path

from exporter.languages import LANGUAGES

LABELS = ("cluster", "namespace")
"""Labels that usually tell targets apart beside `job`."""

KINDS = ("rules", "dashboards", "alertmanager")


def add_export_flags(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `export`."""
    # argparse would call a missing one by its destination, "kind", which says nothing to a user.
    parser.add_argument(
        "kind", metavar=f"{{{','.join(KINDS)}}}", choices=KINDS, help="what to write"
    )
    parser.add_argument(
        "--language",
        choices=LANGUAGES,
        default="en",
        help="language of texts and links (default: en)",
    )
    parser.add_argument(
        "--grafana-url",
        metavar="URL",
        default="",
        help="address of Grafana, for links to the dashboards",
    )
    parser.add_argument(
        "--runbook-url",
        metavar="URL",
        default="",
        help="address of the runbooks, such as http://exporter:10317/runbooks",
    )
    parser.add_argument(
        "--labels",
        metavar="NAMES",
        default=",".join(LABELS),
        help=f"labels besides job that distinguish scrape targets (default: {','.join(LABELS)})",
    )
    _add_tuning_flags(parser)
    parser.add_argument(
        "--output", dest="folder", metavar="DIR", type=Path, help="write files into DIR"
    )


def _add_tuning_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that change alerts: severities, thresholds, objectives."""
    for flag, destination, value, meaning in (
        ("--disable", "disable", "ALERT", "leave out this alert"),
        ("--severity", "severity", "ALERT=LEVEL", "severity: critical, warning, info or none"),
        ("--for", "hold", "ALERT=DURATION", "time that the condition must hold first, such as 15m"),
        ("--threshold", "threshold", "ALERT.NAME=VALUE", "threshold: a number, share or duration"),
    ):
        parser.add_argument(
            flag,
            dest=destination,
            metavar=value,
            action="append",
            default=[],
            help=f"{meaning}; repeatable",
        )
    parser.add_argument(
        "--watch",
        metavar="REGEX",
        default="",
        help="warn before files with these titles expire; sees only tasks with their own series, "
        "so set tasks.title: full, keep succeeded and expired in tasks.statuses, and raise "
        "tasks.limit if it leaves tasks out",
    )
    parser.add_argument(
        "--slo-objective",
        metavar="RATIO",
        help="add rules for an objective: share of uploads that succeed over 28 days, such as 0.99",
    )
    parser.add_argument(
        "--slo-minimum",
        metavar="N",
        help="finished uploads that an alert on the objective needs (default: 20)",
    )
