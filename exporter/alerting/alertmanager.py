"""Alertmanager's example configuration and its text template.

Rules that this file keeps:

- What identifies an app is `job`, `zego_app` and the labels that tell targets apart; inhibitions
  compare all of them, so that staging never mutes production.
- Pages are grouped without the app: one outage for 200 apps is one page.
- Events go to receivers that send no "resolved": that a window has passed is no recovery.
"""

from __future__ import annotations

from exporter.alerting.catalog import INHIBITIONS
from exporter.alerting.messengers import messenger_files
from exporter.alerting.model import BUDGET_ALERT
from exporter.alerting.tuning import Tuning

CONFIG_FILE = "alertmanager.yml"
TEMPLATE_FILE = "zego-uploads.tmpl"
LASTING = "ZegoUploadFailureUnresolved"

_HEADER = """\
# Example for Alertmanager 0.25 or newer, written by: zego-upload-exporter export alertmanager
# Replace the receivers; keep routes and inhibition.
templates:
  - templates/*.tmpl  # a message of plain text, for receivers that send text
"""
_RECEIVERS = """\
receivers:
  - name: pager
    webhook_configs:
      - url: http://pager.example.com/alerts
  - name: pager-events
    webhook_configs:
      - url: http://pager.example.com/alerts
        send_resolved: false
  - name: tickets
    webhook_configs:
      - url: http://tickets.example.com/alerts
  - name: tickets-events
    webhook_configs:
      - url: http://tickets.example.com/alerts
        send_resolved: false
  - name: nowhere  # seen in Prometheus, Alertmanager and on the dashboard, sent to nobody
"""


def alertmanager_files(tuning: Tuning) -> dict[str, str]:
    """Return the files for a folder: path below it, content."""
    return {
        CONFIG_FILE: configuration(tuning),
        f"templates/{TEMPLATE_FILE}": template(tuning),
        **messenger_files(tuning),
    }


def configuration(tuning: Tuning) -> str:
    """Return the configuration of Alertmanager as YAML."""
    alerts = {*(alert.name for alert in tuning.alerts), BUDGET_ALERT} - tuning.disabled
    inhibit_rules = ["inhibit_rules:"]
    for rule in INHIBITIONS:
        if rule.source not in alerts:
            continue
        equal = [*tuning.labels, "job", *(["zego_app"] if rule.per_app else [])]
        source = [f"'alertname=\"{rule.source}\"'"]
        source += [f"'severity=\"{rule.severity}\"'"] if rule.severity else []
        inhibit_rules += [
            f"  # {rule.comment}",
            f"  - source_matchers: [{', '.join(source)}]",
            "    target_matchers:",
            *(f"      - '{matcher}'" for matcher in rule.matchers),
            f"    equal: [{', '.join(equal)}]",
        ]
    return "\n".join((_HEADER, _route(tuning), *inhibit_rules, "", _RECEIVERS))


def _route(tuning: Tuning) -> str:
    target = ["alertname", *tuning.labels]
    events = [alert.name for alert in tuning.alerts if alert.event]
    lines = [
        "route:",
        "  receiver: tickets  # an alert without a known severity becomes a ticket",
        f"  group_by: [{', '.join([*target, 'job', 'zego_app'])}]",
        "  group_wait: 30s",
        "  group_interval: 5m",
        "  # Shorter than the 6 hours of ZegoUploadExpiringSoon: a notification names the files of",
        "  # that moment, and one that joins them later is named by the next one.",
        "  repeat_interval: 4h",
        "  routes:",
        "    - matchers: ['severity=~\"info|none\"']",
        "      receiver: nowhere",
        "    # Without the app: an outage for all apps is one page.",
        "    - matchers: ['severity=\"critical\"']",
        "      receiver: pager",
        f"      group_by: [{', '.join(target)}]",
    ]
    if events:
        name = f'alertname=~"{"|".join(events)}"'
        lines += [
            "      routes:",
            f"        - matchers: ['{name}']",
            "          receiver: pager-events",
            "          repeat_interval: 20m",
            "    # These name what happened within 30 minutes. Repeated within that time, and only",
            "    # while it goes on, every upload is named by at least one notification.",
            f"    - matchers: ['{name}']",
            "      receiver: tickets-events",
            "      repeat_interval: 20m",
        ]
    if any(alert.name == LASTING for alert in tuning.alerts):
        lines += [
            "    # True until somebody uploads the file again: once a day is enough.",
            f"    - matchers: ['alertname=\"{LASTING}\"']",
            "      receiver: tickets",
            "      repeat_interval: 1d",
        ]
    return "\n".join(lines) + "\n"


def template(tuning: Tuning) -> str:
    """Return the templates for messages of plain text, firing and resolved."""
    grafana = "" if tuning.grafana_url else "https://grafana.example.com"
    words = tuning.texts.messages
    return _TEMPLATE.format_map(
        {
            "grafana": grafana,
            "runbooks": "",
            "starts_at": words["time"].replace("{time}", ".StartsAt"),
            "ends_at": words["time"].replace("{time}", ".EndsAt"),
            **words,
        }
    )


_TEMPLATE = """\
{{{{/* The one place for the address of your Grafana, without a slash at the end. It is not used
where the rules hold it already (export rules --grafana-url). */}}}}
{{{{ define "zego_upload.grafana" }}}}{grafana}{{{{ end }}}}

{{{{/* The one place for the address before the runbooks' path, with a slash at the end. It is not
used where the rules hold it already (export rules --runbook-url). */}}}}
{{{{ define "zego_upload.runbooks" }}}}{runbooks}{{{{ end }}}}

{{{{/* A message of plain text for receivers such as Slack or e-mail. It names at most ten alerts of
each kind. Use it as: text: '{{{{ template "zego_upload.text" . }}}}' */}}}}
{{{{ define "zego_upload.text" }}}}
{{{{- range $number, $alert := .Alerts.Firing }}}}{{{{ if lt $number 10 -}}}}
[{firing} {{{{ .Labels.severity }}}}] {{{{ .Annotations.summary }}}}
{{{{ .Annotations.description }}}}
{runbook}{colon}{{{{ with .Annotations.runbook_url }}}}
{{{{- if not (match `^https?://` .) }}}}{{{{ template "zego_upload.runbooks" . }}}}{{{{ end }}}}
{{{{- . }}}}{{{{ end }}}}
{dashboard}{colon}{{{{ with .Annotations.dashboard }}}}
{{{{- if not (match `^https?://` .) }}}}{{{{ template "zego_upload.grafana" . }}}}{{{{ end }}}}
{{{{- . }}}}{{{{ end }}}}
{{{{ else if eq $number 10 }}}}{more}
{{{{ end }}}}{{{{ end }}}}
{{{{- range $number, $alert := .Alerts.Resolved }}}}{{{{ if lt $number 10 -}}}}
[{resolved} {{{{ .Labels.severity }}}}] {{{{ .Annotations.summary }}}}
{since}{colon}{{{{ {starts_at} }}}}
{until}{colon}{{{{ {ends_at} }}}}
{{{{ else if eq $number 10 }}}}{more}
{{{{ end }}}}{{{{ end }}}}
{{{{- end }}}}
"""
