"""File names as people give them: Latin, Chinese and mixed, with a media suffix.

`docs/zego-api.md`, Upload tasks: a title is at most 100 bytes of UTF-8 and ends in a real media
suffix.
"""

from __future__ import annotations

from random import Random

MAX_TITLE_BYTES = 100
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


def make_title(random: Random, style: str) -> str:
    """Return a title of at most 100 bytes; `style` is a key of STYLES."""
    stem = random.choice(STYLES[style])
    if random.random() < 0.05:  # noqa: PLR2004 - now and then somebody uses all the bytes
        stem += "·" + random.choice(CHINESE) * 6
    return fit_title(f"{stem}-{random.randrange(1, 1000):03d}", random.choice(SUFFIXES))


def fit_title(stem: str, suffix: str) -> str:
    """Return `stem` and `suffix` in at most 100 bytes, cut between two characters."""
    bytes_left = MAX_TITLE_BYTES - len(suffix.encode())
    return stem.encode()[:bytes_left].decode(errors="ignore") + suffix
