"""Receivers for messengers, and the messages that fit into them.

Rules that this file keeps:

- A service refuses a message that is too long as a whole, and some answer 200 to it. So a message
  is cut here, in bytes, as the services count: alerts are added as long as they fit, and an alert
  that does not fit alone is cut. A character has at most four bytes in UTF-8.
- The text of a `payload` is read as YAML once it is rendered: one that begins with `[` would become
  a list, and one with `#` would be a comment. A JSON string is taken as it is.
- A link is shown where the rules hold an address (`export rules --grafana-url --runbook-url`).
- Addresses that open a chat are secrets: they come from files where Alertmanager can read them.

Limits and forms: docs/messengers.md, which names their sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.alerting.tuning import Tuning

TEMPLATE_FILE = "zego-uploads-messengers.tmpl"
ROBOTS_FILE = "robots.tmpl"
"""Its templates need a newer Alertmanager, which is why it is not beside the others."""

OLDEST = "0.25"
"""The oldest version of Alertmanager that anything here needs."""

_SECRETS = "/etc/alertmanager/secrets"


@dataclass(frozen=True, slots=True)
class Message:
    """The message of one service.

    Attributes:
        name: Name of the template.
        limit: Bytes of text that the service takes, less what frames it.
        head: Format of an alert's first line, with `%s` for status, severity and summary.
        link: Format of a link, with `%s` for its words and address.
        payload: Whether it is part of a webhook's `payload`.
        title: Whether the text begins with the title.
    """

    name: str
    limit: int
    head: str
    link: str
    payload: bool = True
    title: bool = False


MESSAGES = (
    Message("zego_upload.wecom", 3900, '<font color="warning">[%s %s]</font> **%s**', "[%s](%s)"),
    Message("zego_upload.wecom_app", 1900, "[%s %s] %s", "%s: %s", payload=False),
    Message("zego_upload.dingtalk", 18_000, "#### [%s %s] %s", "[%s](%s)", title=True),
    Message("zego_upload.feishu", 14_000, "**[%s %s] %s**", "[%s](%s)"),
)


def messenger_files(tuning: Tuning) -> dict[str, str]:
    """Return the files for a folder: the templates, and a configuration for each messenger."""
    words = tuning.texts.messages
    title = _title(words)
    robots = [_template(message, words) for message in MESSAGES if message.payload]
    others = [_template(message, words) for message in MESSAGES if not message.payload]
    files = {
        f"templates/{TEMPLATE_FILE}": "\n".join(
            (f'{{{{ define "zego_upload.title" }}}}{title}{{{{ $title }}}}{{{{ end }}}}\n', *others)
        ),
        f"messengers/{ROBOTS_FILE}": "\n".join(
            (
                "{{/* For robots: each template gives a JSON string, for a webhook's payload. */}}",
                f'{{{{ define "zego_upload.robot_title" }}}}{title}{{{{ toJson $title }}}}'
                "{{ end }}\n",
                *robots,
            )
        ),
    }
    for name, messenger in MESSENGERS.items():
        files[f"messengers/{name}.yml"] = _configuration(messenger)
    return files


def _title(words: Mapping[str, str]) -> str:
    """Return the template that puts the title of a notification into `$title`."""
    return (
        f'{{{{ $title := "{words["resolved"]}" }}}}'
        f'{{{{ if eq .Status "firing" }}}}{{{{ $title = "{words["firing"]}" }}}}{{{{ end }}}}'
        '{{ $title = printf "[ZEGO %s] %s" $title (or .GroupLabels.alertname ``) }}'
        '{{ with .GroupLabels.zego_app }}{{ $title = printf "%s %s" $title . }}{{ end }}'
    )


def _template(message: Message, words: Mapping[str, str]) -> str:
    firing = f'printf `{message.head}` "{words["firing"]}"'
    # The services' only colours are those of a warning and of an information.
    head = message.head.replace('color="warning"', 'color="info"')
    resolved = f'printf `{head}` "{words["resolved"]}"'
    link = message.link.replace(": ", words["colon"])
    links = "".join(
        f"{{{{ with .Annotations.{annotation} }}}}{{{{ if match `^https?://` . }}}}"
        f'{{{{ $entry = printf "%s\\n{link}" $entry "{words[word]}" . }}}}'
        "{{ end }}{{ end }}"
        for annotation, word in (("runbook_url", "runbook"), ("dashboard", "dashboard"))
    )
    # `printf` cuts in characters, which have one to four bytes: the last cut always fits.
    cut = "{{-" + "".join(
        f" if gt (len $entry) {message.limit} }}}}"
        f'{{{{ $entry = printf "%.{message.limit // size - 10}s…" $entry }}}}{{{{ end }}}}{{{{'
        for size in (1, 2, 3, 4)
    ).removesuffix("{{")
    add = (
        '{{ $next := printf "%s%s\\n\\n" $text $entry }}'
        f"{{{{ if le (len $next) {message.limit + 10} }}}}{{{{ $text = $next }}}}"
        "{{ else }}{{ $more = true }}{{ end }}"
    )
    times = "".join(
        f'{{{{ $entry = printf "%s\\n{words[word]}{words["colon"]}%s" $entry '
        f"({words['time'].replace('{time}', field)}) }}}}"
        for word, field in (("since", ".StartsAt"), ("until", ".EndsAt"))
    )
    start = '{{- $text := "" }}'
    if message.title:
        start = "{{- /* the title, then the alerts */}}" + _title(words)
        start += '{{ $text := printf "### %s\\n" $title }}'
    return (
        f'{{{{ define "{message.name}" }}}}\n'
        f"{start}{{{{ $more := false }}}}\n"
        "{{- range .Alerts.Firing }}\n"
        f"{{{{- $entry := {firing} .Labels.severity .Annotations.summary }}}}{links}\n"
        '{{- $entry = printf "%s\\n%s" $entry .Annotations.description }}\n'
        f"{cut}{add}\n"
        "{{- end }}\n"
        "{{- range .Alerts.Resolved }}\n"
        f"{{{{- $entry := {resolved} .Labels.severity .Annotations.summary }}}}{times}\n"
        f"{cut}{add}\n"
        "{{- end }}\n"
        f'{{{{- if $more }}}}{{{{ $text = printf "%s%s" $text "{words["more"]}" }}}}{{{{ end }}}}\n'
        f"{{{{- {'toJson $text' if message.payload else '$text'} }}}}\n"
        "{{- end }}\n"
    )


@dataclass(frozen=True, slots=True)
class Messenger:
    """How Alertmanager reaches a messenger.

    Attributes:
        needs: Oldest version of Alertmanager that can.
        comments: Lines above the configuration.
        kind: Alertmanager's key for such receivers.
        fields: Lines of one receiver.
        payload: Lines of a webhook's message, if it is ours.
    """

    needs: str
    comments: tuple[str, ...]
    kind: str
    fields: tuple[str, ...]
    payload: tuple[str, ...] = ()


def _configuration(messenger: Messenger) -> str:
    """Return a configuration whose receivers replace those of the example."""
    lines = [
        f"# Needs Alertmanager {messenger.needs} or newer. Copy `receivers` into alertmanager.yml",
        "# in the place of the example's, and keep its routes and inhibitions.",
        *(f"# {comment}" for comment in messenger.comments),
        "templates:",
        "  - ../templates/*.tmpl",
        *([f"  - {ROBOTS_FILE}"] if messenger.needs != OLDEST else []),
        "",
        "route:",
        "  receiver: tickets",
        "",
        "receivers:",
    ]
    for receiver in ("pager", "tickets"):
        for name, resolved in ((receiver, "true"), (f"{receiver}-events", "false")):
            first, *rest = (*messenger.fields, f"send_resolved: {resolved}")
            lines += [f"  - name: {name}", f"    {messenger.kind}:", f"      - {first}"]
            lines += [f"        {line}" for line in rest]
            if messenger.payload:
                lines += ["        payload:", *(f"          {line}" for line in messenger.payload)]
    lines.append("  - name: nowhere")
    return "\n".join(lines) + "\n"


_ANSWERS = (
    "The robot answers 200 even to a message that it refuses, with an error in the body, so",
    "Alertmanager counts a refused message as sent. Send a test message after every change.",
)

MESSENGERS: Mapping[str, Messenger] = {
    "wecom-robot": Messenger(
        "0.35",
        (
            "WeCom group robot (企业微信消息推送), directly. The file holds its Webhook address.",
            *_ANSWERS,
            "Limits: 4096 bytes a message, 20 messages a minute.",
        ),
        "webhook_configs",
        (f"url_file: {_SECRETS}/wecom-robot-url",),
        (
            "msgtype: markdown",
            "markdown:",
            "  content: '{{ template \"zego_upload.wecom\" . }}'",
        ),
    ),
    "wecom-app": Messenger(
        OLDEST,
        (
            "WeCom application (企业微信应用). Replace corp_id, agent_id, to_party and api_secret.",
            "Limits: 2048 bytes a message.",
        ),
        "wechat_configs",
        (
            "corp_id: ww0000000000000000",
            'agent_id: "1000002"',
            'to_party: "1"',
            "api_secret: replace-this",
            "message: '{{ template \"zego_upload.wecom_app\" . }}'",
        ),
    ),
    "dingtalk-robot": Messenger(
        "0.35",
        (
            "DingTalk robot (钉钉自定义机器人), directly. The file holds its Webhook address.",
            "In its security settings choose the keyword ZEGO, which every title holds, or an IP",
            "list: Alertmanager cannot sign (加签); the bridges can.",
            *_ANSWERS,
            "Limits: 20 messages a minute, then silence for 10 minutes.",
        ),
        "webhook_configs",
        (f"url_file: {_SECRETS}/dingtalk-robot-url",),
        (
            "msgtype: markdown",
            "markdown:",
            "  title: '{{ template \"zego_upload.robot_title\" . }}'",
            "  text: '{{ template \"zego_upload.dingtalk\" . }}'",
        ),
    ),
    "feishu-robot": Messenger(
        "0.35",
        (
            "Feishu or Lark group robot (飞书自定义机器人), directly. The file holds its address.",
            "In its security settings choose the keyword ZEGO or an IP list: Alertmanager cannot",
            "sign; the bridges can.",
            *_ANSWERS,
            "Limits: 20 KB a message, 100 messages a minute, 5 a second.",
        ),
        "webhook_configs",
        (f"url_file: {_SECRETS}/feishu-robot-url",),
        (
            "msg_type: interactive",
            "card:",
            "  header:",
            "    template: '{{ if eq .Status \"firing\" }}red{{ else }}green{{ end }}'",
            "    title:",
            "      tag: plain_text",
            "      content: '{{ template \"zego_upload.robot_title\" . }}'",
            "  elements:",
            "    - tag: markdown",
            "      content: '{{ template \"zego_upload.feishu\" . }}'",
        ),
    ),
    "webhook-adapter": Messenger(
        OLDEST,
        (
            "WeCom, DingTalk or Feishu through bougou/alertmanager-webhook-adapter 1.1.11:",
            "  alertmanager-webhook-adapter --listen-address=:8090 --signature=ZEGO --tmpl-lang=zh",
            "channel_type is weixin, dingtalk or feishu; token is the last part of the robot's",
            "address. The signature is the keyword of the robot's security settings. The bridge",
            "writes the messages with templates of its own, and cuts WeCom's at 4096 bytes.",
        ),
        "webhook_configs",
        ("url: http://webhook-adapter:8090/webhook/send?channel_type=weixin&token=replace-this",),
    ),
    "prometheus-alert": Messenger(
        OLDEST,
        (
            "WeCom, DingTalk or Feishu through feiyu563/PrometheusAlert, version 5.0.0. It signs,",
            "and has a page for its templates. type and tpl are wx, dd or fs; the address of the",
            "robot is wxurl, ddurl or fsurl, here or in the bridge's app.conf.",
        ),
        "webhook_configs",
        ("url: http://prometheus-alert:8080/prometheusalert?type=wx&tpl=prometheus-wx",),
    ),
    "slack": Messenger(
        OLDEST,
        ("Slack. The file holds the address of an incoming webhook.",),
        "slack_configs",
        (
            f"api_url_file: {_SECRETS}/slack-url",
            'channel: "#uploads"',
            "title: '{{ template \"zego_upload.title\" . }}'",
            "text: '{{ template \"zego_upload.text\" . }}'",
        ),
    ),
    "email": Messenger(
        OLDEST,
        ("E-mail. Replace the addresses; add auth_username and auth_password_file if needed.",),
        "email_configs",
        (
            "to: oncall@example.com",
            "from: alertmanager@example.com",
            "smarthost: smtp.example.com:587",
            "headers: {Subject: '{{ template \"zego_upload.title\" . }}'}",
            'html: ""',
            "text: '{{ template \"zego_upload.text\" . }}'",
        ),
    ),
    "pagerduty": Messenger(
        OLDEST,
        ("PagerDuty. The file holds the integration key of an Events API v2 integration.",),
        "pagerduty_configs",
        (
            f"routing_key_file: {_SECRETS}/pagerduty-key",
            "severity: '{{ or .CommonLabels.severity `error` }}'",
            "description: '{{ template \"zego_upload.title\" . }}'",
            "details: {alerts: '{{ template \"zego_upload.text\" . }}'}",
        ),
    ),
}
"""By file name. Alertmanager has no receiver for the robots of Chinese messengers."""
