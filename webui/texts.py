"""Every sentence of the app in English and Chinese.

Labels are translated in the browser (``gr.I18n``); texts that are generated at run time are
translated here, into the language that the browser requests.
"""

from __future__ import annotations

from vision.options import Option
from webui.labels import LABELS

LANGUAGES = ("en", "zh")

UNITS = {"body heights": "身高"}
"""Chinese units where they are words."""

TEXTS: dict[str, tuple[str, str]] = LABELS | {
    "title": ("Keypoint Studio", "关键点工作室"),
    "tab.beauty": ("Beauty", "美颜"),
    "tab.jump": ("Jump rope", "跳绳计数"),
    "tab.about": ("About", "说明"),
    # beauty
    "photo.sample": ("Try a sample photo", "试用示例照片"),
    "photo.limits": (
        "JPEG, PNG, WebP, TIFF, HEIC, AVIF or video, up to {megabytes} MB and {megapixels} megapixels. "
        "Files stay on this server for one hour at most.",
        "支持 JPEG、PNG、WebP、TIFF、HEIC、AVIF 和视频，不超过 {megabytes} MB、{megapixels} 百万像素。"
        "文件最多在服务器上保留一小时。",
    ),
    "compare": ("Before and after", "前后对比"),
    "preset": ("Preset", "预设"),
    "custom": ("Custom", "自定义"),
    "face.one": ("Face {number}", "人脸 {number}"),
    "show": ("Show on the photo", "在照片上显示"),
    "show.points": ("Keypoints", "关键点"),
    "show.boxes": ("Face boxes", "人脸框"),
    "show.pose": ("Head pose", "头部姿态"),
    "reset": ("Reset", "重置"),
    "save.photo": ("Save at full size", "保存原尺寸"),
    "faces.none": (
        "No face was found, so nothing is retouched. Use a photo in which the face is larger, lit and not covered.",
        "没有找到人脸，因此照片保持原样。请换一张人脸更大、光线充足、没有遮挡的照片。",
    ),
    "faces.found": ("Faces found: {count}", "找到人脸：{count}"),
    "pitch": ("pitch", "俯仰"),
    "yaw": ("yaw", "偏航"),
    "roll": ("roll", "翻滚"),
    "confidence": ("confidence", "置信度"),
    # jump rope
    "video.sample": ("Try the sample video", "试用示例视频"),
    "video.limits": (
        "Up to {seconds}, {megabytes} MB and {megapixels} megapixels a frame. The whole body should be visible. "
        "A video that your browser cannot play is counted all the same.",
        "不超过{seconds}、{megabytes} MB、每帧 {megapixels} 百万像素。请拍到全身。浏览器无法播放的视频同样可以计数。",
    ),
    "seconds": ("{n} seconds", "{n} 秒"),
    "minutes": ("{n} minutes", "{n} 分钟"),
    "count": ("Count the jumps", "开始计数"),
    "cancel": ("Cancel", "取消"),
    "result": ("Result", "结果视频"),
    "render": ("Update the video", "更新视频"),
    "settings.hint": (
        "A change counts again at once, without a new analysis.",
        "修改后立即重新计数，无需重新分析。",
    ),
    "jumps": ("jumps", "次跳跃"),
    "jumps.all": ("jumps with a rope", "次跳绳"),
    "jumps.without": ("jumps without a rope", "次无绳跳跃"),
    "no_rope": ("no rope", "无绳"),
    "per_minute": ("per minute", "次/分钟"),
    "style": ("style", "跳法"),
    "longest": ("longest streak", "最长连跳"),
    "status.waiting": ("Opening the video ...", "正在打开视频……"),
    "status.models": ("Loading the models ...", "正在加载模型……"),
    "status.analyse": ("Finding the people and their joints", "正在识别人物和关节"),
    "status.render": ("Drawing the result", "正在绘制结果"),
    "status.left": ("about {seconds} s left", "约剩 {seconds} 秒"),
    "status.sofar": ("{count} so far", "目前 {count} 次"),
    "status.cancelled": ("Cancelled. Nothing of the video was kept.", "已取消，没有保留视频的任何内容。"),
    "status.nobody": (
        "Nobody was found in this video. Film the whole body from the front, with some light and a still camera.",
        "视频中没有找到人。请在光线充足处、固定机位、从正面拍摄全身。",
    ),
    "stale": (
        "The count below has changed since this video was drawn.",
        "计数已更新，视频仍是之前的结果。",
    ),
    "jump.empty": (
        "Choose a video or record one, then count. It stays on this server for one hour at most.",
        "请选择或录制一段视频，然后开始计数。视频最多在服务器上保留一小时。",
    ),
    "chart.signal": ("Movement with each jump marked", "运动信号（圆点为每次跳跃）"),
    "chart.rate": ("Jumps per minute", "每分钟跳跃次数"),
    "chart.time": ("seconds", "秒"),
    "table": ("People and segments", "人物与分段"),
    "table.person": ("Person", "人物"),
    "table.person.main": ("Person {number} (main)", "人物 {number}（主要）"),
    "table.person.n": ("Person {number}", "人物 {number}"),
    "table.segment": ("Segment", "分段"),
    "table.all": ("all", "全部"),
    "table.time": ("Time", "时间"),
    "table.jumps": ("Jumps", "次数"),
    "table.rate": ("Per minute", "次/分钟"),
    "table.style": ("Style", "跳法"),
    "save.video": ("Video", "视频"),
    "save.csv": ("CSV", "CSV"),
    "save.json": ("JSON", "JSON"),
    # errors
    "error": ("That did not work", "操作未完成"),
    "error.photo": (
        "This photo cannot be used: {detail} Choose another JPEG, PNG, WebP, TIFF or HEIC file.",
        "无法使用这张照片，请换一个 JPEG、PNG、WebP、TIFF 或 HEIC 文件。（{detail}）",
    ),
    "error.video": (
        "This video cannot be used: {detail} Choose another MP4, MOV, WebM or MKV file.",
        "无法使用这个视频，请换一个 MP4、MOV、WebM 或 MKV 文件。（{detail}）",
    ),
    "error.value": ("A setting is out of its range: {detail}", "设置超出范围：{detail}"),
    "error.weights": (
        "A model file is missing on this server. Whoever runs it finds the remedy in its log.",
        "服务器缺少模型文件，请联系运行者查看日志。",
    ),
    "error.gone": (
        "This file is no longer on the server. Choose it again.",
        "文件已从服务器删除，请重新选择。",
    ),
    "error.long": (
        "The video is longer than {limit}. Cut it into shorter pieces and count each.",
        "视频超过{limit}，请剪成较短的片段后分别计数。",
    ),
    "error.large": (
        "The picture has {size} megapixels and the limit is {limit}. Make it smaller and try again.",
        "画面有 {size} 百万像素，上限为 {limit}。请缩小后重试。",
    ),
    "error.memory": ("The file needs more memory than the server has. Make it smaller.", "文件过大，请缩小后重试。"),
    "error.address": ("Send the file itself, not an address.", "请上传文件本身，而不是网址。"),
    "error.first.photo": ("Choose a photo first.", "请先选择照片。"),
    "error.first.video": ("Choose a video first.", "请先选择视频。"),
    "error.busy": (
        "The server is too busy, or it had to stop this work. Please try again in a moment.",
        "服务器繁忙或处理被中断，请稍后重试。",
    ),
    "error.unknown": (
        "Something went wrong on the server. Try once more; if it stays, try another file.",
        "服务器出错。请重试；如果仍然失败，请换一个文件。",
    ),
}

