"""A screen whose keys do something to what stands there: what a job has made newer never takes its place unseen."""

from __future__ import annotations

from abc import abstractmethod
from typing import TypeVar

from comet.core.text import _
from comet_tui.screens.base import every
from comet_tui.screens.paired import Paired
from comet_tui.widgets.lines import Bar

T = TypeVar("T")


class Newer(Paired[T]):
    """Lists that are read again when a job has ended, at a moment in which nobody loses anything by that."""

    newer: T | None = None
    """What was answered after that, while something else stands under the cursor than would then."""

    @abstractmethod
    def leaves(self, answer: T) -> bool:
        """Tell whether what stands under the cursor is the same in a newer answer, and nothing is being typed."""

    def on_mount(self) -> None:
        """Look now and then whether a job has ended."""
        self.set_interval(every(), self._look_again)

    def offer(self, answer: T) -> None:
        """Show what is newer at once where that loses nothing, else with the next key."""
        if self.leaves(answer):
            self._show(answer, _("a job has ended: this was read again"))
        else:
            self.newer = answer
            self.query_one(Bar).busy = _("newer: r")
            self.say(
                _("! a job has ended and has changed this: r shows it, and what would do something does that first")
            )

    def renewed(self) -> bool:
        """Show what is newer before a key does anything, and tell whether that was so: then the key does nothing."""
        newer = self.newer
        if newer is not None:
            self._show(newer, _("this is how it is now; nothing was done"))
        return newer is not None

    def waits(self) -> bool:
        """Tell whether what stands there may not hold any more, for it is being read again."""
        if not self.current:
            self.say(_("it is read again; nothing is done before that has ended"))
        return not self.current

    def forget(self) -> None:
        """Forget what was newer: what is shown now is."""
        self.newer = None
        self.query_one(Bar).busy = ""

    def _look_again(self) -> None:
        if self.looked_at():
            self.follow()
            if self.newer is not None and self.leaves(self.newer):
                self.offer(self.newer)

    def _show(self, answer: T, words: str) -> None:
        self.forget()
        self.show(answer)
        self.say(words)
