"""What is done with one file that came, in a worker process: it may be made to break what reads it."""

from __future__ import annotations

from comet.act.staging import Staging
from comet.backup.model import Task
from comet.core.errors import FileError
from comet.core.text import _
from comet.listen import encode


def flac(task: Task) -> str:
    """Make it, or look at the samples of one that came so; return what is wrong as a sentence, mostly nothing."""
    return _made(task) if task.made else _intact(task)


def _intact(task: Task) -> str:
    try:
        intact = encode.intact(Staging(task.root, task.owner).path(task.name))
    except FileError as error:
        return error.reason
    return "" if intact else _("its samples are not those that it was made of")


def _made(task: Task) -> str:
    staging = Staging(task.root, task.owner)
    try:
        with staging.new(task.made) as stream:
            told = encode.flac(staging.path(task.name), stream)
        same = encode.samples(staging.path(task.made)) == told
    except FileError as error:
        return error.reason
    return "" if same else _("its samples would not be the same as FLAC")
