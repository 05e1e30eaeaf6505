"""Chinese texts of `docs/configuration.zh-CN.md`, by the English ones of the other page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

INTRODUCTION: Final = (
    "# 配置\n"
    "\n"
    "[English](configuration.md) | 中文\n"
    "\n"
    "本页由 `make docs` 根据设置模型生成。[config.example.yaml](../config.example.yaml) 含"
    "有同样的配置项，可以直接复制使用。其第一行指明了 [schema](config.schema.json)，编辑器"
    "可据此补全和检查配置项。\n"
    "\n"
    "- 文件格式为 YAML。未知的配置项、重复的配置项和类型错误都会报错。**所有**问题一次性列"
    "出，每个问题一行，指明位置和正确的写法，退出码为 2。\n"
    "- 时长采用 Prometheus 的写法（`90s`、`5m`、`1h30m`），也可以直接写秒数。\n"
    "- 文本中的 `${NAME}` 会替换为环境变量的值。变量未定义时报错。如需 `${` 本身，请写 `$$"
    "{`。\n"
    "- 相对路径从该文件所在的目录算起。\n"
    "- TLS、密码和客户端证书使用单独的文件，见 [web-configuration.md](web-configuration.md)"
    "（英文）。\n"
    "- 命令行参数优先于文件。重新加载（SIGHUP，或启用 `--web.enable-lifecycle` 时的 `POST "
    "/-/reload`）会应用修改后的文件；`web` 和 `history` 除外，修改它们需要重启。\n"
)
"""Text above the first section."""

TEXTS: Final[Mapping[str, str]] = {
    "whole number from {} to {}": "整数，{} 至 {}",
    "(required)": "（必填）",
    "AppId from the ZEGO console.": "ZEGO 控制台中的 AppId。",
    "text": "文本",
    "Name of the app, the value of the label `zego_app`. Default: the AppId.": (
        "应用的名称，即标签 `zego_app` 的值。默认：AppId。"
    ),
    "File that contains the ServerSecret. It is read at every collection, so the secret can be "
    "changed without a reload. Set this or server_secret.": (
        "存放 ServerSecret 的文件。每次采集都会读取，因此更换密钥无需重新加载。与 server_secret "
        "二选一。"
    ),
    "ServerSecret from the ZEGO console, preferably as ${NAME} from the environment. Set this or "
    "server_secret_file.": (
        "ZEGO 控制台中的 ServerSecret，建议写成 ${NAME} 从环境变量读取。与 server_secret_file 二"
        "选一。"
    ),
    ", ": "、",
    "Region whose API host is used. Choose the one where the exporter runs.": (
        "使用哪个区域的 API 地址。请选择 Exporter 所在的区域。"
    ),
    "URL of the API, takes precedence over region. https, or http on a loopback address. "
    "Default: the host of the region.": (
        "API 的 URL，优先于 region。须为 https；环回地址可以用 http。默认：该区域的地址。"
    ),
    "Sends IsTest with this value. Required for projects created on or before 2021-11-16.": (
        "以此值发送 IsTest。2021-11-16 及以前创建的项目必须设置。"
    ),
    "Maximum number of tasks of this AppId that ZEGO allows to be waiting or uploading.": (
        "ZEGO 允许该 AppId 同时处于等待中或上传中的最大任务数，即并发上限。"
    ),
    "File with CA certificates in PEM that are trusted for the API in addition to the usual "
    "ones, for example of a proxy that inspects TLS.": (
        "PEM 格式的 CA 证书文件，用于访问 API，在系统信任的证书之外追加，例如会解密 TLS 的代理的"
        "证书。"
    ),
    "File that contains the CallbackSecret. With it, ZEGO's callbacks are accepted at "
    "/callback/<name>. It is read at every callback. Set at most one of this and "
    "callback_secret.": (
        "存放 CallbackSecret 的文件。设置后，在 /callback/<name> 接收 ZEGO 的回调。每次收到回调时"
        "读取。与 callback_secret 最多设置一个。"
    ),
    "CallbackSecret of the project, preferably as ${NAME} from the environment. Set at most one "
    "of this and callback_secret_file.": (
        "项目的 CallbackSecret，建议写成 ${NAME} 从环境变量读取。与 callback_secret_file 最多设置"
        "一个。"
    ),
    "mapping": "映射",
    "Any key of the section collection below, for this app only.": (
        "下文 collection 一节中的任意配置项，只对该应用生效。"
    ),
    "| key | value | default | meaning |": "| 配置项 | 取值 | 默认值 | 含义 |",
    "One app: an AppId and its secret.": "一个应用，即一个 AppId 及其密钥。",
    "duration": "时长",
    "Time from the start of one collection to the start of the next.": (
        "一次采集开始到下一次采集开始的时间。"
    ),
    "Longest time of one request to the API.": "单次 API 请求的最长时间。",
    "Longest time of one collection. Default: the larger of interval and 10 minutes.": (
        "一次采集的最长时间。默认：interval 与 10 分钟中的较大者。"
    ),
    "number from {} to {}": "数值，{} 至 {}",
    "Highest rate of requests, retries included. ZEGO allows 20 a second for each AppId and "
    "action. Apps with the same AppId share the rate. More than 20 is accepted with a warning, "
    "because ZEGO can raise the limit.": (
        "每秒请求数的上限，含重试。ZEGO 对每个 AppId 的每个接口允许每秒 20 次。AppId 相同的应用共"
        "用这一速率。可以设置为大于 20（会有警告），因为 ZEGO 可以提高上限。"
    ),
    "Tasks on one page.": "每页的任务数。",
    "Retries of a request that failed for a temporary reason, after increasing random delays.": (
        "请求因暂时性原因失败后的重试次数，重试间隔随机且递增。"
    ),
    "Age at which the last complete snapshot is no longer exposed. Default: 5 x interval.": (
        "最近一次完整快照超过该时长后不再提供。默认：interval 的 5 倍。"
    ),
    "full reads all pages at every interval. incremental reads what has changed, if the API "
    "supports that. It is useful from a few thousand tasks on.": (
        "full 在每个采集间隔读取全部分页。incremental 只读取有变化的部分，前提是 API 支持。任务达"
        "到数千个时才值得使用。"
    ),
    "With incremental: time between two full walks that check the known tasks.": (
        "仅用于 incremental：两次完整遍历之间的时间，完整遍历用于核对已知的任务。"
    ),
    "How the tasks of an app are read from the API.": "如何从 API 读取应用的任务。",
    "Maximum number of tasks per app with their own series, most useful first. 0 for none.": (
        "每个应用最多有多少个任务拥有单独的时间序列，最有用的优先。0 表示没有。"
    ),
    "list of {}": "列表，元素为 {}",
    "Statuses of the tasks that have their own series.": "哪些状态的任务拥有单独的时间序列。",
    "How titles are shown: in full, as a short hash, or not at all.": (
        "标题如何显示：full 完整显示，hash 显示为短散列值，none 不显示。"
    ),
    "Times within which expiring files are counted, the values of the label within. "
    "May be empty.": ("统计多长时间内过期的文件，即标签 within 的取值。可以为空。"),
    "Maximum number of hosts of StreamUrl counted one by one, largest first. 0 for none.": (
        "最多为多少个源站（StreamUrl 的主机）单独统计任务数，任务多的优先。0 表示不统计。"
    ),
    "Series of single tasks, expiries and sources.": "单个任务、过期和源站的时间序列。",
    "SQLite file for counters and the times of status changes. Default: the environment variable "
    'ZEGO_HISTORY_PATH. Without either, or with "", counters start at 0.': (
        "保存计数器和状态变化时间的 SQLite 文件。默认：环境变量 ZEGO_HISTORY_PATH。两者都未设置，"
        '或设为 "" 时，计数器从 0 开始。'
    ),
    "State that survives a restart.": "重启后保留的状态。",
    "Addresses to listen on, each host:port. Without a host: all addresses.": (
        "监听地址，格式为 host:port。省略 host 时监听所有地址。"
    ),
    "Path of the metrics.": "指标的路径。",
    "File with TLS and basic auth, in the format of Prometheus' exporter-toolkit.": (
        "TLS 和基本认证的配置文件，采用 Prometheus exporter-toolkit 的格式。"
    ),
    "The HTTP server.": "HTTP 服务。",
    "## Environment variables": "## 环境变量",
    "Without a configuration file, these configure one app with defaults.": (
        "没有配置文件时，以下环境变量按默认设置配置一个应用。"
    ),
    "| variable | meaning |": "| 环境变量 | 含义 |",
    "AppId from the ZEGO console": "ZEGO 控制台中的 AppId",
    "ServerSecret from the ZEGO console": "ZEGO 控制台中的 ServerSecret",
    "file that contains the ServerSecret; set one of the two": (
        "存放 ServerSecret 的文件；与上一项二选一"
    ),
    "`apps[].region`; optional": "即 `apps[].region`；可选",
    "default of `history.path`, also with a configuration file; the Docker image sets it to a "
    "file on its volume": (
        "`history.path` 的默认值，有配置文件时同样有效；Docker 镜像将它设为存储卷中的文件"
    ),
    "Requests to the API use `HTTPS_PROXY`, `NO_PROXY`, `REQUESTS_CA_BUNDLE`, `SSL_CERT_FILE` "
    "and `SSL_CERT_DIR`.": (
        "访问 API 时使用 `HTTPS_PROXY`、`NO_PROXY`、`REQUESTS_CA_BUNDLE`、`SSL_CERT_FILE` 和 "
        "`SSL_CERT_DIR`。"
    ),
    "## Command line": "## 命令行",
    "| flag | meaning |": "| 参数 | 含义 |",
    "show this help message and exit": "显示帮助并退出",
    "address to listen on, such as :10317 or [::1]:10317; repeatable": (
        "监听地址，例如 :10317 或 [::1]:10317；可重复"
    ),
    "path of the metrics (default: /metrics)": "指标的路径（默认：/metrics）",
    "TLS and authentication, in the format of the Prometheus exporter-toolkit": (
        "TLS 和认证的配置文件，采用 Prometheus exporter-toolkit 的格式"
    ),
    "enable POST /-/reload, which reloads the configuration (SIGHUP always does)": (
        "启用 POST /-/reload，用于重新加载配置（SIGHUP 始终可用）"
    ),
    "maximum number of requests in progress, further ones get 503; 0: no limit (default: 40)": (
        "同时处理的请求数上限，超出的返回 503；0 表示不限（默认：40）"
    ),
    "configuration (default: config.yaml, where it exists)": (
        "配置文件（默认：config.yaml，如果存在）"
    ),
    "run against the embedded simulator; needs no account": "连接内置的模拟器运行，不需要账号",
    "lowest level that is logged (default: info; error for check, once, tasks and export)": (
        "输出日志的最低级别（默认：info；check、once、tasks 和 export 为 error）"
    ),
    "format of the log on stderr (default: logfmt)": "stderr 日志的格式（默认：logfmt）",
    "show program's version number and exit": "显示版本号并退出",
    "also make one signed request for each app": "另外对每个应用发出一次签名请求",
    "default: text": "默认：text",
    "language of the output for people (default: from LC_ALL, LC_MESSAGES or LANG)": (
        "显示给人看的内容所用的语言（默认：取自 LC_ALL、LC_MESSAGES 或 LANG）"
    ),
    "write to FILE atomically, for the textfile collector of node_exporter": (
        "以原子方式写入 FILE，供 node_exporter 的 textfile 收集器使用"
    ),
    "default: table": "默认：table",
    "only tasks in this status; repeatable": "只列出该状态的任务；可重复",
    "only succeeded tasks whose file expires within that time, such as 6h; a number without a unit "
    "is seconds": "只列出文件在该时长内过期的上传成功任务，例如 6h；不带单位的数字以秒计",
    "only failed tasks whose file no later task uploads or has uploaded again": (
        "只列出文件没有被后续任务重新上传的失败任务"
    ),
    "only this app; repeatable": "只列出该应用；可重复",
    "address to listen on (default: 127.0.0.1:10318)": "监听地址（默认：127.0.0.1:10318）",
    "one app with N tasks instead of the demo apps": "用一个有 N 个任务的应用代替演示应用",
    "speed of simulated time, from 0.001 to 10000; 0: nothing changes (default: 1, with --tasks "
    "0)": "模拟时间的速度，0.001 到 10000；0 表示时间静止（默认：1；用 --tasks 时为 0）",
    "the same seed gives the same tasks (default: 1)": "相同的种子产生相同的任务（默认：1）",
    "language of texts and links (default: en)": "正文和链接的语言（默认：en）",
    "address of Grafana, for links to the dashboards": "Grafana 的地址，用于仪表盘的链接",
    "address of the runbooks, such as http://exporter:10317/runbooks": (
        "处理手册的地址，例如 http://exporter:10317/runbooks"
    ),
    "labels besides job that distinguish scrape targets (default: cluster,namespace)": (
        "除 job 外用于区分抓取目标的标签（默认：cluster,namespace）"
    ),
    "leave out this alert; repeatable": "去掉该告警；可重复",
    "severity: critical, warning, info or none; repeatable": (
        "级别：critical、warning、info 或 none；可重复"
    ),
    "time that the condition must hold first, such as 15m; repeatable": (
        "条件须持续多久才触发，例如 15m；可重复"
    ),
    "threshold: a number, share or duration; repeatable": "阈值：数值、比例或时长；可重复",
    "warn before files with these titles expire; sees only tasks with their own series, so "
    "set tasks.title: full, keep succeeded and expired in tasks.statuses, and raise tasks.limit "
    "if it leaves tasks out": (
        "在这些标题的文件过期前告警；只能看到有单独时间序列的任务：请设置 tasks.title: full，"
        "在 tasks.statuses 中保留 succeeded 和 expired，如有任务被省略，请调大 tasks.limit"
    ),
    "add rules for an objective: share of uploads that succeed over 28 days, such as 0.99": (
        "增加针对目标的规则：28 天内上传成功的比例，例如 0.99"
    ),
    "finished uploads that an alert on the objective needs (default: 20)": (
        "针对目标的告警所需的最少已结束任务数（默认：20）"
    ),
    "what to write": "要写出的内容",
    "write files into DIR": "将文件写入 DIR",
    "Exit codes: 0 success; 1 a failure at run time or a condition that can pass; 2 usage or "
    "configuration. Section 14 of [guarantees.md](guarantees.md) has the details.": (
        "退出码：0 成功；1 运行时失败，或可能自行消除的状况；2 用法或配置错误。详见 "
        "[guarantees.md](guarantees.md)（英文）第 14 节。"
    ),
}
