"""What is done with one file that came, in a worker process: it may be made to break what reads it."""

from __future__ import annotations

from comet.act.staging import Staging
from comet.backup.model import Task
from comet.core.errors import FileError
from comet.core.text import _
from comet.listen import encode


def flac(task: Task) -> str:
    """Make it, and return why it could not be made, as a sentence; empty where each sample is the same."""
    staging = Staging(task.root)
    try:
        with staging.new(task.made) as stream:
            told = encode.flac(staging.path(task.name), stream)
        same = encode.samples(staging.path(task.made)) == told
    except FileError as error:
        return error.reason
    return "" if same else _("its samples would not be the same as FLAC")
