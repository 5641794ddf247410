"""What screens have in common: a title, hints which keys work, and reading beside it all."""

from __future__ import annotations

import asyncio
import os
import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, Generic, TypeVar

from rich.text import Text
from textual import events, work
from textual.app import ComposeResult
from textual.dom import DOMNode
from textual.screen import Screen

from comet.core.errors import CometError
from comet.core.text import _, _n, clock, safe
from comet_tui import keys
from comet_tui.asleep import silent
from comet_tui.background import in_thread
from comet_tui.keys import Key
from comet_tui.session import Session
from comet_tui.widgets.columns import tail
from comet_tui.widgets.lines import Bar, Hints, Said

T = TypeVar("T")

_SEEN = 0.4
"""Seconds that something has to be on the screen before Enter confirms it: what was typed ahead is not meant for it."""
_LATE = 3.0
"""Seconds of reading after which it is said how long it takes, and from then on as often."""
_BETWEEN = 0.3
"""Seconds between two Enters, or the second one is a key that was held down."""


class Enter:
    """Tells an Enter that is meant for what is on the screen from one that was typed ahead or held down."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Take a clock, in seconds."""
        self._clock = clock
        self._since = self._pressed = clock()

    def begin(self) -> None:
        """Count from now on how long what is to be confirmed is on the screen."""
        self._since = self._clock()

    def meant(self) -> bool:
        """Note that Enter was pressed, and tell whether that confirms what is on the screen."""
        now = self._clock()
        before, self._pressed = self._pressed, now
        return now - before >= _BETWEEN and now - self._since >= _SEEN


