"""Chinese texts of `check` and `tasks` for people; names and remedies are in `languages`.

The English text is written where it is made and looked up here, as messages of errors are.
JSON and CSV stay English: programs read them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from exporter.languages import Language, look_up, translate_message, translate_remedy

COLUMNS: Final[Mapping[Language, tuple[str, ...]]] = {
    "en": ("APP", "STATUS", "RETRIES", "CREATED (UTC)", "EXPIRES (UTC)", "ID", "TITLE"),
    "zh": ("应用", "状态", "重试次数", "创建时间 (UTC)", "过期时间 (UTC)", "任务 ID", "标题"),
}

NO_TASKS: Final[Mapping[Language, str]] = {"en": "no upload tasks", "zh": "没有上传任务"}

LEVELS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {"ok": "ok", "warning": "warning", "error": "error"},
    "zh": {"ok": "正常", "warning": "警告", "error": "错误"},
}

SCRAPE_COMMENTS: Final[Mapping[Language, tuple[str, str]]] = {
    "en": (
        "for prometheus.yml",
        "scheme, tls_config and basic_auth as your web configuration asks for",
    ),
    "zh": ("写入 prometheus.yml", "请按 Web 配置文件补充 scheme、tls_config 和 basic_auth"),
}
"""Comments of the scrape configuration that ends the output of `check`."""

FINDINGS: Final[Mapping[str, str]] = {
    "AppId {} at {}, collected every {}": "AppId {}，API 地址 {}，采集间隔 {}",
    "signature accepted, answer after {} s": "签名有效，{} 秒后收到响应",
    "the answer took {} s: the API's host is far away or slow": (
        "响应耗时 {} 秒：API 主机距离较远或响应较慢"
    ),
    "this machine's clock is {} s behind the API's": "本机时钟比 API 慢 {} 秒",
    "this machine's clock is {} s ahead of the API's": "本机时钟比 API 快 {} 秒",
    "clocks agree within {} s": "与 API 的时钟偏差在 {} 秒以内",
    "the API gives no total: the walk's length is not known yet": (
        "API 未返回任务总数：暂时无法估计一次完整采集的耗时"
    ),
    "{} tasks on {} pages: a full walk takes about {} s": (
        "共 {} 个任务（{} 页）：一次完整采集约需 {} 秒"
    ),
    "{} tasks on {} page: a full walk takes about {} s": (
        "共 {} 个任务（{} 页）：一次完整采集约需 {} 秒"
    ),
    "{} tasks on {} pages: a full walk takes about {} s, longer than the {}": (
        "共 {} 个任务（{} 页）：一次完整采集约需 {} 秒，超过 {}"
    ),
    "{} tasks on {} page: a full walk takes about {} s, longer than the {}": (
        "共 {} 个任务（{} 页）：一次完整采集约需 {} 秒，超过 {}"
    ),
    "{} task on {} page: a full walk takes about {} s": (
        "共 {} 个任务（{} 页）：一次完整采集约需 {} 秒"
    ),
    "{} task on {} page: a full walk takes about {} s, longer than the {}": (
        "共 {} 个任务（{} 页）：一次完整采集约需 {} 秒，超过 {}"
    ),
    "requests go through the proxy {} of the environment": "请求经由环境变量指定的代理 {}",
    "history.path: {} is a folder": "history.path：{} 是目录",
    "history.path: {} cannot be written: the folder {}: {}": (
        "history.path：{} 无法写入：目录 {}：{}"
    ),
    "history.path: {} cannot be written": "history.path：{} 无法写入",
    "history.path: {} is not a history file (choose another path)": (
        "history.path：{} 不是历史文件（请选择其他路径）"
    ),
    "history.path: {} is the SQLite file of another program (choose another path)": (
        "history.path：{} 是其他程序的 SQLite 文件（请选择其他路径）"
    ),
    "history.path: {} is a damaged SQLite file that is not of this program (move it away, or "
    "choose another path)": (
        "history.path：{} 是损坏的 SQLite 文件，且不属于本程序（请移走该文件，或选择其他路径）"
    ),
    "history.path: {} cannot be locked: {} beside it is not of this program (move it away, or "
    "choose another path)": (
        "history.path：{} 无法加锁：同目录下的 {} 不属于本程序（请移走该文件，或选择其他路径）"
    ),
    "history.path: {} was written by a newer version of this program (format {}, this version "
    "knows up to {}; upgrade, or choose another path)": (
        "history.path：{} 由更新版本的本程序写入（格式版本 {}，当前版本最高支持 {}；"
        "请升级，或选择其他路径）"
    ),
    "{}: is {}, above the {} of ZEGO (unless ZEGO raised it)": (
        "{}：{} 超过 ZEGO 的上限 {}（除非 ZEGO 已提高上限）"
    ),
    "{}: differs from apps[{}] with the same AppId (the lower applies: {})": (
        "{}：与 AppId 相同的 apps[{}] 不一致（取较小值 {}）"
    ),
    "{}: begins with $ (write ${NAME} for a variable)": ("{}：以 $ 开头（引用变量请写 ${{NAME}}）"),
    "{}: has quotes around it (remove the quotes)": "{}：两端有引号（请去掉引号）",
    "{}: begins with NAME= (keep only what follows the =)": (
        "{}：以 NAME= 开头（只保留 = 之后的内容）"
    ),
    "{}: does not look like a ServerSecret (32 hexadecimal characters)": (
        "{}：不像 ServerSecret（应为 32 个十六进制字符）"
    ),
}

REMEDIES: Final[Mapping[str, str]] = {
    "Use the region that this machine is in (region is {}).": (
        "请使用离本机最近的区域（当前 region 为 {}）。"
    ),
    "Set it (NTP): ZEGO refuses requests at 600 s.": (
        "请校准时钟（NTP）：偏差达到 600 秒时 ZEGO 会拒绝请求。"
    ),
    "Raise collection.{} (now {}) or requests_per_second.": (
        "请调大 collection.{}（当前为 {}）或 requests_per_second。"
    ),
    "Another user of this AppId's rate limit is active: lower requests_per_second.": (
        "还有其他程序在占用该 AppId 的请求频率：请调低 requests_per_second。"
    ),
    "Name a file in it.": "请指定其中的一个文件。",
    "Choose a file in a folder that exists, that this user may write, and with space.": (
        "请选择一个已存在、当前用户可写且有剩余空间的目录中的文件。"
    ),
    "Name a file that does not exist yet, or one that this program has written.": (
        "请指定一个尚不存在的文件，或由本程序写入的历史文件。"
    ),
    "Let this user write the file.": "请允许当前用户写入该文件。",
}


def language_of(environment: Mapping[str, str] = os.environ) -> Language:
    """Return the language of the locale for messages: Chinese if it is, otherwise English.

    As in POSIX (Base Definitions, 8.2), the first that is set of LC_ALL, LC_MESSAGES and LANG.
    """
    names = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, names), "").lower().startswith("zh") else "en"


def translate_finding(text: str, language: Language) -> str:
    """Translate a finding of `check`; a text without a translation stays English."""
    if language == "en":
        return text
    message, bracket, request = text.partition(" (RequestId ")
    added = f"（RequestId {request.removesuffix(')')}）" if bracket else ""
    return look_up(FINDINGS, text) or translate_message(message, language) + added


def translate_advice(text: str, language: Language) -> str:
    """Translate a remedy of `check`; a text without a translation stays English."""
    if language == "en":
        return text
    return look_up(REMEDIES, text) or translate_remedy(text, language)
