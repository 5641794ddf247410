"""What is done with one file, in a worker process."""

from __future__ import annotations

from comet.core.errors import FileError, ReadError
from comet.tags import codec, rewrite
from comet.tags.editing import Edited, Task
from comet.tags.reading import Tagged, stamp_of


def work(path: bytes) -> Tagged:
    """Read the tags of one file. Errors of the file are part of the answer."""
    stamp = stamp_of(path)
    try:
        return Tagged(path, codec.read(path), stamp=stamp)
    except FileError as error:
        return Tagged(path, error=error.reason, stamp=stamp, lasting=not isinstance(error, ReadError))


def edit(task: Task) -> Edited:
    """Find out what one file would be with other tags. Errors of the file are part of the answer."""
    try:
        return rewrite.edit(task.path, task.change, task.pictures, only_look=task.only_look)
    except FileError as error:
        return Edited(task.path, error=error.reason)
