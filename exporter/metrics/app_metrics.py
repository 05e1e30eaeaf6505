"""The metrics of an app's collections and API requests, and of the exporter itself."""

from __future__ import annotations

import platform

from exporter import __version__
from exporter.logs import dropped_lines
from exporter.metrics.metric import Metric, Scope, by_key, single

APP_METRICS = (
    Metric(
        Scope.APP,
        "zego_upload_up",
        "1 if the last collection of the upload tasks succeeded, 0 if it failed "
        "or none has ended yet. Collections run on their own schedule, not at the scrape.",
        lambda view: single(1 if view.up else 0),
    ),
    Metric(
        Scope.APP,
        "zego_upload_collections_total",
        "Collections started.",
        lambda view: single(view.collections),
    ),
    Metric(
        Scope.APP,
        "zego_upload_collections_skipped_total",
        "Collections skipped because the previous one was still running.",
        lambda view: single(view.skipped),
    ),
    Metric(
        Scope.APP,
        "zego_upload_collection_failures_total",
        "Collections that failed and published nothing, by reason.",
        lambda view: by_key(view.failures),
        "reason",
    ),
    Metric(
        Scope.APP,
        "zego_upload_collection_duration_seconds",
        "Duration of the last complete collection; absent until there was one.",
        lambda view: single(view.latest.duration if view.latest else None),
    ),
    Metric(
        Scope.APP,
        "zego_upload_collection_pages",
        "Pages read by the last complete collection; absent until there was one.",
        lambda view: single(view.latest.pages if view.latest else None),
    ),
    Metric(
        Scope.APP,
        "zego_upload_collection_tasks",
        "Upload tasks found by the last complete collection; absent until there was one.",
        lambda view: single(len(view.latest.tasks) if view.latest else None),
    ),
    Metric(
        Scope.APP,
        "zego_upload_collection_strategy",
        "1 for the strategy in effect, 0 for the other. If incremental is configured, full is in "
        "effect as long as the API's totals, filters or look-ups do not work as required; "
        "the log says which.",
        lambda view: (((name,), name == view.strategy) for name in ("full", "incremental")),
        "strategy",
    ),
    Metric(
        Scope.APP,
        "zego_upload_resync_corrections_total",
        "Upload tasks corrected by a resync. The incremental strategy misses a change that leaves "
        "the total of a finished status unchanged.",
        lambda view: single(view.corrections),
    ),
    Metric(
        Scope.APP,
        "zego_upload_tasks_reported",
        "Total that the API itself reported in the last complete collection; "
        "absent if it reported none, and while the data is stale. ZEGO does not document whether "
        "it counts all tasks or one page.",
        lambda view: single(view.snapshot.reported_total if view.snapshot else None),
    ),
    Metric(
        Scope.APP,
        "zego_upload_last_success_timestamp_seconds",
        "When the last complete collection ended; absent until there was one.",
        lambda view: single(view.last_success),
    ),
    Metric(
        Scope.APP,
        "zego_upload_last_attempt_timestamp_seconds",
        "When the last collection started; absent until there was one.",
        lambda view: single(view.last_attempt),
    ),
    Metric(
        Scope.APP,
        "zego_upload_collection_interval_seconds",
        "Time between two collections, as configured.",
        lambda view: single(view.settings.collection.interval),
    ),
    Metric(
        Scope.APP,
        "zego_upload_stale_after_seconds",
        "Age at which the series of the last complete collection disappear, as configured.",
        lambda view: single(view.settings.collection.stale_after),
    ),
    Metric(
        Scope.APP,
        "zego_upload_malformed_entries_total",
        "Entries of the listing that could not be read and were left out, by reason.",
        lambda view: by_key(view.malformed),
        "reason",
    ),
    Metric(
        Scope.APP,
        "zego_upload_api_requests_total",
        "HTTP requests sent to the API, retries included.",
        lambda view: single(view.api.requests),
    ),
    Metric(
        Scope.APP,
        "zego_upload_api_errors_total",
        "HTTP requests to the API that failed, by the API's return code, http_<status>, timeout, "
        "connection, tls, invalid_response, secret_file (the secret could not be read) or other "
        "(beyond 64 codes).",
        lambda view: by_key(view.api.errors),
        "code",
    ),
    Metric(
        Scope.APP,
        "zego_upload_api_request_duration_seconds",
        "Duration of HTTP requests to the API, failed ones included.",
        lambda view: [((), view.api.duration_buckets, view.api.duration_sum)],
        histogram=True,
    ),
    Metric(
        Scope.APP,
        "zego_upload_api_rate_limit_wait_seconds_total",
        "Time that requests waited for the exporter's own rate limit.",
        lambda view: single(view.api.rate_limit_wait_seconds),
    ),
    Metric(
        Scope.APP,
        "zego_upload_api_requests_per_second_limit",
        "Requests a second that the exporter allows itself for this AppId, as configured.",
        lambda view: single(view.settings.collection.requests_per_second),
    ),
    Metric(
        Scope.APP,
        "zego_upload_api_clock_skew_seconds",
        "The API's clock (its Date header, whole seconds) minus this machine's; "
        "absent until an answer had that header.",
        lambda view: single(view.api.clock_skew_seconds),
    ),
    Metric(
        Scope.APP,
        "zego_upload_app_info",
        "AppId and API endpoint of an app, always 1.",
        lambda view: [((str(view.settings.app_id), view.settings.endpoint), 1)],
        "app_id",
        "endpoint",
    ),
    Metric(
        Scope.PROGRAM,
        "zego_upload_exporter_build_info",
        "Version of the exporter and of the Python it runs on, always 1.",
        lambda _: [((__version__, platform.python_version()), 1)],
        "version",
        "python_version",
    ),
    Metric(
        Scope.PROGRAM,
        "zego_upload_exporter_config_last_reload_successful",
        "1 if the last reload of the configuration succeeded, 0 if it failed and the "
        "previous configuration stays in use; starting counts as a reload.",
        lambda program: single(program.reload_successful),
    ),
    Metric(
        Scope.PROGRAM,
        "zego_upload_exporter_config_last_reload_success_timestamp_seconds",
        "When a reload of the configuration last succeeded; starting counts as a reload.",
        lambda program: single(program.reload_succeeded_at),
    ),
    Metric(
        Scope.PROGRAM,
        "zego_upload_exporter_log_lines_dropped_total",
        "Log lines that were lost because stderr did not accept them.",
        lambda _: single(dropped_lines()),
    ),
)
