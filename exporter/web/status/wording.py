"""The status page's own texts in English and Chinese, and times as people write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from exporter.durations import split_duration
from exporter.languages import LANGUAGES, Language

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("ZEGO upload exporter", "ZEGO 上传任务 Exporter"),
    "as_of": ("version {version}, as of {time}", "版本 {version}，数据时间 {time}"),
    "local": ("local time", "本地时间"),
    "metrics": ("Metrics", "指标"),
    "health": ("Health", "健康检查"),
    "readiness": ("Readiness", "就绪检查"),
    "silence": ("The exporter does not answer", "Exporter 没有响应"),
    "silence_old": ("this page is old.", "页面上的数据已经过时。"),
    "up": ("up", "正常"),
    "down": ("down", "故障"),
    "waiting": ("waiting", "等待首次采集"),
    "waiting_title": ("waiting for the first collection", "等待首次采集"),
    "waiting_note": ("The first collection has not ended yet.", "首次采集尚未结束。"),
    "apps": ("{n} app|{n} apps", "{n} 个应用"),
    "need_attention": (
        "{n} task needs attention|{n} tasks need attention",
        "{n} 个任务需要关注",
    ),
    "no_attention": ("no task needs attention", "没有需要关注的任务"),
    "unknown_attention": (
        "{n} app has no current data: whether its tasks need attention is not known"
        "|{n} apps have no current data: whether their tasks need attention is not known",
        "{n} 个应用没有最新数据，无法判断是否有任务需要关注",
    ),
    "show_all": ("Show all apps", "显示全部应用"),
    "what_to_do": ("What to do: ", "处理方法："),
    "colon": (": ", "："),
    "stale": ("Stale since {time}", "数据过旧（自 {time} 起）"),
    "stale_note": (
        "the numbers below are old and no longer exposed as metrics.",
        "以下为旧数据，不再作为指标输出。",
    ),
    "attention": ("Need attention", "需要关注"),
    "none": ("none", "无"),
    "tasks": ("{n} task|{n} tasks", "{n} 个任务"),
    "unresolved": ("{n} failed and not uploaded again", "其中 {n} 个失败后未重新上传"),
    "duplicates": (
        "{n} title shared by several tasks|{n} titles shared by several tasks",
        "{n} 个标题被多个任务共用",
    ),
    "slots": ("Slots used", "并发任务数"),
    "slots_of": ("{n} of {limit}", "{n} / 上限 {limit}"),
    "next_expiry": ("Next expiry", "最早过期"),
    "expiring": ("Expiring", "即将过期"),
    "expiring_in": ("{n} in {window}", "{window}内 {n} 个"),
    "last_success": ("Last success", "上次成功"),
    "never": ("never", "从未"),
    "last_attempt": ("Last attempt", "上次尝试"),
    "next_collection": ("Next collection", "下次采集"),
    "not_planned": ("not yet planned", "尚未安排"),
    "due": ("due", "即将开始"),
    "last_snapshot": ("Last snapshot", "最近快照"),
    "reported": (" (the API says {n})", "（API 报告 {n} 个）"),
    "pages_in": ("{n} page in {span}|{n} pages in {span}", "{n} 页，用时 {span}"),
    "comma": (", ", "，"),
    "full_stop": (".", "。"),
    "collections": ("Collections", "采集次数"),
    "failed_times": ("{n} failed", "失败 {n} 次"),
    "skipped_times": ("{n} skipped", "跳过 {n} 次"),
    "left_out": ("Left out", "未计入"),
    "malformed": ("{n} malformed entry|{n} malformed entries", "{n} 条无法解析的记录"),
    "api_requests": ("API requests", "API 请求"),
    "no_errors": ("no errors", "没有错误"),
    "api_errors": ("API errors", "API 错误"),
    "heading_expiring": ("Files that expire within a day", "一天内过期的文件"),
    "all_expiring": ("Show all {n}", "显示全部 {n} 个"),
    "heading_attention": ("Tasks that need attention", "需要关注的任务"),
    "heading_tasks": ("Tasks", "任务"),
    "search": ("Search", "搜索"),
    "search_hint": ("title or id", "标题或 ID"),
    "search_id": ("id", "ID"),
    "status": ("Status", "状态"),
    "status_attention": ("needs attention", "需要关注"),
    "status_unresolved": ("failed, not uploaded again", "失败且未重新上传"),
    "status_all": ("all", "全部"),
    "app": ("App", "应用"),
    "all_apps": ("all", "全部"),
    "within": ("Expiring within", "多久内过期"),
    "any_time": ("any time", "不限"),
    "order": ("Order", "排序"),
    "show": ("Show", "查看"),
    "reset": ("Reset", "重置"),
    "refresh": ("Refresh every 10 s", "每 10 秒刷新"),
    "bad_query": ("This cannot be shown", "无法显示"),
    "bad_parameter": ("{problem}", "参数 {parameter} 的值不可用"),
    "part": (
        "{first}–{last} of {total} task|{first}–{last} of {total} tasks",
        "第 {first}–{last} 个，共 {total} 个任务",
    ),
    "first": ("First", "首页"),
    "previous": ("Previous", "上一页"),
    "next": ("Next", "下一页"),
    "last": ("Last", "末页"),
    "pages": ("Pages", "分页"),
    "column_title": ("Title and id", "标题和 ID"),
    "column_retries": ("Retries", "重试次数"),
    "column_created": ("Created", "创建时间"),
    "column_since": ("In status since", "进入该状态"),
    "column_expires": ("Expires", "过期时间"),
    "stale_task": ("(stale)", "（数据过旧）"),
    "title_hidden": ("(title hidden)", "（标题已隐藏）"),
    "no_title": ("(no title)", "（无标题）"),
    "uploaded_again": ("uploaded again", "已重新上传"),
    "unknown": ("unknown", "未知"),
    "before_start": ("before the start", "启动之前"),
    "empty_attention": ("No task needs attention.", "没有需要关注的任务。"),
    "empty_attention_in": ("No task needs attention in {apps}.", "{apps} 中没有需要关注的任务。"),
    "empty": ("No task is like that.", "没有符合条件的任务。"),
    "empty_link": ("Show those that need attention", "显示需要关注的任务"),
    "footer": (
        "A task needs attention when it failed and nobody has uploaded its file again, when it "
        "waits for a retry, or when it has been waiting for half an hour or uploading for two "
        "hours since its creation. The tasks as JSON:",
        "以下任务需要关注：上传失败且未重新上传的；等待重试的；创建后等待超过半小时或上传超过两小时的。"
        "JSON 格式的任务列表：",
    ),
    "ago": ("{span} ago", "{span}前"),
    "in": ("in {span}", "{span}后"),
    "now": ("now", "现在"),
    "sort_urgency": ("most urgent first", "最紧急的在前"),
    "sort_-created": ("newest first", "最新的在前"),
    "sort_created": ("oldest first", "最早的在前"),
    "sort_expires": ("soonest expiry first", "最先过期的在前"),
    "sort_since": ("longest in its status first", "处于该状态最久的在前"),
    "sort_-retries": ("most retries first", "重试最多的在前"),
    "sort_title": ("by title", "按标题"),
    "sort_app": ("by app", "按应用"),
    "sort_status": ("by status", "按状态"),
    "sort_-urgency": ("least urgent first", "最不紧急的在前"),
    "sort_-expires": ("latest expiry first", "最晚过期的在前"),
    "sort_-since": ("shortest in its status first", "处于该状态最短的在前"),
    "sort_retries": ("fewest retries first", "重试最少的在前"),
    "sort_-title": ("by title, backwards", "按标题倒序"),
    "sort_-app": ("by app, backwards", "按应用倒序"),
    "sort_-status": ("by status, backwards", "按状态倒序"),
}
"""By key: English and Chinese. `a|b` is for one and for any other number of `n` (or `total`)."""

_UNITS = ((86400, ("d", "天")), (3600, ("h", "小时")), (60, ("min", "分钟")), (1, ("s", "秒")))
_CHINESE_UNITS = {
    "y": "年",
    "w": "周",
    "d": "天",
    "h": "小时",
    "m": "分钟",
    "s": "秒",
    "ms": "毫秒",
}
_MILLISECONDS = ("ms", "毫秒")
_SHORTEST, _SHOWN_TO_MILLISECONDS = 0.0005, 0.0995  # seconds between which milliseconds are shown
_SHOWN_TO_TENTHS = 10  # seconds below which a tenth matters
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Texts = Callable[..., str]
"""Returns the text of a key; keyword arguments fill its placeholders, numbers with separators."""


def texts_in(language: Language) -> Texts:
    """Return the function that returns the texts of a language."""
    index = LANGUAGES.index(language)

    def text(key: str, **values: object) -> str:
        pattern = TEXTS[key][index]
        one, bar, other = pattern.partition("|")
        if bar:
            pattern = one if values.get("n", values.get("total")) == 1 else other
        shown = {
            name: f"{value:,}" if isinstance(value, int) else value
            for name, value in values.items()
        }
        return pattern.format(**shown)

    return text


def format_span(seconds: float, language: Language = "en") -> str:
    """Return a span in its two largest units: `33 ms`, `0.4 s`, `3 min 5 s`, `6 天 23 小时`."""
    index = LANGUAGES.index(language)
    if _SHORTEST <= seconds < _SHOWN_TO_MILLISECONDS:
        return f"{seconds * 1000:.0f} {_MILLISECONDS[index]}"
    if seconds < _SHOWN_TO_TENTHS:
        return f"{max(seconds, 0):.1f}".removesuffix(".0") + f" {_UNITS[-1][1][index]}"
    rest = int(seconds)
    parts: list[str] = []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append(f"{count} {unit[index]}" if count else "")
    return " ".join(part for part in parts[:2] if part)


def format_relative(timestamp: float, now: float, language: Language = "en") -> str:
    """Return how far a timestamp is from now: `3 min 5 s ago`, `in 42 s`, `now`."""
    text = texts_in(language)
    if abs(timestamp - now) < 1:
        return text("now")
    span = format_span(float(round(abs(timestamp - now))), language)
    return text("ago" if timestamp < now else "in", span=span)


def format_utc(timestamp: float) -> str:
    """Return a timestamp in UTC to the second; far outside the calendar, the plain number."""
    try:
        return f"{_EPOCH + timedelta(seconds=int(timestamp)):%Y-%m-%d %H:%M:%S} UTC"
    except OverflowError:
        return f"{timestamp:.0f}"


def format_iso(timestamp: float) -> str:
    """Return a timestamp as HTML and programs read it, empty far outside the calendar."""
    try:
        return (_EPOCH + timedelta(seconds=int(timestamp))).isoformat().replace("+00:00", "Z")
    except OverflowError:
        return ""


def format_window(label: str, language: Language = "en") -> str:
    """Return the label of an expiry window: `1d`, `1 天`."""
    if language == "en":
        return label
    return " ".join(f"{count} {_CHINESE_UNITS[unit]}" for count, unit in split_duration(label))
