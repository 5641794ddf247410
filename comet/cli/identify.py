"""`comet identify FILE...`: what tracks are, as AcoustID knows them by their sound."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from comet.cli import console, out
from comet.cli.parser import typed
from comet.core import places, profiles
from comet.core.errors import FileError, UsageError
from comet.core.job import Job
from comet.core.profiles import UNNAMED, Profile
from comet.core.text import _, _n, grouped, safe

if TYPE_CHECKING:
    from comet.lookup import Answer

_SHOWN = 3
"""Recordings of one file; a well known track has dozens of entries."""


def run(arguments: argparse.Namespace) -> int:
    """Look files up; what came before an error is shown all the same."""
    from comet import lookup  # noqa: PLC0415 - the decoder and all

    profile = _profile(arguments)
    asked = lookup.service(profile, os.environ)
    names = list(dict.fromkeys(arguments.files))
    answers: dict[bytes, Answer] = {}

    def work(job: Job) -> None:
        for answer in lookup.identify_files(names, profile, asked, job):
            answers[answer.path] = answer

    try:
        console.quietly(work)
    finally:
        came = [(name, answers[path]) for name in names if (path := os.path.abspath(os.fsencode(name))) in answers]
        if arguments.json:
            for _name, answer in came:
                out.dump(_json(answer))
        elif came:
            _show(came, len(names))
    wrong = any(answer.error for answer in answers.values())
    return FileError.exit_code if arguments.strict and wrong else 0


def _profile(arguments: argparse.Namespace) -> Profile:
    """Return the profile whose settings hold: the one that is meant, or where that is not clear, main.ini alone."""
    here, more = places.places(), typed(arguments)
    name = arguments.profile
    if name is None and not arguments.profiles:
        try:
            name = profiles.read(here, None).default()
        except UsageError:
            name = UNNAMED
    if name == UNNAMED:
        return profiles.unnamed(here, [], more)
    return profiles.load(here, name, arguments.profiles, more)


def _json(answer: Answer) -> dict[str, Any]:
    """Return an answer as JSON; these keys are a contract."""
    return {
        "path": os.fsdecode(answer.path),
        "duration": answer.duration,
        "error": answer.error,
        "recordings": [
            {
                "score": each.score,
                "title": each.title,
                "artist": each.artist,
                "album": each.album,
                "recording": each.recording,
                "acoustid": each.acoustid,
            }
            for each in answer.recordings
        ],
    }


def _show(came: Sequence[tuple[str, Answer]], count: int) -> None:
    """Print a table with a block of rows a file, and below each row its ids; `count` files were to be looked up."""
    width = out.width()
    rows = [[_("score"), _("title"), _("artist"), _("album")]]
    for _name, answer in came:
        for each in answer.recordings[:_SHOWN]:
            texts = [safe(text) or "-" for text in (each.title, each.artist, each.album)]
            rows.append([f"{each.score:.2f}", *(out.shortened(t, width and (width - 15) // 3) for t in texts)])
    lines = iter(out.table(rows, right=(0,)))
    head = next(lines)
    if len(rows) > 1:
        print(f"  {head}")
    for name, answer in came:
        print(safe(name))
        if answer.error:
            print(f"  {_('it could not be used: {reason}').format(reason=answer.error)}")
        elif not answer.recordings:
            print(f"  {_('AcoustID knows nothing that sounds like it')}")
        for each in answer.recordings[:_SHOWN]:
            print(f"  {next(lines)}")
            print("    " + _("recording {id}").format(id=safe(each.recording) or "-"))
            print("    " + _("AcoustID {id}").format(id=safe(each.acoustid) or "-"))
        if len(answer.recordings) > _SHOWN:
            more = len(answer.recordings) - _SHOWN
            print("    " + _n("{n} more recording with --json", "{n} more recordings with --json", more))
    known = sum(bool(answer.recordings) for _name, answer in came)
    print(_("{known} of {all} identified").format(known=grouped(known), all=_n("{n} file", "{n} files", count)))
