"""Rule files for Prometheus, as YAML.

The text is written here rather than by a YAML library: expressions and descriptions have to stay
readable, and comments to stay beside their rules.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Mapping

from exporter.alerting.catalog import RECORDING_RULES
from exporter.alerting.model import Alert, Component, Kind, Listing, Texts
from exporter.alerting.tuning import Tuning, words
from exporter.durations import parse_duration
from exporter.languages import FAILURES
from exporter.tasks import UNFINISHED

ALERTS_FILE = "zego-uploads.alerts.yaml"
RECORDING_FILE = "zego-uploads.recording.yaml"

_ALERTS_HEADER = """\
# Alerts for zego-upload-exporter, written by: zego-upload-exporter export rules
# Do not edit: severities, thresholds, windows, labels, addresses and language are its options.
# docs/alerts.md says how to tune the alerts, and is their runbook. Needs Prometheus 2.42 or newer.
# Made for a scrape interval of up to one minute and a collection interval of up to five.
"""
_RECORDING_HEADER = """\
# Recording rules for zego-upload-exporter, written by: zego-upload-exporter export rules
# Replicas report the same tasks: the larger of their values counts, never their sum.
"""
_GROUPS = {
    Component.UPLOADS: "zego-uploads",
    Component.COLLECTION: "zego-uploads.collection",
    Component.EXPORTER: "zego-uploads.exporter",
}
_THRESHOLD = re.compile(r"<([a-z]+?)(_s)?>")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")

_CONTROL = r"[\x00-\x1f\x7f-\x9f\x{2028}-\x{202e}\x{2066}-\x{2069}]"
"""Control characters, and those that turn the direction of writing around."""


def rule_files(tuning: Tuning) -> dict[str, str]:
    """Return the rule files: name, content."""
    return {
        ALERTS_FILE: _ALERTS_HEADER + "groups:\n" + alert_groups(tuning),
        RECORDING_FILE: _RECORDING_HEADER + "groups:\n" + recording_group(),
    }


def one_file(tuning: Tuning) -> str:
    """Return all rules as one file."""
    return _ALERTS_HEADER + "groups:\n" + alert_groups(tuning) + recording_group()


def alert_groups(tuning: Tuning) -> str:
    """Return the groups of alerts as entries of a YAML list."""
    groups: dict[Component, list[str]] = {}
    for alert in tuning.alerts:
        hold = tuning.hold(alert)
        lines = [f"# {line}" for line in alert.comment.splitlines()]
        lines += [f"- alert: {alert.name}", *_block("  expr", expression(alert, tuning))]
        lines += [f"  for: {hold}"] if hold else []
        lines += [f"  keep_firing_for: {alert.keep}"] if alert.keep else []
        lines += ["  labels:", f"    severity: {tuning.severity(alert)}"]
        lines += [f"    component: {alert.component}", "  annotations:"]
        for key, text in annotations_of(alert, tuning).items():
            whole = _block(f"    {key}", text)
            lines += whole if key == "description" else [f"    {key}: {quote(text)}"]
        groups.setdefault(alert.component, []).append(_indented(lines, 6))
    return "".join(
        f"  - name: {name}\n    rules:\n" + "\n".join(groups[component]) + "\n"
        for component, name in _GROUPS.items()
        if component in groups
    )


def recording_group() -> str:
    """Return the group of recording rules as an entry of a YAML list."""
    rules = []
    for rule in RECORDING_RULES:
        lines = [f"# {rule.comment}", f"- record: {rule.name}", *_block("  expr", rule.expr)]
        rules.append(_indented(lines, 6))
    text = "\n".join(rules)
    return f"  - name: zego-uploads.recording\n    interval: 1m\n    rules:\n{text}\n"


def expression(alert: Alert, tuning: Tuning) -> str:
    """Return the alert's PromQL with its thresholds."""
    return _with_thresholds(alert.expr, alert, tuning)


def annotations_of(alert: Alert, tuning: Tuning) -> dict[str, str]:
    """Return the alert's texts and links, as templates that Prometheus fills in."""
    text = tuning.texts.alerts[alert.name]
    about = "" if alert.component is Component.EXPORTER else APP_QUERY
    lines = []
    for line in text.description.splitlines():
        # A line that is a placeholder alone may be a listing.
        placeholder = _PLACEHOLDER.fullmatch(line)
        listing = alert.listings.get(placeholder[1]) if placeholder else None
        lines.append(
            _listing(listing, alert, tuning) if listing else _fill_alert(line, alert, tuning)
        )
    return {
        "summary": _fill_alert(text.summary, alert, tuning),
        "description": "\n".join(lines),
        "runbook_url": runbook_url(alert.name, tuning),
        "dashboard": f"{tuning.grafana_url}{tuning.texts.dashboard}{about}",
    }


APP_QUERY = "?var-zego_app={{ $labels.zego_app | urlquery }}"


def runbook_url(alert: str, tuning: Tuning) -> str:
    """Return the address of an alert's runbook.

    An address that ends in `.md` is that of the document; any other one is followed by the alert's
    name, as the exporter serves it at `/runbooks`.
    """
    address = tuning.runbook_url or tuning.texts.runbooks
    if address.endswith(".md"):
        return f"{address}#{alert.lower()}"
    return f"{address}/{alert}" + ("" if tuning.language == "en" else f"?lang={tuning.language}")


