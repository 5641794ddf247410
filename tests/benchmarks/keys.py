"""How many keys a review takes, counted in tmux: `python -m tests.benchmarks.keys`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from comet.core import pieces
from comet.core.acts import Content
from comet.tags import rewrite
from comet.tags.fields import Change
from tests.factories import tune, write
from tests.integration.test_pictures import FRONT

TOP = Path(__file__).parents[2]
SECONDS = 10.0
KINDS = (
    ("flac", 0), ("mp3", 320_000), ("ogg", 0), ("m4a", 256_000), ("opus", 128_000), ("mp3", 192_000),
    ("wma", 128_000), ("wv", 0), ("m4a", 128_000), ("mp3", 128_000), ("opus", 96_000), ("aiff", 0),
)  # fmt: skip
"""What the copies of a group are: the first two of them in a group of two, all in one of twelve."""
CONFLICTING = ("title", "artist", "date")
SIZES = {size: count for size, count in zip(range(2, 13), (0, 1, 2, 0, 3, 1, 0, 2, 3, 0, 1), strict=True)}
"""Conflicts in a group of each size: a third of the groups has none."""


def tag(path: Path, change: Change, pictures: Mapping[str, Content] | None = None) -> None:
    """Write tags into a file that nobody has looked at yet."""
    edited = rewrite.edit(os.fsencode(path), change, pictures or {})
    with open(path, "rb") as stream:
        new = b"".join(pieces.blocks(edited.pieces, stream.fileno()))
    path.write_bytes(new)


def truth(size: int) -> Mapping[str, str]:
    """Return what is right of the group of this size."""
    return {"title": f"Song {size:02}", "artist": f"Singer {size:02}", "date": str(1980 + size)}


def make(folder: Path) -> None:
    """Write one group of each size, every copy into a folder of its own."""
    cover = folder / "front.jpg"
    cover.write_bytes(FRONT)
    content = Content(os.fsencode(cover), pieces.digest([FRONT]))
    for size, conflicts in SIZES.items():
        for at, (kind, bitrate) in enumerate(KINDS[:size]):
            path = folder / "music" / f"copies {at + 1:02}" / f"{size:02}.{kind}"
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, tune(size, SECONDS), kind, bitrate=bitrate)
            fields = {name: (text,) for name, text in truth(size).items()}
            for number, name in enumerate(CONFLICTING[:conflicts]):
                # who is right is outvoted in the second one, else who is wrong
                if (at == 1) != (number == 1):
                    fields[name] = (f"{1900 + size}" if name == "date" else f"Wrong {name}",)
            if at == size - 1 and size % 2:
                fields |= {"genre": ("Trip-Hop",), "composer": ("Somebody",)}
            tag(path, fields, {"front": content} if at == 1 and size % 3 == 0 else {})


if __name__ == "__main__":
    make(Path(sys.argv[1]))
