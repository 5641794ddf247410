"""Two tracks beside each other: where they differ, drawn along their time, and both to be heard from one moment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import Static

from comet.core.errors import CometError
from comet.core.model import Relation
from comet.core.text import _, clock, safe
from comet_tui import keys
from comet_tui.keys import Key
from comet_tui.player import PLAYERS, Player
from comet_tui.screens.base import Reading, every, explain
from comet_tui.session import Session
from comet_tui.widgets.columns import tail
from comet_tui.widgets.page import Page

if TYPE_CHECKING:
    from comet.collection.aligned import Pairing
    from comet.core.model import Audio, Track, Verdict

_TALL = 20
"""Lines from which on nothing has to be cut for the strip to be in sight."""
_SKIP = 10.0
"""Seconds that h and l go back and on."""


class PairScreen(Reading["Pairing"]):
    """A page about two files, and a line that says what is heard."""

    KEYS: ClassVar[tuple[Key, ...]] = keys.PAIR
    BINDINGS = keys.bindings(keys.PAIR)
    DEFAULT_CSS = "PairScreen #heard { height: 1; padding: 0 1; text-style: bold; }"

    def __init__(self, session: Session, one: str, other: str) -> None:
        super().__init__(session)
        self._paths = one, other
        self._pairing: Pairing | None = None
        self._player = Player()
        self._second = False
        """Whether it is the second track that is heard."""

    @property
    def called(self) -> str:
        """What the screen is called."""
        return _("two tracks")

    def body(self) -> ComposeResult:
        """Make the page."""
        yield Page()
        yield Static(id="heard")

    def on_mount(self) -> None:
        """Keep the line about what is heard up to date."""
        self.set_interval(every(), self._tell)

    def on_unmount(self) -> None:
        """Be silent when this is left."""
        self._player.stop()

    def on_screen_suspend(self) -> None:
        """Be silent when nobody looks any more."""
        self._player.stop()

    def ask(self) -> Pairing:
        """Ask for both tracks."""
        return self.session.aligned(*self._paths)

    def show(self, answer: Pairing) -> None:
        """Draw them."""
        self._pairing = answer
        self._draw()
        self._tell()

    def fail(self, error: CometError) -> None:
        """Say why there is nothing to see."""
        self._pairing = None
        self.query_one(Page).write(explain(error))

    def on_resize(self) -> None:
        """Draw as wide as there is room."""
        self.call_after_refresh(self._draw)

    def action_play(self) -> None:
        """Let the track be heard from where it was, or be silent."""
        if self._player.plays:
            self._player.stop()
            self._tell()
        else:
            self._play(self._player.at)

    def action_change(self) -> None:
        """Let the other track be heard, from the same moment of the music."""
        at, pairing = self._player.at, self._pairing
        if pairing is None:
            return
        moment = pairing.laid.here(at) if self._second else pairing.laid.there(at)
        self._second = not self._second
        self._play(moment)

    def action_skip(self, steps: int) -> None:
        """Go back or on in the music."""
        self._play(self._player.at + steps * _SKIP)

    def action_back(self) -> None:
        """Go back."""
        self.app.pop_screen()

    def _play(self, at: float) -> None:
        pairing = self._pairing
        if pairing is None:
            return
        track = pairing.other if self._second else pairing.one
        if not self._player.program:
            names = ", ".join(f"`{name}`" for name in PLAYERS)
            self.say(_("! nothing to play with: install one of {names} on this machine").format(names=names))
        elif not os.path.isfile(track.absolute):
            self.say(_("! `{path}` is not there").format(path=safe(track.path)))
        else:
            try:
                self._player.play(track.path, min(at, max(0.0, track.audio.duration - 1.0)))
            except OSError as error:
                self.say(
                    _("! {player} cannot be started: {why}").format(player=self._player.program, why=error.strerror)
                )
        self._tell()

    def _tell(self) -> None:
        """Say which track is heard, and where in it one is."""
        pairing = self._pairing
        heard = self.query_one("#heard", Static)
        if pairing is None or not self._player.plays:
            words = _("silent") if self._player.program else _("silent: there is no mpv and no ffplay here")
        else:
            track, letter = (pairing.other, "B") if self._second else (pairing.one, "A")
            words = _("♪ {letter} at {at} of {all}").format(
                letter=letter, at=clock(self._player.at), all=clock(track.audio.duration)
            )
            if "SSH_CONNECTION" in os.environ:
                words += _(" · on the machine where Comet runs")
        if str(heard.content) != words:
            heard.update(Text(words), layout=False)

    def _draw(self) -> None:
        pairing = self._pairing
        if pairing is not None:
            from comet.collection import strip  # noqa: PLC0415 - arrays and all

            width = max(20, self.app.size.width - 4)
            drawn = strip.drawn(pairing.laid, width)
            cut = 0 if self.app.size.height >= _TALL else width
            self.query_one(Page).write(Text("\n".join(_words(pairing, drawn, cut)), no_wrap=False))


def _words(pairing: Pairing, strip: Iterator[str], cut: int) -> Iterator[str]:
    """Yield what two tracks are, and are to each other, with their strip; `cut` to so many columns without gaps."""
    for letter, track in (("A", pairing.one), ("B", pairing.other)):
        yield f"{letter}  {tail(safe(track.path), cut - 3) if cut else safe(track.path)}"
        yield f"   {_sound(track)}"
    yield from () if cut else ("",)
    yield from _relation(pairing)
    yield from () if cut else ("",)
    yield from strip


def _relation(pairing: Pairing) -> Iterator[str]:
    """Yield what two tracks are to each other."""
    verdict, laid = pairing.verdict, pairing.laid
    if verdict is None:
        yield _("they hold the same encoded audio")
        return
    yield _related(verdict, pairing.one)
    share, overlap = 100 * verdict.similarity, clock(sum(part.seconds for part in laid.parts))
    yield _("{share:.1f} % of the bits agree (chance: 50 %) over {overlap}").format(share=share, overlap=overlap)
    if abs(laid.offset) >= 0.05:
        text = _("B starts {s:.2f} s later") if laid.offset > 0 else _("B starts {s:.2f} s earlier")
        yield text.format(s=abs(laid.offset))
    if abs(laid.speed) >= 0.1:
        text = _("B is {percent:.1f} % faster") if laid.speed > 0 else _("B is {percent:.1f} % slower")
        yield text.format(percent=abs(laid.speed))


def _sound(track: Track) -> str:
    audio: Audio = track.audio
    rate = _("{rate} kbit/s").format(rate=round(audio.bitrate / 1000))
    return f"{clock(audio.duration)} · {rate} · {safe(audio.codec)}"


def _related(verdict: Verdict, one: Track) -> str:
    holds = verdict.holder == one.audio.serial
    return {
        Relation.SAME: _("they are the same recording")
        if verdict.clear
        else _("they are the same recording, to check"),
        Relation.CONTAINS: _("A contains all of B, and more") if holds else _("B contains all of A, and more"),
        Relation.SHARES: _("they share a part and differ in the rest"),
        Relation.VARIANT: _("they are one recording, altered in one of them"),
    }[verdict.relation]
