"""What people do to the tags of their music, by mutagen, by hand, by other programs; each changes a file in place."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mutagen
from mutagen import id3
from mutagen.aiff import AIFF
from mutagen.apev2 import BINARY, APEv2, APEValue
from mutagen.asf import ASF, ASFByteArrayAttribute
from mutagen.dsf import DSF
from mutagen.flac import FLAC, Picture
from mutagen.mp4 import MP4, MP4Cover
from mutagen.wave import WAVE

from tests.integration.handmade import ffmpeg, tool

Edit = Callable[[Path], object]

NAME = "Тихо"
LONG = "y" * 300_000
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415478da63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)
"""A picture of one pixel."""
COVER = PNG + bytes(200_000)

_OWN_ID3: dict[str, Any] = {".wav": WAVE, ".aiff": AIFF, ".dsf": DSF}
"""Formats that keep an ID3 tag at a place of their own."""
_MUXERS = {".m4a": "ipod", ".alac": "ipod", ".wma": "asf", ".mka": "matroska", ".aac": "adts", ".spx": "ogg"}


def _frames(tags: Any, title: str) -> None:  # noqa: ANN401
    tags.setall("TIT2", [id3.TIT2(encoding=3, text=title)])
    tags.setall("TPE1", [id3.TPE1(encoding=1, text=["Кино", "b"])])
    tags.setall("APIC", [id3.APIC(encoding=0, mime="image/png", type=3, desc="", data=COVER)])
    tags.add(id3.TXXX(encoding=3, desc="x", text="z"))


def id3v2(version: int, title: str = NAME, *, v1: bool = False) -> Edit:
    """Return what writes an ID3v2.`version` tag with a cover, and an ID3v1 tag where it is asked for."""

    def edit(path: Path) -> None:
        if path.suffix in _OWN_ID3:
            file = _OWN_ID3[path.suffix](path)
            if file.tags is None:
                file.add_tags()
            _frames(file.tags, title)
            file.save(v2_version=version)
            return
        try:
            tags = id3.ID3(path)
        except id3.ID3NoHeaderError:
            tags = id3.ID3()
        _frames(tags, title)
        tags.save(path, v1=2 if v1 else 0, v2_version=version)

    return edit


def no_id3(path: Path) -> None:
    """Remove the ID3 tags."""
    if path.suffix in _OWN_ID3:
        no_tags(path)
    else:
        id3.ID3(path).delete(path)


def second_id3(path: Path) -> None:
    """Put a second ID3v2 tag before the first, as careless programs do."""
    tag = path.with_suffix(".tag")
    tag.touch()
    tags = id3.ID3()
    _frames(tags, "twice")
    tags.save(tag)
    path.write_bytes(tag.read_bytes() + path.read_bytes())


def lyrics3(path: Path) -> None:
    """Append a Lyrics3v2 tag and an ID3v1 tag, as players of the nineties did."""
    words = b"LYRICSBEGININD0000210LYR02000" + b"[00:01]la la\r\n".ljust(2000, b"a")
    path.write_bytes(path.read_bytes() + words + b"%06dLYRICS200" % len(words) + b"TAG" + b"Tikho".ljust(125, b"\0"))


def lyrics3_first(path: Path) -> None:
    """Append Lyrics3 of the first version and an ID3v1 tag."""
    path.write_bytes(path.read_bytes() + b"LYRICSBEGIN" + b"la" * 2_000 + b"LYRICSEND" + b"TAG".ljust(128, b"\0"))


def ape(path: Path) -> None:
    """Write an APEv2 tag with a cover and long lyrics."""
    tags = APEv2()
    tags["Title"], tags["Lyrics"] = NAME, LONG
    tags["Cover Art (Front)"] = APEValue(b"cover.png\0" + COVER, BINARY)
    tags.save(path)


def no_ape(path: Path) -> None:
    """Remove the APEv2 tag."""
    APEv2(path).delete(path)


def _picture() -> Picture:
    picture = Picture()
    picture.mime, picture.type, picture.data = "image/png", 3, COVER
    return picture


def comments(path: Path) -> None:
    """Write Vorbis comments with a cover and long lyrics."""
    file = mutagen.File(path)
    file["title"], file["lyrics"] = NAME, LONG
    if isinstance(file, FLAC):
        file.add_picture(_picture())
    else:
        file["metadata_block_picture"] = base64.b64encode(_picture().write()).decode()
    file.save()


def atoms(path: Path) -> None:
    """Write MP4 atoms with a cover, long lyrics and a field of nobody's."""
    file = MP4(path)
    file["\xa9nam"], file["\xa9lyr"] = NAME, LONG
    file["covr"] = [MP4Cover(COVER, MP4Cover.FORMAT_PNG)]
    file["----:com.apple.iTunes:x"] = [b"z" * 1000]
    file.save()


