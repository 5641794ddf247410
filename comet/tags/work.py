"""What is done with one file, in a worker process."""

from __future__ import annotations

from comet.core.errors import DecodeError
from comet.tags import codec
from comet.tags.reading import Tagged


def work(path: bytes) -> Tagged:
    """Read the tags of one file. Errors of the file are part of the answer."""
    try:
        return Tagged(path, codec.read(path))
    except DecodeError as error:  # which a file that cannot be read is too
        return Tagged(path, error=error.reason)