def app_matchers(tuning: Tuning) -> tuple[str, str]:
    """Return the matchers of an alert's app as the format of a `printf`, and its arguments."""
    labels = ("job", "zego_app", *tuning.labels)
    matchers = ",".join(f"{label}=%q" for label in labels)
    return matchers, " ".join(f"$labels.{label}" for label in labels)


def _listing(listing: Listing, alert: Alert, tuning: Tuning) -> str:
    """Return the template of a listing: one line for each series that the query finds."""
    matchers, values = app_matchers(tuning)
    query = _with_thresholds(listing.query, alert, tuning, in_printf=True)
    order = f'sortByLabel "{listing.sort}" .' if listing.sort else "."
    command = _with_thresholds(listing.command, alert, tuning)
    otherwise = tuning.texts.lines[listing.otherwise].replace(
        "{command}", f" {command}" if command else ""
    )
    return "\n".join(
        (
            f'{{{{- $app := printf "{matchers}" {values} }}}}',
            f"{{{{- with query (printf `{query}` $app) }}}}",
            f"{{{{- range {order} }}}}",
            f"- {_line(listing.line, tuning.texts)}",
            "{{- end }}",
            "{{- else }}",
            otherwise,
            "{{- end }}",
        )
    )


def _line(key: str, texts: Texts) -> str:
    # Cut by printf, which counts characters: to compile `.{79}` for each title costs milliseconds.
    clean = f'{{{{ $title := reReplaceAll `{_CONTROL}` "\ufffd" .Labels.title }}}}'
    cut = '{{ $cut := printf "%.79s" $title }}'
    shown = "{{ $cut }}{{ if ne $cut $title }}…{{ end }}"
    unknown = texts.lines["no_title"]
    title = f"{clean}{{{{ if $title }}}}{cut}{shown}{{{{ else }}}}{unknown}{{{{ end }}}}"
    reason = _translated(".Labels.reason", FAILURES, texts)
    why = texts.lines["why"].replace("{reason}", reason)
    fields = {
        "title": title,
        "id": "{{ .Labels.upload_task_id }}",
        "age": _span(".Value", texts),
        "number": '{{ printf "%.0f" .Value }}',
        "reason": reason,
        "status": _translated(".Labels.status", UNFINISHED, texts),
        "code": "{{ .Labels.code }}",
        "why": f"{{{{ if .Labels.reason }}}}{why}{{{{ end }}}}",
    }
    return fill(texts.lines[key], fields)


def _span(value: str, texts: Texts) -> str:
    """Return a template for a number of seconds in words."""
    units = "".join(f' | reReplaceAll "{unit}" "{word}"' for unit, word in texts.units.items())
    return f"{{{{ {value} | humanizeDuration{units} }}}}"


def _translated(label: str, known: Iterable[str], texts: Texts) -> str:
    """Return a template for a label's value in words; a value without words stays as it is."""
    choices = "".join(
        f'{{{{ {"else if" if number else "if"} eq {label} "{value}" }}}}{texts.words[value]}'
        for number, value in enumerate(value for value in known if value in texts.words)
    )
    shown = f"{{{{ {label} }}}}"
    return f"{choices}{{{{ else }}}}{shown}{{{{ end }}}}" if choices else shown


def _fill_alert(text: str, alert: Alert, tuning: Tuning) -> str:
    """Return a text with its placeholders replaced by words and by templates."""
    of_job = tuning.texts.lines["of_job"].replace("{job}", "{{ . }}")
    fields = {
        "app": "{{ $labels.zego_app }}",
        "job": "{{ $labels.job }}",
        "instance": "{{ $labels.instance }}",
        "value": '{{ printf "%.0f" $value }}',
        "percent": "{{ $value | humanizePercentage }}",
        "span": _span("$value", tuning.texts),
        "of_job": f"{{{{ with $labels.job }}}}{of_job}{{{{ end }}}}",
        "hold": words(tuning.hold(alert) or "0s", tuning.texts),
        **tuning.values(alert),
    }
    for name, threshold in alert.thresholds.items():
        if threshold.kind is Kind.DURATION:
            fields[name] = words(fields[name], tuning.texts)
        elif threshold.kind is Kind.RATIO:
            fields[name] = f"{float(fields[name]):.0%}"
    return fill(text, fields)


def fill(text: str, fields: Mapping[str, str]) -> str:
    """Return a text with a value in the place of each placeholder."""
    return _PLACEHOLDER.sub(lambda found: fields[found[1]], text)


def _with_thresholds(text: str, alert: Alert, tuning: Tuning, *, in_printf: bool = False) -> str:
    """Return PromQL with its thresholds; `in_printf` where it is the format of a `printf`."""
    values = tuning.values(alert)

    def value(found: re.Match[str]) -> str:
        if found[2]:
            return f"{parse_duration(values[found[1]]):.0f}"
        text = values[found[1]]
        if alert.thresholds[found[1]].kind is Kind.PATTERN:
            text = text.replace("\\", "\\\\").replace('"', '\\"')
            return text.replace("%", "%%") if in_printf else text
        return text

    return _THRESHOLD.sub(value, text)


def quote(text: str) -> str:
    """Return a YAML scalar in double quotes; JSON's are YAML's too."""
    return json.dumps(text, ensure_ascii=False)


def _block(key: str, text: str) -> list[str]:
    depth = len(key) - len(key.lstrip()) + 2
    return [f"{key}: |-", *textwrap.indent(text, " " * depth).splitlines()]


def _indented(lines: Iterable[str], depth: int) -> str:
    return "".join(f"{' ' * depth}{line}".rstrip() + "\n" for line in lines)
