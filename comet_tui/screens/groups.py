"""The groups, largest saving first, and the tracks of the one under the cursor."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widgets import Static

from comet.core.errors import CometError
from comet.core.model import Group
from comet.core.text import _, _n, size
from comet_tui import keys
from comet_tui.keys import Key
from comet_tui.screens import told
from comet_tui.screens.base import Reading, explain, unjudged
from comet_tui.session import Found, Session
from comet_tui.widgets.columns import wrapped
from comet_tui.widgets.lines import Heading, Hints
from comet_tui.widgets.rows import Rows

_WIDE = 100
"""Columns from which on both lists stand side by side."""
_TALL = 16
"""Lines from which on they have room one below the other."""


class GroupsScreen(Reading[Found]):
    """A list of groups, and beside or below it a list of tracks."""

    KEYS: ClassVar[tuple[Key, ...]] = keys.GROUPS
    BINDINGS = keys.bindings(keys.GROUPS)
    DEFAULT_CSS = """
    GroupsScreen {
        #both { height: 1fr; layout: vertical; }
        #message { height: 1fr; padding: 1; display: none; }
        #unjudged { height: auto; max-height: 2; padding: 0 1; display: none; }
        #beside { height: 1fr; }
        #detail { height: 3; padding: 0 1; }
        &.-wide #both { layout: horizontal; }
        &.-wide #outer { width: 2fr; border-right: solid ansi_default; }
        &.-wide #beside { width: 3fr; }
        &.-silent #both { display: none; }
        &.-silent #message { display: block; }
    }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._found = Found([], {})
        self._group: Group | None = None
        """Whose tracks are listed; the cursor of the groups may be ahead of it by a moment."""

    @property
    def called(self) -> str:
        """What the screen is called."""
        return _("Groups")

    def body(self) -> ComposeResult:
        """Make both lists, and what stands there instead when there is nothing to list."""
        yield Static(id="message")
        yield Static(id="unjudged")
        with Container(id="both"):
            with Vertical(id="outer"):
                yield Heading(id="total")
                yield Rows(self._draw_group, id="groups")
            with Vertical(id="beside"):
                yield Heading(id="title")
                yield Rows(self._draw_track, id="tracks")
                yield Static(id="detail")

    def on_mount(self) -> None:
        """Begin in the list of groups, with nothing in it."""
        self.add_class("-silent")
        self.query_one("#groups").focus()

    def ask(self) -> Found:
        """Ask for the groups."""
        return self.session.groups()

    def show(self, answer: Found) -> None:
        """List the groups; the cursor stays on the group where it was, if that is still there."""
        self._list(answer)
        self.call_after_refresh(self._show_track)  # its width is known only now
        if not answer.groups:
            nothing = _("nothing is known to be duplicated; 2 shows how far that goes, and what to do next")
            self._say(Text(unjudged(answer.unjudged, self.session) if answer.unjudged else nothing))

    def fail(self, error: CometError) -> None:
        """Say why there are no groups; at the very beginning, where one reads what to do."""
        self._list(Found([], {}))
        self._say(explain(error, [_("2 shows what to do next.")]))
        if not self.session.reading:
            self.app.switch_mode("state")

    def action_open(self) -> None:
        """Walk through the tracks of the group, or, being there, go back."""
        self._show_group()  # Enter may be here before the message that the cursor has moved
        if self._group is not None and not self.has_class("-open"):
            self.add_class("-open")
            self._arrange()
            self.set_focus(self.query_one("#tracks"))  # at once: the next key may be there already
            self.call_after_refresh(self._show_track)  # only now is it known how wide its path may be
        else:
            self.action_back()

    def action_back(self) -> None:
        """Go back to the groups."""
        self.remove_class("-open")
        self._arrange()
        self.set_focus(self.query_one("#groups"))

    def on_screen_resume(self) -> None:
        """Arrange both lists anew: the window may have another size since this screen was left."""
        self.on_resize()

    def _arrange(self) -> None:
        """Put the lists side by side where that fits, and show only one of them where two have no room."""
        size = self.app.size
        self.set_class(size.width >= _WIDE, "-wide")
        one = size.width < _WIDE and size.height < _TALL
        inside = self.has_class("-open")
        self.query_one(Hints).keys = keys.BACK if inside else keys.GROUPS
        self.query_one("#outer").display = not one or not inside
        self.query_one("#beside").display = not one or inside

    def _list(self, found: Found) -> None:
        groups, before = found.groups, self._group.id if self._group else ""
        at = next((n for n, group in enumerate(groups) if group.id == before), 0)
        self._found = found
        self.set_class(not groups, "-silent")
        notice = self.query_one("#unjudged", Static)
        notice.display = bool(groups and found.unjudged)
        notice.update(Text(unjudged(found.unjudged, self.session)))
        saving = size(sum(group.saving for group in groups))
        self.query_one("#total", Heading).words = _("{groups} · saving {size}").format(
            groups=_n("{n} group", "{n} groups", len(groups)), size=saving
        )
        self.query_one("#groups", Rows).fill(len(groups), at)
        self._show_group()

    @on(Rows.Moved, "#groups")
    def _show_group(self) -> None:
        groups, cursor = self._found.groups, self.query_one("#groups", Rows).cursor
        group = groups[cursor] if cursor < len(groups) else None
        if group is self._group:
            return
        self._group = group
        if group is None:
            self.query_one("#tracks", Rows).fill(0)
            return
        count = _n("{n} track", "{n} tracks", len(group.tracks))
        self.query_one("#title", Heading).words = _("{name} · {tracks} · saving {size}").format(
            name=told.name(group), tracks=count, size=size(group.saving)
        )
        self.query_one("#tracks", Rows).fill(len(group.tracks) + len(group.left_over))
        self._show_track()

    @on(Rows.Moved, "#tracks")
    def _show_track(self) -> None:
        group = self._group
        if group is None:
            return
        index = self.query_one("#tracks", Rows).cursor
        detail = self.query_one("#detail", Static)
        path, what = told.detail(group, index, self._found.outside)
        lines = [*wrapped(path, detail.size.width or self.size.width - 2, 2), what]
        detail.update(Text("\n".join(lines), no_wrap=True, overflow="ellipsis"), layout=False)

    @on(events.DescendantFocus)
    def _follow(self) -> None:
        """Somebody clicked into a list: what Enter and Esc do depends on which."""
        self.set_class(self.query_one("#tracks").has_focus, "-open")
        self._arrange()

    def on_resize(self) -> None:
        """Arrange both lists anew, and fit the path under the tracks into the new width."""
        self._arrange()
        self.call_after_refresh(self._show_track)

    def _draw_group(self, index: int, width: int) -> Text:
        return told.group_row(self._found.groups[index], width)

    def _draw_track(self, index: int, width: int) -> Text:
        group = self._group
        return told.track_row(group, index, self._found.outside, width) if group else Text()

    def _say(self, text: Text) -> None:
        self.query_one("#message", Static).update(text)
