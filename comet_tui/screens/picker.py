"""Pictures to choose a cover from: those that are near, any folder, any path; the one under the cursor is shown."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.widget import Widget
from textual.worker import WorkerFailed

from comet.core.acts import Content
from comet.core.covers import Look, Offer, Preview, sides
from comet.core.errors import CometError
from comet.core.text import _, _n, safe, size
from comet_tui import covers, keys
from comet_tui.background import in_thread
from comet_tui.covered import Covered, Fate
from comet_tui.covers import Desk, Entry, Near
from comet_tui.keys import Key
from comet_tui.screens.base import Framed, Reading, explain, reason
from comet_tui.screens.crop import CropScreen
from comet_tui.screens.paired import Paired
from comet_tui.session import Session
from comet_tui.widgets.columns import Cell, line, tail
from comet_tui.widgets.lines import Heading
from comet_tui.widgets.picture import Picture
from comet_tui.widgets.rows import Rows
from comet_tui.widgets.typed import Typed

if TYPE_CHECKING:
    from comet.covers import Studio

_REST = 0.2
"""Seconds that the cursor rests on a picture before it is read: who only passes by waits for none."""

Item = Offer | Entry


class PickerScreen(Paired[Near]):
    """A list of pictures or of a folder, and how the one under the cursor looks."""

    KEYS: ClassVar[tuple[Key, ...]] = keys.PICKER
    BINDINGS = keys.bindings(keys.PICKER)
    WIDE = 72
    DEFAULT_CSS = """
    PickerScreen {
        &.-wide #one { width: 3fr; }
        &.-wide #other { width: 2fr; }
    }
    """

    def __init__(
        self,
        session: Session,
        clock: Callable[[], float],
        paths: Sequence[bytes],
        name: str,
        begun: Callable[[Covered], None] | None = None,
    ) -> None:
        """Take whose files shall have the cover, what they are called, and who is told that it is confirmed."""
        super().__init__(session)
        self._clock = clock
        self._paths = tuple(paths)
        self._whose = name
        self._begun = begun
        self._desk = Desk(session)
        self._near: Near | None = None
        self._folder: bytes | None = None
        """Which is listed; None for the pictures that are near."""
        self._items: list[Item] = []
        self._shown: object = None
        self._previewed: tuple[Item, tuple[int, int]] | None = None
        """What is shown, and in how many pixels."""

    @property
    def called(self) -> str:
        """What the screen is called."""
        return _("cover of {name}").format(name=self._whose)

    @property
    def version(self) -> object:
        """What lies near may be another picture after each change."""
        return self.session.reading, self.session.acts

    def one(self) -> ComposeResult:
        """Make the list."""
        yield Heading(id="where")
        yield Rows(self._draw, id="pictures")
        yield Typed(_("a path, then Enter; Esc leaves it"), id="path")

    def other(self) -> ComposeResult:
        """Make what shows one of them."""
        yield Heading(id="look")
        yield Picture()

    def lists(self) -> tuple[Widget, ...]:
        """Return the list."""
        return (self._rows,)

    def on_unmount(self) -> None:
        """End what looks at pictures, which may take a moment."""
        threading.Thread(target=self._desk.close, name="comet-desk", daemon=True).start()

    def on_resize(self) -> None:
        """Show the picture as large as there is room."""
        super().on_resize()
        self.call_after_refresh(self._look)

    def ask(self) -> Near:
        """Ask which pictures are near."""
        return self._desk.near(self._paths)

    def show(self, answer: Near) -> None:
        """List them."""
        self._near = answer
        if self._folder is None:
            self._list(None)

    def fail(self, error: CometError) -> None:
        """Say why they are not known; folders can still be looked through."""
        self._near = None
        self.instead(explain(error, [_("h shows the folder, e types a path, Esc leaves this.")]))

    def action_take(self) -> None:
        """Cut the cover out of the picture under the cursor, or open the folder under it."""
        item = self._item
        if isinstance(item, Entry) and item.folder:
            self._list(item.path)
        elif item is not None:
            self._crop(item)

    def action_down(self) -> None:
        """Open the folder under the cursor."""
        if isinstance(self._item, Entry) and self._item.folder:
            self._list(self._item.path)

    def action_up(self) -> None:
        """Go to the folder above, with the cursor on the one that one comes from."""
        here = self._folder
        if here is None:
            self._list(self._home)
        elif os.path.dirname(here) != here:
            self._list(os.path.dirname(here), here)

    def action_other(self) -> None:
        """Go from the pictures that are near to a folder, or back."""
        self._list(self._home if self._folder is None else None)

    def action_edit(self) -> None:
        """Type a path, beginning with the folder that is listed."""
        self.instead(None)
        self.query_one(Typed).ask(os.fsdecode(os.path.join(self._folder or self._home, b"")))

    def action_undo(self) -> None:
        """Take back the cover that was embedded last."""
        take_back(self)

    def action_back(self) -> None:
        """Leave what is being typed, or go back."""
        if self.query_one(Typed).display:
            self._close()
        else:
            self.app.pop_screen()

    @on(Typed.Submitted, "#path")
    def _typed(self, event: Typed.Submitted) -> None:
        event.stop()
        self._close()
        path = os.path.abspath(os.path.expanduser(os.fsencode(event.value.strip() or ".")))
        if os.path.isdir(path):
            self._list(path)
        else:
            self._crop(Entry(path, folder=False))

    def _crop(self, item: Item) -> None:
        if self._near is None:
            self.say(_("it is not known yet which profile this is of; r reads it again"))
            return
        self.app.push_screen(
            CropScreen(
                self.session, self._clock, self._desk, self._near.profile, self._paths, _source(item), self._embed
            )
        )

    def _embed(self, covered: Covered) -> None:
        """Go back to where one came from, and let the cover be embedded meanwhile."""
        app = self.app
        app.pop_screen()
        app.pop_screen()
        below = app.screen
        if self._begun:
            self._begun(covered)
        if isinstance(below, Framed):
            embed(below, covered)

    def _list(self, folder: bytes | None, under: bytes = b"") -> None:
        """List a folder, or with None the pictures that are near; the cursor goes to what is called `under`."""
        try:
            items: list[Item] = list(covers.listed(folder)) if folder is not None else []
        except CometError as error:
            self.refuse(error)
            return
        self._folder = folder
        self._items = items if folder is not None else list(self._near.offers if self._near else ())
        self.query_one("#where", Heading).words = self._where()
        self.instead(None if self._items or folder is not None else Text(_nothing()))
        paths = [item.path for item in self._items if isinstance(item, Entry)]
        self._rows.fill(len(self._items), paths.index(under) if under in paths else 0)
        self._look()

    def _where(self) -> str:
        if self._folder is not None:
            return tail(safe(self._folder), (self._rows.size.width or self.app.size.width // 2) - 4)
        return _n("{n} picture near", "{n} pictures near", len(self._items))

    def _close(self) -> None:
        self.query_one(Typed).close()
        self.go(0)
        self.instead(None if self._items or self._folder is not None else Text(_nothing()))

    @on(Rows.Moved, "#pictures")
    def _look(self) -> None:
        item = self._item
        if item is None or (isinstance(item, Entry) and item.folder):
            self._previewed = None
            self._paint(None, None, "")
        elif (item, self._picture.room) != self._previewed:
            self._preview(item)

    @work(exclusive=True, group="preview")
    async def _preview(self, item: Item) -> None:
        """Show a picture once the cursor rests on it."""
        await asyncio.sleep(_REST)
        room = self._picture.room
        try:
            look, preview = await in_thread(lambda: self._desk.ask(lambda studio: _looked(studio, item, room)))
        except CometError as error:
            if item is self._item:
                self._paint(None, None, f"! {reason(error)}")
        else:
            if item is self._item:
                self._previewed = item, room
                self._paint(preview, look, "")

    def _paint(self, preview: Preview | None, look: Look | None, why: str) -> None:
        width, height = (look.width, look.height) if look else (1, 1)
        self._picture.show(preview, width, height)
        self.query_one("#look", Heading).words = about(look) if look else why or _("no picture")
        if why:
            self.say(why)

    @property
    def _home(self) -> bytes:
        return os.path.dirname(self._paths[0]) if self._paths else os.getcwdb()

    @property
    def _item(self) -> Item | None:
        at = self._rows.cursor
        return self._items[at] if at < len(self._items) else None

    @property
    def _rows(self) -> Rows:
        return self.query_one("#pictures", Rows)

    @property
    def _picture(self) -> Picture:
        return self.query_one(Picture)

    def _draw(self, index: int, width: int) -> Text:
        item = self._items[index]
        if isinstance(item, Offer):
            cells = (
                Cell(sides(item.look.width, item.look.height), 13, right=True),
                Cell(item.look.format, 4, rank=2),
                Cell(size(item.look.bytes), 8, right=True, rank=1),
            )
            return line(cells, item.label, width)
        if item.folder:
            return line((Cell("▸", 1),), f"{item.name}/", width)
        return line((Cell("", 1), Cell(size(item.bytes), 8, right=True, rank=1)), item.name, width)


def about(look: Look) -> str:
    """Return what a picture is, in a line."""
    return " · ".join((sides(look.width, look.height), look.format, size(look.bytes), *look.traits))


def embed(screen: Framed, covered: Covered) -> None:
    """Let a cover be embedded after all that was wished for before, and tell of it on a screen."""
    done = screen.session.covered
    done.append(covered)
    screen.say(covered.told())

    def after() -> None:
        if not covered.entries and covered in done:
            done.remove(covered)

    _act(screen, covered, lambda: covers.embed(screen.session, covered), after)


def take_back(screen: Framed) -> None:
    """Take back the cover that was embedded last."""
    done = screen.session.covered
    if not done:
        screen.say(_("no cover was embedded from here; 8 shows what was done before"))
        return
    covered = done.pop()
    screen.say(_("putting back …"))

    def after() -> None:
        if covered.fate is not Fate.UNDONE and covered.entries:
            done.append(covered)

    _act(screen, covered, lambda: covers.undo(screen.session, covered), after)


def _act(screen: Framed, covered: Covered, do: Callable[[], None], after: Callable[[], None]) -> None:
    """Act beside the screens, also when the one where it was wished for is left; then tell of it where one is."""
    app, session = screen.app, screen.session

    async def act() -> None:
        async with session.turn:
            try:
                await in_thread(do)
            except CometError as error:
                covered.fail(reason(error))
            after()
            session.acts += 1
            session.reading += 1  # what was read of these files does not hold any more
        if not app.is_running:
            return  # the screens are being closed
        here = app.screen if screen.left() else screen
        if isinstance(here, Reading) and here.looked_at():
            with suppress(WorkerFailed):  # somebody may have it read again
                await here.read().wait()
        if isinstance(here, Framed) and not here.left():
            here.say(covered.told())

    app.run_worker(act(), group="acts")


def _looked(studio: Studio, item: Item, room: tuple[int, int]) -> tuple[Look, Preview]:
    content = item.content if isinstance(item, Offer) else studio.find(item.path)
    return studio.look(content), studio.preview(content, 0, *room)


def _source(item: Item) -> Content | bytes:
    return item.content if isinstance(item, Offer) else item.path


def _nothing() -> str:
    return _("no picture is near: h shows the folder, e types a path, Esc leaves this")
