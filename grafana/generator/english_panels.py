"""The English titles, descriptions and no-value texts of the panels.

A no-value text never claims that there is none: no data looks the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from grafana.generator.texts import PanelText

PANELS: Mapping[str, PanelText] = {
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
        "How many apps' last collection from the API failed; orange: apps of the last 24 hours "
        "that are reported no more. While a collection fails, the app's counts do not change, "
        "and they disappear once they are stale. The table of apps gives the reason.",
        "No data",
    ),
    "data_age": PanelText(
        "Oldest data",
        "Time since the last complete collection, of the app where it is longest. Orange: over "
        "half of stale_after; red: stale, that app's series are gone.",
        "No data",
    ),
    "active": PanelText(
        "Unfinished",
        "Uploads that are waiting, uploading or waiting for a retry.",
        "No data",
    ),
    "unresolved": PanelText(
        "Unresolved",
        "Failed uploads that are still listed and that nobody has uploaded again: no later upload "
        "has their title. Also those that failed before the exporter started.",
        "No data",
    ),
    "failed": PanelText(
        "Failed, 24 h",
        "Uploads seen to fail within 24 hours before the end of the time range. Each counts "
        "once, when it fails. Grey: no app has fresh data.",
        "No data",
    ),
    "success_rate": PanelText(
        "Success rate, 24 h",
        "Succeeded uploads as a share of those that succeeded or failed within 24 hours before "
        "the end of the time range. Grey: no app has fresh data.",
        "None, or no data",
    ),
    "expiring_6h": PanelText(
        "Expiring 6 h",
        "Files that expire within 6 hours. A player that still uses such a file then fails. To "
        "keep a file, upload it again. Needs 6h among tasks.expiry_windows.",
        "No data",
    ),
    # needs attention
    "attention": PanelText(
        "Failed and unfinished uploads",
        "At most 100: failed uploads whose title no later upload has, then unfinished ones, "
        "the newest of a status first. The file opens the upload's history. The reason is "
        "known where ZEGO's callbacks reach the exporter.",
        "None, or no data: see Collection",
    ),
    "apps": PanelText(
        "Apps",
        "Each app's state; failing collections first, then most failed uploads. Not reported: "
        "an app of the last 24 hours that the exporter no longer has, or the exporter is down. "
        "Last reason: why a collection failed in the last 15 minutes. The name shows this app "
        "alone.",
        "No data: does Prometheus scrape the exporter?",
    ),
    "alerts": PanelText(
        "Firing alerts",
        "Firing alerts of the exporter's rules, as Prometheus evaluates them. docs/alerts.md "
        "says for each what to do.",
        "None, or no data: are the rules loaded?",
    ),
    # uploads
    "slots": PanelText(
        "Upload slots in use",
        "The 20 fullest apps: uploads waiting or uploading, and their share of the limit. At "
        "100 % ZEGO refuses new uploads (code 350006010).",
        "None in use, or no data: see Collection",
    ),
    "attended": PanelText(
        "Unfinished and failed",
        "Unfinished and failed uploads that the API lists, of all chosen apps. Beside each "
        "status its last number.",
        "No data",
    ),
    "stored": PanelText(
        "Stored and past",
        "Succeeded, cancelled and expired uploads that the API lists, of all chosen apps, and "
        "those in a status that this version does not know.",
        "No data",
    ),
    "finished": PanelText(
        "Finished uploads",
        "Uploads that ended, by how; each bar counts since the bar before, at least a minute. "
        "Changes that are reversed between two collections are not seen.",
        "No data",
    ),
    "expiring": PanelText(
        "Next files to expire",
        "The 50 succeeded uploads whose files expire first.",
        "None, or no data: see Collection",
    ),
    "expiring_within": PanelText(
        "Expiring within",
        "Succeeded uploads whose file expires within that time; each window holds the "
        "shorter ones.",
        "No data",
    ),
    "duplicates": PanelText(
        "Uploads sharing a title",
        "At most 50 unfinished or succeeded uploads whose title another one of the app has "
        "too: they overwrite each other's file. Give each upload its own title.",
        "None, or no data: see Collection",
    ),
    "retries": PanelText(
        "Retries of unfinished uploads",
        "Sum of the retries of unfinished uploads, by status, and the highest of one upload.",
        "No data",
    ),
    "longest": PanelText(
        "Longest in a status",
        "Time in its status of the upload that has been in it longest, by status. A line that "
        "keeps rising is a stuck upload. Uploads that the first collection found are left out "
        "until they change.",
        "None, or no data: see Collection",
    ),
    "durations": PanelText(
        "Duration of uploads",
        "Half (p50) and nine of ten (p90) of the succeeded uploads took no longer, from "
        "creation until first seen succeeded. Resolution: one collection interval.",
        "None, or no data: see Collection",
    ),
    "reasons": PanelText(
        "Failures by reason",
        "Reasons of failed uploads as ZEGO's callbacks report them; without callbacks reasons "
        "are unknown. Each bar counts since the bar before, at least a minute.",
        "No failure reported, or no data",
    ),
    "phases": PanelText(
        "Where time goes",
        "Of the uploads that left a status within the time range: half (p50) and nine of ten "
        "(p90) had been in it no longer. Queue: waiting; transfer: uploading; retry: waiting "
        "for a retry. Resolution: one collection interval.",
        "None, or no data: see Collection",
    ),
    "sources": PanelText(
        "Source hosts",
        "The 50 hosts of source URLs with most failed uploads among those listed, and the "
        "share of their finished uploads that failed. Hosts beyond tasks.source_hosts count as "
        "other.",
        "No data",
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
        "No requests, or no data",
    ),
    "collections": PanelText(
        "Collections",
        "Whether each app's last collection succeeded; the ten apps that failed most.",
        "No data",
    ),
    "failures": PanelText(
        "Failed collections by reason",
        "Collections that failed and published nothing. Each bar counts since the bar before, "
        "at least a minute.",
        "None failed, or no data: see Exporters",
    ),
    "collection_time": PanelText(
        "Collection time of interval",
        "Duration of the last complete collection as a share of its interval, of the five "
        "slowest apps. Over 100 % collections are skipped.",
        "No data",
    ),
    "instances": PanelText(
        "Exporters",
        "The exporters that Prometheus scrapes; one that is down stays listed for 7 days. Replicas "
        "report the same uploads; these dashboards count them once. The instance opens the "
        "exporter's status page, where your browser can reach it.",
        "No data",
    ),
    "callbacks": PanelText(
        "Callback events",
        "Events received from ZEGO. Each bar counts since the bar before, at least a minute. "
        "Optional: they add failure reasons and earlier collections, and never change a count.",
        "None received, or no data",
    ),
    "quality": PanelText(
        "Data quality",
        "All should be 0: titles used twice, uploads in a status this version does not "
        "know, entries left out as malformed, uploads without their own series, collections "
        "skipped, callbacks refused, errors of the history file. Last: how far our clock is "
        "from the API's, which refuses 10 minutes.",
        "No data",
    ),
    # one task
    "task_title": PanelText(
        "File",
        "Title of the upload, its first 100 characters.",
        "No data in this time range",
    ),
    "task_status": PanelText(
        "Status",
        "Present status. Grey: the last one seen in the time range; the upload is not listed "
        "now, or no app has fresh data.",
        "No data in this time range",
    ),
    "task_reason": PanelText(
        "Failure reason",
        "Why the upload failed, as ZEGO's callback reported; unknown without callbacks.",
        "None, or no data",
    ),
    "task_app": PanelText("App", "The app that the upload belongs to.", "No data"),
    "task_retries": PanelText("Retries", "How often ZEGO tried again.", "No data"),
    "task_status_for": PanelText(
        "In status for",
        "Time since the upload was first seen in its status; not known if the first collection "
        "found it in it.",
        "Before the start, or no data",
    ),
    "task_age": PanelText("Age", "Time since the upload was created.", "No data"),
    "task_created": PanelText("Created", "When the upload was created.", "No data"),
    "task_expires_in": PanelText(
        "Expires in",
        "Time until the file of a succeeded upload expires, negative once it has.",
        "No file, or no data",
    ),
    "task_expiry": PanelText(
        "Expires", "When the file of a succeeded upload expires.", "No file, or no data"
    ),
    "task_timeline": PanelText(
        "Status over time",
        "The upload's status as collections saw it; gaps are times in which it was not listed "
        "or data was stale.",
        "No data in this time range",
    ),
    "task_retry_history": PanelText(
        "Retries over time", "How often ZEGO had tried again.", "No data"
    ),
    "task_time_left": PanelText(
        "Time to expiry",
        "Time until the file expires, negative once it has. A jump upwards: another upload of "
        "the same title replaced the file.",
        "No file, or no data",
    ),
    "namesakes": PanelText(
        "Other uploads of this title",
        "Uploads of the app with the same title. Of those that succeeded, the last one "
        "overwrote the others' file.",
        "None, or no data",
    ),
    # weeks and months
    "weeks": PanelText(
        "ZEGO uploads: weeks and months",
        "Upload tasks of ZEGO Cloud Player over 7 or 30 days: how many succeed, what fails "
        "most, how often the upload slots are full. Needs the recording rules.",
    ),
    "success_by_day": PanelText(
        "Success ratio per day",
        "Succeeded uploads as a share of those that succeeded or failed in the 24 hours before "
        "the point, of the ten apps with most uploads.",
        "No data: are the recording rules loaded?",
    ),
    "finished_by_day": PanelText(
        "Uploads per day",
        "Uploads that succeeded or failed in the 24 hours before the bar, of the ten apps with "
        "most uploads.",
        "No data: are the recording rules loaded?",
    ),
    "at_limit": PanelText(
        "Time at the slot limit",
        "Share of the 24 hours before the point in which all upload slots were taken, of the "
        "ten apps where it is largest. ZEGO refuses new uploads then.",
        "Never, or no data: are the recording rules loaded?",
    ),
    "backlog": PanelText(
        "Backlog",
        "Waiting uploads, and the time to drain: how long they take if as many uploads end per "
        "hour as in the hour before.",
        "No data",
    ),
    "retried": PanelText(
        "Needed a retry",
        "Share of the listed succeeded and failed uploads that needed a retry, and how many of "
        "these succeeded.",
        "None, or no data",
    ),
    "apps_of_range": PanelText(
        "Apps over the time range",
        "Uploads that ended in the full hours of the time range; those with most failures first. "
        "Per day: averaged over the hours with data. "
        "Time at the limit: all upload slots taken. Needed a retry: of those listed now.",
        "No data: are the recording rules loaded?",
    ),
    "failing_titles": PanelText(
        "Titles that failed most",
        "Titles by their failed uploads that were listed in the time range, the 20 with most. "
        "Only uploads with their own series (tasks.limit).",
        "None, or no data",
    ),
    "failing_sources": PanelText(
        "Failed uploads by source host",
        "Failed uploads that the API lists, of the ten source hosts with most.",
        "None, or no data",
    ),
}
