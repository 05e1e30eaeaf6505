"""How often and how long things happen in the life of upload tasks, and their titles."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR

MAX_TITLE_BYTES = 100
"""Of UTF-8, with a media suffix at the end (`docs/zego-api.md`, Upload tasks)."""

SUFFIXES = (".mp4", ".mp4", ".mp4", ".flv", ".mp3", ".wav", ".aac", ".flac")

LATIN = (
    "product-launch-keynote",
    "weekly_all_hands",
    "trailer final (2)",
    "Season 2 Episode 07",
    "concert-encore",
    "interview raw cut",
    "match highlights",
    "onboarding webinar",
)
CHINESE = (
    "高等数学第三讲",
    "春节联欢晚会彩排",
    "英语口语课程",
    "产品发布会回放",
    "钢琴入门教学",
    "长江纪录片",
    "少儿编程公开课",
    "物理实验演示",
)
MIXED = (
    "直播回放 Room-12",
    "Python入门 lesson",
    "【高清】Live at 上海",
    "KTV伴奏 Beyond - 海阔天空",
    "用户访谈 user research",
)
STYLES = {"latin": LATIN, "chinese": CHINESE, "mixed": LATIN + CHINESE + MIXED}


@dataclass(frozen=True, slots=True)
class Workload:
    """The rates, chances and durations (seconds at pace 1) of a life.

    `retentions` are (seconds, weight) pairs; each file gets one of them, varied by a quarter, so
    that expiries do not come in step. `linger` is how long a finished task stays listed, varied
    by a half. `titles` is a key of STYLES.
    """

    arrival_interval: float = 2 * MINUTE
    burst_chance: float = 0.05
    burst_size: int = 8
    waiting: float = 20.0
    upload: float = 6 * MINUTE
    retry_wait: float = 2 * MINUTE
    max_retries: int = 3
    cancel_chance: float = 0.03
    troubled_chance: float = 0.12
    trouble_when_troubled: float = 0.8
    trouble_otherwise: float = 0.05
    too_large_chance: float = 0.005
    retentions: tuple[tuple[float, float], ...] = (
        (1 * DAY, 0.2),
        (3 * DAY, 0.6),
        (7 * DAY, 0.2),
    )
    linger: float = 2 * DAY
    duplicate_title_chance: float = 0.01
    titles: str = "mixed"


REALISTIC = Workload()
"""Minutes for an upload, days until a file expires."""


def make_title(random: Random, style: str) -> str:
    """Return a title of at most 100 bytes; `style` is a key of STYLES."""
    stem = random.choice(STYLES[style])
    if random.random() < 0.05:  # noqa: PLR2004 - some titles use all the bytes
        stem += "·" + random.choice(CHINESE) * 6
    return fit_title(f"{stem}-{random.randrange(1, 1000):03d}", random.choice(SUFFIXES))


def fit_title(stem: str, suffix: str) -> str:
    """Return `stem` and `suffix` in at most 100 bytes, cut between two characters."""
    bytes_left = MAX_TITLE_BYTES - len(suffix.encode())
    return stem.encode()[:bytes_left].decode(errors="ignore") + suffix
