"""Statuses, reasons, messages and remedies for people, in English and Chinese.

One table for the status page and the command line; it imports nothing heavy. Terms follow ZEGO's
Chinese documentation (docs/terms.zh-CN.md). Logs, configuration errors and machine output stay
English: people search for them, and programs read them.

Error messages and remedies are written in English where the error is known. Here they are looked
up by that text; `{}` stands for a part that varies. A text without a translation stays English.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

Language = Literal["en", "zh"]

LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")

HTML_LANGUAGES: Final[Mapping[str, str]] = {"en": "en", "zh": "zh-CN"}
"""Values of the attribute `lang`."""

OTHER_LANGUAGE: Final[Mapping[str, tuple[Language, str]]] = {
    "en": ("zh", "中文"),
    "zh": ("en", "English"),
}
"""The language that a page links to, and its name in itself."""

STATUSES: Final[Mapping[str, tuple[str, str]]] = {
    "waiting": ("waiting", "等待中"),
    "uploading": ("uploading", "上传中"),
    "waiting_retry": ("waiting retry", "等待重试"),
    "succeeded": ("succeeded", "上传成功"),
    "failed": ("failed", "上传失败"),
    "cancelled": ("cancelled", "已取消"),
    "expired": ("expired", "已过期"),
    "unknown": ("unknown", "未知"),
}

FAILURES: Final[Mapping[str, tuple[str, str]]] = {
    "source_download": ("the source could not be downloaded", "源文件下载失败"),
    "upload": (
        "the upload failed for good, or its checksum is wrong",
        "上传失败不再重试，或校验和不符",
    ),
    "file_too_large": ("the file is too large", "文件过大"),
    "other": ("for a reason that this version does not know", "其他原因"),
}
"""Why a task failed, by the values of the label `reason` of `zego_upload_failures_total`."""

REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "auth": ("auth", "鉴权失败"),
    "clock_skew": ("clock skew", "时钟偏差"),
    "rate_limited": ("rate limited", "触发限频"),
    "not_enabled": ("not enabled", "服务未开通"),
    "rejected": ("rejected", "请求被拒绝"),
    "server": ("server", "服务端错误"),
    "network": ("network", "网络错误"),
    "timeout": ("timeout", "请求超时"),
    "protocol": ("protocol", "响应不符合协议"),
    "pagination": ("pagination", "翻页异常"),
    "deadline": ("deadline", "采集超过时限"),
    "internal": ("internal", "内部错误"),
}
"""Why a collection failed, by `errors.FAILURE_REASONS`."""

MESSAGES: Final[Mapping[str, str]] = {
    "the API takes our timestamp for expired (code {})": "API 认为签名已过期（返回码 {}）",
    "the API takes our timestamp for expired (code {}), its clock is {} s behind": (
        "API 认为签名已过期（返回码 {}），API 的时钟比本机慢 {} 秒"
    ),
    "the API takes our timestamp for expired (code {}), its clock is {} s ahead": (
        "API 认为签名已过期（返回码 {}），API 的时钟比本机快 {} 秒"
    ),
    "the API refused the signature (code {})": "API 拒绝了签名（返回码 {}）",
    "the API's rate limit is used up (code {})": "API 的请求频率已达上限（返回码 {}）",
    "the API's gateway check failed (code {})": "API 网关校验失败（返回码 {}）",
    "the API refused a parameter (code {})": "API 拒绝了某个参数（返回码 {}）",
    "the cloud player service is not enabled for this AppId (code {})": (
        "该 AppId 未开通云端播放器服务（返回码 {}）"
    ),
    "the API reports a system error (code {})": "API 报告系统错误（返回码 {}）",
    "the API refused the request (code {})": "API 拒绝了请求（返回码 {}）",
    "HTTP {}: a redirect, refused because a signature must not go to another host": (
        "HTTP {}：重定向；签名不能发往其他主机，已拒绝"
    ),
    "no complete answer within {} s": "{} 秒内没有收到完整的响应",
    "certificate verify failed: {}": "证书校验失败：{}",
    "TLS failed: {}": "TLS 连接失败：{}",
    "the server does not speak TLS there ({})": "服务器在该端口上不使用 TLS（{}）",
    "the request could not be sent ({})": "请求无法发出（{}）",
    "the proxy refused the tunnel: HTTP {}": "代理拒绝建立隧道：HTTP {}",
    "the peer closed the connection without an answer": "对方未响应就关闭了连接",
    "the peer closed the connection too early": "对方过早关闭了连接",
    "the answer ends too early": "响应不完整",
    "the answer is larger than {} bytes": "响应超过 {} 字节",
    "the answer is not HTTP ({})": "响应不是 HTTP（{}）",
    "the answer is not JSON": "响应不是 JSON",
    "the answer is not a JSON object": "响应不是 JSON 对象",
    "the answer has no return code": "响应中没有返回码",
    "the answer has more than {} values": "响应中的值超过 {} 个",
    "the answer's data is not an object": "响应的 Data 不是对象",
    "the answer's data has no list of tasks": "响应的 Data 中没有任务列表",
    "the list of tasks is not an array": "任务列表不是数组",
    "the next page's token is not text": "下一页的翻页标记不是文本",
    "the answer's compression is broken": "响应的压缩数据已损坏",
    "the answer is in an encoding that we did not ask for": "响应使用了未请求的编码",
    "connection refused": "连接被拒绝",
    "connection reset by peer": "连接被对方重置",
    "network is unreachable": "网络不可达",
    "no route to host": "没有到主机的路由",
    "name or service not known": "无法解析域名",
    "name lookup failed": "域名解析失败",
    "temporary failure in name resolution": "域名解析暂时失败",
    "no address associated with hostname": "域名没有对应的地址",
    "a page token came a second time: the pages loop": "同一个翻页标记出现两次：翻页陷入循环",
    "{} pages in a row without a task not seen before": "连续 {} 页没有出现新的任务",
    "no end after {} pages, the most that can be fetched before the deadline": (
        "读取 {} 页后仍未结束，这是时限内能读取的最大页数"
    ),
    "the API reports {} upload tasks and lists none": "API 报告有 {} 个上传任务，但一个也没有列出",
    "the API reports {} upload tasks and lists {}, in two walks in a row": (
        "API 报告有 {} 个上传任务，但连续两次遍历都只列出 {} 个"
    ),
    "a page reports {} upload tasks and has no list of tasks": (
        "某一页报告有 {} 个上传任务，却没有任务列表"
    ),
    "a page names a next page and has no list of tasks": "某一页指向下一页，却没有任务列表",
    "none of a page's {} entries can be read ({})": "某一页的 {} 个条目全部无法读取（{}）",
    "the proxy (from {}) is not a URL": "代理（来自 {}）不是 URL",
    "the proxy (from {}) is not an HTTP proxy": "代理（来自 {}）不是 HTTP 代理",
    "the proxy {} (from {}) is not an HTTP proxy": "代理 {}（来自 {}）不是 HTTP 代理",
    "the collection did not end before its deadline": "采集未能在时限内完成",
    "the collection did not end before its deadline; the last error was: {}": (
        "采集未能在时限内完成；最近一次错误：{}"
    ),
    "a limit of this process is reached: {}": "进程已达到某项限制：{}",
    "too many open files": "打开的文件过多",
    "too many open files in system": "整个系统打开的文件过多",
    "defect of the exporter: {}": "exporter 自身的缺陷：{}",
    "the trusted certificates in {} ({}) cannot be used: {}": "无法使用 {}（{}）中的受信证书：{}",
    "{}_file {} cannot be used: {}": "{}_file {} 无法使用：{}",
}
"""Messages of failed collections; after most of them `: ` and a text of the API may follow."""

REMEDIES: Final[Mapping[str, str]] = {
    "Set this machine's clock (NTP): ZEGO accepts at most 10 minutes of deviation.": (
        "请校准本机时钟（NTP）：ZEGO 最多允许 10 分钟的偏差。"
    ),
    "Check that server_secret belongs to app_id: ZEGO console, project, ServerSecret.": (
        "请确认 server_secret 与 app_id 属于同一项目：ZEGO 控制台 → 项目 → ServerSecret。"
    ),
    "Lower collection.requests_per_second: others call the API with this AppId too.": (
        "请调低 collection.requests_per_second：还有其他程序在用该 AppId 调用 API。"
    ),
    "Check app_id, then contact ZEGO's technical support with the request id.": (
        "请检查 app_id；如无误，请联系 ZEGO 技术支持，并提供 RequestId。"
    ),
    "Check app_id, is_test (needed for projects created up to 2021-11-16) and page_size.": (
        "请检查 app_id、is_test（2021-11-16 及之前创建的项目需要）和 page_size。"
    ),
    "Ask ZEGO's technical support to enable Cloud Player with upload tasks for this AppId.": (
        "请联系 ZEGO 技术支持，为该 AppId 开通云端播放器及上传任务功能。"
    ),
    "Nothing to do unless it lasts: then contact ZEGO's technical support.": (
        "如果只是暂时现象，无需处理；如果持续存在，请联系 ZEGO 技术支持。"
    ),
    "Look the return code up in ZEGO's documentation, or contact its technical support.": (
        "请在 ZEGO 文档中查询该返回码，或联系 ZEGO 技术支持。"
    ),
    "Something between here and ZEGO demands credentials: check proxy and gateway.": (
        "本机与 ZEGO 之间有设备要求认证：请检查代理和网关。"
    ),
    "Something between here and ZEGO forbids the request: check proxy, gateway, firewall.": (
        "本机与 ZEGO 之间有设备拦截了请求：请检查代理、网关和防火墙。"
    ),
    "Check the endpoint: ZEGO's API answers at the root of its host.": (
        "请检查 endpoint：ZEGO 的 API 位于其主机的根路径。"
    ),
    "The proxy demands credentials: put them into HTTPS_PROXY.": (
        "代理要求认证：请把用户名和密码写入 HTTPS_PROXY。"
    ),
    "Set the endpoint to where the API really is.": "请把 endpoint 设为 API 的实际地址。",
    "Check the endpoint and any proxy.": "请检查 endpoint 以及代理（如有）。",
    "Nothing to do unless it lasts: then check any proxy, and ZEGO's status.": (
        "如果只是暂时现象，无需处理；如果持续存在，请检查代理以及 ZEGO 的服务状态。"
    ),
    "Check that the endpoint is ZEGO's and that no proxy answers in its place.": (
        "请确认 endpoint 是 ZEGO 的地址，并且不是代理代为响应。"
    ),
    "Check the network, use the region next to this machine, or raise the time-out.": (
        "请检查网络，选用离本机最近的 region，或调大 timeout。"
    ),
    "Check the endpoint's name, DNS, firewall and HTTPS_PROXY on this machine.": (
        "请检查本机上的 endpoint 域名、DNS、防火墙和 HTTPS_PROXY。"
    ),
    "Check the proxy {} (from {}), or list the endpoint's host in NO_PROXY.": (
        "请检查代理 {}（来自 {}），或把 endpoint 的主机名加入 NO_PROXY。"
    ),
    "If a proxy here inspects TLS, name its CA file in the app's ca_file or in "
    "REQUESTS_CA_BUNDLE. Otherwise check the endpoint.": (
        "如果本地代理会解密 TLS，请在该应用的 ca_file 或 REQUESTS_CA_BUNDLE 中指定其 CA 文件；"
        "否则请检查 endpoint。"
    ),
    "Renew the certificates of the proxy that inspects TLS here: from Python 3.13 on, they must "
    "follow RFC 5280. Otherwise check the endpoint.": (
        "请更换解密 TLS 的本地代理的证书：从 Python 3.13 起，证书必须符合 RFC 5280；"
        "否则请检查 endpoint。"
    ),
    "Check this machine's clock. If it is right, the server needs a new certificate.": (
        "请检查本机时钟。如果时钟正确，则服务器需要更换证书。"
    ),
    "Check the host in the endpoint, and that its DNS entry leads to ZEGO.": (
        "请检查 endpoint 中的主机名，并确认其 DNS 记录指向 ZEGO。"
    ),
    "Check the host in {}: the proxy's certificate is for another one.": (
        "请检查 {} 中的主机名：代理的证书属于其他主机。"
    ),
    "Set {} to http://{} if the proxy is reached without TLS.": (
        "如果访问该代理不使用 TLS，请把 {} 设为 http://{}。"
    ),
    "Check the port in the endpoint. Without TLS, an endpoint begins with http:// and must be a "
    "loopback address.": (
        "请检查 endpoint 中的端口。不使用 TLS 的 endpoint 以 http:// 开头，且必须是环回地址。"
    ),
    "SOCKS is not supported: set {} to http://HOST:PORT, or list the endpoint's host in "
    "NO_PROXY.": (
        "不支持 SOCKS：请把 {} 设为 http://HOST:PORT，或把 endpoint 的主机名加入 NO_PROXY。"
    ),
    "Write {} as http://HOST:PORT without quotes. Percent-encode the special characters of user "
    "and password in it.": (
        "请把 {} 写成 http://HOST:PORT，不加引号，并对其中用户名和密码里的特殊字符进行百分号编码。"
    ),
    "Check {} (address, user, password) and what the proxy allows.": (
        "请检查 {}（地址、用户名、密码）以及代理允许的访问范围。"
    ),
    "Set {} to a file with the CA's certificate in PEM form, or remove it.": (
        "请把 {} 设为 PEM 格式的 CA 证书文件，或删除该设置。"
    ),
    "Raise collection.deadline or collection.requests_per_second if there really are that many "
    "upload tasks.": (
        "如果上传任务确实有这么多，请调大 collection.deadline 或 collection.requests_per_second。"
    ),
    "Raise collection.deadline, or find out why the API is slow.": (
        "请调大 collection.deadline，或排查 API 变慢的原因。"
    ),
    "This is a fault of the API: report it to ZEGO, with the time of this message.": (
        "这是 API 的故障：请向 ZEGO 反馈，并附上本条信息的时间。"
    ),
    "Raise the limits of open files and of threads (LimitNOFILE= and TasksMax= in systemd, "
    "ulimits or --pids-limit in a container).": (
        "请调高打开文件数和线程数的上限（systemd 中的 LimitNOFILE= 和 TasksMax=，"
        "容器中的 ulimits 或 --pids-limit）。"
    ),
    "Compare with another API client, and report it to ZEGO's technical support.": (
        "请用其他 API 客户端核对，并向 ZEGO 技术支持反馈。"
    ),
    "put the secret from the ZEGO console into the file, and nothing else": (
        "请只把 ZEGO 控制台中的密钥写入该文件，不要写入其他内容。"
    ),
}


def status_name(status: str, language: Language) -> str:
    """Return the name of a task's status."""
    return _named(STATUSES, status, language)


