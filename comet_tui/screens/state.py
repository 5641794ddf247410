"""The state of a collection, and what to do next; also where one begins when nothing is known yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult

from comet.core.errors import CometError, NotScannedError, UsageError
from comet.core.text import _, safe, size
from comet_tui.keys import Key
from comet_tui.screens.base import Reading, explain, unjudged
from comet_tui.session import Session
from comet_tui.widgets.page import Page

if TYPE_CHECKING:
    from comet.collection.state import State


class StateScreen(Reading["State"]):
    """What is known, how far it goes, and the next step."""

    KEYS: ClassVar[tuple[Key, ...]] = ()

    @property
    def called(self) -> str:
        """What the screen is called."""
        return _("State")

    def body(self) -> ComposeResult:
        """Make the page."""
        yield Page()

    def ask(self) -> State:
        """Ask for the state."""
        return self.session.state()

    def show(self, answer: State) -> None:
        """Write the state down."""
        self.query_one(Page).write(_written(answer, list(_next(answer, self.session))))

    def fail(self, error: CometError) -> None:
        """Say what is missing, and what to do so that it is there."""
        more = [_("Then press r here.")]
        if isinstance(error, (NotScannedError, UsageError)):
            more.append(
                _("Comet finds the same recording in a music collection by its sound; looking changes no file.")
            )
        self.query_one(Page).write(explain(error, more))


def _written(state: State, following: list[str]) -> Text:
    text = Text()
    for title, rows in (
        (_("Next"), [(line, "") for line in following]),
        (_("Folders"), [(safe(root.path), safe(root.away)) for root in state.roots] or [(_("none"), "")]),
        (_("Files"), list(_files(state))),
        (_("Duplicates"), list(_found(state))),
    ):
        text.append(title + "\n", "bold")
        wide = max((cell_len(left) for left, right in rows if right), default=0) + 2
        for left, right in rows:
            blank = " " * (wide - cell_len(left))
            text.append(f" {left}{blank}{right}\n" if right else f" {left}\n")
        text.append("\n")
    text.rstrip()
    return text


def _files(state: State) -> Iterator[tuple[str, str]]:
    yield _("music"), f"{state.files:,}"
    for codec, count in state.by_codec.items():
        yield f"  {safe(codec)}", f"{count:,}"
    yield _("can be compared"), f"{state.fingerprinted:,}"
    yield _("problems"), f"{state.problems:,}"


def _found(state: State) -> Iterator[tuple[str, str]]:
    done, all_pairs = state.pairs.done, state.pairs.all
    yield (
        _("pairs compared"),
        _("{done} of {all}, {percent}").format(
            done=f"{done:,}", all=f"{all_pairs:,}", percent=_percent(done, all_pairs)
        ),
    )
    yield _("groups"), f"{state.groups:,}"
    yield _("saving"), size(state.saving)


def _percent(done: int, of: int) -> str:
    """Return a share rounded down: 100 % only where nothing is missing."""
    return f"{1000 * done // of / 10 if of else 100.0:.1f} %"


def _next(state: State, session: Session) -> Iterator[str]:
    """Yield what to do, most urgent first."""
    command = session.command
    if any(root.away for root in state.roots):
        yield _("a folder is away: nothing of it is forgotten; connect it and run `{command}`").format(
            command=command("scan")
        )
    if not state.roots:
        yield _("this profile has no folder: name one with `comet setup`")
    elif not state.files:
        yield _("no music is known: run `{command}`").format(command=command("scan"))
    if state.pairs.done < state.pairs.all:
        yield _("not everything is compared yet: run `{command}`").format(command=command("correlate"))
    if state.unjudged:
        yield unjudged(state.unjudged, session)
    if state.groups:
        yield _("press 1 to walk through the groups")
    elif state.files and state.pairs.done == state.pairs.all and not state.unjudged:
        yield _("nothing is duplicated")
    if state.problems:
        yield _("`{command}` lists the files that could not be used").format(command=command("problems"))
