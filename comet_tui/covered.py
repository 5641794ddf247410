"""Covers that were confirmed, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from comet.core.covers import Made
from comet.core.profiles import Profile
from comet.core.text import _, _n

if TYPE_CHECKING:
    from comet.changes import Outcome


class Fate(Enum):
    """What became of it."""

    WAITING = auto()
    """It is being embedded, or taken back."""
    DONE = auto()
    FAILED = auto()
    """Nothing was written, or not into every file."""
    UNDONE = auto()


@dataclass(slots=True, eq=False)
class Covered:
    """A cover that goes into files."""

    profile: Profile
    paths: tuple[bytes, ...]
    made: Made
    folder_picture: bool
    """It is also put into their folder, as folder.jpg."""
    fate: Fate = Fate.WAITING
    outcome: Outcome | None = None
    """None where nothing was begun."""
    refused: tuple[str, ...] = field(default=())
    """Why files were left out, as sentences that are safe to show."""

    @property
    def entries(self) -> list[int]:
        """The journal entries that tell of it."""
        return [entry.id for entry in self.outcome.done] if self.outcome else []

    def end(self, outcome: Outcome, refused: tuple[str, ...]) -> None:
        """Note what was done."""
        self.outcome, self.refused = outcome, refused
        self.fate = Fate.FAILED if refused else Fate.DONE

    def fail(self, *why: str) -> None:
        """Note that nothing was done, or taken back, or not all of it."""
        self.fate, self.refused = Fate.FAILED, why

    def told(self) -> str:
        """Return what became of it, as a sentence."""
        if self.fate is Fate.WAITING:
            return _("… into {files}").format(files=_n("{n} file", "{n} files", len(self.paths)))
        if self.fate is Fate.UNDONE:
            return _("the cover is taken back")
        done = len(self.entries)
        words = [_n("✓ cover: {n} file written", "✓ cover: {n} files written", done)] if done else []
        words += [f"! {self.refused[0]}"] if self.refused else []
        words += [_("and {n} more").format(n=len(self.refused) - 1)] if len(self.refused) > 1 else []
        return " · ".join(words)
