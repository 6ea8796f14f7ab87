"""Metadata of photos: EXIF, XMP and IPTC with upright orientation and without GPS positions."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Any, cast

from PIL import Image as Pillow
from PIL.ExifTags import IFD, Base

PLACE_REMOVED = "The place where the photo was taken was removed."

_LAYOUT_TAGS = frozenset(
    [*range(254, 260), 262, 266, 273, *range(277, 282), 284, *range(288, 294), 317, 318, 319, *range(320, 334)]
    + [*range(336, 348), *range(512, 522), *range(529, 533), 700, 33723, 34377, 34675, 37724, 50341]
)
"""TIFF tags that describe the source file's encoding, or contain XMP, IPTC and other copies of the metadata."""

_PLACE = re.compile(
    rb"""\s[\w-]+:gps\w*\s*=\s*(?:"[^"]*"|'[^']*')|<([\w-]+:gps\w*)\b[^>]*?(?:/>|>.*?</\1\s*>)""", re.I | re.S
)
"""XMP attributes and elements with GPS positions, such as exif:GPSLatitude and drone-dji:GpsLongitude."""

_COMPANIONS = re.compile(
    rb"""\s(?:hdrgm|GCamera|Container|Item):\w+\s*=\s*(?:"[^"]*"|'[^']*')"""
    rb"""|<((?:hdrgm|GCamera|Container):\w+)\b[^>]*?(?:/>|>.*?</\1\s*>)""",
    re.S,
)
"""XMP attributes and elements on gain maps and videos in the same file."""

_ORIENTATION = re.compile(rb"""(tiff:Orientation(?:\s*=\s*["']|>\s*))[2-8]""")
_EXIF_IN_FILE = re.compile(rb"(?:Exif\0\0|eXIf|EXIF....)(?=II\*\0|MM\0\*)", re.S)
_XMP_IN_FILE = re.compile(rb"<(x:xmpmeta|rdf:RDF)\b.*?</\1>", re.S)
_IPTC = 0x0404
_GPS = 0x8825


def kept_exif(picture: Pillow.Image, keep_gps: bool, notes: list[str]) -> bytes | None:
    """The EXIF block to keep: orientation 1, without encoding tags and thumbnail."""
    exif = picture.getexif()
    for tag in _LAYOUT_TAGS & set(exif):
        del exif[tag]
    if not exif:
        return None
    turned = exif.get(Base.Orientation, 1) >= 5
    details = exif.get_ifd(IFD.Exif) if IFD.Exif in exif else {}
    if turned and {Base.ExifImageWidth, Base.ExifImageHeight} <= set(details):
        details[Base.ExifImageWidth], details[Base.ExifImageHeight] = picture.size[::-1]
    if not keep_gps and IFD.GPSInfo in exif:
        del exif[IFD.GPSInfo]
        notes.append(PLACE_REMOVED)
    block = Pillow.Exif()
    block.load(exif.tobytes())
    block[Base.Orientation] = 1
    return block.tobytes()


def kept_xmp(xmp: bytes | None, keep_gps: bool, notes: list[str]) -> bytes | None:
    """The XMP to keep: upright, without GPS positions and entries on gain maps and videos."""
    if not xmp:
        return None
    if not keep_gps and _PLACE.search(xmp):
        xmp = _PLACE.sub(b"", xmp)
        if PLACE_REMOVED not in notes:
            notes.append(PLACE_REMOVED)
    return upright_xmp(_COMPANIONS.sub(b"", xmp))


def upright_xmp(xmp: bytes | None) -> bytes | None:
    """XMP with its orientation set to upright."""
    return _ORIENTATION.sub(rb"\g<1>1", xmp) if xmp else None


