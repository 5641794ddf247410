"""The review: the groups, largest saving first, tracks and tags of one of them; Enter confirms, u undoes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Static

from comet.core.errors import CometError, NotScannedError
from comet.core.model import Choice
from comet.core.text import _, _n, size
from comet_tui import keys
from comet_tui.ahead import Ahead
from comet_tui.background import in_thread
from comet_tui.found import Found, Looked
from comet_tui.keys import Key
from comet_tui.screens import told
from comet_tui.screens.base import Enter, explain, reason, unjudged
from comet_tui.screens.paired import Paired
from comet_tui.screens.tags import Tags
from comet_tui.session import Act, Session
from comet_tui.walk import Fate, Item, Step, Walk
from comet_tui.widgets.columns import head, wrapped
from comet_tui.widgets.lines import Heading, Hints
from comet_tui.widgets.rows import Rows


class ReviewScreen(Paired[Found]):
    """A list of groups, and beside or below it tracks and tags of the group under the cursor."""

    KEYS: ClassVar[tuple[Key, ...]] = keys.REVIEW
    BINDINGS = keys.bindings(keys.REVIEW)
    BEGINS = 1
    WIDE = 110
    DEFAULT_CSS = """
    ReviewScreen {
        #unjudged { height: auto; max-height: 2; padding: 0 1; display: none; }
        #detail { height: 3; padding: 0 1; }
        #other { height: 3fr; }
        &.-wide #one { width: 3fr; }
        &.-wide #other { width: 5fr; height: 1fr; }
        #own { height: 1fr; }
    }
    """

    def __init__(self, session: Session, clock: Callable[[], float]) -> None:
        super().__init__(session)
        self._found: Found | None = None
        self._walk = Walk()
        self._item: Item | None = None
        """Whose tracks are listed; the cursor of the groups may be ahead of it by a moment."""
        self._looked: set[int] = set()
        """Which of the lists were on the screen with this group."""
        self._enter = Enter(clock)

    @property
    def called(self) -> str:
        """What the screen is called."""
        return _("3 Review")

    def one(self) -> ComposeResult:
        """Make the list of groups."""
        yield Heading(id="total")
        yield Static(id="unjudged")
        yield Rows(self._draw_group, id="groups")

    def other(self) -> ComposeResult:
        """Make the list of tracks and that of tags."""
        with Vertical(id="own"):
            yield Heading(id="title")
            yield Rows(self._draw_track, id="tracks")
            yield Static(id="detail")
        yield Tags(self.say)

    def lists(self) -> tuple[Widget, Widget, Widget]:
        """Return all three lists."""
        return self._groups, self._tracks, self._tags.rows

    @property
    def sections(self) -> Sequence[tuple[str, tuple[Key, ...]]]:
        """Return its own keys by heading."""
        return *super().sections, (_("While the tags have the keys"), keys.TAGS)

    def on_mount(self) -> None:
        """Begin with nothing to list."""
        self.instead(Text())

    def on_screen_resume(self) -> None:
        """Count from now on how long the group is on the screen."""
        self._enter.begin()

    def on_resize(self) -> None:
        """Fit the path under the tracks into the new width."""
        self.call_after_refresh(self._show_track)

    def ask(self) -> Found:
        """Ask for the groups."""
        return self.session.review()

    def show(self, answer: Found) -> None:
        """List the groups; the cursor stays on the group where it was, if that is still there."""
        self._list(answer)
        if answer.recovered:
            self.say(
                _n(
                    "a change that had been interrupted was brought to its end; 8 shows it",
                    "{n} changes that had been interrupted were brought to their end; 8 shows them",
                    answer.recovered,
                )
            )
        self.call_after_refresh(self._show_track)  # its width is known only now
        if not answer.proposals:
            nothing = _("nothing is known to be duplicated; 2 shows how far that goes, and what to do next")
            self.instead(Text(unjudged(answer.unjudged, self.session) if answer.unjudged else nothing))

    def fail(self, error: CometError) -> None:
        """Say why there are no groups; at the very beginning, where one reads what to do."""
        self._list(None)
        self.instead(explain(error, [_("2 shows what to do next, 1 the profiles.")]))
        if not self.session.reading:
            self.app.switch_mode("scan" if isinstance(error, NotScannedError) else "profiles")

    def action_group(self, step: int) -> None:
        """Go to the next group or the one before."""
        self._groups.action_move(step)
        self._show_group()

    def action_keep(self) -> None:
        """Let the track under the cursor stay, or go."""
        self._show_group()  # a key may be here before the message that the cursor has moved
        item, at = self._item, self._tracks.cursor
        if item is None or not item.asks or at >= len(item.proposal.group.tracks):
            return
        if not item.toggle(at):
            self.say(_("one track always stays: choose another one first"))
        self._redraw(item)

    def action_tags(self) -> None:
        """Give the keys to the tags, or back to the tracks."""
        self.go(1 if self.inside == 2 else 2)

    def action_back(self) -> None:
        """Go back to the tracks that are proposed to stay."""
        if self._item and self._item.asks:
            self._item.restore()
            self._redraw(self._item)

    def action_confirm(self) -> None:
        """Confirm the group that is on the screen, and go to the next one."""
        self._show_group()
        item, found = self._item, self._found
        if not self._enter.meant() or item is None or found is None or not self.current:
            return
        unseen = [which for which in (1, 2) if which not in self._looked or (self.single and not self.inside)]
        if unseen:
            self.go(unseen[0])  # nothing is confirmed unseen
            self._enter.begin()
        elif not item.asks:
            self.say(told.done(item))
        elif found.profile.read_only:
            self.say(_("the profile is read-only, nothing is done: {what}").format(what=told.would(item)))
        elif self._idle(item):
            self.say(told.staying(item))
        elif self._agreed():
            self._confirm(item, found)

    def _idle(self, item: Item) -> bool:
        """Tell whether Enter would do nothing: every track stays as it is proposed, and no tags would be written."""
        merged = self._tags.merged
        return merged is not None and not (item.proposal.remove or item.touched or merged.writes)

    def _agreed(self) -> bool:
        """Tell whether the tags were seen and no conflict is open; else lead to one, which the next Enter settles."""
        words = self._tags.agree()
        if words:
            self.say(words)
            self._enter.begin()
        if words and self._tags.merged:
            self.go(2)
        return not words

    def _confirm(self, item: Item, found: Found) -> None:
        merged, before, chosen = self._tags.merged, item.decision, item.settles
        if merged is not None:
            fate = Fate.HELD if item.proposal.remove else Fate.KEPT
            self._do(item, fate, lambda: self.session.confirm(found.profile, merged, before, chosen=chosen))

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
        if self._found is None or not self.current:
            return
        if not self._walk.steps:
            self.say(_("nothing was done here since the groups were read; 8 shows what was done before"))
            return
        step = self._walk.steps.pop()
        self._groups.move_to(self._walk.items.index(step.item))
        self._show_group()
        self._take_back(step, self._found, self._walk)

    def _decide(self, choice: Choice | None, fate: Fate) -> None:
        self._show_group()
        item, found = self._item, self._found
        if item is None or found is None or not item.asks or not self.current:
            return
        group, before = item.proposal.group, item.decision
        self._do(item, fate, lambda: self.session.decide(found.profile, group, before, choice))

    def _do(self, item: Item, fate: Fate, act: Callable[[], Act]) -> None:
        """Let something be done with a group after all that was wished for before, and go on meanwhile."""
        self._wait(self._walk, self._walk.begin(item), fate, act)
        self._redraw(item)
        if fate is not Fate.OPEN:
            self._groups.move_to(self._walk.next_open(self._groups.cursor))
            self._show_group()

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
        if item in self._walk.items and self._tags.ahead:  # and not those of another profile
            self._tags.ahead.forget(item)
            self.say(told.done(item))
            self._redraw(item)

    def _list(self, found: Found | None) -> None:
        before = self._item.proposal.group.id if self._item else ""
        self._found = found
        self._walk = Walk.of(found) if found else Walk()
        self._tags.ahead = Ahead(partial(self._asking, found)) if found else None
        self._item = None
        items = self._walk.items
        self.say("")  # what was done before the groups were read is undone on the screen of the quarantine
        self.instead(None if items else Text())
        notice = self.query_one("#unjudged", Static)
        notice.display = bool(found and found.unjudged)
        notice.update(Text(unjudged(found.unjudged, self.session) if found else ""))
        self._groups.fill(
            len(items), next((at for at, each in enumerate(items) if each.proposal.group.id == before), 0)
        )
        self._total()
        self._show_group()

    def _total(self) -> None:
        count, left = self._walk.left()
        self.query_one("#total", Heading).words = _("{groups} left · {size} · held {held}").format(
            groups=_n("{n} group", "{n} groups", count), size=size(left), held=size(self._walk.held)
        )

    @on(Rows.Moved, "#groups")
    def _show_group(self) -> None:
        items, cursor = self._walk.items, self._groups.cursor
        item = items[cursor] if cursor < len(items) else None
        if item is self._item:
            return
        self._item, self._looked = item, set()
        self._enter.begin()
        self._look()
        self._show_tags()
        if item is None:
            self._tracks.fill(0)
            return
        count = len(item.proposal.group.tracks) + len(told.beside(item.proposal.group))
        self._tracks.fill(count, item.proposal.keep[0])  # where it says why it stays
        self._entitle(item)
        self._show_track()

    def _entitle(self, item: Item) -> None:
        group = item.proposal.group
        self.query_one("#title", Heading).words = _("{name} · {tracks} · frees {size}").format(
            name=told.name(item),
            tracks=_n("{n} track", "{n} tracks", len(group.tracks)),
            size=size(item.proposal.frees),
        )

    @on(Rows.Moved, "#tracks")
    @on(Rows.Moved, "#tags")
    @on(Tags.Changed)
    def _show_track(self) -> None:
        """Tell all about what is under the cursor: a track, or a field while the tags have the keys."""
        if self._item is None or self._found is None:
            return
        detail = self.query_one("#detail", Static)
        width = detail.size.width or self.size.width - 2
        path, what = told.detail(self._item, self._tracks.cursor, self._found.outside, self._tags.looked)
        if field := self._tags.detail if self.inside == 2 else "":
            path, what = "", field
        lines = wrapped(path, width, 2)
        detail.update(Text("\n".join((*lines, head(what, width * (3 - len(lines)))))), layout=False)

    def _show_tags(self) -> None:
        items = self._walk.items
        following = items[self._walk.next_open(self._groups.cursor)] if items else None
        self._tags.follow(self._item, following)

    def _asking(self, found: Found, item: Item) -> Callable[[], Looked]:
        """Return what asks about a group, as it is chosen now."""
        proposal, settled, chosen = item.proposal, item.settled, item.chosen
        return lambda: self.session.looked(found.profile, proposal, settled, chosen=chosen)

    @on(Tags.Arrived)
    def _arrived(self) -> None:
        """Count from now on how long the tags are on the screen too."""
        self._enter.begin()
        self._show_track()
        if self._tags.looked and self._tags.looked.holes:
            self.say("! " + "; ".join(self._tags.looked.holes))

    @on(Tags.Left)
    def _left(self) -> None:
        self.go(1)

    def _arrange(self, inside: int) -> None:
        super()._arrange(inside)
        self.query_one("#own").display = not self.single or inside == 1
        self._tags.display = not self.single or inside == 2
        self.query_one(Hints).keys = (self.KEYS[0], *keys.TAGS) if inside == 2 else self.KEYS
        self._look()
        self._show_track()

    def _look(self) -> None:
        """Note which lists are on the screen."""
        self._looked |= {which for which in range(3) if self.sees(which)}

    def _redraw(self, item: Item) -> None:
        """Show a group as it is now, wherever it stands."""
        self._total()
        self._groups.redraw(self._walk.items.index(item))
        if item is self._item:
            self._entitle(item)
            self._tracks.refresh()
            self._show_track()
            self._show_tags()

    def _draw_group(self, index: int, width: int) -> Text:
        return told.group_row(self._walk.items[index], width)

    def _draw_track(self, index: int, width: int) -> Text:
        return told.track_row(self._item, index, self._found.outside, width) if self._item and self._found else Text()

    @property
    def _groups(self) -> Rows:
        return self.query_one("#groups", Rows)

    @property
    def _tracks(self) -> Rows:
        return self.query_one("#tracks", Rows)

    @property
    def _tags(self) -> Tags:
        return self.query_one(Tags)
