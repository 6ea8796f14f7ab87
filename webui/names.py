"""Chinese names of presets, looks and jumping styles, and translation of remarks; the keys are the English names."""

from __future__ import annotations

import re
from collections.abc import Iterable

from webui.remarks import REMARKS

CHOICES = {
    "none": "无", "off": "关闭", "custom": "自定义",
    "natural": "自然", "fresh": "清新", "studio": "影棚", "glamour": "魅力", "skin only": "仅皮肤", "film": "胶片",
    "black and white": "黑白",
    "clear": "清透", "warm": "暖色", "cool": "冷色", "vivid": "鲜艳", "soft": "柔和", "rose": "玫瑰", "sepia": "棕褐",
    "mono": "单色", "noir": "黑色电影",
    "two feet": "双脚跳", "alternate feet": "交替脚", "boxer step": "拳击步", "single leg": "单脚跳", "jacks": "开合跳",
    "crossover": "交叉跳", "double under": "双摇", "no rope": "无绳",
}  # fmt: skip

OVERLAY = {"ready": "准备", "/ min": "次/分"}
"""Chinese words of the result video besides the jumping styles."""


def overlay_words(language: str) -> dict[str, str]:
    """Translations of the result video's English words."""
    return OVERLAY | CHOICES if language == "zh" else {}


def choice_name(language: str, choice: str) -> str:
    """The name of a preset, look or style."""
    return CHOICES.get(choice, choice) if language == "zh" else choice.replace("_", " ").capitalize()


def choice_texts(choices: Iterable[str]) -> dict[str, tuple[str, str]]:
    """The names in both languages, by text key."""
    return {f"choice.{c}": (choice_name("en", c), choice_name("zh", c)) for c in choices}


def translated(language: str, remark: str) -> str:
    """A remark in the visitor's language; unchanged without a translation."""
    if language == "zh":
        for pattern, chinese in REMARKS.items():
            if found := re.fullmatch(pattern, remark, re.S):
                return found.expand(chinese)
    return remark