def kept_iptc(picture: Pillow.Image) -> bytes | None:
    """The IPTC record of a JPEG or TIFF file."""
    resources: Any = picture.info.get("photoshop")
    if isinstance(resources, dict):
        record = cast(dict[int, object], resources).get(_IPTC)
        return record if isinstance(record, bytes) else None
    record: object = getattr(picture, "tag_v2", {}).get(33723)
    if isinstance(record, tuple):
        numbers = cast(tuple[int, ...], record)
        record = struct.pack(f"<{len(numbers)}L", *numbers)
    return record if isinstance(record, bytes) else None


def iptc_segment(record: bytes) -> bytes:
    """A JPEG segment (APP13) with an IPTC record."""
    resource = b"8BIM" + struct.pack(">HHL", _IPTC, 0, len(record)) + record + b"\0" * (len(record) % 2)
    body = b"Photoshop 3.0\0" + resource
    return b"\xff\xed" + struct.pack(">H", len(body) + 2) + body if len(body) < 65_000 else b""


def without_place(data: bytes) -> bytes:
    """A photo's file with GPS positions in EXIF and XMP blanked, otherwise unchanged and of the same length."""
    changed = bytearray(data)
    starts = [match.end() for match in _EXIF_IN_FILE.finditer(data)]
    if data[:4] in (b"II*\0", b"MM\0*"):
        starts.append(0)
    for start in starts:
        _blank_gps(changed, start)
    for packet in _XMP_IN_FILE.finditer(data):
        for found in _PLACE.finditer(data, packet.start(), packet.end()):
            changed[found.start() : found.end()] = b" " * (found.end() - found.start())
    if data[:8] == b"\x89PNG\r\n\x1a\n" and bytes(changed) != data:
        _seal_chunks(changed)
    return bytes(changed)


def _blank_gps(data: bytearray, start: int) -> None:
    """Blank the GPS directories of the TIFF structure at ``start`` and the pointers to them, in place."""
    order = "<" if data.startswith(b"II", start) else ">"
    try:
        for directory in _directories(data, start, order):
            count = struct.unpack_from(order + "H", data, directory)[0]
            for number in range(count):
                entry = directory + 2 + 12 * number
                tag, _, _, value = struct.unpack_from(order + "HHLL", data, entry)
                if tag == _GPS:
                    _blank_directory(data, start, start + value, order)
                    end = directory + 2 + 12 * count + 4
                    data[entry:end] = data[entry + 12 : end] + bytes(12)
                    struct.pack_into(order + "H", data, directory, count - 1)
                    break
    except (struct.error, IndexError):
        return


def _directories(data: bytearray, start: int, order: str) -> Iterator[int]:
    """Offsets of the chained directories, at most eight."""
    at = start + 4
    for _ in range(8):
        offset = struct.unpack_from(order + "L", data, at)[0]
        if not offset:
            return
        directory = start + offset
        yield directory
        at = directory + 2 + 12 * struct.unpack_from(order + "H", data, directory)[0]


def _blank_directory(data: bytearray, start: int, directory: int, order: str) -> None:
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}
    count = struct.unpack_from(order + "H", data, directory)[0]
    for number in range(count):
        _, kind, length, offset = struct.unpack_from(order + "HHLL", data, directory + 2 + 12 * number)
        size = sizes.get(kind, 1) * length
        if 4 < size <= 65_536 and start + offset + size <= len(data):
            data[start + offset : start + offset + size] = bytes(size)
    size = 2 + 12 * count + 4
    if directory + size <= len(data):
        data[directory : directory + size] = bytes(size)


def _seal_chunks(data: bytearray) -> None:
    """Recompute the checksums of a PNG file's chunks, in place."""
    at = 8
    while at + 12 <= len(data):
        length = struct.unpack_from(">L", data, at)[0]
        if at + 12 + length > len(data):
            return
        struct.pack_into(">L", data, at + 8 + length, zlib.crc32(data[at + 4 : at + 8 + length]))
        at += 12 + length


def has_place(picture: Pillow.Image, xmp: bytes | None) -> bool:
    """Whether an open photo contains a GPS position."""
    return bool(picture.getexif().get_ifd(IFD.GPSInfo)) or bool(xmp and _PLACE.search(xmp))
