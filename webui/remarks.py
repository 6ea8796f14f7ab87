"""Chinese translations of the readers' notes, the counter's warnings and the errors on files."""

from __future__ import annotations

REMARKS = {
    # videos
    r"The colours were converted from (HDR \(\w+\)) to the standard range\.": r"色彩已从 \1 转换为标准范围。",
    r"The colours were converted from a wide gamut to the standard range\.": "色彩已从广色域转换为标准范围。",
    r"The interlaced picture was deinterlaced\.": "已对隔行画面去隔行。",
    r"The file has several pictures; track (\d+) was used\.": r"文件含有多条视频轨道，已选用第 \1 条。",
    r"The picture lay on its side and was turned to the left\.": "画面横躺，已向左转正。",
    r"The picture lay on its side and was turned to the right\.": "画面横躺，已向右转正。",
    r"The sound could not be kept\.": "声音无法保留。",
    r"Parts of the sound are damaged and became silence\.": "部分声音已损坏，以静音代替。",
    # photos
    r"The photo has (\d+) bits per channel; the retouched one has 8\.": r"照片每通道为 \1 位，处理后为 8 位。",
    r"The photo is cut off: the end of the file is missing\.": "照片不完整：文件末尾缺失。",
    r"The place where the photo was taken was removed\.": "已删除照片中的拍摄地点。",
    r"The film that belongs to the photo is not kept\.": "不保留实况照片中的短片。",
    r"The gain map for HDR displays is not kept\.": "不保留用于 HDR 显示的增益图。",
    r"Gain map and depth in the file are not kept\.": "不保留文件中的增益图和景深。",
    r"Other pictures in the file .*": "不保留文件中的其他画面（增益图、景深或第二视角）。",
    r"Only the first of (\d+) pictures in the file was used\.": r"文件含有 \1 幅画面，只使用第一幅。",
    r"The (\w+) file is kept as PNG\.": r"\1 文件保存为 PNG。",
    r"The orientation could not be read and was left alone\.": "无法读取照片方向，保持原样。",
    r"The EXIF block is damaged and was left out\.": "EXIF 信息已损坏，未保留。",
    r"The print colours \(CMYK\) were converted to RGB\.": "印刷色彩（CMYK）已转换为 RGB。",
    r"Grey was turned into colour\.": "灰度已转换为彩色。",
    r"Black and white was turned into colour\.": "黑白已转换为彩色。",
    r"The colours were converted from (\S+) to RGB\.": r"色彩已从 \1 转换为 RGB。",
    r"Their colour profile could not be used\.": "无法使用其中的色彩配置文件。",
    # counting
    r"No person was found in the video, so nothing was counted\.": "视频中没有找到人，因此没有计数。",
    r"The feet are out of the picture .*": "画面中大部分时间看不到脚，因此根据髋部和肩部计数。",
    r"The person was seen in only (\d+%) of the time; .*": r"人物只在 \1 的时间可见，计数可能偏少。",
    r"The rhythm was hard to read; .*": "节奏难以辨认，计数不可靠。",
    r"Joints and picture disagree .*": "关节与画面的节奏不一致，计数不确定。",
    r"The hands are not seen, .*": "看不到双手，无法确定是否使用跳绳。",
    r"It is not sure whether a rope is turned: .*": "无法确定是否使用跳绳：手腕和跳绳都不清楚。",
    r"Jumps without a rope: (\d+)\. .*": r"无绳跳跃单独列出：\1 次，没有看到转动的手腕和跳绳。",
    r"This looks like slow motion: at speed (\S+) there would be (\d+) jumps\.":
        r"看起来是慢动作视频：请在设置中把播放速度设为 \1，届时为 \2 次。",
    # files that cannot be used
    r"(.+) is empty\.": r"\1 是空文件。",
    r"(.+) is a folder, not a file\.": r"\1 是文件夹，不是文件。",
    r"(.+) does not exist\.": r"\1 不存在。",
    r"(.+) may not be read \(no permission\)\.": r"没有读取 \1 的权限。",
    r"(.+) is not a photo that can be read .*": r"\1 不是可以读取的照片（JPEG、PNG、WebP、TIFF 或 HEIC）。",
    r"(.+) has too many pixels to be opened safely\.": r"\1 像素过多，无法安全打开。",
    r"(.+) is damaged or incomplete \(.*\)\.": r"\1 已损坏或不完整。",
    r"(.+) is too large: (\d+) x (\d+) is (\d+) megapixels, at most (\d+) are allowed\.":
        r"\1 过大：\2 x \3 为 \4 百万像素，最多 \5 百万像素。",
    r"(.+) is a JPEG with arithmetic coding, .*": r"\1 是算术编码的 JPEG，无法读取；请另存为普通 JPEG。",
    r"(.+) is a WebP picture; .*": r"\1 是 WebP 图片；动态 WebP 不能作为视频读取，请另存为 MP4 或 GIF。",
    r"(.+) is a photo and carries no film\.": r"\1 是照片，不含短片。",
    r"(.+) is not a video that can be read, .*": r"\1 不是可以读取的视频，或文件不完整。",
    r"(.+) has no moving picture in it\.": r"\1 中没有动态画面。",
    r"(.+) has no frame that can be (?:decoded|shown)\.": r"\1 中没有可以解码的画面。",
    r"(.+) holds a single picture, not a video\.": r"\1 只含一幅画面，不是视频。",
}  # fmt: skip
"""Patterns of the English sentences, and the Chinese sentences with the patterns' groups."""