def attributes(path: Path) -> None:
    """Write ASF attributes with a cover and long lyrics."""
    file = ASF(path)
    file["Title"], file["WM/Lyrics"] = NAME, LONG
    picture = b"\3" + len(COVER).to_bytes(4, "little") + "image/png\0\0".encode("utf-16-le") + COVER
    file["WM/Picture"] = ASFByteArrayAttribute(picture)
    file.save()


def no_tags(path: Path) -> None:
    """Remove whatever tag mutagen finds."""
    mutagen.File(path).delete()


def riff_info(path: Path) -> None:
    """Append a RIFF INFO list behind the sound."""
    data = path.read_bytes()
    text = b"INFOINAM\6\0\0\0Tikho\0"
    data += b"LIST" + len(text).to_bytes(4, "little") + text
    path.write_bytes(data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:])


def _cover(path: Path) -> Path:
    cover = path.with_suffix(".png")
    cover.write_bytes(PNG)
    return cover


def _copied(path: Path, *options: object) -> None:
    """Write the file anew by ffmpeg, packets as they are."""
    out = path.with_suffix(".out")
    ffmpeg("-i", path, *options, "-c", "copy", "-f", _MUXERS.get(path.suffix, path.suffix[1:]), out)
    shutil.move(out, path)


def ffmpeg_tags(path: Path) -> None:
    """Write tags by ffmpeg, also where it writes none unless it is asked."""
    extra = {
        ".mp3": ("-id3v2_version", 3, "-write_id3v1", 1),
        ".aiff": ("-write_id3v2", 1),
        ".aac": ("-write_id3v2", 1),
        ".tta": ("-write_apetag", 1),
    }
    names = ("-metadata", "title=" + LONG[:20_000], "-metadata:s:a:0", "artist=Кино")
    _copied(path, "-map", "0:a:0", *names, *extra.get(path.suffix, ()))


def ffmpeg_bare(path: Path) -> None:
    """Leave tags and covers out by ffmpeg."""
    _copied(path, "-map", "0:a:0", "-map_metadata", -1, "-map_metadata:s:a:0", -1)


def ffmpeg_cover(path: Path) -> None:
    """Embed a cover by ffmpeg."""
    more = ("-write_id3v2", 1) if path.suffix == ".aiff" else ()
    pictured = ("-map", "0:a:0", "-map", "1:v:0", "-disposition:v:0", "attached_pic", "-metadata:s:v", "comment=x")
    _copied(path, "-i", _cover(path), *pictured, *more)


def metaflac(path: Path) -> None:
    """Write tags and a cover by metaflac, and make room for more."""
    tool("metaflac", f"--set-tag=TITLE={NAME}", f"--import-picture-from={_cover(path)}", path)
    tool("metaflac", "--add-padding=100000", path)


def metaflac_bare(path: Path) -> None:
    """Remove everything that can be removed by metaflac."""
    tool("metaflac", "--remove-all", "--dont-use-padding", path)


def vorbiscomment(path: Path) -> None:
    """Write long Vorbis comments by vorbiscomment."""
    tool("vorbiscomment", "-w", "-t", "TITLE=" + LONG[:90_000], path)


def opustags(path: Path) -> None:
    """Write long Opus comments by opustags."""
    tool("opustags", "-i", "-a", "TITLE=" + LONG[:90_000], path)


def id3v2_program(path: Path) -> None:
    """Write an ID3v2 and an ID3v1 tag by id3v2."""
    tool("id3v2", "--song", "Tikho", "--artist", "Kino", path)


def id3v2_bare(path: Path) -> None:
    """Remove all ID3 tags by id3v2."""
    tool("id3v2", "--delete-all", path)


def eyed3(path: Path) -> None:
    """Write an ID3v2.3 tag with a cover by eyeD3."""
    cover = f"{_cover(path)}:FRONT_COVER"
    tool("eyeD3", "--quiet", "--to-v2.3", "--title", "Tikho", "--add-image", cover, path)


def atomicparsley(path: Path) -> None:
    """Write MP4 atoms with a cover by AtomicParsley."""
    tool("AtomicParsley", path, "--title", NAME, "--artwork", _cover(path), "--overWrite")


def wvtag(path: Path) -> None:
    """Write an APEv2 tag with a cover by wvtag."""
    cover = f"Cover Art (Front)=@{_cover(path)}"
    tool("wvtag", "-q", "-y", "-w", "Title=Tikho", "--write-binary-tag", cover, path)


def mkvpropedit(path: Path) -> None:
    """Write a title and attach a cover by mkvpropedit."""
    added = ("--attachment-name", "cover.png", "--add-attachment", _cover(path))
    tool("mkvpropedit", "--edit", "info", "--set", f"title={NAME}", *added, path)
