"""English texts of the alerts."""
# ruff: noqa: E501 - texts are edited as they are read

from __future__ import annotations

from exporter.alerting.model import AlertText, Texts

ALERTS = {
    "ZegoUploadFailed": AlertText(
        "Uploads failed in {app}",
        "About {value} upload(s) of {app} failed within the last {window}, newest first:\n"
        "{tasks}\n"
        "ZEGO does not try again. Check that the source URL can be downloaded from outside and that "
        "the file is below 5 GB, then create the upload again.",
    ),
    "ZegoUploadFailureRatioHigh": AlertText(
        "{percent} of the uploads of {app} fail",
        "Of the uploads of {app} that finished within the last {window}, {percent} failed "
        "({failures} or more). Reasons that ZEGO gave by callback:\n"
        "{reasons}\n"
        "Failed uploads, newest first:\n"
        "{tasks}\n"
        "So many failures usually have one cause: the server that ZEGO downloads from, its "
        "certificate or its access tokens, or ZEGO itself. Check that first, then create the failed "
        "uploads again; zego-upload-exporter tasks --status failed lists them.",
    ),
    "ZegoUploadNothingSucceeds": AlertText(
        "No upload of {app} has succeeded within {window}",
        "About {value} upload(s) of {app} failed within the last {window} and none succeeded. "
        "Failed uploads, newest first:\n"
        "{tasks}\n"
        "Download one of the source URLs from outside: an expired token, a certificate or a firewall "
        "are the usual causes. If it works, contact ZEGO's support with several task ids.",
    ),
    "ZegoUploadFailureUnresolved": AlertText(
        "{value} failed upload(s) of {app} have not been repeated",
        "For more than {hold} there have been failed uploads of {app} whose title no later upload "
        "has, newest first:\n"
        "{tasks}\n"
        "Create these uploads again. The alert ends when each title has been uploaded again, or the "
        "failed tasks are no longer listed.",
    ),
    "ZegoUploadQueueStalled": AlertText(
        "The uploads of {app} have stopped",
        "A file of {app} has been waiting for {span}, and no upload of this app started, finished or "
        "failed within the last {age}. Unfinished uploads, oldest first:\n"
        "{tasks}\n"
        "The queue on ZEGO's side does not move: contact ZEGO's support with the AppId and a task "
        "id. Until it moves again, new uploads wait or are refused (code 350006010).",
    ),
    "ZegoUploadStuckWaiting": AlertText(
        "An upload of {app} has not started for {span}",
        "Created more than {age} ago and still waiting to start, oldest first:\n"
        "{tasks}\n"
        "A waiting task can be cancelled and created again. If many wait, the app creates more "
        "uploads than its slots can take.",
    ),
    "ZegoUploadStuckUploading": AlertText(
        "An upload of {app} created {span} ago is still uploading",
        "Created more than {age} ago and still uploading, oldest first:\n"
        "{tasks}\n"
        "Check how fast the source server delivers the file. An uploading task cannot be cancelled: "
        "if the source is healthy, contact ZEGO's support with the task id.",
    ),
    "ZegoUploadRetryingLong": AlertText(
        "An upload of {app} created {span} ago still waits for a retry",
        "Created more than {age} ago and waiting for a retry, oldest first:\n"
        "{tasks}\n"
        "The upload failed at least once already. Check that the source URL still works (expired "
        "token?); if it does not, create the upload again with one that does.",
    ),
    "ZegoUploadRetryingOften": AlertText(
        "An upload of {app} was retried {value} times and is not finished",
        "Unfinished uploads with {retries} retries or more, most retries first:\n"
        "{tasks}\n"
        "It will probably fail in the end. Check that the source URL works and delivers the whole "
        "file.",
    ),
    "ZegoUploadSlotsFull": AlertText(
        "All upload slots of {app} are taken",
        "For {hold} as many tasks of {app} have been waiting or uploading as ZEGO allows at the same "
        "time ({percent} of the limit). ZEGO refuses further uploads with code 350006010.\n"
        "Let the caller slow down or try again later; cancel waiting uploads that nobody needs; or "
        "ask ZEGO for a higher limit and set slots_limit to it.",
    ),
    "ZegoUploadSlotsSaturated": AlertText(
        "The upload slots of {app} are full most of the time",
        "During {percent} of the last {window} all upload slots of {app} were taken. While they are, "
        "ZEGO refuses further uploads with code 350006010.\n"
        "Let the caller spread its uploads over the day, or ask ZEGO for a higher limit and set "
        "slots_limit to it.",
    ),
    "ZegoUploadNoNewUploads": AlertText(
        "No new upload of {app} for {window}",
        "The exporter has seen no new upload task of {app} for {window}.\n"
        "Check the service that creates the uploads, and whether ZEGO refuses them (code 350006010: "
        "slots full).",
    ),
    "ZegoUploadExpiringSoon": AlertText(
        "{value} file(s) of {app} expire within {within}",
        "Expiring within {within}, soonest first:\n"
        "{tasks}\n"
        "A player that still uses such a file fails from then on. If it is needed longer, upload it "
        "again under another title and let the players use the new address.",
    ),
    "ZegoUploadWatchedTitleExpiring": AlertText(
        "{value} watched title(s) of {app} expire within {within} or have expired",
        "Titles on the watch list of which no copy lasts longer than {within}, soonest first:\n"
        "{tasks}\n"
        "Upload them again under another title and let the players use the new address.",
    ),
    "ZegoUploadExpired": AlertText(
        "Files of {app} expired",
        "About {value} file(s) of {app} expired within the last {window}, newest first:\n"
        "{tasks}\n"
        "Players that still use such a file fail. If it is needed, upload it again and let the "
        "players use the new address.",
    ),
    "ZegoUploadExpiredUnfinished": AlertText(
        "Uploads of {app} expired without having succeeded",
        "About {value} upload(s) of {app} expired within the last {window} before they were "
        "finished, newest first:\n"
        "{tasks}\n"
        "Nobody could ever play these files. Create the uploads again and check why they took so "
        "long.",
    ),
    "ZegoUploadDuplicateTitles": AlertText(
        "{value} title(s) of {app} are used more than once",
        "Uploads with the same title overwrite each other's file, and the survivor may inherit the "
        "older one's expiry:\n"
        "{tasks}\n"
        "Check which file players get now, upload the lost one again under a title of its own, and "
        "let the caller make titles unique.",
    ),
    "ZegoUploadNewDuplicateTitle": AlertText(
        "{value} more title(s) of {app} are used more than once",
        "Within the last {window}, uploads were created under titles that others already have; they "
        "overwrite each other's file. Newest first:\n"
        "{tasks}\n"
        "Check which file players get now, upload the lost one again under a title of its own, and "
        "let the caller make titles unique.",
    ),
    "ZegoUploadCollectionFailing": AlertText(
        "The upload tasks of {app} cannot be read",
        "No collection from ZEGO's API has succeeded for 15 minutes, so nothing is known about the "
        "uploads of {app} and alerts on them cannot fire. Failures by reason:\n"
        "{reasons}\n"
        "The exporter's status page says what is wrong; zego-upload-exporter check --live tries it "
        "again. The reasons auth, clock_skew, rejected and deadline are on your side; server, network "
        "and timeout on ZEGO's side or on the way there.",
    ),
    "ZegoUploadDataMissing": AlertText(
        "There is no current data about the uploads of {app}",
        "Nobody is notified of this alert. While it fires, Alertmanager mutes the alerts that end "
        "because their data is missing.",
    ),
    "ZegoUploadCredentialsRefused": AlertText(
        "ZEGO refuses the credentials of {app}",
        "ZEGO refused the signature of the requests for {app}, or the exporter could not read the "
        "secret: about {value} times within {window}. This does not fix itself.\n"
        "Compare AppId and ServerSecret with ZEGO's console and put the right secret into "
        "server_secret_file (read again at every collection) or reload the exporter. Then: "
        "zego-upload-exporter check --live",
    ),
    "ZegoUploadApiErrorRateHigh": AlertText(
        "{percent} of the API requests for {app} fail",
        "Of the requests to ZEGO's API for {app}, {percent} failed within 15 minutes. Errors by "
        "code:\n"
        "{codes}\n"
        "Collections still succeed by trying again. 350006001 means that other callers use up the "
        "same AppId's limit: lower requests_per_second. Otherwise check the network to ZEGO and "
        "ZEGO's state.",
    ),
    "ZegoUploadDataStale": AlertText(
        "The last complete collection of {app} is {span} old",
        "The exporter no longer shows the tasks of {app} because its last complete collection ended "
        "{span} ago, which is longer than stale_after allows. Alerts on uploads cannot fire "
        "meanwhile.\n"
        "If collections fail, the status page says why. If none fails, they take too long (see "
        "zego_upload_collection_duration_seconds) or hang: look into the exporter's log and restart "
        "it.",
    ),
    "ZegoUploadClockSkew": AlertText(
        "The exporter's clock differs from ZEGO's by {span}",
        "An exporter of {app} and ZEGO's API differ by {span}. From 10 minutes on ZEGO refuses every "
        "request, and times to expiry are already wrong by that much.\n"
        "Fix the time synchronisation (chrony, ntpd, systemd-timesyncd) of the machine that runs the "
        "exporter.",
    ),
    "ZegoUploadRateLimitNearlyUsed": AlertText(
        "The exporter uses {percent} of its own request limit for {app}",
        "Reading the tasks of {app} takes {percent} of the requests that requests_per_second allows. "
        "With more tasks, collections will no longer fit their interval.\n"
        "Raise collection.interval, or raise requests_per_second if nobody else needs the rest of "
        "the 20 requests a second that ZEGO allows per AppId.",
    ),
    "ZegoUploadCollectionSlow": AlertText(
        "A collection of {app} takes {span}, longer than its interval",
        "The last complete collection of {app} took {span}, which is longer than "
        "collection.interval: collections are skipped and the data is older than intended.\n"
        "Raise collection.interval, or requests_per_second if waiting for the limiter is the cause "
        "(zego_upload_api_rate_limit_wait_seconds_total). zego-upload-exporter check --live says how "
        "long a walk takes.",
    ),
    "ZegoUploadUnknownStatus": AlertText(
        "{value} task(s) of {app} have a status that the exporter does not know",
        "ZEGO reports a status code for {value} task(s) of {app} that this version of the exporter "
        "does not know. They are counted as unknown and no alert on uploads sees them.\n"
        "A warning in the exporter's log names the code. Look for a newer version of the exporter; if there is "
        "none, report the code to the project.",
    ),
    "ZegoUploadMalformedEntries": AlertText(
        "The exporter leaves out tasks of {app} that it cannot read",
        "ZEGO lists tasks of {app} in a form that this version of the exporter cannot read: they "
        "were left out about {value} times within the last hour, and no metric counts them.\n"
        "A warning in the exporter's log says what is wrong with them. Look for a newer version of the exporter; "
        "if there is none, report it to the project.",
    ),
    "ZegoUploadListingShort": AlertText(
        "ZEGO reports {value} more task(s) of {app} than it lists",
        "For {hold} the total that ZEGO's API gives for {app} has been {value} above the number of "
        "tasks that it lists. The tasks that are not listed are in no metric and no alert.\n"
        "Compare with ZEGO's console. If it shows a task that is missing here, contact ZEGO's support.",
    ),
    "ZegoUploadTaskSeriesOmitted": AlertText(
        "{value} task(s) of {app} have no series of their own",
        "{app} has {value} more task(s) than tasks.limit allows. Counts and alerts still include "
        "them; tables and the texts of alerts may not name them. Failed, retrying and unfinished "
        "tasks are kept first.\n"
        "Raise tasks.limit if Prometheus can take the series (about six per task), or drop statuses "
        "from tasks.statuses.",
    ),
    "ZegoUploadAppVanished": AlertText(
        "The exporter no longer watches {app}",
        "Within the last {memory} the exporter (job {job}) watched {app}. It still runs, but its "
        "configuration no longer has this app, and no other exporter reports it.\n"
        "If the app was removed on purpose, silence this alert; it ends after {memory}. Otherwise "
        "put the app back into the configuration and reload.",
    ),
    "ZegoUploadExporterAbsent": AlertText(
        "No zego-upload-exporter answers Prometheus{of_job}",
        "Prometheus has had no metrics from any zego-upload-exporter{of_job} for 10 minutes or "
        "more. Alerts on its apps cannot fire.\n"
        "Look at the targets page of Prometheus: if the target is missing there, fix the scrape "
        "configuration or the service discovery; if it is down, start the exporter.",
    ),
    "ZegoUploadExporterDown": AlertText(
        "The zego-upload-exporter {instance} does not answer",
        "Prometheus could not scrape {instance} (job {job}) for 10 minutes. If it is the only one, "
        "ZegoUploadExporterAbsent follows.\n"
        "Check that the process runs, its log, and the way from Prometheus to it (address, TLS, "
        "password). /-/healthy answers as long as the process lives, whatever ZEGO does.",
    ),
    "ZegoUploadConfigReloadFailed": AlertText(
        "The zego-upload-exporter {instance} refused its new configuration",
        "The last reload of {instance} (job {job}) failed; the previous configuration stays in use, "
        "and the exporter would not start with the new one.\n"
        "Its log names every problem, and so does: zego-upload-exporter check. Fix the file and "
        "reload.",
    ),
    "ZegoUploadHistoryErrors": AlertText(
        "The zego-upload-exporter {instance} cannot write its history",
        "{instance} (job {job}) failed about {value} times to write its history within the last "
        "hour. Collections continue, but a restart would lose what was not written: counters start "
        "lower and failures that happen meanwhile are not counted.\n"
        "Check free space and permissions of the directory of history.path; the log holds the error.",
    ),
    "ZegoUploadLogLinesDropped": AlertText(
        "The zego-upload-exporter {instance} loses log lines",
        "{instance} (job {job}) dropped about {value} log lines within the last hour, because whatever "
        "reads its standard error did not take them. Collections and metrics are not affected.\n"
        "Check what takes the log: a full disk, a stopped journal or log collector, a terminal that "
        "is paused.",
    ),
}

