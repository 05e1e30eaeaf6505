"""Facts that a text and its Chinese translation share."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_NAME = re.compile(
    r"--[a-z-]+"  # flags
    r"|\{\w*\}"  # placeholders
    r"|\b[A-Za-z][A-Za-z0-9]*(?:[_.][A-Za-z0-9*]+)+"  # metrics, keys, files
    r"|\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b"  # alerts, the API's fields
    r"|\b(?!API\b)[A-Z]{2,}\b"  # TLS, NTP; the texts of alerts translate API
)
_THINGS = {
    "callback": "回调|callback",
    "certificate": "证书",
    "checksum": "校验和",
    "clock": "时钟|时间",
    "firewall": "防火墙",
    "log": "日志",
    "password": "密码",
    "permission": "权限",
    "proxy": "代理",
    "restart": "重启",
    "return code": "返回码",
    "signature": "签名|鉴权",
    "status page": "状态页",
    "ZEGO's (?:technical )?support": "技术支持",
    "token": "令牌|标记",
}
"""Things that readers act on, and what Chinese texts call them."""


def lost_facts(english: str, chinese: str) -> set[str]:
    """Return the numbers, names in code, and things of the English text that the Chinese lacks."""
    chinese = chinese.replace(".zh-CN.md", ".md")
    lost = {fact for fact in _NUMBER.findall(english) if fact not in _NUMBER.findall(chinese)}
    lost |= {name for name in _NAME.findall(english) if name not in chinese}
    return lost | {
        thing
        for thing, translation in _THINGS.items()
        if re.search(rf"\b{thing}(?:s|ed)?\b", english, re.IGNORECASE)
        and not re.search(translation, chinese)
    }
