"""What screens have in common: a title, hints which keys work, and reading beside it all."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
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
from comet_tui.widgets.lines import Bar, Hints

T = TypeVar("T")


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

    @abstractmethod
    def body(self) -> ComposeResult:
        """Make what stands between title and hints."""

    def compose(self) -> ComposeResult:
        """Make the frame and what is in it."""
        yield Bar()
        yield from self.body()
        yield Hints(self.KEYS)

    def on_mount(self) -> None:
        """Say where one is."""
        self.entitle()

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
        self._shown = -1
        """Of which reading the screen shows the outcome."""

    @abstractmethod
    def ask(self) -> T:
        """Ask; this runs in a thread."""

    @abstractmethod
    def show(self, answer: T) -> None:
        """Show what was answered."""

    @abstractmethod
    def fail(self, error: CometError) -> None:
        """Show that there is no answer, and why."""

    def on_screen_resume(self) -> None:
        """Read, if that was not done since somebody asked for it."""
        if self._shown != self.session.reading:
            self.read()

    @work(exclusive=True)
    async def read(self) -> None:
        """Ask beside the screen and show what comes; what stood there stays until then."""
        reading = self.session.reading
        bar = self.query_one(Bar)
        bar.busy = _("reading …")
        try:
            answer = await in_thread(self.ask)
        except CometError as error:
            bar.busy = ""
            self._shown = reading
            self.entitle()
            self.fail(error)
        else:
            bar.busy = ""
            self._shown = reading
            self.entitle()
            self.show(answer)


def unjudged(pairs: int, session: Session) -> str:
    """Return the sentence about pairs whose relation is not known yet: groups may be missing because of them."""
    return _("{pairs}: run `{command}`").format(
        pairs=_n("{n} pair is not judged yet", "{n} pairs are not judged yet", pairs),
        command=safe(session.command("groups")),
    )


def explain(error: CometError, more: Sequence[str] = ()) -> Text:
    """Return an error as a person reads it: the sentence, then what to do about it."""
    text = Text(safe(str(error)), "bold")
    if error.hint:
        text.append("\n" + _("hint: {hint}").format(hint=safe(error.hint)), "not bold")
    for line in more:
        text.append("\n\n" + line, "not bold")
    return text
