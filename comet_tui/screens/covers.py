"""Albums that lack a cover or have a poor one, the worst first; Enter leads to pictures for the one in hand."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.widget import Widget

from comet.core.errors import CometError
from comet.core.text import _, _n, safe
from comet_tui import covers, keys
from comet_tui.covered import Covered, Fate
from comet_tui.covers import Lacking
from comet_tui.keys import Key
from comet_tui.screens.base import explain
from comet_tui.screens.paired import Paired
from comet_tui.screens.picker import PickerScreen, take_back
from comet_tui.session import Session
from comet_tui.widgets.columns import Cell, line
from comet_tui.widgets.lines import Heading
from comet_tui.widgets.page import Page
from comet_tui.widgets.rows import Rows
from comet_tui.widgets.typed import Typed

if TYPE_CHECKING:
    from comet.collection.covers import Album


class CoversScreen(Paired[Lacking]):
    """A list of albums, and all about one of them."""

    KEYS: ClassVar[tuple[Key, ...]] = keys.COVERS
    BINDINGS = keys.bindings(keys.COVERS)
    WIDE = 110
    DEFAULT_CSS = """
    CoversScreen {
        &.-wide #one { width: 3fr; }
        &.-wide #other { width: 2fr; }
    }
    """

    def __init__(self, session: Session, clock: Callable[[], float]) -> None:
        super().__init__(session)
        self._clock = clock
        self._profile = ""
        """Whose albums are listed, by its name."""
        self._albums: list[Album] = []
        self._covered: dict[tuple[bytes, str], Covered] = {}
        """What was done here last, by folder and title of the album."""
        self._wanted = ""

    @property
    def called(self) -> str:
        """What the screen is called."""
        return _("4 Covers")

    def one(self) -> ComposeResult:
        """Make the list of albums."""
        yield Heading(id="total")
        yield Rows(self._draw, id="albums")
        yield Typed(_("a word of an album, its artist or its folder, then Enter; Esc leaves it"), id="find")

    def other(self) -> ComposeResult:
        """Make the page about one of them."""
        yield Heading(id="which")
        yield Page()

    def lists(self) -> tuple[Widget, Widget]:
        """Return list and page."""
        return self._rows, self.query_one(Page)

    def on_screen_resume(self) -> None:
        """Tell what became of what was confirmed."""
        self._rows.refresh()

    def ask(self) -> Lacking:
        """Ask for the albums."""
        return covers.lacking(self.session)

    def show(self, answer: Lacking) -> None:
        """List them; those that were done here stay where they were, and so does the cursor."""
        if answer.profile.name != self._profile:
            self._profile, self._albums, self._covered = answer.profile.name, [], {}
        here = self._album
        albums = list(answer.albums)
        found = set(map(_key, albums))
        for at, album in enumerate(self._albums):
            if _key(album) in self._covered and _key(album) not in found:
                albums.insert(at, album)
        self._albums = albums
        places = list(map(_key, albums))
        at = places.index(_key(here)) if here and _key(here) in places else self._rows.cursor
        self._rows.fill(len(albums), at)
        self.instead(None if albums else Text(_("every album that is known has a good cover; 2 looks for new files")))
        self._show_album()

    def fail(self, error: CometError) -> None:
        """Say why they are not known."""
        self._albums = []
        self.instead(explain(error, [_("2 shows what to do next, 1 the profiles.")]))

    def action_open(self) -> None:
        """Choose a picture for the files of the album under the cursor."""
        album = self._album
        if album is not None:
            self.app.push_screen(
                PickerScreen(
                    self.session, self._clock, album.files, _name(album), lambda begun: self._begin(album, begun)
                )
            )

    def action_undo(self) -> None:
        """Take back the cover that was embedded last."""
        take_back(self)
        self._rows.refresh()

    def action_find(self) -> None:
        """Type a word of an album that is looked for."""
        self.query_one(Typed).ask(self._wanted)

    def action_match(self, step: int) -> None:
        """Go to the next album that has the word, or the one before."""
        word, count, here = self._wanted.casefold(), len(self._albums), self._rows.cursor
        around = ((here + step * far) % count for far in range(1, count + 1))
        found = next((at for at in around if word in _words(self._albums[at]).casefold()), None) if word else None
        if found is None:
            told = _("no album has `{word}`").format(word=safe(self._wanted)) if word else _("/ looks for a word")
            self.say(told)
        else:
            self._rows.move_to(found)

    def action_back(self) -> None:
        """Leave what is being typed."""
        self.query_one(Typed).close()
        self.go(0)

    @on(Typed.Submitted, "#find")
    def _typed(self, event: Typed.Submitted) -> None:
        event.stop()
        self._wanted = event.value.strip()
        self.action_back()
        self.action_match(1)

    def _begin(self, album: Album, covered: Covered) -> None:
        """Mark an album whose cover was confirmed, and go to the next one that lacks one."""
        self._covered[_key(album)] = covered
        places = list(map(_key, self._albums))  # they may have been read again meanwhile
        count, here = len(places), places.index(_key(album)) if _key(album) in places else self._rows.cursor
        around = ((here + far) % count for far in range(1, count))
        self._rows.move_to(next((at for at in around if not self._done(self._albums[at])), here))
        self._rows.refresh()

    def _done(self, album: Album) -> bool:
        covered = self._covered.get(_key(album))
        return covered is not None and covered.fate in (Fate.WAITING, Fate.DONE)

    @on(Rows.Moved, "#albums")
    def _show_album(self) -> None:
        left = sum(not self._done(album) for album in self._albums)
        self.query_one("#total", Heading).words = _n("{n} album left", "{n} albums left", left)
        album = self._album
        if album is None:
            return
        self.query_one("#which", Heading).words = _n("{n} file", "{n} files", len(album.files))
        names = (safe(os.path.basename(path)) for path in album.files)
        self.query_one(Page).write(Text("\n".join((safe(album.folder), "", *album.why, "", *names))))

    def _draw(self, index: int, width: int) -> Text:
        album = self._albums[index]
        covered = self._covered.get(_key(album))
        marks = {Fate.WAITING: _("… writing"), Fate.DONE: _("✓ done"), Fate.FAILED: _("! failed"), Fate.UNDONE: ""}
        cells = (
            Cell(marks[covered.fate] if covered else "", 9),
            Cell(_n("{n} file", "{n} files", len(album.files)), 9, right=True, rank=2),
            Cell(", ".join(album.why), 30, rank=1),
        )
        return line(cells, _name(album), width)

    @property
    def _album(self) -> Album | None:
        at = self._rows.cursor
        return self._albums[at] if at < len(self._albums) else None

    @property
    def _rows(self) -> Rows:
        return self.query_one("#albums", Rows)


def _key(album: Album) -> tuple[bytes, str]:
    return album.folder, album.title


def _name(album: Album) -> str:
    """Return artist and title of an album, or the name of its folder where they are not known; safe to show."""
    return safe(" - ".join(filter(None, (album.artist, album.title)))) or safe(os.path.basename(album.folder))


def _words(album: Album) -> str:
    return " ".join((album.artist, album.title, os.fsdecode(album.folder)))
