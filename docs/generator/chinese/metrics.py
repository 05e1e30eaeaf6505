"""Chinese texts about the exporter in `docs/metrics.zh-CN.md`, by the English ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

INTRODUCTION: Final = (
    "# 指标\n"
    "\n"
    "[English](metrics.md) | 中文\n"
    "\n"
    "本页由 `make docs` 根据指标表生成。仪表盘和告警依赖这些名称，因此名称保持稳定。术语见["
    "术语表](#术语表)。\n"
    "\n"
    "- 应用的每条时间序列都有标签 `zego_app`，即配置的应用名称（未配置时为 AppId），下文不"
    "再重复。\n"
    "- 来自任务列表的时间序列在*没有最新列表*时不存在：首次完整采集之前，以及最近一次完整采"
    "集已超过 `collection.stale_after` 时。其他时间序列始终存在，另有说明的除外。\n"
    "- 抓取从不引起对 ZEGO 的请求。采集按自己的节奏进行，因为分页很多的列表受频率限制，读取"
    "时间可能超过一次抓取。数值的时间是 `zego_upload_last_success_timestamp_seconds`。取决"
    "于当前时间的数值（过期）在抓取时计算。\n"
    "- 任务由应用内的 `UploadTaskId` 标识。列出两次的任务只计一次。\n"
    "- 时间均为 Unix 时间，单位为秒。\n"
    "- 查询针对一个 Exporter。两个副本监控同一个应用时，提供的时间序列相同：请先用 `max` 聚"
    "合，再用 `sum`，`prometheus/rules/` 中的录制规则就是这样做的。\n"
    "- `/metrics?app=NAME`（可重复）只返回这些应用的时间序列。应用未配置时返回 400；"
    "空值会被忽略。\n"
    "\n"
    "`Status` 等字段来自 ZEGO 的 DescribeUploadTasks 接口，`Detail` 和 `EventType` 来自其回"
    "调。两者的说明见 [zego-api.md](zego-api.md)（英文）。指标页上的 HELP 文本为英文，便于"
    "搜索。\n"
)
"""Text above the first section."""

TEXTS: Final[Mapping[str, str]] = {
    "Collections": "采集",
    "Whether the numbers above can be trusted, and what it costs to read them. The counters here "
    "and under *The API* start at 0 with the process, and for an app also when a reload changes "
    "its name, AppId, endpoint or `is_test`.": (
        "以上数据是否可信，以及读取它们的开销。本节和 *API* 一节的计数器随进程从 0 开始；重新加载改"
        "变了某个应用的名称、AppId、API 地址或 `is_test` 时，该应用的计数器也从 0 开始。"
    ),
    "1 if the last collection of the upload tasks succeeded, 0 if it failed or none has ended "
    "yet. Collections run on their own schedule, not at the scrape.": (
        "最近一次采集成功时为 1，失败或尚无采集结束时为 0。采集按自己的节奏进行，不在抓取时进行。"
    ),
    "the last collection": "最近一次采集",
    "Apps that cannot be read": "无法读取的应用",
    "Share of the last day during which an app could be read": "最近一天内，应用可以读取的时间比例",
    "Collections started.": "已开始的采集次数。",
    "this process": "本进程",
    "Collections each minute": "每分钟的采集次数",
    "Collections skipped because the previous one was still running.": (
        "因上一次采集仍在进行而跳过的采集次数。"
    ),
    "this process: ticks of the interval during a collection, counted while it still runs": (
        "本进程：采集期间到点的次数，在采集进行时即计入"
    ),
    "Collections take longer than their interval": "采集耗时超过采集间隔",
    "Collections that failed and published nothing, by reason.": (
        "失败且未发布数据的采集次数，按原因。"
    ),
    "this process. [reliability.md](reliability.md) explains each reason": (
        "本进程。各原因的说明见 [reliability.md](reliability.md)（英文）"
    ),
    "Why collections failed in the last hour": "最近一小时采集失败的原因",
    "Duration of the last complete collection; absent until there was one.": (
        "最近一次完整采集的耗时；首次完整采集之前不存在。"
    ),
    "the last complete collection, waiting for the rate limit included": (
        "最近一次完整采集，包含等待限速的时间"
    ),
    "before the first complete collection": "首次完整采集之前",
    "Share of the interval that a collection takes": "采集耗时占采集间隔的比例",
    "Pages read by the last complete collection; absent until there was one.": (
        "最近一次完整采集读取的页数；首次完整采集之前不存在。"
    ),
    "the last complete collection; each page is a request, retries not counted": (
        "最近一次完整采集；每页是一次请求，不含重试"
    ),
    "Pages of each app": "各应用的页数",
    "Upload tasks found by the last complete collection; absent until there was one.": (
        "最近一次完整采集得到的上传任务数；首次完整采集之前不存在。"
    ),
    "the last complete collection. Unlike `zego_upload_tasks` it stays when that is old": (
        "最近一次完整采集。与 `zego_upload_tasks` 不同，数据过旧后仍保留"
    ),
    "All tasks of all apps": "所有应用的任务总数",
    "1 for the strategy in effect, 0 for the other. If incremental is configured, full is in "
    "effect as long as the API's totals, filters or look-ups do not work as required; the log "
    "says which.": (
        "正在使用的策略为 1，另一个为 0。配置了 incremental 时，只要 API 的总数、筛选或查询不符合"
        "要求，使用的就是 full；日志会说明是哪一项。"
    ),
    "`collection.strategy`, and whether the API supports it": (
        "`collection.strategy`，以及 API 是否支持"
    ),
    "The active strategy": "正在使用的策略",
    "Upload tasks corrected by a resync. The incremental strategy misses a change that leaves "
    "the total of a finished status unchanged.": (
        "由重新同步更正的上传任务数。某个已结束状态的总数不变时，增量策略会漏掉其中的变化。"
    ),
    "the full walks every `collection.resync_interval`; 0 with `strategy: full`": (
        "每隔 `collection.resync_interval` 的完整遍历；使用 `strategy: full` 时为 0"
    ),
    "Tasks that the incremental strategy missed in the last day": "最近一天增量策略漏掉的任务数",
    "Total that the API itself reported in the last complete collection; absent if it reported "
    "none, and while the data is stale. ZEGO does not document whether it counts all tasks or "
    "one page.": (
        "最近一次完整采集中 API 自己给出的总数；没有给出或数据过旧时不存在。ZEGO 没有说明它统计的"
        "是全部任务还是一页。"
    ),
    "`TotalSize` (also spelled `TotoalSize`)": "`TotalSize`（也写作 `TotoalSize`）",
    "without a fresh listing, or if the API reported no total": (
        "没有最新的列表，或 API 没有给出总数"
    ),
    "Does ZEGO report as many tasks as it lists?": "ZEGO 给出的总数与列出的任务数是否一致？",
    "When the last complete collection ended; absent until there was one.": (
        "最近一次完整采集的结束时间；首次完整采集之前不存在。"
    ),
    "the end of the last complete collection": "最近一次完整采集的结束",
    "Age of the numbers, in seconds": "数据的延迟，单位为秒",
    "When the last collection started; absent until there was one.": (
        "最近一次采集的开始时间；首次采集之前不存在。"
    ),
    "the start of the last collection, successful or not": "最近一次采集的开始，无论成功与否",
    "before the first collection": "首次采集之前",
    "Collectors that have stopped": "已停止采集的应用",
    "Time between two collections, as configured.": "两次采集之间的时间；取自配置。",
    "`collection.interval`": "`collection.interval`",
    "Age at which the series of the last complete collection disappear, as configured.": (
        "最近一次完整采集的时间序列在多久之后消失；取自配置。"
    ),
    "`collection.stale_after`": "`collection.stale_after`",
    "Apps whose numbers will soon disappear": "数据即将消失的应用",
    "Entries of the listing that could not be read and were left out, by reason.": (
        "列表中无法解析而被忽略的条目数，按原因。"
    ),
    "entries of the listing; the label names the field that could not be read": (
        "列表中的条目；标签为无法解析的字段"
    ),
    "Fields of the answers that cannot be read": "响应中无法解析的字段",
    "The API": "API",
    "Every HTTP request counts, including retries and those of failed collections.": (
        "统计每个 HTTP 请求，包括重试和失败的采集中的请求。"
    ),
    "HTTP requests sent to the API, retries included.": "发往 API 的 HTTP 请求数，含重试。",
    "Requests a second, by AppId (compare with ZEGO's 20)": (
        "每秒请求数，按 AppId（ZEGO 的上限为 20）"
    ),
    "HTTP requests to the API that failed, by the API's return code, http_<status>, timeout, "
    "connection, tls, invalid_response, secret_file (the secret could not be read) or other "
    "(beyond 64 codes).": (
        "失败的 API HTTP 请求数，按 API 的返回码、http_<status>、timeout、connection、tls、"
        "invalid_response、secret_file（无法读取密钥）或 other（返回码超过 64 种）。"
    ),
    "ZEGO's return code, or `http_<status>`, `timeout`, `connection`, `tls`, `invalid_response`, "
    "`secret_file`, `other`": (
        "ZEGO 的返回码，或 `http_<status>`、`timeout`、`connection`、`tls`、`invalid_response`、"
        "`secret_file`、`other`"
    ),
    "`Code` of the answer, its HTTP status, or the kind of network error": (
        "响应的 `Code`、HTTP 状态码，或网络错误的类型"
    ),
    "for a code that has not occurred; after 64 different ones the rest is `other`": (
        "没有出现过的返回码；超过 64 种后，其余计入 `other`"
    ),
    "Share of the requests that fail": "失败的请求所占比例",
    "Requests above ZEGO's rate limit: another program uses the AppId": (
        "超过 ZEGO 频率限制的请求：有其他程序在用该 AppId"
    ),
    "Duration of HTTP requests to the API, failed ones included.": (
        "API 的 HTTP 请求的耗时，含失败的请求。"
    ),
    "the time from sending a request until its answer is read, without waiting for "
    "the rate limit": ("从发出请求到读完响应的时间，不含等待限速的时间"),
    "95th percentile of the request durations, in seconds": "请求耗时的 95 分位，单位为秒",
    "Time that requests waited for the exporter's own rate limit.": (
        "请求因 Exporter 自身的限速而等待的时间。"
    ),
    "`collection.requests_per_second`": "`collection.requests_per_second`",
    "Share of time that a collector waits for its own limit": "采集因自身限速而等待的时间比例",
    "Requests a second that the exporter allows itself for this AppId, as configured.": (
        "Exporter 对该 AppId 的每秒请求数上限；取自配置。"
    ),
    "`collection.requests_per_second`; of apps with one AppId, the lowest": (
        "`collection.requests_per_second`；AppId 相同的应用取最小值"
    ),
    "Share of the limit that is used": "上限的使用比例",
    "The API's clock (its Date header, whole seconds) minus this machine's; absent until an "
    "answer had that header.": (
        "API 的时钟（响应头 Date，精度为秒）减去本机时钟；响应中出现过该响应头之前不存在。"
    ),
    "the `Date` header of the last answer. Positive: this machine's clock is behind": (
        "最近一次响应的 `Date` 响应头。为正时，本机时钟慢"
    ),
    "until the first answer with a `Date` header": "首次收到带有 `Date` 响应头的响应之前",
    "Clocks more than a minute apart (ZEGO refuses more than ten)": (
        "时钟偏差超过一分钟（超过十分钟 ZEGO 会拒绝）"
    ),
    "The program": "程序",
    "The Prometheus client library adds `process_*` and `python_info`, except in the output of "
    "`once`.": ("Prometheus 客户端库另外提供 `process_*` 和 `python_info`，`once` 的输出中没有。"),
    "AppId and API endpoint of an app, always 1.": "应用的 AppId 和 API 地址，值始终为 1。",
    "as configured": "配置的值",
    "or as configured": "或配置的值",
    "the configuration": "配置",
    "Failed tasks by AppId": "失败的任务数，按 AppId",
    "Version of the exporter and of the Python it runs on, always 1.": (
        "Exporter 及其所用 Python 的版本，值始终为 1。"
    ),
    "of the exporter": "Exporter 的版本",
    "of the interpreter": "解释器的版本",
    "the program": "本程序",
    "Exporters by version": "各版本的 Exporter 数",
    "1 if the last reload of the configuration succeeded, 0 if it failed and the previous "
    "configuration stays in use; starting counts as a reload.": (
        "最近一次重新加载配置成功时为 1；失败且继续使用之前的配置时为 0；启动视为一次重新加载。"
    ),
    "reloads: SIGHUP and `POST /-/reload`. 1 at the start": (
        "重新加载：SIGHUP 和 `POST /-/reload`。启动时为 1"
    ),
    "in the output of `once`": "`once` 的输出中",
    "Exporters whose last reload failed": "最近一次重新加载失败的 Exporter",
    "When a reload of the configuration last succeeded; starting counts as a reload.": (
        "最近一次成功重新加载配置的时间；启动视为一次重新加载。"
    ),
    "reloads; the start counts as one": "重新加载；启动也算一次",
    "Seconds since the configuration was last applied": "距最近一次应用配置的秒数",
    "Log lines that were lost because stderr did not accept them.": (
        "因 stderr 没有接收而丢失的日志行数。"
    ),
    "lines that did not fit into the queue of the log, or that stderr refused. A reader of "
    "stderr that stalls, or a full disk behind it, never holds up the exporter": (
        "日志队列放不下，或 stderr 拒绝接收的行。读取 stderr 的程序停滞，或其后的磁盘写满，从不拖"
        "慢 Exporter"
    ),
    "Log lines lost in the last hour": "最近一小时丢失的日志行数",
    "- **{term}**: {meaning}": "- **{term}**（{english}）：{meaning}",
    "collection": "采集",
    "The exporter reads all upload tasks of one app from ZEGO's API. It succeeds or fails as a "
    "whole.": (
        "Exporter 从 ZEGO 的 API 读取一个应用的全部上传任务。采集要么整体成功，要么整体失败。"
    ),
    "interval": "采集间隔",
    "The time from the start of one collection to the start of the next (`collection.interval`).": (
        "一次采集开始到下一次采集开始的时间（`collection.interval`）。"
    ),
    "page": "分页",
    "The answer to one request: up to 50 tasks, and a token for the next page.": (
        "一次请求的响应：最多 50 个任务，以及下一页的标记。"
    ),
    "resync": "重新同步",
    "With `strategy: incremental`, a full walk every `collection.resync_interval` that checks "
    "and corrects the known tasks.": (
        "使用 `strategy: incremental` 时，每隔 `collection.resync_interval` 进行一次完整遍历，核"
        "对并更正已知的任务。"
    ),
    "scrape": "抓取",
    "Prometheus reads `/metrics`. A scrape reads snapshots and never calls the API.": (
        "Prometheus 读取 `/metrics`。抓取只读快照，从不调用 API。"
    ),
    "slot": "并发任务数",
    "One task that an AppId may have waiting or uploading. There are 10, unless ZEGO raised the "
    "limit. With none free, ZEGO refuses new uploads.": (
        "一个 AppId 可以同时处于等待中或上传中的任务。并发上限为 10 个，除非 ZEGO 提高了上限。达"
        "到上限后，ZEGO 会拒绝新的上传任务。"
    ),
    "snapshot": "快照",
    "The immutable result of one successful collection. The current snapshots are what the "
    "exporter exposes.": ("一次成功采集的结果，不会再改变。Exporter 提供的就是当前的快照。"),
    "stale": "数据过旧",
    "A snapshot older than `collection.stale_after` is stale, and is no longer exposed.": (
        "超过 `collection.stale_after` 的快照即为过旧，不再提供。"
    ),
    "transition": "状态变化",
    "A change of a task's status between two consecutive snapshots, or its appearance or "
    "disappearance.": ("任务状态在相邻两个快照之间的变化，包括任务的出现和消失。"),
    "walk": "遍历",
    "One pass over all pages of a listing, from the first page to the one without a next page.": (
        "从第一页开始，逐页读取整个列表，直到没有下一页为止。"
    ),
    "## Glossary": "## 术语表",
}