def failure_name(failure: str, language: Language) -> str:
    """Return why a task failed."""
    return _named(FAILURES, failure, language)


def reason_name(reason: str, language: Language) -> str:
    """Return why a collection failed, in a word or two."""
    return _named(REASONS, reason, language)


def translate_message(message: str, language: Language) -> str:
    """Return the message of a failed collection; a text that the API added stays as it is."""
    if language == "en":
        return message
    if found := look_up(MESSAGES, message, lambda part: translate_message(part, language)):
        return found
    own, colon, added = message.partition("): ")
    if colon and added:
        return f"{translate_message(own + ')', language)}：{added}"
    return message


def translate_remedy(remedy: str, language: Language) -> str:
    """Return the remedy of a failed collection in `language`."""
    return remedy if language == "en" else look_up(REMEDIES, remedy) or remedy


def look_up(
    texts: Mapping[str, str], text: str, translate_part: Callable[[str], str] = str
) -> str | None:
    """Return the translation of `text` in a table of patterns, None if no pattern matches.

    `translate_part` translates what is at each `{}` of the pattern.
    """
    # The longest pattern that matches is the most specific one.
    for pattern in sorted(texts, key=len, reverse=True):
        if (parts := _parts(pattern, text)) is not None:
            return texts[pattern].format(*map(translate_part, parts))
    return None


def _named(names: Mapping[str, tuple[str, str]], word: str, language: Language) -> str:
    texts = names.get(word)
    return texts[LANGUAGES.index(language)] if texts else word.replace("_", " ")


def _parts(pattern: str, text: str) -> list[str] | None:
    """Return the parts of `text` at each `{}` of `pattern`, None if it does not match.

    Linear in the text: each literal part is searched for once, from left to right.
    """
    first, *literals = pattern.split("{}")
    if not literals:
        return [] if text == pattern else None
    if not text.startswith(first):
        return None
    parts = []
    position = len(first)
    for literal in literals[:-1]:
        end = text.find(literal, position)
        if end < 0:
            return None
        parts.append(text[position:end])
        position = end + len(literal)
    last = literals[-1]
    end = len(text) - len(last)
    if end < position or not text.endswith(last):
        return None
    rest = text[position:end]
    # "(code {})" must not take in a text of the API that ends in a bracket too.
    return None if last == ")" and ")" in rest else [*parts, rest]
