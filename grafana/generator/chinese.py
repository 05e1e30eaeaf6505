"""The simplified Chinese words of the dashboards; those of the statuses are ZEGO's own."""
# ruff: noqa: RUF001 -- Chinese text has Chinese punctuation

from __future__ import annotations

from grafana.generator.texts import PanelText, Texts

CHINESE = Texts(
    uid_suffix="-zh",
    statuses={
        "waiting": "等待中",
        "uploading": "上传中",
        "waiting_retry": "等待重试",
        "succeeded": "上传成功",
        "failed": "上传失败",
        "cancelled": "已取消",
        "expired": "已过期",
        "unknown": "未知",
    },
    words={
        # rows
        "right_now": "当前状况",
        "needs_attention": "需要处理",
        "uploads": "上传任务",
        "api_and_exporter": "API 与 Exporter",
        "this_task": "本任务",
        "history": "历史",
        "around_it": "相关情况",
        # variables, links, annotations
        "datasource": "数据源",
        "job": "抓取作业",
        "instance": "实例",
        "app": "应用",
        "task_id": "任务 ID",
        "overview": "全部上传任务",
        "task": "单个上传任务",
        "open_task": "查看此任务的历史",
        "open_app": "只看此应用",
        "upload_failed": "有任务上传失败",
        "upload_succeeded": "有任务上传成功",
        "status_entered": "状态变更",
        # columns
        "file": "文件",
        "status": "状态",
        "reason": "失败原因",
        "retries": "重试次数",
        "status_for": "状态已持续",
        "expires_in": "距过期",
        "collection": "采集",
        "reason_15m": "近期原因",
        "data_age": "数据延迟",
        "slots": "并发占用",
        "failed_24h": "24 小时失败",
        "next_expiry": "最近过期",
        "severity": "级别",
        "alert": "告警",
        "active_for": "已持续",
        "state": "状态",
        "version": "版本",
        "python": "Python",
        "running_for": "运行时长",
        "memory": "内存",
        # values and series
        "unfinished": "未完成",
        "ok": "正常",
        "failing": "个失败",
        "broken": "失败",
        "failing_apps": "采集失败的应用",
        "no_exporter": "无 Exporter",
        "up": "在线",
        "down": "离线",
        "critical": "严重",
        "warning": "警告",
        "info": "提示",
        "highest": "单个任务最多",
        "requests": "请求",
        "error_code": "错误 {{code}}",
        "succeeded": "上传成功",
        "failed": "上传失败",
        "status_changed": "状态变更",
        "cancel_refused": "取消被拒",
        "retrying": "重试中",
        "expired": "已过期",
        "other": "其他",
        "duplicate_titles": "重复的标题",
        "unknown_status": "状态未知的任务",
        "malformed": "无法解析的条目（24 小时）",
        "omitted": "无单独序列的任务",
        "skipped": "跳过的采集（24 小时）",
        "refused": "拒绝的回调（24 小时）",
        "history_errors": "历史文件错误（24 小时）",
        "clock_skew": "时钟偏差",
    },
    panels={
        "overview": PanelText(
            "ZEGO 上传任务总览",
            "ZEGO 云端播放器的上传任务：是否有异常，涉及哪个应用、哪个文件。",
        ),
        "task": PanelText(
            "ZEGO 上传任务详情",
            "ZEGO 云端播放器的单个上传任务：现在怎样，如何走到这一步。",
        ),
        # right now
        "collection": PanelText(
            "采集",
            "最近一次从 API 采集失败的应用数。采集失败期间，该应用的计数停在原值，数据陈旧后"
            "随之消失。原因见“各应用”表。",
        ),
        "data_age": PanelText(
            "最大数据延迟",
            "距上一次完整采集的时间，取各应用中最长的。橙色：已超过 stale_after 的一半；红色："
            "数据已陈旧，该应用的序列已消失。",
            "无数据",
        ),
        "active": PanelText(
            "未完成的任务",
            "处于等待中、上传中或等待重试的上传任务数。",
            "无数据",
        ),
        "failed": PanelText(
            "24 小时失败数",
            "截至所选时间范围的终点，24 小时内转为上传失败的任务数。失败的任务会在列表中保留"
            "数天，这里只在其失败时计一次。",
            "无数据",
        ),
        "success_rate": PanelText(
            "24 小时成功率",
            "截至所选时间范围的终点，24 小时内上传成功的任务占成功与失败之和的比例。",
            "无任务结束",
        ),
        "next_expiry": PanelText(
            "距最近过期",
            "距下一个文件过期的时间。过期后，仍在使用该文件的播放器会出错；如需保留，请在过期前"
            "重新上传。",
            "无",
        ),
        # needs attention
        "attention": PanelText(
            "失败与未完成的任务",
            "最多 100 条，失败的在前，同一状态内新的在前。点击文件可查看该任务的历史。只有当 "
            "Exporter 能收到 ZEGO 的回调时，才有失败原因。",
            "没有失败或未完成的任务",
        ),
        "apps": PanelText(
            "各应用",
            "各应用的状况：采集失败的在前，其次按失败任务数排序。近期原因：最近 15 分钟内采集失败"
            "的原因。点击应用名，只看该应用。",
            "没有应用：Prometheus 是否在抓取 Exporter？",
        ),
        "alerts": PanelText(
            "触发中的告警",
            "由 Prometheus 按 Exporter 自带的告警规则判定为触发的告警。处理方法见 "
            "docs/alerts.zh-CN.md。",
            "没有触发中的告警",
        ),
        # uploads
        "slots": PanelText(
            "并发名额占用",
            "占用最高的八个应用：等待中与上传中的任务占并发上限的比例。达到 100 % 时，ZEGO 会"
            "拒绝新的上传任务（返回码 350006010）。",
            "无数据",
        ),
        "by_status": PanelText(
            "各状态的任务数",
            "所选应用在 API 列表中的全部上传任务。",
            "无数据",
        ),
        "finished": PanelText(
            "结束的任务",
            "已结束的上传任务，按结果分类，每格至少 5 分钟。两次采集之间发生又复原的变化不可见。",
            "无数据",
        ),
        "expiring": PanelText(
            "即将过期的文件",
            "上传成功的任务中，文件最先过期的 50 个。",
            "没有将要过期的文件",
        ),
        "expiring_within": PanelText(
            "即将过期数",
            "文件将在该时间内过期的上传成功任务数；较长的时间窗口包含较短的。",
            "无数据",
        ),
        "duplicates": PanelText(
            "标题重复的任务",
            "最多 50 条：未完成或上传成功，且与同一应用的其他任务标题相同。标题相同的任务会互相"
            "覆盖文件，请为每个任务使用不同的标题。",
            "没有重复的标题",
        ),
        "retries": PanelText(
            "未完成任务的重试",
            "未完成任务的重试次数之和（按状态），以及单个任务的最高次数。",
            "无数据",
        ),
        "longest": PanelText(
            "状态停留最久",
            "每个状态中停留最久的任务已停留的时间。持续上升的线表示有任务卡住。",
            "没有未完成的任务",
        ),
        "durations": PanelText(
            "上传耗时",
            "上传成功的任务从创建到首次采集到成功所用的时间：一半（p50）和九成（p90）的任务不超过"
            "该值。精度为一个采集间隔。",
            "无任务成功",
        ),
        "reasons": PanelText(
            "失败原因",
            "ZEGO 的回调所给出的失败原因；没有回调则原因未知。每格至少 5 分钟。",
            "未收到回调",
        ),
        # API and exporter
        "requests": PanelText(
            "API 请求",
            "每秒发往 API 的请求数（含重试），以及按返回码分类的失败请求。",
            "无数据",
        ),
        "latency": PanelText(
            "API 延迟",
            "请求耗时的分位数，包含失败的请求。",
            "无数据",
        ),
        "rate_limit": PanelText(
            "自身限流占用",
            "每秒请求数占 requests_per_second 的比例，取最忙的五个应用。接近 100 % 时采集会变慢："
            "请调高该上限或延长采集间隔。",
            "无数据",
        ),
        "collections": PanelText(
            "采集结果",
            "各应用最近一次采集是否成功；取失败最多的十个应用。",
            "无数据",
        ),
        "failures": PanelText(
            "采集失败原因",
            "失败且未发布任何数据的采集，每格至少 5 分钟。",
            "没有失败的采集",
        ),
        "collection_time": PanelText(
            "采集耗时占间隔",
            "最近一次完整采集的耗时占采集间隔的比例，取最慢的五个应用。超过 100 % 时会跳过采集。",
            "无数据",
        ),
        "instances": PanelText(
            "Exporter 实例",
            "Prometheus 所抓取的 Exporter。多个副本上报的是同一批任务，本仪表盘只计一次。",
            "无 Exporter",
        ),
        "callbacks": PanelText(
            "回调事件",
            "从 ZEGO 收到的事件，每格至少 5 分钟。回调是可选的：它补充失败原因并使采集提前，不会"
            "改变任何计数。",
            "未收到回调",
        ),
        "quality": PanelText(
            "数据质量",
            "各项都应为 0：重复的标题、本版本不认识的状态、因无法解析而忽略的条目、没有单独序列的"
            "任务、跳过的采集、拒绝的回调、历史文件的错误。最后一项是本机时钟与 API 的偏差，达到 "
            "10 分钟时 API 会拒绝请求。",
            "无数据",
        ),
        # one task
        "task_title": PanelText("文件", "上传任务的文件标题。", "所选时间范围内未知"),
        "task_status": PanelText("状态", "所选时间范围内最后一次采集到的状态。", "不在列表中"),
        "task_reason": PanelText(
            "失败原因",
            "ZEGO 的回调所给出的失败原因；没有回调则未知。",
            "未知",
        ),
        "task_app": PanelText("应用", "该上传任务所属的应用。", "未知"),
        "task_retries": PanelText("重试次数", "ZEGO 已重试的次数。"),
        "task_status_for": PanelText("状态已持续", "自首次采集到该任务处于当前状态以来的时间。"),
        "task_age": PanelText("创建至今", "自上传任务创建以来的时间。"),
        "task_created": PanelText("创建时间", "上传任务的创建时间。"),
        "task_expires_in": PanelText("距过期", "距文件过期的时间，过期后为负数。", "无过期时间"),
        "task_expiry": PanelText("过期时间", "文件的过期时间。", "无过期时间"),
        "task_timeline": PanelText(
            "状态变化",
            "历次采集所得的任务状态；空白处表示任务不在列表中，或数据已陈旧。",
            "所选时间范围内不在列表中",
        ),
        "task_retry_history": PanelText("重试次数变化", "ZEGO 当时已重试的次数。", "无数据"),
        "task_time_left": PanelText(
            "距过期时间变化",
            "距文件过期的时间，过期后为负数。向上跳变表示文件已被标题相同的另一个任务覆盖。",
            "无过期时间",
        ),
        "namesakes": PanelText(
            "标题相同的其他任务",
            "同一应用中标题相同的上传任务。其中上传成功的，最后一个覆盖了其他任务的文件。",
            "没有标题相同的其他任务",
        ),
    },
)
