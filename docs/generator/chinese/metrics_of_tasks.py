"""Chinese texts about upload tasks in `docs/metrics.zh-CN.md`, by the English ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str]] = {
    "Upload tasks": "上传任务",
    "Counts of all listed tasks, independent of `tasks.limit` and `tasks.statuses`.": (
        "统计列表中的全部任务，与 `tasks.limit` 和 `tasks.statuses` 无关。"
    ),
    "{}. {}": "{}：{}",
    "Upload tasks that the API lists, by status.": "API 列出的上传任务数，按状态。",
    "- Label `{}`: {}": "- 标签 `{}`：{}",
    "; ": "；",
    "- From: {}.": "- 来源：{}。",
    "`Status`, counted": "`Status` 的计数",
    "- Absent: {}.": "- 不存在的情况：{}。",
    "without a fresh listing": "没有最新列表",
    "Upload tasks by status, over all apps": "所有应用的上传任务数，按状态",
    "Is there a status that this version does not know?": "是否有此版本不认识的状态？",
    "Sum of the retry counts of the listed upload tasks, by status. It falls when tasks leave "
    "the status or the listing.": (
        "列出的上传任务的重试次数之和，按状态。任务离开该状态或列表时会变小。"
    ),
    "the sum of `RetryCount`. It is a gauge: it shows where retries are, not how many there were "
    "in an hour": ("`RetryCount` 之和。它是 Gauge：显示重试集中在哪里，而不是一小时内有多少次"),
    "Retries per task, by status": "平均每个任务的重试次数，按状态",
    "Listed upload tasks with at least one retry, by status.": (
        "至少重试过一次的上传任务数，按状态。"
    ),
    "`RetryCount` above 0, counted": "`RetryCount` 大于 0 的任务数",
    "Share of the succeeded uploads that needed a retry": "上传成功的任务中，重试过的比例",
    "Highest retry count among the listed upload tasks, by status; 0 where there is no task.": (
        "列出的上传任务中最大的重试次数，按状态；没有任务时为 0。"
    ),
    "the largest `RetryCount`": "最大的 `RetryCount`",
    "Highest retry count among the unfinished uploads, by app": "未完成任务的最大重试次数，按应用",
    "Succeeded upload tasks whose file expires within that time from now; cumulative.": (
        "文件将在该时长内过期的上传成功任务数；累计值。"
    ),
    "as in `tasks.expiry_windows`": "由 `tasks.expiry_windows` 决定",
    "`ExpiresAt` of succeeded tasks, compared with the time of the scrape": (
        "上传成功任务的 `ExpiresAt` 与抓取时间之差"
    ),
    "Files that expire within a day": "一天内过期的文件数",
    "Files that expire between six hours and a day from now": "六小时后、一天内过期的文件数",
    "Earliest expiry in the future among succeeded upload tasks; absent where there is none.": (
        "上传成功的任务中最早的未来过期时间；没有时不存在。"
    ),
    "the earliest `ExpiresAt` of a succeeded task that is in the future": (
        "上传成功的任务中，晚于当前时间的最早 `ExpiresAt`"
    ),
    "if no succeeded task has a future expiry": "没有尚未过期的上传成功任务",
    "Seconds until the next file expires": "距下一个文件过期的秒数",
    "Creation time of the oldest upload task in an unfinished status; "
    "absent where there is none.": ("处于某个未完成状态的最早任务的创建时间；没有时不存在。"),
    "the earliest `CreateTime`": "最早的 `CreateTime`",
    "for a status without tasks": "该状态没有任务",
    "Apps with an upload that was created over half an hour ago and has not started": (
        "有任务创建超过半小时仍未开始的应用"
    ),
    "Earliest time at which a listed upload task was first seen in its unfinished status. Tasks "
    "that were in it at the first collection (of this process, or of the history file) do not "
    "count; absent where there is no other one.": (
        "列出的任务中，最早在何时首次发现处于该未完成状态。首次采集（本进程的，或历史文件中的）时"
        "已处于该状态的任务不计；没有其他任务时不存在。"
    ),
    "the collection that first found the task in its status": "首次发现任务处于该状态的采集",
    "How long the slowest upload has been in progress, in seconds": "最慢的上传已进行的秒数",
    "Upload tasks that may wait or upload together before ZEGO refuses further ones, as "
    "configured.": ("ZEGO 允许同时等待或上传的最大任务数，超过后拒绝新任务；取自配置。"),
    "`apps[].slots_limit`; the API does not report it": "`apps[].slots_limit`；API 不提供该值",
    "As configured": "配置的值",
    "Upload tasks that are waiting or uploading.": "等待中或上传中的任务数，即占用的并发任务数。",
    "tasks whose `Status` is 1 (waiting) or 2 (uploading)": (
        "`Status` 为 1（等待中）或 2（上传中）的任务"
    ),
    "Share of the upload slots in use": "并发任务数占并发上限的比例",
    "Titles shared by several unfinished or succeeded upload tasks, which overwrite each other's "
    "file.": ("被多个未完成或上传成功的任务共用的标题数，这些任务会互相覆盖文件。"),
    "`Title` of tasks that are unfinished or succeeded; empty titles do not count": (
        "未完成或上传成功任务的 `Title`；空标题不计"
    ),
    "Apps whose uploads overwrite each other": "有任务互相覆盖文件的应用",
    "Which ones (with `tasks.title: full`)": "具体是哪些标题（需要 `tasks.title: full`）",
    "Upload tasks that the API lists, by the host of their StreamUrl and status. Only the hosts "
    "with the most tasks (tasks.source_hosts of them) have their own series; tasks of the others "
    "count as other, tasks without a readable host as unknown.": (
        "API 列出的上传任务数，按 StreamUrl 的主机和状态。只有任务最多的若干台主机（数量为 "
        "tasks.source_hosts）有单独的时间序列；其余主机的任务计入 other，无法识别主机的任务计入 "
        "unknown。"
    ),
    "the host of `StreamUrl`, `other` beyond the `tasks.source_hosts` hosts with most tasks, "
    "`unknown` where there is none": (
        "`StreamUrl` 的主机；任务数排在前 `tasks.source_hosts` 名之外的为 `other`，没有主机的为 "
        "`unknown`"
    ),
    "the host of `StreamUrl`, without user, port, path and query, and `Status`": (
        "`StreamUrl` 的主机（不含用户、端口、路径和查询参数）与 `Status`"
    ),
    "with `tasks.source_hosts: 0`": "设置了 `tasks.source_hosts: 0`",
    "Failed uploads by the server that they are copied from": "失败的上传任务数，按源站",
    "Share of the listed uploads of a server that failed": "各源站的任务中失败的比例",
    "Failed upload tasks whose file was not uploaded again: no later task with the same title is "
    "unfinished or succeeded. Failed tasks without a title or a creation time count.": (
        "文件没有重新上传的失败任务数：没有标题相同、未完成或上传成功的后续任务。没有标题或创建时"
        "间的失败任务计入。"
    ),
    "`Status`, `Title` and `CreateTime`: failed tasks without a task of the same title that was "
    "created later and is waiting, uploading, waiting for a retry or succeeded": (
        "`Status`、`Title` 和 `CreateTime`：没有标题相同、创建更晚，且处于等待中、上传中、等待重"
        "试或上传成功的任务的失败任务"
    ),
    "Failed uploads that were not repeated": "没有重新上传的失败任务数",
    "Share of the listed failures that were not repeated": "列出的失败任务中没有重新上传的比例",
    "Single tasks": "单个任务",
    "At most `tasks.limit` tasks of an app (500 by default) have these series. They are chosen "
    "among the tasks in `tasks.statuses` in this order: failed (newest first), waiting_retry, "
    "uploading and waiting (oldest first), succeeded (soonest expiry first), expired and "
    "cancelled (newest first), unknown. A series ends when its task is no longer listed or no "
    "longer chosen. To show titles, join with `zego_upload_task_info`: `* on (job, instance, "
    "zego_app, upload_task_id) group_left (title, status)`.": (
        "每个应用最多有 `tasks.limit` 个任务（默认 500）拥有这些时间序列。它们从 "
        "`tasks.statuses` 所列状态的任务中按以下顺序选取：failed（新的在前）、waiting_retry、"
        "uploading 和 waiting（旧的在前）、succeeded（先过期的在前）、expired 和 cancelled（新的"
        "在前）、unknown。任务不再列出或不再被选中时，其时间序列结束。如需显示标题，请与 "
        "`zego_upload_task_info` 关联：`* on (job, instance, zego_app, upload_task_id) "
        "group_left (title, status)`。"
    ),
    "Title and status of an upload task, and why it failed if a callback gave the reason; always "
    "1.": ("上传任务的标题和状态，以及回调给出的失败原因；值始终为 1。"),
    "ZEGO's `UploadTaskId`": "ZEGO 的 `UploadTaskId`",
    "ZEGO's `Title`, its hash or nothing, as `tasks.title` says": (
        "ZEGO 的 `Title`、其散列值或空，取决于 `tasks.title`"
    ),
    "or nothing": "或空",
    "`UploadTaskId`, `Title`, `Status`; `reason` from callbacks": (
        "`UploadTaskId`、`Title`、`Status`；`reason` 来自回调"
    ),
    "The failed tasks": "失败的任务",
    "The status of one file": "某个文件的状态",
    "Retry count of an upload task.": "上传任务的重试次数。",
    "`RetryCount`": "`RetryCount`",
    "The ten tasks with most retries, with their titles": "重试最多的十个任务及其标题",
    "Time until the file of an upload task expires, negative once it has; absent where the API "
    "gives no expiry.": ("距上传任务的文件过期的时间，过期后为负；API 没有给出过期时间时不存在。"),
    "`ExpiresAt` minus the time of the scrape, in whole seconds": (
        "`ExpiresAt` 减去抓取的时间，取整秒"
    ),
    "for a task without an expiry": "没有过期时间的任务",
    "Files that expire within an hour, with their titles": "一小时内过期的文件及其标题",
    "When the file of an upload task expires; absent where the API gives no expiry.": (
        "上传任务的文件何时过期；API 没有给出过期时间时不存在。"
    ),
    "`ExpiresAt`": "`ExpiresAt`",
    "When a task's file expires, in milliseconds, as Grafana expects": (
        "文件的过期时间，单位为毫秒，供 Grafana 使用"
    ),
    "When an upload task was created; absent where the API gives no time.": (
        "上传任务的创建时间；API 没有给出时不存在。"
    ),
    "`CreateTime`": "`CreateTime`",
    "for a task without a creation time": "没有创建时间的任务",
    "Age of the unfinished tasks": "未完成的任务已创建多久",
    "When an upload task was first seen in its status; absent for a task that was in it at the "
    "first collection (of this process, or of the history file).": (
        "首次发现上传任务处于当前状态的时间；首次采集（本进程的，或历史文件中的）时已处于该状态的"
        "任务没有此序列。"
    ),
    "the callback or collection that first gave the task its status": (
        "首次给出任务当前状态的回调或采集"
    ),
    "for a task that the first collection found in its status": "首次采集时已处于该状态的任务",
    "For how long tasks have been uploading": "任务已上传多久",
    "Upload tasks without series of their own because there are more than tasks.limit.": (
        "因任务数超过 tasks.limit 而没有单独时间序列的上传任务数。"
    ),
    "tasks in `tasks.statuses` beyond `tasks.limit`": (
        "`tasks.statuses` 所列状态的任务中超出 `tasks.limit` 的部分"
    ),
    "Apps with tasks beyond the limit": "任务数超过上限的应用",
    "What happened": "发生了什么",
    "Counters for `increase()` and `rate()`. Without history (`history.path`) they start at 0 "
    "with the process; with history they continue. All possible series exist from the start with "
    "the value 0, so that `increase()` sees the first event.": (
        "用于 `increase()` 和 `rate()` 的计数器。没有历史文件（`history.path`）时，每次启动从 0 "
        "开始；有历史文件时延续。所有可能的时间序列从一开始就以 0 存在，因此 `increase()` 不会漏"
        "掉第一个事件。"
    ),
    "Changes of status between two consecutive complete collections. A task that is listed for "
    "the first time comes from new; a task that two collections in a row did not list goes to "
    "gone. The first collection counts nothing. Changes that are reversed between two "
    "collections are not seen.": (
        "相邻两次完整采集之间的状态变化次数。首次列出的任务，from 为 new；连续两次采集都未列出的"
        "任务，to 为 gone。首次采集不计。两次采集之间发生又撤销的变化看不到。"
    ),
    "the statuses in two consecutive complete collections, compared by `UploadTaskId`": (
        "相邻两次完整采集中的状态，按 `UploadTaskId` 比较"
    ),
    "for a change that the life cycle of a task does not include, until it occurs": (
        "任务生命周期中没有的变化，直到它发生"
    ),
    "Uploads that failed in the last hour, by app": "最近一小时失败的上传任务数，按应用",
    "Uploads created each minute": "每分钟创建的上传任务数",
    "Share of the uploads finished in a day that succeeded": "一天内结束的上传任务中成功的比例",
    "Time from the creation of an upload task until it was first seen succeeded or failed. The "
    "resolution is one collection interval, or exact where callbacks report the changes; tasks "
    "that the first collection found finished do not count.": (
        "从上传任务创建到首次发现其成功或失败的时间。精度为一个采集间隔，由回调上报变化时为准确时间；"
        "首次采集时已结束的任务不计。"
    ),
    "- Buckets (`le`), in seconds: {}": "- 桶（`le`），单位为秒：{}",
    "the end of the collection that first found the task finished, minus `CreateTime`. Waiting "
    "and retries are included": (
        "首次发现任务结束的那次采集的结束时间减去 `CreateTime`，包含等待和重试"
    ),
    "Median duration of the uploads of the last day, in seconds": (
        "最近一天上传耗时的中位数，单位为秒"
    ),
    "Average duration, in seconds": "平均耗时，单位为秒",
    "Time that upload tasks were seen waiting, uploading, or waiting for a retry, until they "
    "changed to another status. The resolution is one collection interval, or exact where "
    "callbacks report the changes. Phases that the first collection found in progress, and tasks "
    "that left the listing, do not count.": (
        "上传任务处于等待中、上传中或等待重试的时间，到变为其他状态为止。精度为一个采集间隔；由回"
        "调报告变化时为精确值。首次采集时已在进行的阶段，以及已离开列表的任务，不计。"
    ),
    "from the collection that first found the task in the status to the one that found it in "
    "another status, or `EventTime` of the callbacks that reported the two changes": (
        "从首次发现任务处于该状态的采集，到发现其处于其他状态的采集；或报告这两次变化的回调的 "
        "`EventTime`"
    ),
    "How long half of the uploads of the last day waited to start": (
        "最近一天，半数上传任务在开始前的等待时间不超过多久"
    ),
    "Share of the time that goes into each phase": "各阶段占用时间的比例",
    "Failed uploads reported by callbacks, by reason. Callbacks can be lost: count failures with "
    "zego_upload_task_transitions_total.": (
        "回调报告的上传失败次数，按原因。回调可能丢失：统计失败请用 "
        "zego_upload_task_transitions_total。"
    ),
    "callbacks with `EventType` 10002, their `Detail.Reason`. Always 0 without callbacks": (
        "`EventType` 为 10002 的回调，取其 `Detail.Reason`。没有回调时始终为 0"
    ),
    "Why uploads failed in the last day": "最近一天上传失败的原因",
    "Authentic callbacks received, by event.": "收到的真实回调数，按事件。",
    "`EventType` of callbacks whose signature is right": "签名正确的回调的 `EventType`",
    "Callbacks in the last hour": "最近一小时的回调数",
    "Refused callbacks, by reason. They have no effect.": (
        "被拒绝的回调数，按原因。被拒绝的回调不起任何作用。"
    ),
    "requests to `/callback/<app>` that were refused, for example for a wrong signature, a time "
    "that is more than ten minutes off, or a repetition": (
        "被拒绝的发往 `/callback/<app>` 的请求，例如签名错误、时间偏差超过十分钟，或重复"
    ),
    "Callbacks with a wrong secret": "密钥错误的回调",
    "Failed reads and writes of the history file. The next write includes what is missing.": (
        "历史文件读写失败的次数。下一次写入会补上缺失的内容。"
    ),
    "the history file. State that could not be written stays in memory and is written later": (
        "历史文件。未能写入的状态保留在内存中，稍后写入"
    ),
    "The history file cannot be written": "历史文件无法写入",
}
