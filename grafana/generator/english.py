"""The English words of the dashboards."""

from __future__ import annotations

from grafana.generator.texts import PanelText, Texts

ENGLISH = Texts(
    uid_suffix="",
    statuses={
        "waiting": "Waiting",
        "uploading": "Uploading",
        "waiting_retry": "Waiting for retry",
        "succeeded": "Succeeded",
        "failed": "Failed",
        "cancelled": "Cancelled",
        "expired": "Expired",
        "unknown": "Unknown",
    },
    words={
        # rows
        "right_now": "Right now",
        "needs_attention": "Needs attention",
        "uploads": "Uploads",
        "api_and_exporter": "API and exporter",
        "this_task": "This upload",
        "history": "History",
        "around_it": "Around it",
        # variables, links, annotations
        "datasource": "Data source",
        "job": "Job",
        "instance": "Instance",
        "app": "App",
        "task_id": "Task id",
        "overview": "All uploads",
        "task": "One upload",
        "open_task": "History of this upload",
        "open_app": "Only this app",
        "upload_failed": "Uploads failed",
        "upload_succeeded": "Uploads succeeded",
        "status_entered": "Status changed",
        # columns
        "file": "File",
        "status": "Status",
        "reason": "Reason",
        "retries": "Retries",
        "status_for": "In status for",
        "expires_in": "Expires in",
        "collection": "Collection",
        "reason_15m": "Last reason",
        "data_age": "Data age",
        "slots": "Slots in use",
        "failed_24h": "Failed 24 h",
        "next_expiry": "Next expiry",
        "severity": "Severity",
        "alert": "Alert",
        "active_for": "For",
        "state": "State",
        "version": "Version",
        "python": "Python",
        "running_for": "Running for",
        "memory": "Memory",
        # values and series
        "unfinished": "Unfinished",
        "ok": "OK",
        "failing": "failing",
        "broken": "Failing",
        "failing_apps": "Failing apps",
        "no_exporter": "No exporter",
        "up": "Up",
        "down": "Down",
        "critical": "Critical",
        "warning": "Warning",
        "info": "Info",
        "highest": "Highest of one upload",
        "requests": "Requests",
        "error_code": "Error {{code}}",
        "succeeded": "Succeeded",
        "failed": "Failed",
        "status_changed": "Status changed",
        "cancel_refused": "Cancelling refused",
        "retrying": "Retrying",
        "expired": "Expired",
        "other": "Other",
        "duplicate_titles": "Duplicate titles",
        "unknown_status": "Uploads of unknown status",
        "malformed": "Malformed entries, 24 h",
        "omitted": "Uploads without series",
        "skipped": "Skipped collections, 24 h",
        "refused": "Refused callbacks, 24 h",
        "history_errors": "History errors, 24 h",
        "clock_skew": "Clock skew",
    },
    panels={
        "overview": PanelText(
            "ZEGO uploads",
            "Upload tasks of ZEGO Cloud Player: is anything wrong, with which app, which file.",
        ),
        "task": PanelText(
            "ZEGO upload task",
            "One upload task of ZEGO Cloud Player: what it is and how it came to that.",
        ),
        # right now
        "collection": PanelText(
            "Collection",
            "How many apps' last collection from the API failed. While it fails, their counts "
            "stand still, and disappear once they are stale. See the reason in the table of apps.",
        ),
        "data_age": PanelText(
            "Oldest data",
            "Time since the last complete collection, of the app where it is longest. Orange: over "
            "half of stale_after; red: stale, that app's series are gone.",
            "No data",
        ),
        "active": PanelText(
            "Active uploads",
            "Uploads that are waiting, uploading or waiting for a retry.",
            "No data",
        ),
        "failed": PanelText(
            "Failed, 24 h",
            "Uploads seen to fail within 24 hours before the end of the time range. Failed uploads "
            "stay listed for days; this counts each when it fails.",
            "No data",
        ),
        "success_rate": PanelText(
            "Success rate, 24 h",
            "Succeeded uploads as a share of those that succeeded or failed within 24 hours before "
            "the end of the time range.",
            "None ended",
        ),
        "next_expiry": PanelText(
            "Next expiry",
            "Time until the next file expires. A player that still uses it then fails; to keep a "
            "file, upload it again before.",
            "None",
        ),
        # needs attention
        "attention": PanelText(
            "Failed and unfinished uploads",
            "At most 100, failed ones first, the newest of a status first. The file opens the "
            "upload's history. The reason is known where ZEGO's callbacks reach the exporter.",
            "No failed or unfinished uploads",
        ),
        "apps": PanelText(
            "Apps",
            "Each app's state; failing collections first, then most failed uploads. Last reason: "
            "why a collection failed in the last 15 minutes. The name shows this app alone.",
            "No app: does Prometheus scrape the exporter?",
        ),
        "alerts": PanelText(
            "Firing alerts",
            "Firing alerts of the exporter's rules, as Prometheus evaluates them. docs/alerts.md "
            "says for each what to do.",
            "No alert is firing",
        ),
        # uploads
        "slots": PanelText(
            "Upload slots in use",
            "The eight fullest apps: uploads waiting or uploading as a share of the app's limit. "
            "At 100 % ZEGO refuses new uploads (code 350006010).",
            "No data",
        ),
        "by_status": PanelText(
            "Uploads by status",
            "All uploads that the API lists, of all chosen apps.",
            "No data",
        ),
        "finished": PanelText(
            "Finished uploads",
            "Uploads that ended, by how, in steps of at least 5 minutes. What happens and "
            "un-happens between two collections is not seen.",
            "No data",
        ),
        "expiring": PanelText(
            "Next files to expire",
            "The 50 succeeded uploads whose files expire first.",
            "No file will expire",
        ),
        "expiring_within": PanelText(
            "Expiring within",
            "Succeeded uploads whose file expires within that time; each window holds the "
            "shorter ones.",
            "No data",
        ),
        "duplicates": PanelText(
            "Uploads sharing a title",
            "At most 50 unfinished or succeeded uploads whose title another one of the app bears "
            "too: they overwrite one another's file. Give each upload a title of its own.",
            "No title is borne twice",
        ),
        "retries": PanelText(
            "Retries of unfinished uploads",
            "Sum of the retries of unfinished uploads, by status, and the highest of one upload.",
            "No data",
        ),
        "longest": PanelText(
            "Longest in a status",
            "How long the upload has been in its status that has been there longest. A line that "
            "rises without end is a stuck upload.",
            "No unfinished uploads",
        ),
        "durations": PanelText(
            "Duration of uploads",
            "Half (p50) and nine of ten (p90) of the succeeded uploads took no longer, from "
            "creation until first seen succeeded. Resolution: one collection interval.",
            "No upload succeeded",
        ),
        "reasons": PanelText(
            "Failures by reason",
            "Reasons of failed uploads as ZEGO's callbacks tell them; without callbacks reasons "
            "are unknown. In steps of at least 5 minutes.",
            "No callbacks received",
        ),
        # API and exporter
        "requests": PanelText(
            "API requests",
            "Requests to the API per second, retries included, and the failed ones by code.",
            "No data",
        ),
        "latency": PanelText(
            "API latency",
            "Quantiles of the duration of requests, failed ones included.",
            "No data",
        ),
        "rate_limit": PanelText(
            "Use of the own rate limit",
            "Requests per second as a share of requests_per_second, of the five busiest apps. Near "
            "100 % collections take longer: raise the limit or the interval.",
            "No data",
        ),
        "collections": PanelText(
            "Collections",
            "Whether each app's last collection succeeded; the ten apps that failed most.",
            "No data",
        ),
        "failures": PanelText(
            "Failed collections by reason",
            "Collections that failed and published nothing, in steps of at least 5 minutes.",
            "No collection failed",
        ),
        "collection_time": PanelText(
            "Collection time of interval",
            "Duration of the last complete collection as a share of its interval, of the five "
            "slowest apps. Over 100 % collections are skipped.",
            "No data",
        ),
        "instances": PanelText(
            "Exporters",
            "The exporters that Prometheus scrapes. Replicas report the same uploads; these "
            "dashboards count them once.",
            "No exporter",
        ),
        "callbacks": PanelText(
            "Callback events",
            "Events received from ZEGO, in steps of at least 5 minutes. Optional: they add failure "
            "reasons and earlier collections, and never change a count.",
            "No callbacks received",
        ),
        "quality": PanelText(
            "Data quality",
            "All ought to be 0: titles borne twice, uploads in a status this version does not "
            "know, entries left out as malformed, uploads without series of their own, collections "
            "skipped, callbacks refused, errors of the history file. Last: how far our clock is "
            "from the API's, which refuses 10 minutes.",
            "No data",
        ),
        # one task
        "task_title": PanelText("File", "Title of the upload.", "Unknown in this time range"),
        "task_status": PanelText(
            "Status",
            "Last status seen in the time range.",
            "Not listed",
        ),
        "task_reason": PanelText(
            "Failure reason",
            "Why the upload failed, as ZEGO's callback told; unknown without callbacks.",
            "None known",
        ),
        "task_app": PanelText("App", "The app that the upload belongs to.", "Unknown"),
        "task_retries": PanelText("Retries", "How often ZEGO tried again."),
        "task_status_for": PanelText(
            "In status for", "Time since the upload was first seen in its status."
        ),
        "task_age": PanelText("Age", "Time since the upload was created."),
        "task_created": PanelText("Created", "When the upload was created."),
        "task_expires_in": PanelText(
            "Expires in", "Time until the file expires, negative once it has.", "No expiry"
        ),
        "task_expiry": PanelText("Expires", "When the file expires.", "No expiry"),
        "task_timeline": PanelText(
            "Status over time",
            "The upload's status as collections saw it; gaps are times in which it was not listed "
            "or data was stale.",
            "Not listed in this time range",
        ),
        "task_retry_history": PanelText(
            "Retries over time", "How often ZEGO had tried again.", "No data"
        ),
        "task_time_left": PanelText(
            "Time to expiry",
            "Time until the file expires, negative once it has. A jump upwards: another upload of "
            "the same title replaced the file.",
            "No expiry",
        ),
        "namesakes": PanelText(
            "Other uploads of this title",
            "Uploads of the app that bear the same title. Of those that succeeded, the last one "
            "overwrote the others' file.",
            "No other upload bears this title",
        ),
    },
)
