"""Chinese names of presets, looks, ways to jump and remarks; in English they are shown as they are called."""

from __future__ import annotations

from collections.abc import Iterable

CHOICES = {
    "none": "无", "off": "关闭", "custom": "自定义",
    "natural": "自然", "fresh": "清新", "studio": "影棚", "glamour": "魅力", "skin only": "仅皮肤", "film": "胶片",
    "black and white": "黑白",
    "clear": "清透", "warm": "暖色", "cool": "冷色", "vivid": "鲜艳", "soft": "柔和", "rose": "玫瑰", "sepia": "棕褐",
    "mono": "单色", "noir": "黑色电影",
    "two feet": "双脚跳", "alternate feet": "交替脚", "boxer step": "拳击步", "single leg": "单脚跳", "jacks": "开合跳",
    "crossover": "交叉跳", "double under": "双摇", "no rope": "无绳",
}  # fmt: skip

REMARKS = {
    "The colours were converted": "色彩已从 HDR 转换为标准范围。",
    "The interlaced picture": "已对隔行画面去隔行。",
    "The file has several pictures": "文件含有多条视频轨道，已选用其中一条。",
    "The sound could not be kept": "声音无法保留。",
    "Parts of the sound are damaged": "部分声音已损坏，以静音代替。",
    "The feet are out of the picture": "画面中大部分时间看不到脚，因此根据髋部和肩部计数。",
    "The person was seen in only": "人物只在部分时间可见，计数可能偏少。",
    "The rhythm was hard to read": "节奏难以辨认，计数不可靠。",
    "Joints and picture disagree": "关节与画面的节奏不一致，计数不确定。",
    "The hands are not seen": "看不到双手，无法确定是否使用跳绳。",
    "It is not sure whether a rope": "无法确定是否使用跳绳：手腕和跳绳都不清楚。",
    "Jumps without a rope": "无绳跳跃单独列出：没有看到转动的手腕和跳绳。",
    "This looks like slow motion": "看起来是慢动作视频：请在设置中给出播放速度，例如 0.5。",
}
"""Chinese remarks by how the English one begins."""


OVERLAY = {"ready": "准备", "/ min": "次/分"}
"""Chinese words of the result video besides the ways to jump."""


def overlay_words(language: str) -> dict[str, str]:
    """What the result video says instead of its English words."""
    return OVERLAY | CHOICES if language == "zh" else {}


def choice_name(language: str, choice: str) -> str:
    """What a preset, look or style is called."""
    return CHOICES.get(choice, choice) if language == "zh" else choice.replace("_", " ").capitalize()


def choice_texts(choices: Iterable[str]) -> dict[str, tuple[str, str]]:
    """The names in both languages, by text key."""
    return {f"choice.{c}": (choice_name("en", c), choice_name("zh", c)) for c in choices}


def translated(language: str, remark: str) -> str:
    """A remark of the counter in the visitor's language, as it is where no translation is known."""
    if language == "zh":
        return next((zh for start, zh in REMARKS.items() if remark.startswith(start)), remark)
    return remark
