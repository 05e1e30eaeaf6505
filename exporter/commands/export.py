"""The sub-command `export`: alert rules, dashboards and Alertmanager's example, tuned.

Rules and Alertmanager's configuration go to standard output, or as files into a folder; dashboards
are several files and need the folder. Every wrong name or value is reported, with the valid ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from exporter.alerting.alertmanager import alertmanager_files, configuration
from exporter.alerting.rules import one_file, rule_files
from exporter.alerting.shipped import dashboards
from exporter.alerting.slo import SLO_FILE, Objective, objective_of, slo_file, slo_groups
from exporter.alerting.tuning import Tuning, tuning
from exporter.commands.output import printing
from exporter.errors import ConfigError, ExporterError
from exporter.logs import say


def export(flags: argparse.Namespace) -> int:
    """Write the requested files; return 0, or 2 if the flags are wrong.

    Raises ExporterError where a file or stdout cannot be written.
    """
    try:
        chosen = _tuning(flags)
        objective = _objective(flags)
    except ConfigError as error:
        say("".join(f"zego-upload-exporter export: {line}\n" for line in error.problems))
        return 2
    if flags.folder is not None:
        if flags.kind == "rules":
            files = dict(rule_files(chosen))
            if objective:
                files[SLO_FILE] = slo_file(objective, chosen)
        elif flags.kind == "alertmanager":
            files = dict(alertmanager_files(chosen))
        else:
            files = dict(dashboards(chosen.language))
        _write(flags.folder, files)
    else:
        text = one_file(chosen) if flags.kind == "rules" else configuration(chosen)
        if objective and flags.kind == "rules":
            text += slo_groups(objective, chosen)
        with printing(machine=True) as stdout:
            stdout.write(text)
    return 0


def _tuning(flags: argparse.Namespace) -> Tuning:
    if flags.kind == "dashboards" and flags.folder is None:
        raise ConfigError(["dashboards: there are several files, so --output DIR is needed"])
    return tuning(
        language=flags.language,
        grafana_url=flags.grafana_url,
        runbook_url=flags.runbook_url,
        labels=[label.strip() for label in flags.labels.split(",") if label.strip()],
        disable=flags.disable,
        severity=flags.severity,
        hold=flags.hold,
        threshold=flags.threshold,
        watch=flags.watch,
    )


def _objective(flags: argparse.Namespace) -> Objective | None:
    if flags.slo_objective is not None:
        minimum = str(Objective().minimum) if flags.slo_minimum is None else flags.slo_minimum
        return objective_of(flags.slo_objective, minimum)
    if flags.slo_minimum is not None:
        raise ConfigError(["--slo-minimum: there is no objective (give --slo-objective as well)"])
    return None


def _write(folder: Path, files: Mapping[str, str]) -> None:
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            say(f"{path}\n")
    except OSError as error:
        raise ExporterError(f"cannot write to {folder}: {error.strerror}") from error
