"""Tags of files that are named: what writing would make of them, and the plan that writes them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence

from comet import changes, scanning
from comet.collection.opened import Collection
from comet.core.acts import Do, Plan, Step
from comet.core.errors import RefusedError
from comet.core.model import File, Identity, Root
from comet.core.text import _, safe
from comet.tags.editing import Edited, Task, edit_all
from comet.tags.fields import Change


def preview(paths: Sequence[bytes], change: Change) -> Iterator[Edited]:
    """Yield what each file would be with its tags changed so; nothing is written."""
    yield from edit_all([Task(path, change) for path in paths])


def plan(collection: Collection, paths: Sequence[bytes], change: Change) -> Plan:
    """Return the plan that changes the tags of files below the roots of a collection, which need not be scanned.

    Raises:
        RefusedError: one lies below no root, its root is away, or it is no music.
    """
    roots = scanning.marked(collection)
    found = [_file(roots, path) for path in paths]
    heard = {path: (audio, error) for path, audio, error in changes.hear(collection, found)}
    steps = []
    for file, path in found:
        audio, error = heard[path]
        if error:
            raise RefusedError(os.fsdecode(path), error)
        identity = Identity(file.root, file.path, file.size, file.mtime_ns, audio)
        steps.append(Step(Do.WRITE_TAGS, identity, "", _("its tags were typed"), tags=change))
    return Plan(collection.profile.name, time.time(), tuple(steps))


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
    status = os.stat(real)
    return File(root.id, below, status.st_size, status.st_mtime_ns), os.path.join(root.path, below)
