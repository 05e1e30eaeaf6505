"""Chinese texts of the alerts."""
# ruff: noqa: E501, RUF001 - a paragraph of Chinese is one line, with Chinese punctuation

from __future__ import annotations

from exporter.alerting.model import AlertText, Texts
from exporter.languages import FAILURES, STATUSES

ALERTS = {
    "ZegoUploadFailed": AlertText(
        "{app} 有上传任务失败",
        "{app} 在最近 {window}内约有 {value} 个上传任务失败，新的在前：\n"
        "{tasks}\n"
        "ZEGO 不会再重试。请确认源文件 URL 可从外网下载，且文件小于 5 GB，然后重新创建上传任务。",
    ),
    "ZegoUploadFailureRatioHigh": AlertText(
        "{app} 的上传任务有 {percent} 失败",
        "{app} 在最近 {window}内结束的上传任务中，有 {percent} 失败（至少 {failures} 个）。"
        "ZEGO 通过回调给出的原因：\n"
        "{reasons}\n"
        "失败的上传任务，新的在前：\n"
        "{tasks}\n"
        "大量失败通常只有一个原因：ZEGO 下载源文件的服务器、其证书或访问令牌有问题，或 ZEGO 自身有问题。"
        "请先检查这些，再重新创建失败的上传任务；执行 zego-upload-exporter tasks --status failed 可列出这些任务。",
    ),
    "ZegoUploadNothingSucceeds": AlertText(
        "{app} 在 {window}内没有任何上传任务成功",
        "{app} 在最近 {window}内约有 {value} 个上传任务失败，没有一个成功。失败的上传任务，新的在前：\n"
        "{tasks}\n"
        "请从外网下载其中一个源文件 URL：常见原因是令牌过期、证书或防火墙。"
        "如果下载正常，请带上若干任务 ID 联系 ZEGO 技术支持。",
    ),
    "ZegoUploadFailureUnresolved": AlertText(
        "{app} 有 {value} 个失败的上传任务尚未重新上传",
        "{app} 有上传任务失败后，超过 {hold}仍没有相同标题的后续上传任务，新的在前：\n"
        "{tasks}\n"
        "请重新创建这些上传任务。每个标题都已重新上传，或失败的任务不再列出时，告警恢复。",
    ),
    "ZegoUploadQueueStalled": AlertText(
        "{app} 的上传停滞",
        "{app} 有文件已等待 {span}，并且最近 {age}内该应用没有任何上传任务开始、结束或失败。"
        "未完成的上传任务，创建早的在前：\n"
        "{tasks}\n"
        "ZEGO 一侧的队列停滞：请带上 AppId 和一个任务 ID 联系 ZEGO 技术支持。"
        "在恢复之前，新的上传任务都要等待或被拒绝（返回码 350006010）。",
    ),
    "ZegoUploadStuckWaiting": AlertText(
        "{app} 有上传任务 {span}仍未开始",
        "创建已超过 {age}、仍在等待中的上传任务，创建早的在前：\n"
        "{tasks}\n"
        "等待中的任务可以取消后重新创建。如果等待的任务很多，说明创建任务的速度超过了并发上限所能处理的速度。",
    ),
    "ZegoUploadStuckUploading": AlertText(
        "{app} 有上传任务创建 {span}后仍在上传中",
        "创建已超过 {age}、仍在上传中的任务，创建早的在前：\n"
        "{tasks}\n"
        "请检查源站的下载速度。上传中的任务不能取消：如果源站正常，请带上任务 ID 联系 ZEGO 技术支持。",
    ),
    "ZegoUploadRetryingLong": AlertText(
        "{app} 有上传任务创建 {span}后仍在等待重试",
        "创建已超过 {age}、正在等待重试的上传任务，创建早的在前：\n"
        "{tasks}\n"
        "该任务至少已失败过一次。请检查源文件 URL 是否仍可用（令牌是否过期）；如果不可用，请用可用的 URL 重新创建上传任务。",
    ),
    "ZegoUploadRetryingOften": AlertText(
        "{app} 有上传任务已重试 {value} 次仍未完成",
        "已重试 {retries} 次或更多的未完成上传任务，重试多的在前：\n"
        "{tasks}\n"
        "该任务最终很可能会失败。请检查源文件 URL 是否可用，能否下载完整的文件。",
    ),
    "ZegoUploadSlotsFull": AlertText(
        "{app} 的并发任务数已达上限",
        "{app} 处于等待中或上传中的任务数达到 ZEGO 允许的并发上限（{percent}），已持续 {hold}。"
        "ZEGO 会以返回码 350006010 拒绝新的上传任务。\n"
        "请业务方放慢创建速度或稍后重试；取消不再需要的等待中任务；或向 ZEGO 申请提高上限，并将 slots_limit 改为新的上限。",
    ),
    "ZegoUploadSlotsSaturated": AlertText(
        "{app} 的并发任务数大部分时间已达上限",
        "最近 {window}内，{app} 的并发任务数有 {percent} 的时间已达上限。"
        "在此期间，ZEGO 会以返回码 350006010 拒绝新的上传任务。\n"
        "请业务方将上传分散到全天，或向 ZEGO 申请提高上限，并将 slots_limit 改为新的上限。",
    ),
    "ZegoUploadNoNewUploads": AlertText(
        "{app} 已有 {window}没有新的上传任务",
        "Exporter 已有 {window}没有看到 {app} 的新上传任务。\n"
        "请检查创建上传任务的服务，以及 ZEGO 是否拒绝了这些任务（返回码 350006010：已达并发上限）。",
    ),
    "ZegoUploadExpiringSoon": AlertText(
        "{app} 有 {value} 个文件将在 {within}内过期",
        "将在 {within}内过期的文件，先过期的在前：\n"
        "{tasks}\n"
        "仍在使用这些文件的播放器，届时会出错。如果还需要，请换一个标题重新上传，并让播放器使用新地址。",
    ),
    "ZegoUploadWatchedTitleExpiring": AlertText(
        "{app} 有 {value} 个被关注的标题将在 {within}内过期或已过期",
        "关注列表中的标题，其所有副本都将在 {within}内过期，先过期的在前：\n"
        "{tasks}\n"
        "请换一个标题重新上传，并让播放器使用新地址。",
    ),
    "ZegoUploadExpired": AlertText(
        "{app} 有文件过期",
        "{app} 在最近 {window}内约有 {value} 个文件过期，新的在前：\n"
        "{tasks}\n"
        "仍在使用这些文件的播放器会出错。如果还需要，请重新上传，并让播放器使用新地址。",
    ),
    "ZegoUploadExpiredUnfinished": AlertText(
        "{app} 有上传任务未成功就已过期",
        "{app} 在最近 {window}内约有 {value} 个上传任务在完成之前就已过期，新的在前：\n"
        "{tasks}\n"
        "这些文件从未能播放。请重新创建上传任务，并检查为何耗时如此之久。",
    ),
    "ZegoUploadDuplicateTitles": AlertText(
        "{app} 有 {value} 个标题被重复使用",
        "标题相同的上传任务会互相覆盖文件，保留下来的文件还可能沿用较早任务的过期时间：\n"
        "{tasks}\n"
        "请查明播放器现在得到的是哪个文件，将被覆盖的文件以独立的标题重新上传，并请业务方使用唯一的标题。",
    ),
    "ZegoUploadNewDuplicateTitle": AlertText(
        "{app} 新增 {value} 个被重复使用的标题",
        "最近 {window}内，有上传任务使用了已有的标题，它们会互相覆盖文件。新的在前：\n"
        "{tasks}\n"
        "请查明播放器现在得到的是哪个文件，将被覆盖的文件以独立的标题重新上传，并请业务方使用唯一的标题。",
    ),
    "ZegoUploadCollectionFailing": AlertText(
        "无法读取 {app} 的上传任务",
        "15 分钟内没有一次从 ZEGO 接口的采集成功，因此 {app} 的上传状况未知，相关告警失效。按原因统计的失败次数：\n"
        "{reasons}\n"
        "Exporter 的状态页会说明问题所在；执行 zego-upload-exporter check --live 可再试一次。"
        "原因为 auth、clock_skew、rejected、deadline 时，问题在您这一侧；为 server、network、timeout 时，问题在 ZEGO 一侧或网络上。",
    ),
    "ZegoUploadDataMissing": AlertText(
        "没有 {app} 上传任务的最新数据",
        "此告警不通知任何人。它触发期间，Alertmanager 会抑制因缺少数据而结束的告警。",
    ),
    "ZegoUploadCredentialsRefused": AlertText(
        "ZEGO 拒绝了 {app} 的凭据",
        "{app} 的请求因签名错误被 ZEGO 拒绝，或 Exporter 无法读取密钥：{window}内约 {value} 次。此问题不会自行恢复。\n"
        "请将 AppId 和 ServerSecret 与 ZEGO 控制台核对，将正确的密钥写入 server_secret_file（每次采集都会重新读取），"
        "或重新加载 Exporter。然后执行：zego-upload-exporter check --live",
    ),
    "ZegoUploadApiErrorRateHigh": AlertText(
        "{app} 的接口请求有 {percent} 失败",
        "{app} 发往 ZEGO 接口的请求，15 分钟内有 {percent} 失败。按返回码统计：\n"
        "{codes}\n"
        "由于会重试请求，采集仍然成功。350006001 表示其他调用方占用了同一 AppId 的请求频率：请调低 requests_per_second。"
        "否则请检查到 ZEGO 的网络和 ZEGO 的状态。",
    ),
    "ZegoUploadDataStale": AlertText(
        "{app} 最近一次完整采集已是 {span}之前",
        "Exporter 不再显示 {app} 的任务，因为最近一次完整采集在 {span}之前结束，超过了 stale_after。在此期间，上传相关的告警失效。\n"
        "如果采集失败，状态页会说明原因。如果没有失败，则是采集太慢（参见 zego_upload_collection_duration_seconds）"
        "或采集已卡死：请查看 Exporter 的日志并重启。",
    ),
    "ZegoUploadClockSkew": AlertText(
        "Exporter 的时钟与 ZEGO 相差 {span}",
        "{app} 的某个 Exporter 与 ZEGO 接口的时钟相差 {span}。相差达到 10 分钟后，ZEGO 会拒绝所有请求；距过期的时间已有同样大小的误差。\n"
        "请修复运行 Exporter 的机器的时间同步（chrony、ntpd、systemd-timesyncd）。",
    ),
    "ZegoUploadRateLimitNearlyUsed": AlertText(
        "Exporter 为 {app} 使用了自设请求上限的 {percent}",
        "读取 {app} 的任务用去了 requests_per_second 所允许请求的 {percent}。任务再增加，采集就无法在间隔内完成。\n"
        "请延长 collection.interval；如果 ZEGO 给每个 AppId 的每秒 20 次请求中，剩余部分没有其他调用方使用，也可调高 requests_per_second。",
    ),
    "ZegoUploadCollectionSlow": AlertText(
        "{app} 的一次采集耗时 {span}，超过采集间隔",
        "{app} 最近一次完整采集耗时 {span}，超过 collection.interval：部分采集会被跳过，数据比预期的旧。\n"
        "请延长 collection.interval；如果原因是限流等待（zego_upload_api_rate_limit_wait_seconds_total），请调高 requests_per_second。"
        "执行 zego-upload-exporter check --live 可得到完整采集一遍所需的时间。",
    ),
    "ZegoUploadUnknownStatus": AlertText(
        "{app} 有 {value} 个任务的状态是 Exporter 不认识的",
        "ZEGO 为 {app} 的 {value} 个任务给出了此版本的 Exporter 不认识的状态码。这些任务计为 unknown，上传相关的告警都看不到它们。\n"
        "Exporter 日志中的警告给出了具体的状态码。请查找 Exporter 的新版本；如果没有，请向本项目反馈该状态码。",
    ),
    "ZegoUploadMalformedEntries": AlertText(
        "Exporter 忽略了 {app} 中无法解析的任务",
        "ZEGO 列出的 {app} 的任务中，有此版本的 Exporter 无法解析的内容：最近 1 小时内约忽略了 {value} 次，这些任务不计入任何指标。\n"
        "Exporter 日志中的警告说明了问题所在。请查找 Exporter 的新版本；如果没有，请向本项目反馈。",
    ),
    "ZegoUploadListingShort": AlertText(
        "ZEGO 报告的 {app} 任务总数比列出的多 {value} 个",
        "ZEGO 接口给出的 {app} 任务总数比实际列出的任务多 {value} 个，已持续 {hold}。未列出的任务不在任何指标和告警中。\n"
        "请与 ZEGO 控制台核对。如果控制台中有任务而这里没有，请联系 ZEGO 技术支持。",
    ),
    "ZegoUploadTaskSeriesOmitted": AlertText(
        "{app} 有 {value} 个任务没有单独的时间序列",
        "{app} 的任务比 tasks.limit 多 {value} 个。计数和告警仍包含全部任务，但表格和告警正文可能缺少一部分。优先保留失败、重试和未完成的任务。\n"
        "如果 Prometheus 能承受这些时间序列（每个任务约六条），请调高 tasks.limit，或从 tasks.statuses 中去掉不需要的状态。",
    ),
    "ZegoUploadAppVanished": AlertText(
        "Exporter 不再监控 {app}",
        "Exporter（作业 {job}）在最近 {memory}内曾监控 {app}。它仍在运行，但配置中已没有该应用，也没有其他 Exporter 上报该应用。\n"
        "如果是有意移除，请静默此告警，{memory}后它会自动结束；否则请将该应用加回配置并重新加载。",
    ),
    "ZegoUploadExporterAbsent": AlertText(
        "没有 zego-upload-exporter 响应 Prometheus{of_job}",
        "10 分钟或更久以来，Prometheus 没有得到任何 zego-upload-exporter{of_job} 的指标，其应用的告警失效。\n"
        "请查看 Prometheus 的 Targets 页面：如果抓取目标不存在，请修复抓取配置或服务发现；如果处于 down 状态，请启动 Exporter。",
    ),
    "ZegoUploadExporterDown": AlertText(
        "zego-upload-exporter {instance} 没有响应",
        "Prometheus 已有 10 分钟无法抓取 {instance}（作业 {job}）。如果没有其他副本，随后会触发 ZegoUploadExporterAbsent。\n"
        "请检查进程是否在运行、其日志，以及从 Prometheus 到它的通路（地址、TLS、密码）。只要进程存活，无论 ZEGO 状态如何，/-/healthy 都会响应。",
    ),
    "ZegoUploadConfigReloadFailed": AlertText(
        "zego-upload-exporter {instance} 拒绝了新配置",
        "{instance}（作业 {job}）最近一次重新加载失败；它继续使用之前的配置，如果此时重启，将无法以新配置启动。\n"
        "其日志列出了每个问题，执行 zego-upload-exporter check 也可以看到。请修正文件后重新加载。",
    ),
    "ZegoUploadHistoryErrors": AlertText(
        "zego-upload-exporter {instance} 无法写入历史",
        "{instance}（作业 {job}）在最近 1 小时内写入历史约失败 {value} 次。采集不受影响，但重启会丢失未写入的内容：计数器从较小的值继续，期间的失败不会计入。\n"
        "请检查 history.path 所在目录的剩余空间和权限；日志中有具体的错误。",
    ),
    "ZegoUploadLogLinesDropped": AlertText(
        "zego-upload-exporter {instance} 丢失日志",
        "{instance}（作业 {job}）在最近 1 小时内约丢弃了 {value} 行日志，因为读取其标准错误的程序没有接收。采集和指标不受影响。\n"
        "请检查日志的接收方：磁盘是否已满，journal 或日志采集程序是否停止，终端是否被暂停。",
    ),
}