class Framed(Screen[None]):
    """A screen with a title above and hints below."""

    KEYS: ClassVar[tuple[Key, ...]] = ()
    """Of its own, for the hint line and the help screen."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    @property
    @abstractmethod
    def called(self) -> str:
        """What the screen is called."""

    @property
    def sections(self) -> Sequence[tuple[str, tuple[Key, ...]]]:
        """Return its own keys by heading, for the help screen."""
        return ((self.called, self.KEYS),)

    @property
    def active(self) -> Sequence[Key]:
        """Return those of its own keys that would do something now."""
        return self.KEYS

    def whose(self, key: Key) -> DOMNode:
        """Return what does the thing that a key of this screen does."""
        if key in keys.EVERYWHERE:
            return self.app
        return self.focused or self if key in keys.MOVE else self

    def quiet(self) -> None:
        """Say nothing, but what is wrong with the keys that somebody chose."""
        self.say(f"! {'; '.join(keys.WRONG)}" if keys.WRONG else "")

    @abstractmethod
    def body(self) -> ComposeResult:
        """Make what stands between title and hints."""

    def compose(self) -> ComposeResult:
        """Make the frame and what is in it."""
        yield Bar()
        yield from self.body()
        yield Said()
        yield Hints(self.KEYS)

    def left(self) -> bool:
        """It was left for good: what it shows is being taken apart, or never was put together."""
        return self._pruning or self.parent is None

    async def on_event(self, event: events.Event) -> None:
        """Do nothing any more once this was left, but end: a key may have come too late, or an answer."""
        if not self.left() or isinstance(event, events.Unmount):
            await super().on_event(event)

    def on_mount(self) -> None:
        """Say where one is, and which of the keys that somebody chose count for nothing."""
        self.entitle()
        self.quiet()

    def say(self, words: str) -> None:
        """Tell what was done, or why it was not."""
        self.query_one(Said).say(words)

    def refuse(self, error: CometError) -> None:
        """Tell why something was not done, and what to do about it."""
        self.say(f"! {reason(error)}")

    def looked_at(self) -> bool:
        """Tell whether this is the screen that one sees; while the application ends there is none."""
        return self.is_active

    def entitle(self) -> None:
        """Say which screen of which profile this is."""
        name = safe(self.session.profile_name)
        self.query_one(Bar).place = (
            f"{_('Comet')} · {name} ▸ {self.called}" if name else f"{_('Comet')} ▸ {self.called}"
        )


class Reading(Framed, Generic[T]):
    """A screen that shows what a question to the collection brings."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._shown: object = None
        """Of which version the screen shows the outcome."""
        self._asked: object = None
        """Which version is being read."""

    @abstractmethod
    def ask(self) -> T:
        """Ask; this runs in a thread."""

    @abstractmethod
    def show(self, answer: T) -> None:
        """Show what was answered."""

    def offer(self, answer: T) -> None:
        """Show what was answered though nobody asked for it just now, or say that it is there."""
        self.show(answer)

    @abstractmethod
    def fail(self, error: CometError) -> None:
        """Show that there is no answer, and why."""

    @property
    def version(self) -> object:
        """What is to be shown now; where it differs from what is shown, it is read."""
        return self.session.reading

    @property
    def current(self) -> bool:
        """The screen shows what is to be shown now."""
        return self._shown == self.version

    def follow(self) -> None:
        """Read again if a job has ended, or something was changed, while one looks at this."""
        self.session.notice()
        if self._shown is not None and not self.current and not self.query_one(Bar).busy:
            self.read(unasked=True)

    def on_screen_resume(self) -> None:
        """Read, if that was not done since somebody asked for it or a job ended."""
        self.session.notice()
        if not self.current and self._asked != self.version:
            self.call_after_refresh(self.read)  # what reads takes turns with what paints

    @work(exclusive=True)
    async def read(self, *, unasked: bool = False) -> None:
        """Ask beside the screen and show what comes, or offer it; what stood there stays until then."""
        if self.left():
            return
        bar = self.query_one(Bar)
        bar.busy = _("reading …")
        waiting = self._tell_late(bar)
        async with self.session.turn:  # what was confirmed before is part of the answer
            version = self._asked = self.version
        answer: T | CometError
        try:
            answer = await in_thread(self.ask)
        except CometError as error:
            answer = error
        finally:
            waiting.cancel()
        if self.left():
            return
        bar.busy = ""
        self._shown, self._asked = version, None
        self.entitle()
        if isinstance(answer, CometError):
            self.fail(answer)
        elif unasked:
            self.offer(answer)
        else:
            self.show(answer)

    @work(group="waiting", exclusive=True)
    async def _tell_late(self, bar: Bar) -> None:
        """Say how long it takes already, and for which folder it waits where one does not answer."""
        since = time.monotonic()
        while True:
            await asyncio.sleep(_LATE)
            folder = await in_thread(lambda: silent(self.session.roots))
            seconds = clock(time.monotonic() - since)
            if folder:
                bar.busy = _("waiting for {folder} {time}").format(folder=tail(safe(folder), 24), time=seconds)
            else:
                bar.busy = _("reading … {time}").format(time=seconds)


def every() -> float:
    """Return the seconds between two looks at a job: over a network what moves is bytes."""
    return 1.0 if "SSH_CONNECTION" in os.environ else 0.5


def unjudged(pairs: int, session: Session) -> str:
    """Return the sentence about pairs whose relation is not known yet: groups may be missing because of them."""
    return _("{pairs}: run `{command}`").format(
        pairs=_n("{n} pair is not judged yet", "{n} pairs are not judged yet", pairs),
        command=safe(session.command("groups")),
    )


def reason(error: CometError) -> str:
    """Return why something was not done, and what to do about it, in a line."""
    return " · ".join(safe(part) for part in (str(error), error.hint) if part)


def explain(error: CometError, more: Sequence[str] = ()) -> Text:
    """Return an error as a person reads it: the sentence, then what to do about it."""
    text = Text(safe(str(error)), "bold")
    if error.hint:
        text.append("\n" + _("hint: {hint}").format(hint=safe(error.hint)), "not bold")
    for line in more:
        text.append("\n\n" + line, "not bold")
    return text
