"""Tags from one format into another by way of merging: two files of one recording, of which one gets what both know."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from comet.core import pieces
from comet.core.acts import Content
from comet.core.merged import AS_PROPOSED, PICTURE
from comet.decide.merge import merge, unheld, wanted
from comet.tags import codec, rewrite
from comet.tags.fields import Change, Tags
from tests.factories import tune
from tests.integration.handmade import encode
from tests.integration.test_pictures import BACK, FRONT
from tests.integration.test_tags import ALL, FORMS

NINE = ("mp3", "flac", "m4a", "opus", "ogg", "wv", "wma", "wav", "aiff")
KNOWN: Change = {field: values for field, values in ALL.items() if field != "date"}
OTHER: Change = {
    "title": ("тихо",), "genre": ("rock", "Jazz"), "comment": ("another",), "lyrics": ("[00:01] la la\nlá",),
    "musicbrainz_recordingid": ("44444444-4444-4444-4444-444444444444",), "date": ("1987-05-02",), "rating": ("64",),
    "album": ("Ы",), "tracknumber": ("03",), "encodedby": ("nobody",), "replaygain_track_gain": ("-1.00 dB",),
}  # fmt: skip
"""What the file that gets them says itself: alike, besides, and of its own."""


@dataclass(frozen=True)
class Carried:
    """What became of one file."""

    before: Tags
    asked: Change
    """What should be written into it."""
    after: Tags
    unheld: tuple[str, ...]
    """The fields that its format cannot hold wholly, as it is known before."""
    lost: Mapping[str, tuple[str, ...]]
    """What was found to be lost of what should be written."""
    back: bool
    """Undone, every byte was as it had been."""
    left: Change
    """What would be written if the two were merged again."""


def make(folder: Path) -> None:
    """Write two files of each format, one with all that Comet knows and two covers, one that says other things."""
    for name in NINE:
        for stem, change in (("source", KNOWN), ("target", OTHER)):
            path = encode(folder / f"{stem}.{name}", tune(1, 1.0), FORMS[name])
            _write(path, change, _covers(folder) if stem == "source" else {})


def carry(folder: Path, source: str, target: str) -> Carried:
    """Merge the target of one format, which stays, with the source of another one, and write what comes to it."""
    files = [folder / f"target.{target}", folder / f"source.{source}"]
    container = {"m4a": "mp4", "opus": "ogg", "wma": "asf", "wv": "wavpack"}.get(target, target)
    tags = [replace(codec.read(os.fsencode(path)), container=container) for path in files]
    old = files[0].read_bytes()
    asked = wanted(merge(tags, [0]), AS_PROPOSED, tags, 0)
    known = unheld(merge(tags, [0]), AS_PROPOSED, tags, 0)
    texts = {field: values for field, values in asked.items() if not field.startswith(PICTURE)}
    shown = {
        field.removeprefix(PICTURE): Content(os.fsencode(files[1]), hashes[0])
        for field, hashes in asked.items()
        if field.startswith(PICTURE)
    }
    edited, reverse = _write(files[0], texts, shown)
    after = codec.read(os.fsencode(files[0]))
    left = wanted(merge(now := [replace(after, container=container), tags[1]], [0]), AS_PROPOSED, now, 0)
    files[0].write_bytes(reverse)
    return Carried(tags[0], asked, after, known, edited.lost, reverse == old, left)


def _covers(folder: Path) -> dict[str, Content]:
    found = {}
    for kind, data in (("front", FRONT), ("back", BACK)):
        (folder / f"{kind}.jpg").write_bytes(data)
        found[kind] = Content(os.fsencode(folder / f"{kind}.jpg"), pieces.digest([data]))
    return found


def _write(path: Path, change: Change, pictures: Mapping[str, Content]) -> tuple[rewrite.Edited, bytes]:
    """Write tags as `act` would, without its care, and return what brings the old content back, tried on the new."""
    edited = rewrite.edit(os.fsencode(path), change, pictures)
    with open(path, "rb") as stream:
        new = b"".join(pieces.blocks(edited.pieces, stream.fileno()))
    path.write_bytes(new)
    with open(path, "rb") as stream:
        return edited, b"".join(pieces.blocks(edited.reverse, stream.fileno()))