OBJECTIVE = {
    "critical": "{app} 的错误预算消耗过快：{percent} 的上传失败",
    "warning": "{app} 将无法达到上传成功率目标：{percent} 的上传失败",
    "description": (
        "目标是 28 天内 {objective} 的已结束上传任务成功。按目前的速度，{long}内就会用掉 28 天预算的 {share}。"
        "剩余预算：{left}。\n"
        "请查明哪些上传失败以及原因：zego-upload-exporter tasks --status failed --unresolved "
        "会列出尚未重新上传的任务。{next}"
    ),
    "next_critical": "请按上传故障处理。",
    "next_warning": "请在当天工作时间内消除原因。",
    "1h": " 1 小时",
    "6h": " 6 小时",
    "3d": " 3 天",
    "unknown": "尚未可知",
}
"""The alert on an objective, whose texts depend on its windows."""

LINES = {
    "task": "{title}（ID {id}）",
    "failed": "{title}（ID {id}）{why}",
    "created": "{title}（ID {id}），创建于 {age}之前",
    "unfinished": "{title}（ID {id}），{status}，创建于 {age}之前",
    "retried": "{title}（ID {id}），已重试 {number} 次",
    "expiring": "{title}（ID {id}），{age}后过期",
    "duplicate": "{title}：{number} 个任务",
    "title": "{title}",
    "by_reason": "{reason}：约 {number} 次",
    "by_code": "{code}：约 {number} 次",
    "why": "：{reason}",
    "no_title": "（未公开标题）",
    "not_exposed": "（没有相应的时间序列，请执行：zego-upload-exporter tasks{command}）",
    "none": "- 无",
    "of_job": "（作业 {job}）",
}

