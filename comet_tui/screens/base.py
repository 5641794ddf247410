"""What screens have in common: a title, hints which keys work, and reading beside it all."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, Generic, TypeVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.screen import Screen

from comet.core.errors import CometError
from comet.core.text import _, _n, safe
from comet_tui.background import in_thread
from comet_tui.keys import Key
from comet_tui.session import Session
from comet_tui.widgets.lines import Bar, Hints, Said

T = TypeVar("T")

_SEEN = 0.4
"""Seconds that something has to be on the screen before Enter confirms it: what was typed ahead is not meant for it."""
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

    @abstractmethod
    def body(self) -> ComposeResult:
        """Make what stands between title and hints."""

    def compose(self) -> ComposeResult:
        """Make the frame and what is in it."""
        yield Bar()
        yield from self.body()
        yield Said()
        yield Hints(self.KEYS)

    def on_mount(self) -> None:
        """Say where one is."""
        self.entitle()

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

    @abstractmethod
    def ask(self) -> T:
        """Ask; this runs in a thread."""

    @abstractmethod
    def show(self, answer: T) -> None:
        """Show what was answered."""

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
            self.read()

    def on_screen_resume(self) -> None:
        """Read, if that was not done since somebody asked for it or a job ended."""
        self.session.notice()
        if not self.current:
            self.read()

    @work(exclusive=True)
    async def read(self) -> None:
        """Ask beside the screen and show what comes; what stood there stays until then."""
        bar = self.query_one(Bar)
        bar.busy = _("reading …")
        async with self.session.turn:  # what was confirmed before is part of the answer
            version = self.version
        answer: T | CometError
        try:
            answer = await in_thread(self.ask)
        except CometError as error:
            answer = error
        bar.busy = ""
        self._shown = version
        self.entitle()
        if isinstance(answer, CometError):
            self.fail(answer)
        else:
            self.show(answer)


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
