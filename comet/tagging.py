"""Tags of files that are named: what writing would make of them, and the plan that writes them."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from comet import changes, scanning
from comet.collection.opened import Collection
from comet.core import pieces
from comet.core.acts import Content, Do, Plan, Step
from comet.core.errors import FileError, ReadError, RefusedError
from comet.core.job import Job
from comet.core.model import File, Identity, Root, Stage
from comet.core.text import _, safe
from comet.tags.editing import Edited, Editor
from comet.tags.fields import Change

Pictures = Mapping[str, Content | None]
"""As of `core.acts.Step`."""


def content(path: bytes) -> Content:
    """Return a file with what is in it now, as a plan names it.

    Raises:
        ReadError: it cannot be read, or is no file.
    """
    name = os.fsdecode(path)
    try:
        if not os.path.isfile(path):
            os.stat(path)
            raise ReadError(name, _("it is no regular file"))
        with open(path, "rb") as stream:
            kept = pieces.Kept(0, os.fstat(stream.fileno()).st_size)
            return Content(os.path.abspath(path), pieces.digest(pieces.blocks([kept], stream.fileno())))
    except OSError as error:
        raise ReadError(name, error.strerror or str(error)) from error


def preview(paths: Sequence[bytes], change: Change, pictures: Pictures, job: Job) -> list[Edited]:
    """Return what each file would be with its tags changed so, but for its pieces, which may be large.

    Raises:
        Stopped: the job was asked to.
    """
    found = []
    with (
        job.stage(Stage.TAGS, len(paths)) as advance,
        Editor(also=["comet.listen.work"]) as editor,  # what is written is listened to, file by file
    ):
        for path in paths:
            found.append(replace(editor.edit(path, change, pictures), pieces=(), reverse=()))
            advance(1, os.fsdecode(path))
    return found


def plan(
    collection: Collection, paths: Sequence[bytes], change: Change, pictures: Pictures
) -> tuple[Plan, list[FileError]]:
    """Return the plan that changes the tags of files below the roots of a collection, which need not be scanned.

    And why some of them are left out: they lie below no root, their root is away, or they are no music.
    """
    roots = scanning.marked(collection)
    found: list[tuple[File, bytes]] = []
    refused: list[FileError] = []
    for path in paths:
        try:
            found.append(_file(roots, path))
        except FileError as wrong:
            refused.append(wrong)
    with changes.hearing(collection) as hear:
        heard = {path: (audio, error) for path, audio, error in hear(found)}
    steps = []
    for file, path in found:
        audio, error = heard[path]
        if error:
            refused.append(RefusedError(os.fsdecode(path), error))
            continue
        identity = Identity(file.root, file.path, file.size, file.mtime_ns, audio)
        do = Do.WRITE_TAGS if change else Do.EMBED
        steps.append(Step(do, identity, "", _("its tags were typed"), tags=change, pictures=pictures))
    return Plan(collection.profile.name, time.time(), tuple(steps)), refused


def _file(roots: Sequence[Root], path: bytes) -> tuple[File, bytes]:
    """Return a file below the innermost root that holds it, and where it lies by that root's path."""
    real = os.path.realpath(path)
    holding = [root for root in roots if real.startswith(os.path.join(os.path.realpath(root.path), b""))]
    if not holding:
        raise RefusedError(os.fsdecode(path), _("it lies in no root folder of this profile"))
    root = max(holding, key=lambda each: len(os.path.realpath(each.path)))
    if root.away:
        told = _("its root `{root}` is away: {why}")
        raise RefusedError(os.fsdecode(path), told.format(root=safe(root.path), why=root.away))
    below = os.path.relpath(real, os.path.realpath(root.path))
    try:
        status = os.stat(real)
    except OSError as error:
        raise ReadError(os.fsdecode(path), error.strerror or str(error)) from error
    return File(root.id, below, status.st_size, status.st_mtime_ns), os.path.join(root.path, below)