WORDS = {value: chinese for value, (_, chinese) in {**FAILURES, **STATUSES}.items()}
"""Failure reasons and statuses; reasons of collections stay: they are looked up in the runbook."""

MESSAGES = {
    "firing": "告警",
    "resolved": "已恢复",
    "runbook": "处理方法",
    "dashboard": "仪表盘",
    "since": "开始",
    "until": "结束",
    "colon": "：",
    # 8 hours in nanoseconds: Beijing has no daylight saving, and Alertmanager 0.25 no `tz`.
    "time": '({time}.Add 28800000000000).UTC.Format "2006-01-02 15:04（北京时间）"',
    "more": "（其余告警请在 Alertmanager 中查看）",
}

CHINESE = Texts(
    alerts=ALERTS,
    objective=OBJECTIVE,
    lines=LINES,
    durations={
        "s": ("{n} 秒", "{n} 秒"),
        "m": ("{n} 分钟", "{n} 分钟"),
        "h": ("{n} 小时", "{n} 小时"),
        "d": ("{n} 天", "{n} 天"),
    },
    units={"ms": " 毫秒", "d": " 天", "h": " 小时", "m": " 分钟", "s": " 秒"},
    words=WORDS,
    messages=MESSAGES,
    dashboard="/d/zego-uploads-zh/",
    runbooks="docs/alerts.zh-CN.md",
)
