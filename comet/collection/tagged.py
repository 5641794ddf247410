"""Tags: what files say of themselves now, read where they lie."""

from __future__ import annotations

from collections.abc import Iterable

from comet.tags import reading
from comet.tags.reading import Tagged


def of(path: bytes) -> Tagged:
    """Return the tags of a file that has an absolute path, or why they cannot be read."""
    return of_all([path])[path]


def of_all(paths: Iterable[bytes]) -> dict[bytes, Tagged]:
    """Return the same of several files, by their paths and in their order."""
    wanted = list(dict.fromkeys(paths))
    found = {each.path: each for each in reading.read_all(wanted)}
    return {path: found[path] for path in wanted}
