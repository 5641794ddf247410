"""A cover cut out of a picture by hand: a frame, and what comes out, in pixels and bytes, before Enter embeds it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from comet.core.acts import Content
from comet.core.covers import Form, Look, Made, Preview, Region, Suggestion, sides
from comet.core.errors import CometError, NoFactorError, UsageError
from comet.core.profiles import Profile
from comet.core.text import _, _n, safe, size
from comet_tui import cutting, frame, keys
from comet_tui.background import in_thread
from comet_tui.covered import Covered
from comet_tui.covers import Desk
from comet_tui.cutting import Cut
from comet_tui.frame import Shape
from comet_tui.keys import Key
from comet_tui.screens.base import Enter, Framed, explain, reason
from comet_tui.session import Session
from comet_tui.widgets.columns import tail
from comet_tui.widgets.lines import Bar, Line, Said
from comet_tui.widgets.picture import Picture
from comet_tui.widgets.typed import Typed

_REST = 0.5
"""Seconds without a change after which the cover is made, to see how many bytes it takes."""
_PANEL = 32, 22
"""Columns of what is told beside the picture, from `_WIDE` columns on and below."""
_WIDE = 60
_TOLD = ("files", "picture", "page", "shape", "frame", "region", "step", "cover", "bytes", "folder")


class CropScreen(Framed):
    """A picture with a frame, and beside it what comes out."""

    KEYS: ClassVar[tuple[Key, ...]] = keys.CROP
    BINDINGS = keys.bindings(keys.CROP)
    AUTO_FOCUS = ""  # it would be a line in which something is typed
    DEFAULT_CSS = """
    CropScreen {
        #both { height: 1fr; }
        #told { padding: 0 0 0 1; }
        #message { height: 1fr; padding: 1; display: none; }
        &.-silent #both { display: none; }
        &.-silent #message { display: block; }
    }
    """

    def __init__(
        self,
        session: Session,
        clock: Callable[[], float],
        desk: Desk,
        profile: Profile,
        paths: Sequence[bytes],
        source: Content | bytes,
        embed: Callable[[Covered], None],
    ) -> None:
        """Take where pictures are looked at, whose files shall have the cover, the picture, and what embeds it."""
        super().__init__(session)
        self._enter = Enter(clock)
        self._desk, self._profile, self._paths = desk, profile, tuple(paths)
        self._source, self._embed = source, embed
        own = profile.settings.covers
        self._form = Form.of(own)
        self._folder = bool(own.folder_picture)
        self._look: Look | None = None
        self._content: Content | None = None
        self._page = 0
        self._cut = Cut(Region(0, 0, 1, 1))
        self._made: Made | None = None
        self._why = ""
        """Why there is none, safe to show."""
        self._dragged: tuple[tuple[int, int], Region] | None = None
        """Where a drag began, and the frame as it was then."""

    @property
    def called(self) -> str:
        """What the screen is called."""
        return _("cut a cover")

    def body(self) -> ComposeResult:
        """Make the picture, and what is told beside it."""
        yield Static(id="message")
        with Horizontal(id="both"):
            yield Picture()
            with Vertical(id="told"):
                for name in _TOLD:
                    yield Line(id=name)
        yield Typed(_("x y width height"), id="numbers")
        yield Typed(_("width:height, such as 16:9; nothing for any"), id="ratio")
        yield Typed(_("pixels of the longer side; nothing for a whole factor"), id="output")

    def on_mount(self) -> None:
        """Read the picture."""
        self._arrange()
        self.call_after_refresh(self._begin)  # how much room there is, is known only then

    def on_screen_resume(self) -> None:
        """Count from now on how long this is on the screen."""
        self._enter.begin()

    def on_resize(self) -> None:
        """Show the picture as large as there is room; the frame stays where it is in it."""
        self._arrange()
        if self._look:
            self.call_after_refresh(self._show_again)

    def action_confirm(self) -> None:
        """Embed the cover that is shown, if it was seen how large it is."""
        if not self._enter.meant():
            return
        if self._profile.read_only:
            self.say(_("the profile is read-only, nothing is done"))
        elif self._made is None:
            self.say(self._why or _("it is being made: Enter again when its bytes stand there"))
        else:
            self._embed(Covered(self._profile, self._paths, self._made, self._folder))

    def action_move(self, right: int, down: int) -> None:
        """Move the frame by a step."""
        if self._look:
            across, along = self._step
            region = frame.moved(self._cut.region, right * across, down * along, self._look.width, self._look.height)
            self._take(region)

    def action_size(self, wider: int, higher: int) -> None:
        """Let the frame be wider or higher by a step."""
        if self._look:
            across, along = self._step
            limits = self._look.width, self._look.height
            self._take(frame.sized(self._cut.region, wider * across, higher * along, self._cut.shape, *limits))

    def action_fine(self) -> None:
        """Take steps of a pixel, or of a cell."""
        self._cut.fine = not self._cut.fine
        self._tell()

    def action_suggest(self) -> None:
        """Take the next region that may be meant."""
        if self._look is None:
            return
        everything = Suggestion(Region(0, 0, self._look.width, self._look.height), _("all of it"))
        listed = (*self._cut.suggestions, everything)
        self._cut.suggested = (self._cut.suggested + 1) % len(listed)
        found = listed[self._cut.suggested]
        if self._cut.shape and frame.shaped(found.region, self._cut.shape) != found.region:
            self._cut.shape = None
        self._take(found.region)
        self.say(_("{which} of {n}: {why}").format(which=self._cut.suggested + 1, n=len(listed), why=found.why))

    def action_shape(self) -> None:
        """Let the frame be square, or of any shape."""
        self._be(None if self._cut.shape == frame.SQUARE else frame.SQUARE)

    def action_ratio(self) -> None:
        """Type a ratio."""
        wide, high = self._cut.shape or (0, 0)
        self.query_one("#ratio", Typed).ask(f"{wide}:{high}" if wide else "")

    def action_edit(self) -> None:
        """Type the frame."""
        region = self._cut.region
        self.query_one("#numbers", Typed).ask(f"{region.x} {region.y} {region.width} {region.height}")

    def action_output(self) -> None:
        """Type the size that comes out."""
        self.query_one("#output", Typed).ask(str(self._cut.output or ""))

    def action_nearest(self) -> None:
        """Take the nearest size where none fits."""
        if isinstance(self._cut.comes(self._form), NoFactorError):
            self._cut.nearest = True
            self._changed()
        else:
            self.say(_("a size fits already"))

    def action_page(self) -> None:
        """Go to the next picture in this file."""
        if self._look is None or self._look.pages < 2:
            self.say(_("there is one picture in this file"))
            return
        self.workers.cancel_group(self, "make")  # it would be made of the page that is shown
        self._made = None
        self._read((self._page + 1) % self._look.pages)

    def action_folder(self) -> None:
        """Put it into the folder too, or not."""
        self._folder = not self._folder
        self._enter.begin()
        self._tell()

    def action_back(self) -> None:
        """Leave what is being typed, or go back to the pictures."""
        if any(each.display for each in self.query(Typed)):
            self._close()
        else:
            self.app.pop_screen()

    @on(Typed.Submitted)
    def _typed(self, event: Typed.Submitted) -> None:
        event.stop()
        self._close()
        if self._look is None:
            return
        try:
            if event.input.id == "numbers":
                region = frame.typed(event.value, self._look.width, self._look.height)
                self._cut.shape = None  # four numbers say more than a shape
                self._take(region)
            elif event.input.id == "ratio":
                self._be(frame.ratio(event.value))
            else:
                self._cut.output, self._cut.nearest = cutting.pixels(event.value), False
                self._changed()
        except UsageError as error:
            self.refuse(error)

    @on(Picture.Dragged)
    def _drag(self, event: Picture.Dragged) -> None:
        """Move the frame if the drag began in it, else draw another one."""
        if self._look is None:
            return
        if self._dragged is None or event.first:
            self._dragged = event.begin, self._cut.region
        begin, old = self._dragged
        right, down = event.end[0] - begin[0], event.end[1] - begin[1]
        limits = self._look.width, self._look.height
        if old.x <= begin[0] < old.x + old.width and old.y <= begin[1] < old.y + old.height:
            self._take(frame.moved(old, right, down, *limits))
        else:
            self._take(frame.between(begin, event.end, self._cut.shape, *limits))

    def _begin(self) -> None:
        self._read()

    @work(exclusive=True, group="read")
    async def _read(self, page: int = 0) -> None:
        """Read a page of the picture, then what may be meant of it; until it is there the one before is what counts."""
        bar, room = self.query_one(Bar), self._picture.room
        bar.busy = _("reading …")
        try:
            content = await in_thread(lambda: self._desk.find(self._source))
            look, preview = await in_thread(
                lambda: self._desk.ask(
                    lambda studio: (studio.look(content, page), studio.preview(content, page, *room))
                )
            )
        except CometError as error:
            if self._look:
                self._changed()
                self.refuse(error)
            else:
                self._fail(error)
            return
        finally:
            bar.busy = ""
        self._content, self._look, self._page = content, look, page
        old = self._cut
        self._cut = Cut(frame.whole(look.width, look.height, old.shape), old.shape, old.fine, old.output)
        self._show(preview)
        self._changed()
        try:
            self._cut.suggestions = await in_thread(
                lambda: self._desk.ask(lambda studio: studio.suggest(content, page))
            )
        except CometError as error:
            self.refuse(error)

    @work(exclusive=True, group="read")
    async def _show_again(self) -> None:
        """Show the picture in another size."""
        content, room, page = self._content, self._picture.room, self._page
        if content is None:
            return
        try:
            preview = await in_thread(lambda: self._desk.ask(lambda studio: studio.preview(content, page, *room)))
        except CometError as error:
            self._fail(error)
        else:
            self._show(preview)

    @work(exclusive=True, group="make")
    async def _make(self) -> None:
        """Make the cover once nothing changes any more."""
        await asyncio.sleep(_REST)
        content, page, form = self._content, self._page, self._cut.form(self._form)
        if content is None:
            return
        try:
            self._made = await in_thread(lambda: self._desk.ask(lambda studio: studio.cover(content, page, form)))
        except CometError as error:
            self._why = f"! {reason(error)}"
            self.say(self._why)
        self._enter.begin()  # how large it is has to be on the screen for a moment
        self._tell()

    def _show(self, preview: Preview) -> None:
        if self._look:
            self.set_class(False, "-silent")
            self._picture.show(preview, self._look.width, self._look.height)
            self._picture.outline(self._cut.region)
            self._tell()

    def _fail(self, error: CometError) -> None:
        """Say why this picture cannot be used, and which key helps."""
        self._look, self._made, self._why = None, None, f"! {reason(error)}"
        self.set_class(True, "-silent")
        self.query_one("#message", Static).update(explain(error, [_("Esc leads back to the other pictures.")]))

    def _be(self, shape: Shape) -> None:
        """Let the frame have a shape."""
        self._cut.shape = shape
        self._take(frame.shaped(self._cut.region, shape))
        self._tell()

    def _take(self, region: Region) -> None:
        """Put the frame around a region."""
        before, self._cut.region = self._cut.region, region
        if region == before:
            return
        if (region.width, region.height) != (before.width, before.height):
            self._cut.nearest = False  # it was taken for another size
        self._picture.outline(region)
        self._changed()

    def _changed(self) -> None:
        """Tell at once how many pixels come out, and make the cover a little later."""
        self._made, self._why = None, ""
        self._enter.begin()
        found = self._cut.comes(self._form)
        if isinstance(found, NoFactorError):
            self._why = _("! {why}: n takes {nearest}").format(why=found, nearest=sides(*found.nearest))
            self.say(self._why)
            self.workers.cancel_group(self, "make")
        else:
            if str(self.query_one(Said).content):  # else an empty line would be sent with each key
                self.quiet()
            self._make()
        self._tell()

    @property
    def _step(self) -> tuple[int, int]:
        return (1, 1) if self._cut.fine else self._picture.step

    @property
    def _picture(self) -> Picture:
        return self.query_one(Picture)

    def _close(self) -> None:
        for each in self.query(Typed):
            each.close()
        self.set_focus(None)

    def _arrange(self) -> None:
        """Give what is told the columns that it needs, and the picture all others."""
        self.query_one("#told").styles.width = _PANEL[self.app.size.width < _WIDE]

    def _tell(self) -> None:
        """Tell what is chosen and what comes out of it; lines that stay as they were are not painted again."""
        look, cut, region = self._look, self._cut, self._cut.region
        if look is None:
            return
        name = self._source if isinstance(self._source, bytes) else self._source.path
        wide, high = cut.shape or (0, 0)
        found = self._cut.comes(self._form)
        told = {
            "files": (_("for"), _n("{n} file", "{n} files", len(self._paths))),
            "picture": (_("from"), tail(safe(os.path.basename(name)), _PANEL[self.app.size.width < _WIDE] - 10)),
            "page": (_("page"), f"{self._page + 1} / {look.pages}" if look.pages > 1 else ""),
            "shape": (_("shape"), f"{wide}:{high}" if wide else _("any")),
            "frame": (_("frame"), sides(region.width, region.height)),
            "region": (_("at"), f"{region.x}, {region.y}"),
            "step": (_("step"), _("{n} px").format(n=self._step[0])),
            "cover": (_("cover"), _("no size fits") if isinstance(found, NoFactorError) else cutting.coming(found)),
            "bytes": (_("bytes"), size(self._made.bytes) if self._made else "…" if not self._why else ""),
            "folder": (_("folder"), _("folder.jpg too") if self._folder else _("no folder.jpg")),
        }
        column = max(cell_len(label) for label, _value in told.values()) + 1
        for line, (label, value) in told.items():
            shown = self.query_one(f"#{line}", Line)
            shown.display = bool(value)
            shown.words = f"{label}{' ' * (column - cell_len(label))}{value}"
