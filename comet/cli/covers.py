"""`comet covers`: albums that lack a cover or have a poor one."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from comet.cli import console, context, out
from comet.core.job import Job
from comet.core.text import _, _n, grouped, safe

if TYPE_CHECKING:
    from comet.collection.covers import Album


def run(arguments: argparse.Namespace) -> int:
    """List the albums, the worst first."""
    here = context.of(arguments)

    def work(job: Job) -> list[Album]:
        from comet.collection import covers  # noqa: PLC0415 - arrays and all

        with here.collection() as collection:
            return covers.lacking(collection, job)

    found = console.asked(work)
    shown = found[: arguments.limit] if arguments.limit else found
    if arguments.json:
        for album in shown:
            out.dump(
                {
                    "folder": os.fsdecode(album.folder),
                    "album": album.title,
                    "artist": album.artist,
                    "files": [os.fsdecode(path) for path in album.files],
                    "lacking": album.lacking,
                    "why": list(album.why),
                }
            )
        return 0
    rows = [[", ".join(a.why), grouped(len(a.files)), _name(a), safe(a.folder)] for a in shown]
    for line in out.fitted(rows, out.width(), right=[1], leave=[1, 2], cut=3, least=20):
        print(line)
    if len(shown) < len(found):
        out.note(_("and {n} more").format(n=grouped(len(found) - len(shown))))
    if not found:
        out.note(_("every album that is known has a good cover"))
    else:
        albums = _n("{n} album", "{n} albums", len(found))
        out.note(_("{albums} without a good cover").format(albums=albums))
        out.next_step(_("`{command}` embeds one").format(command=here.next("cover", "DIR", "--image", "PICTURE")))
    return 0


def _name(album: Album) -> str:
    return safe(" - ".join(filter(None, (album.artist, album.title))))