ABOUT = (
    """
### What happens to your photo
A detector finds faces, a small network places **106 points** on each face and estimates how the head is
turned. The retouching follows these points: it smooths and lightens skin only inside the face, opens the eyes,
narrows the jaw and leaves the background where it was. A strength of zero changes nothing at all.

### What happens to your video
A detector finds people, an HRNet places **17 joints** on each of them in every frame, and the jumps are counted from
how hips and ankles move. One jump is one time in the air: with alternate feet every step counts, and a double under
is one jump.

### Limits
* The models are small so that they run on an ordinary processor. Faces below about 40 pixels, strong profiles,
  masks and heavy shadow are placed less exactly; feet that are out of the picture cannot be counted.
* Squats, walking, cuts and a moving camera can cause false counts. Check a result that matters.
* Head pose and points are estimates, not measurements, and nobody is identified.

### Privacy
Files are handled on this server alone, are deleted after one hour at most, and are neither shared nor used for
training. No other server is contacted. There is no tracking.
""",
    """
### 照片如何处理
检测器找到人脸，一个小型网络在每张脸上标出 **106 个关键点**并估计头部姿态。美颜跟随这些关键点：
只在面部皮肤范围内磨皮和美白，放大眼睛、收窄下颌，背景保持不动。强度为零时照片完全不变。

### 视频如何处理
检测器找到人物，HRNet 在每一帧为每个人标出 **17 个关节**，再根据髋部和脚踝的运动计数。腾空一次算一次：
交替脚跳每一步都计数，双摇算一次。

### 局限
* 模型很小，可在普通处理器上运行。小于约 40 像素的人脸、大侧脸、口罩和浓重阴影会降低精度；拍不到脚就无法计数。
* 深蹲、走动、剪辑和镜头移动可能造成误计，重要的结果请自行核对。
* 头部姿态和关键点只是估计值；本应用不识别任何人的身份。

### 隐私
文件只在本服务器上处理，最多保留一小时，不会分享，也不会用于训练。不访问其他服务器，没有任何跟踪。
""",
)


def language_of(accepted: str | None) -> str:
    """``"zh"`` or ``"en"`` from an Accept-Language header, whichever it names first."""
    for part in (accepted or "").lower().split(","):
        code = part.split(";")[0].strip()[:2]
        if code in LANGUAGES:
            return code
    return "en"


def say(language: str, key: str, **values: object) -> str:
    """The sentence of ``key`` in a language, with its placeholders filled."""
    return TEXTS[key][LANGUAGES.index(language)].format(**values)


def span_text(language: str, seconds: float) -> str:
    """A time limit in words: in minutes if it is a whole number of them, else in seconds."""
    if seconds >= 120 and seconds % 60 == 0:
        return say(language, "minutes", n=int(seconds // 60))
    return say(language, "seconds", n=round(seconds))


def option_labels(name: str, facts: Option) -> tuple[str, str]:
    """English and Chinese label of an option; by default its name in words."""
    plain = name.replace("_", " ").capitalize()
    units = (f" ({unit})" if unit else "" for unit in (facts.unit, UNITS.get(facts.unit, facts.unit)))
    names = (facts.label[0] or plain, facts.label[1] or facts.label[0] or plain)
    english, chinese = (name + unit for name, unit in zip(names, units, strict=True))
    return english, chinese


def translations(more: dict[str, tuple[str, str]]) -> dict[str, dict[str, str]]:
    """The tables for ``gr.I18n``: all texts and ``more``, by language and browser key."""
    table = TEXTS | more
    return {words: {browser_key(key): pair[i] for key, pair in table.items()} for i, words in enumerate(LANGUAGES)}


def browser_key(key: str) -> str:
    """The key of a text in the browser's tables, distinct from Gradio's own and without dots."""
    return "studio_" + key.replace(".", "_").replace(" ", "_")
