"""The stage: pictures in, what they are and what is made of them out. Nothing is written.

One worker process does the work, with limits: a picture may be made to eat all memory, or to take for ever.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from typing import Any, Final, Self

from comet.core.acts import Content
from comet.core.covers import Form, Look, Preview, Reduced, Region, Suggestion
from comet.core.errors import DecodeError, FileError
from comet.core.workers import Pool

MEMORY: Final = 420 << 20
"""Bytes that the worker may take beyond the loaded program: with that it stays below 512 MB in all."""
TIMEOUT: Final = 20.0
"""Seconds: the largest JPEG there can be takes one, but a disk may be slow; what takes longer is meant to."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What shall be made of a picture."""

    region: Region
    """Inside the picture."""
    size: Reduced
    form: Form
    """Of this quality and subsampling are used."""


@dataclass(frozen=True, slots=True)
class Task:
    """A picture, and what is asked of it."""

    content: Content
    page: int
    ask: str
    """The name of a function of `treated`."""
    more: tuple[Any, ...] = field(default=())
    """What that is given beside the picture."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a task."""

    value: Any = None
    error: type[FileError] | None = None
    """Why nothing did: the kind of error, the sentence, and what to do about it."""
    reason: str = ""
    hint: str = ""


class Shaper:
    """One worker that looks at pictures and makes others of them. Use it as a context manager, from any thread.

    All of its methods raise:
        ReadError: the picture cannot be read.
        DecodeError: it is damaged.
        RefusedError: it is none, was changed since, has no such page, or is larger than the worker may take.
    """

    def __init__(self) -> None:
        function = "comet.tags.treated:work"
        self._pool = Pool[Task, Answer](1, function, memory=MEMORY, deadline=lambda _task: TIMEOUT)
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.close()

    def look(self, content: Content, page: int = 0) -> Look:
        """Return what a picture is, by its header."""
        found: Look = self._ask(content, page, "look")
        return found

    def preview(self, content: Content, page: int, width: int, height: int) -> Preview:
        """Return it as large as fits into so many pixels, but no larger than it is."""
        found: Preview = self._ask(content, page, "preview", width, height)
        return found

    def suggest(self, content: Content, page: int = 0) -> tuple[Suggestion, ...]:
        """Return regions that may be meant: without uniform borders, and the centred square of that."""
        found: tuple[Suggestion, ...] = self._ask(content, page, "suggest")
        return found

    def trimmed(self, content: Content, page: int = 0) -> Region:
        """Return the region without uniform borders, all of it where there are none."""
        found: Region = self._ask(content, page, "trimmed")
        return found

    def make(self, content: Content, page: int, shape: Shape) -> bytes:
        """Return a JPEG in sRGB."""
        found: bytes = self._ask(content, page, "make", shape)
        return found

    def find(self, path: bytes) -> Content:
        """Return a picture file as it is now, or the front cover in music, or else the first picture that is in it.

        Raises:
            RefusedError: it is neither, or there is no picture in it.
        """
        found: Content = self._ask(Content(path, ""), 0, "find")
        return found

    def extract(self, content: Content) -> bytes:
        """Return a picture byte for byte."""
        found: bytes = self._ask(content, 0, "extract")
        return found

    def _ask(self, content: Content, page: int, ask: str, *more: object) -> Any:  # noqa: ANN401 - by what is asked
        with self._turn:
            (outcome,) = self._pool.run([Task(content, page, ask, more)])
        answer = outcome.result or Answer(error=DecodeError, reason=outcome.error)
        if answer.error is not None:
            raise answer.error(os.fsdecode(content.path), answer.reason, hint=answer.hint)
        return answer.value
