"""The state of a collection in words, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from comet.core.text import _, grouped, safe, size
from comet_tui.screens.base import unjudged
from comet_tui.session import Session
from comet_tui.widgets.columns import table

if TYPE_CHECKING:
    from comet.collection.state import State


def written(state: State, next_steps: list[str]) -> Text:
    """Return what is known, how far it goes, and the next steps."""
    text = Text()
    for title, rows in (
        (_("Next"), [(line, "") for line in next_steps]),
        (_("Folders"), [(safe(root.path), safe(root.away)) for root in state.roots] or [(_("none"), "")]),
        (_("Files"), list(_files(state))),
        (_("Duplicates"), list(_found(state))),
    ):
        text.append(title + "\n", "bold")
        text.append_text(table(rows)).append("\n")
    text.rstrip()
    return text


def _files(state: State) -> Iterator[tuple[str, str]]:
    yield _("music"), grouped(state.taking.files)
    for codec, count in state.by_codec.items():
        yield f"  {safe(codec)}", grouped(count)
    yield _("can be compared"), grouped(state.taking.compared)
    yield _("problems"), grouped(state.problems)


def _found(state: State) -> Iterator[tuple[str, str]]:
    done, all_pairs = state.pairs.done, state.pairs.all
    yield (
        _("pairs compared"),
        _("{done} of {all}, {percent}").format(
            done=grouped(done), all=grouped(all_pairs), percent=_percent(done, all_pairs)
        ),
    )
    yield _("groups"), grouped(state.groups)
    yield _("saving"), size(state.saving)


def _percent(done: int, of: int) -> str:
    """Return a share rounded down: 100 % only where nothing is missing."""
    return f"{1000 * done // of / 10 if of else 100.0:.1f} %"


def steps(state: State, session: Session) -> Iterator[str]:
    """Yield what to do, most urgent first."""
    command = session.command
    if any(root.away for root in state.roots):
        yield _("a folder is away: nothing of it is forgotten; connect it, then press Enter or run `{command}`").format(
            command=command("scan")
        )
    if not state.roots:
        yield _("this profile has no folder: name one with `comet setup`")
    elif not state.taking.files:
        yield _("no music is known: press Enter, or run `{command}`").format(command=command("scan"))
    if state.pairs.done < state.pairs.all:
        yield _("not everything is compared yet: press Enter, or run `{command}`").format(command=command("correlate"))
    if state.unjudged:
        yield unjudged(state.unjudged, session)
    if state.groups:
        yield _("press 3 to walk through the groups")
    elif state.taking.files and state.pairs.done == state.pairs.all and not state.unjudged:
        yield _("nothing is duplicated")
    if state.problems:
        yield _("`{command}` lists the files that could not be used").format(command=command("problems"))
