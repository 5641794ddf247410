"""What is done with groups, one after the other, and taken back, beside a screen that stays alive."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from textual import work

from comet.core.errors import CometError
from comet.core.model import Choice
from comet.core.text import _
from comet_tui.acts import Act
from comet_tui.background import in_thread
from comet_tui.found import Found
from comet_tui.screens import told
from comet_tui.screens.base import reason
from comet_tui.screens.newer import Newer
from comet_tui.session import Session
from comet_tui.walk import Fate, Item, Step, Walk


class Deciding(Newer[Found]):
    """A walk through groups, with a group in hand."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._found: Found | None = None
        self._walk = Walk()
        self._item: Item | None = None
        """Whose tracks are listed; the cursor of the groups may be ahead of it by a moment."""

    @abstractmethod
    def follow_cursor(self) -> None:
        """Take the group under the cursor in hand, if it is not."""

    @abstractmethod
    def go_to(self, at: int) -> None:
        """Put the cursor on a group, and take it in hand."""

    @abstractmethod
    def go_on(self) -> None:
        """Go to the next open group, and to its tracks."""

    @abstractmethod
    def redraw(self, item: Item) -> None:
        """Show a group as it is now, wherever it stands."""

    @abstractmethod
    def ask_again(self, item: Item) -> None:
        """Forget what was known of a group before something was done with it."""

    def action_apart(self) -> None:
        """Record that the tracks of the group are no duplicates of each other."""
        self._decide(Choice.APART, Fate.APART)

    def action_skip(self) -> None:
        """Leave the group for later, or no longer."""
        if self._item and self._item.fate is Fate.SKIPPED:
            self._decide(None, Fate.OPEN)
        else:
            self._decide(Choice.SKIP, Fate.SKIPPED)

    def action_undo(self) -> None:
        """Take back what was done here last."""
        if self.renewed() or self._found is None or self.waits():
            return
        if not self._walk.steps:
            self.say(_("nothing was done here since the groups were read; 8 shows what was done before"))
            return
        step = self._walk.steps.pop()
        self.go_to(self._walk.items.index(step.item))
        self._take_back(step, self._found, self._walk)

    def action_redo(self) -> None:
        """Do again what was taken back here last; where files would go, that asks for Enter."""
        if self.renewed() or self._found is None or self.waits():
            return
        if not self._walk.back or self._walk.back[-1].item not in self._walk.items:
            self.say(_("nothing was taken back here"))
            return
        step = self._walk.back.pop()
        self.go_to(self._walk.items.index(step.item))
        choice = {Fate.APART: Choice.APART, Fate.SKIPPED: Choice.SKIP, Fate.OPEN: None}
        if step.fate in choice:
            self._decide(choice[step.fate], step.fate)
        elif step.item.asks:
            step.item.choose(step.proposal, step.edits)
            self.redraw(step.item)
            self.say(_("it is chosen as it was done before: Enter does it again"))

    def _decide(self, choice: Choice | None, fate: Fate) -> None:
        self.follow_cursor()
        item, found = self._item, self._found
        if self.renewed() or item is None or found is None or not item.asks or self.waits():
            return
        group, before = item.proposal.group, item.decision
        self.do(item, fate, lambda: self.session.decide(found.profile, group, before, choice))

    def do(self, item: Item, fate: Fate, act: Callable[[], Act]) -> None:
        """Let something be done with a group after all that was wished for before, and go on meanwhile."""
        self._wait(self._walk, self._walk.begin(item, fate), fate, act)
        self.redraw(item)
        if fate is not Fate.OPEN:
            self.go_on()

    @work(group="acts")
    async def _wait(self, walk: Walk, step: Step, fate: Fate, act: Callable[[], Act]) -> None:
        async with self.session.turn:
            try:
                done = await in_thread(act)
            except CometError as error:
                walk.fail(step, reason(error))
            else:
                walk.end(step, done, fate, told.failed(done))
        self._tell(step.item)

    @work(group="acts")
    async def _take_back(self, step: Step, found: Found, walk: Walk) -> None:
        async with self.session.turn:  # so what is taken back is done by now
            act = step.act
            if act is None:
                return
            try:
                back = await in_thread(lambda: self.session.undo(found.profile, act))
            except CometError as error:
                step.item.fate, step.item.reason = Fate.FAILED, reason(error)
            else:
                walk.undone(step, back, told.failed(back))
        self._tell(step.item)

    def _tell(self, item: Item) -> None:
        self.session.acts += 1
        if item in self._walk.items:  # and not those of another profile
            self.ask_again(item)
            self.say(told.done(item))
            self.redraw(item)
