"""Tags: what a file says of itself now, read where it lies."""

from __future__ import annotations

from comet.tags import reading
from comet.tags.reading import Tagged


def of(path: bytes) -> Tagged:
    """Return the tags of a file that has an absolute path, or why they cannot be read."""
    return next(reading.read_all([path]))