OBJECTIVE = {
    "critical": "{app} burns its error budget fast: {percent} of the uploads fail",
    "warning": "{app} will not keep its objective for uploads: {percent} fail",
    "description": (
        "The objective is that {objective} of the finished uploads succeed over 28 days. "
        "At this rate {share} of the budget for 28 days is used within {long}. Budget left: "
        "{left}.\n"
        "Find out which uploads fail and why: zego-upload-exporter tasks --status failed "
        "--unresolved lists those that nobody has repeated. {next}"
    ),
    "next_critical": "Treat it as an outage of uploads.",
    "next_warning": "Fix the cause within the working day.",
    "1h": "one hour",
    "6h": "6 hours",
    "3d": "3 days",
    "unknown": "not known yet",
}
"""The alert on an objective, whose texts depend on its windows."""

LINES = {
    "task": "{title} (id {id})",
    "failed": "{title} (id {id}){why}",
    "created": "{title} (id {id}), created {age} ago",
    "unfinished": "{title} (id {id}), {status}, created {age} ago",
    "retried": "{title} (id {id}), {number} retries",
    "expiring": "{title} (id {id}) in {age}",
    "duplicate": "{title}: {number} tasks",
    "title": "{title}",
    "by_reason": "{reason}: about {number}",
    "by_code": "{code}: about {number}",
    "why": ": {reason}",
    "no_title": "(title not exposed)",
    "not_exposed": "(not exposed as series; run: zego-upload-exporter tasks{command})",
    "none": "- none",
    "of_job": " of job {job}",
}

MESSAGES = {
    "firing": "FIRING",
    "resolved": "RESOLVED",
    "runbook": "Runbook",
    "dashboard": "Dashboard",
    "since": "Since",
    "until": "Ended",
    "colon": ": ",
    "time": '{time}.UTC.Format "2006-01-02 15:04 UTC"',
    "more": "(further alerts are in Alertmanager)",
}

ENGLISH = Texts(
    alerts=ALERTS,
    objective=OBJECTIVE,
    lines=LINES,
    durations={
        "s": ("{n} second", "{n} seconds"),
        "m": ("{n} minute", "{n} minutes"),
        "h": ("{n} hour", "{n} hours"),
        "d": ("{n} day", "{n} days"),
    },
    units={},
    words={},
    messages=MESSAGES,
    dashboard="/d/zego-uploads/",
    runbooks="docs/alerts.md",
)
