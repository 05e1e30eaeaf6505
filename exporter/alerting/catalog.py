"""All alerts, the inhibitions among them, and the recording rules."""

from __future__ import annotations

from exporter.alerting import health, uploads
from exporter.alerting.chinese import CHINESE
from exporter.alerting.english import ENGLISH
from exporter.alerting.model import (
    BUDGET_ALERT,
    REPLICAS,
    Alert,
    Component,
    Inhibition,
    RecordingRule,
    Severity,
)

ALERTS: tuple[Alert, ...] = (*uploads.ALERTS, *health.ALERTS)

LANGUAGES = {"en": ENGLISH, "zh": CHINESE}


def _named(*names: str) -> str:
    """Return the matcher of alerts by their names."""
    return f'alertname=~"{"|".join(names)}"'


_UPLOADS = f'component="{Component.UPLOADS}"'
_NEED_DATA = _named(
    *(
        alert.name
        for alert in ALERTS
        if alert.needs_data and alert.component is not Component.UPLOADS
    )
)
_ACCESS = ("ZegoUploadApiErrorRateHigh", "ZegoUploadDataStale")

_NO_DATA = "No data: what ends now ends because nothing is known, which is no recovery."
_FAILING = "The API cannot be read: alerts on uploads are out of date, others are consequences."
_REFUSED = "Refused credentials are the cause of failing collections."

INHIBITIONS = (
    Inhibition(
        "ZegoUploadExporterAbsent",
        ('alertname=~"ZegoUpload.+"', 'alertname!="ZegoUploadExporterAbsent"'),
        per_app=False,
        comment="No exporter at all: whatever else fires is a consequence or out of date.",
    ),
    Inhibition("ZegoUploadDataMissing", (_UPLOADS,), comment=_NO_DATA),
    Inhibition("ZegoUploadDataMissing", (_NEED_DATA,), comment=_NO_DATA),
    Inhibition("ZegoUploadCollectionFailing", (_UPLOADS,), comment=_FAILING),
    Inhibition("ZegoUploadCollectionFailing", (_named(*_ACCESS),), comment=_FAILING),
    Inhibition("ZegoUploadCredentialsRefused", (_UPLOADS,), comment=_REFUSED),
    Inhibition(
        "ZegoUploadCredentialsRefused",
        (_named("ZegoUploadCollectionFailing", *_ACCESS),),
        comment=_REFUSED,
    ),
    Inhibition(
        "ZegoUploadFailureRatioHigh",
        (_named("ZegoUploadFailed"),),
        comment="Many failures: one page that names them instead of tickets about each.",
    ),
    Inhibition(
        "ZegoUploadNothingSucceeds",
        (_named("ZegoUploadFailureRatioHigh"),),
        comment="One page that lasts instead of one for each hour that sees three failures.",
    ),
    Inhibition(
        "ZegoUploadQueueStalled",
        (
            _named(
                "ZegoUploadStuckWaiting",
                "ZegoUploadStuckUploading",
                "ZegoUploadRetryingLong",
                "ZegoUploadSlotsFull",
                "ZegoUploadSlotsSaturated",
            ),
        ),
        comment="A stalled queue is the reason for stuck uploads and full slots.",
    ),
    Inhibition(
        "ZegoUploadSlotsFull",
        (_named("ZegoUploadSlotsSaturated"),),
        comment="Full now says more than full most of the time.",
    ),
    Inhibition(
        BUDGET_ALERT,
        (_named(BUDGET_ALERT), f'severity!="{Severity.CRITICAL}"'),
        comment="The page about an objective says more than the ticket about the same one.",
        severity=Severity.CRITICAL,
    ),
)
"""Each rule has one source, so that a source that ends never unmutes what another one mutes.

Since version 0.30 Alertmanager remembers one source for each rule and set of equal labels.
"""


RECORDING_RULES = (
    RecordingRule(
        "job_zego_app_to:zego_upload_task_transitions:increase1h",
        f"max without ({REPLICAS}) (\n"
        "  sum without (from) (increase(zego_upload_task_transitions_total[1h]))\n"
        ")",
        "Status changes within an hour, by the status that was entered.",
    ),
    RecordingRule(
        "job_zego_app:zego_upload_slots_used_per_limit:ratio",
        f"max without ({REPLICAS}) (\n  zego_upload_slots_used / zego_upload_slots_limit\n)",
        "Share of the upload slots that are taken, 0 to 1 and above.",
    ),
)
"""Numbers of the dashboard of weeks and months, expensive over long ranges.

A name is level:metric:operations; the level names the labels of the exporter's own that are left.
`cluster`, `namespace` and other labels of the target are kept. No alert depends on these rules.
"""


def alert_named(name: str) -> Alert | None:
    """Return the alert with this name, None where there is none."""
    return next((alert for alert in ALERTS if alert.name == name), None)
