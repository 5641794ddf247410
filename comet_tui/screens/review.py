"""The review: the groups, largest saving first, tracks and tags of one of them; Enter confirms, u undoes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.dom import DOMNode
from textual.widget import Widget
from textual.widgets import Static

from comet.core.errors import CometError, NotScannedError
from comet.core.text import _, _n, safe, size
from comet_tui import keys
from comet_tui.again import carried, found_again, stays
from comet_tui.ahead import Ahead
from comet_tui.found import Found, Looked
from comet_tui.keys import Key
from comet_tui.screens import told
from comet_tui.screens.base import Enter, explain, unjudged
from comet_tui.screens.deciding import Deciding
from comet_tui.screens.pair import PairScreen
from comet_tui.screens.picker import PickerScreen
from comet_tui.screens.tags import Tags
from comet_tui.screens.tracks import Tracks
from comet_tui.session import Session
from comet_tui.walk import Fate, Item, Walk
from comet_tui.widgets.lines import Heading, Hints
from comet_tui.widgets.rows import Rows
from comet_tui.widgets.typed import Typed

_AROUND = 1000
"""Groups behind the cursor that are looked for where it was read again, and the group under it is gone."""


class ReviewScreen(Deciding):
    """A list of groups, and beside or below it tracks and tags of the group under the cursor."""

    KEYS: ClassVar[tuple[Key, ...]] = keys.REVIEW
    BINDINGS = keys.bindings(keys.REVIEW)
    BEGINS = 1
    WIDE = 110
    DEFAULT_CSS = """
    ReviewScreen {
        #unjudged { height: auto; max-height: 2; padding: 0 1; display: none; }
        #other { height: 3fr; }
        &.-wide #one { width: 3fr; }
        &.-wide #other { width: 5fr; height: 1fr; }
        &.-alone #own { min-height: 100%; max-height: 100%; }
    }
    """

    def __init__(self, session: Session, clock: Callable[[], float]) -> None:
        super().__init__(session)
        self._looked: set[int] = set()
        """Which of the lists were on the screen with this group."""
        self._clock, self._enter = clock, Enter(clock)
        self._wanted = ""
        """The word that was looked for last."""

    @property
    def called(self) -> str:
        """What the screen is called."""
        return _("3 Review")

    def one(self) -> ComposeResult:
        """Make the list of groups."""
        yield Heading(id="total")
        yield Static(id="unjudged")
        yield Rows(self._draw_group, id="groups")
        yield Typed(_("a word of a name or path, then Enter; Esc leaves it"), id="find")

    def other(self) -> ComposeResult:
        """Make the list of tracks and that of tags."""
        yield Tracks(self._enter)
        yield Tags(self.say)

    def lists(self) -> tuple[Widget, Widget, Widget]:
        """Return all three lists."""
        return self._groups, self._own.rows, self._tags.rows

    @property
    def sections(self) -> Sequence[tuple[str, tuple[Key, ...]]]:
        """Return its own keys by heading."""
        return *super().sections, (_("While the tags have the keys"), keys.TAGS)

    @property
    def active(self) -> Sequence[Key]:
        """Return those of its own keys that would do something now."""
        return (*self.KEYS, *keys.TAGS) if self.inside == 2 else self.KEYS

    def whose(self, key: Key) -> DOMNode:
        """Return what does the thing that a key of this screen does."""
        return self._tags if key in keys.TAGS else super().whose(key)

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

    def leaves(self, answer: Found) -> bool:
        """Tell whether the group under the cursor is the same in what is newer, and nobody is at its tags."""
        return self._item is None or (not self._tags.has_focus_within and stays(self._walk, self._item, answer))

    def fail(self, error: CometError) -> None:
        """Say why there are no groups; at the very beginning, where one reads what to do."""
        self._list(None)
        self.instead(explain(error, [_("2 shows what to do next, 1 the profiles.")]))
        if not self.session.reading:
            self.app.switch_mode("scan" if isinstance(error, NotScannedError) else "profiles")

    def action_group(self, step: int) -> None:
        """Go to the next group or the one before, and to its tracks."""
        if self.renewed():
            return
        self._groups.action_move(step)
        self.follow_cursor()
        self._to_tracks()

    def action_keep(self) -> None:
        """Let the track under the cursor stay, or go."""
        self.follow_cursor()  # a key may be here before the message that the cursor has moved
        item, at = self._item, self._own.rows.cursor
        if self.renewed() or item is None or not item.asks or at >= len(item.proposal.group.tracks):
            return
        if not item.toggle(at):
            self.say(_("one track always stays: choose another one first"))
        self.redraw(item)

    def action_tags(self) -> None:
        """Give the keys to the tags, or back to the tracks."""
        self.go(1 if self.inside == 2 else 2)

    def action_back(self) -> None:
        """Go back to the tracks that are proposed to stay, or leave what was begun to be typed."""
        if self.query_one("#find", Typed).has_focus:
            self._close_find()
        elif self._item and self._item.asks:
            self._item.restore()
            self.redraw(self._item)

    def action_confirm(self) -> None:
        """Confirm the group that is on the screen, and go to the next one."""
        self.follow_cursor()
        item, found = self._item, self._found
        if not self._enter.meant() or self.renewed() or item is None or found is None or self.waits():
            return
        if self._leads(item):  # nothing is confirmed unseen
            self._enter.begin()
        elif not item.asks:
            self.say(told.done(item))
        elif found.profile.read_only:
            self.say(_("the profile is read-only, nothing is done: {what}").format(what=told.would(item)))
        elif self._idle(item):
            self.say(told.staying(item))
        elif self._agreed():
            self._confirm(item, found)

    def _leads(self, item: Item) -> bool:
        """Lead to what of the group was not on the screen yet: lists, and tracks that would go."""
        unseen = [which for which in (1, 2) if which not in self._looked or (self.single and not self.inside)]
        tracks = self._own.unseen() if item.asks and 1 not in unseen else []
        if tracks:
            self.go(1)
            self._own.bring(tracks)
            one, more = (
                _("Enter again: {n} track that goes was not seen"),
                _("Enter again: {n} tracks that go were not seen"),
            )
            self.say(_n(one, more, len(tracks)))
        elif unseen:
            self.go(unseen[0])
        return bool(tracks or unseen)

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
        merged, before, touched = self._tags.merged, item.decision, item.touched
        if merged is not None:
            fate = Fate.HELD if item.proposal.remove else Fate.KEPT
            self.do(item, fate, lambda: self.session.confirm(found.profile, merged, before, touched=touched))

    def _to_tracks(self) -> None:
        """Let nobody be in the tags of a group without having gone there: the next key would mean something else."""
        if self.inside == 2:
            self.go(1)

    def go_to(self, at: int) -> None:
        """Put the cursor on a group, and take it in hand."""
        self._groups.move_to(at)
        self.follow_cursor()

    def go_on(self) -> None:
        """Go to the next open group, and to its tracks."""
        self.go_to(self._walk.next_open(self._groups.cursor))
        self._to_tracks()

    def ask_again(self, item: Item) -> None:
        """Forget what was known of a group before something was done with it."""
        if self._tags.ahead:
            self._tags.ahead.forget(item)

    def action_view(self) -> None:
        """Lay the track under the cursor along the keeper, and let both be heard."""
        self.follow_cursor()
        item, at = self._item, self._own.rows.cursor
        if item is None or at >= len(item.proposal.group.tracks):
            return
        tracks, keeper = item.proposal.group.tracks, item.proposal.keep[0]
        other = at if at != keeper else next((n for n in range(len(tracks)) if n != keeper), at)
        self.app.push_screen(PairScreen(self.session, tracks[keeper].path, tracks[other].path))

    def action_cover(self) -> None:
        """Choose a cover for the tracks that stay."""
        self.follow_cursor()
        if not self.renewed() and self._item and not self.waits():
            stay = [self._item.proposal.group.tracks[at].absolute for at in self._item.proposal.keep]
            self.app.push_screen(PickerScreen(self.session, self._clock, stay, told.name(self._item)))

    def action_find(self) -> None:
        """Type a word of a group that is looked for."""
        self.query_one("#find", Typed).ask(self._wanted)

    @on(Typed.Submitted, "#find")
    def _typed(self, event: Typed.Submitted) -> None:
        event.stop()
        self._wanted = event.value.strip()
        self._close_find()
        self.action_match(1)

    def action_match(self, step: int) -> None:
        """Go to the next group that has the word, or the one before."""
        found = self._walk.match(self._wanted, self._groups.cursor, step) if self._wanted else None
        if found is None:
            self.say(
                _("no group has `{word}`").format(word=safe(self._wanted)) if self._wanted else _("/ looks for a word")
            )
        else:
            self.go_to(found)

    def _close_find(self) -> None:
        self.query_one("#find", Typed).close()
        self.go(1)

    def _list(self, found: Found | None) -> None:
        same = self._found and found and self._found.profile.name == found.profile.name
        old, cursor = self._walk.items, self._groups.cursor
        before = map(old.seen, range(cursor, min(len(old), cursor + _AROUND))) if same else ()
        self._walk = carried(self._walk if same else Walk(), found) if found else Walk()
        self._found = found
        self.forget()
        self._tags.ahead = Ahead(partial(self._asking, found)) if found else None
        self._item = None
        items = self._walk.items
        self.quiet()
        self.instead(None if items else Text())
        notice = self.query_one("#unjudged", Static)
        notice.display = bool(found and found.unjudged)
        notice.update(Text(unjudged(found.unjudged, self.session) if found else ""))
        self._groups.fill(len(items), found_again(before, items))
        self._total()
        self.follow_cursor()

    def _total(self) -> None:
        count, left = self._walk.left()
        self.query_one("#total", Heading).words = _("{groups} left · {size} · held {held}").format(
            groups=_n("{n} group", "{n} groups", count), size=size(left), held=size(self._walk.held)
        )

    @on(Rows.Moved, "#groups")
    def follow_cursor(self) -> None:
        """Take the group under the cursor in hand, if it is not."""
        items, cursor = self._walk.items, self._groups.cursor
        item = items[cursor] if cursor < len(items) else None
        if item is self._item:
            return
        self._item, self._looked = item, set()
        self._enter.begin()
        self._look()
        self._show_tags()
        self._own.follow(item, self._found.outside if self._found else {})
        self._show_track()

    @on(Rows.Moved, "#tracks")
    @on(Rows.Moved, "#tags")
    @on(Tags.Changed)
    def _show_track(self) -> None:
        """Tell all about what is under the cursor: a track, or a field while the tags have the keys."""
        if self._item is None or self._found is None:
            return
        path, what = told.detail(self._item, self._own.rows.cursor, self._found.outside, self._tags.looked)
        field = self._tags.detail if self.inside == 2 else ""
        self._own.tell(*(("", field) if field else (path, what)))

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
        self.set_class(self.single, "-alone")
        self._own.display = not self.single or inside == 1
        self._tags.display = not self.single or inside == 2
        self.query_one(Hints).keys = (self.KEYS[0], *keys.TAGS) if inside == 2 else self.KEYS
        self._look()
        self._show_track()

    def _look(self) -> None:
        """Note which lists are on the screen."""
        self._looked |= {which for which in range(3) if self.sees(which)}

    def redraw(self, item: Item) -> None:
        """Show a group as it is now, wherever it stands."""
        self._total()
        self._groups.redraw(self._walk.items.index(item))
        if item is self._item:
            self._own.entitle()
            self._own.rows.refresh()
            self._show_track()
            self._show_tags()

    def _draw_group(self, index: int, width: int) -> Text:
        return told.group_row(self._walk.items.seen(index), width)

    @property
    def _groups(self) -> Rows:
        return self.query_one("#groups", Rows)

    @property
    def _own(self) -> Tracks:
        return self.query_one(Tracks)

    @property
    def _tags(self) -> Tags:
        return self.query_one(Tags)
