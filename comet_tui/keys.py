"""Every key once: bindings, the hint line, the help screen and the guide come from here.

A key does one thing per screen, and moving, Tab, Esc, `?` and `q` do the same on all of them. There is no key that
deletes: what goes is what Enter confirms, and what is freed for ever is a number that somebody typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from textual.binding import Binding, BindingType

from comet.core.text import _

_LATIN = "qwertyuiopasdfghjklzxcvbnmQWERTYUIOPASDFGHJKLZXCVBNM"
_CYRILLIC = "йцукенгшщзфывапролдячсмитьЙЦУКЕНГШЩЗФЫВАПРОЛДЯЧСМИТЬ"
_SAME_PLACE = str.maketrans(_LATIN, _CYRILLIC)


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that keys do."""

    names: tuple[str, ...]
    """As Textual calls them."""
    action: str
    shown: str
    """As a person calls them."""
    does: str
    """A sentence for the help screen and the guide."""
    short: str = ""
    """A word for the hint line, empty where it does not stand there."""
    first: bool = False
    """It takes the key before the widget that has the focus."""


MOVE = (
    Key(("j", "down"), "move(1)", "j  ↓", _("down")),
    Key(("k", "up"), "move(-1)", "k  ↑", _("up")),
    Key(("pagedown", "ctrl+f"), "page(1)", "PgDn  Ctrl-F", _("a page down")),
    Key(("pageup", "ctrl+b"), "page(-1)", "PgUp  Ctrl-B", _("a page up")),
    Key(("g", "home"), "edge(-1)", "g  Home", _("to the top")),
    Key(("G", "end"), "edge(1)", "G  End", _("to the end")),
)
"""In every list and on every page."""

PROFILES = (
    Key(("enter",), "use", "Enter", _("work with this profile; jobs that run go on"), _("use")),
    Key(("a",), "add", "a", _("add a profile"), _("add")),
    Key(("tab",), "other", "Tab", _("the other list"), _("other list")),
    Key(("escape",), "back", "Esc", _("one step back")),
)

SCAN = (
    Key(("enter",), "start", "Enter", _("scan, correlate and find groups; it goes on when this is left"), _("start")),
    Key(("space",), "pause", "Space", _("let the job wait, or go on"), _("pause")),
    Key(("s",), "stop", "s", _("end the job after the unit in hand; what is done is kept"), _("stop")),
    Key(("tab",), "other", "Tab", _("the other list"), _("other list")),
)

REVIEW = (
    Key(("enter",), "confirm", "Enter", _("confirm the group: move the tracks that go into quarantine"), _("confirm")),
    Key(("space",), "keep", "Space", _("this track stays, or goes; one of them always does"), _("keep")),
    Key(("J",), "group(1)", "J", _("the next group"), _("next group")),
    Key(("K",), "group(-1)", "K", _("the group before")),
    Key(("u",), "undo", "u", _("undo what was done here last"), _("undo")),
    Key(("s",), "skip", "s", _("leave the group for later; once more: not"), _("skip")),
    Key(("a",), "apart", "a", _("they are no duplicates of each other; u takes it back"), _("no duplicates")),
    Key(("tab",), "other", "Tab", _("the other list"), _("other list")),
    Key(("escape",), "back", "Esc", _("back to what is proposed for the group")),
)

QUARANTINE = (
    Key(("u",), "undo", "u", _("put back this file, or all that this run moved"), _("undo")),
    Key(("p",), "purge", "p", _("delete for ever: this file and all older ones, or this run's"), _("purge")),
    Key(("tab",), "other", "Tab", _("the other list"), _("other list")),
    Key(("escape",), "back", "Esc", _("one step back, nothing is purged")),
)

JOBS = (
    Key(("enter",), "open", "Enter", _("all about the job; once more: back"), _("open")),
    Key(("space",), "pause", "Space", _("let the job wait, or go on"), _("pause")),
    Key(("s",), "stop", "s", _("end the job after the unit in hand; what is done is kept"), _("stop")),
    Key(("escape",), "back", "Esc", _("one step back")),
)

BACK = (Key(("escape", "enter"), "back", "Esc  Enter", _("back"), _("back")),)

EVERYWHERE = (
    Key(("1",), "show('profiles')", "1", _("profiles"), _("profiles")),
    Key(("2",), "show('scan')", "2", _("scan: the folders, the job at work, and what to do next"), _("scan")),
    Key(("3",), "show('review')", "3", _("review: the groups, and which tracks stay"), _("review")),
    Key(("4",), "show('covers')", "4", _("covers, to come")),
    Key(("5",), "show('threshold')", "5", _("threshold, to come")),
    Key(("6",), "show('memory')", "6", _("memory, to come")),
    Key(("7",), "show('backup')", "7", _("backup, to come")),
    Key(("8",), "show('quarantine')", "8", _("quarantine and history: put back, purge"), _("quarantine")),
    Key(("9",), "show('jobs')", "9", _("jobs of all profiles"), _("jobs")),
    Key(("r",), "read_again", "r", _("read again what is known"), _("read again")),
    Key(("q",), "quit", "q", _("leave; nothing is lost, and a job that runs goes on"), _("quit")),
    Key(("question_mark", "f1"), "help", "?", _("the keys of this screen; once more: back"), _("keys")),
)
"""On every screen. The last one always stands in the hint line."""


def bindings(keys: Iterable[Key]) -> list[BindingType]:
    """Return keys as Textual wants them, letters also where they lie on a Russian keyboard."""
    return [Binding(",".join(_names(key)), key.action, key.does, show=False, priority=key.first) for key in keys]


def sections(own: tuple[Key, ...], title: str) -> list[tuple[str, tuple[Key, ...]]]:
    """Return the keys that work on a screen with keys of its `own`, by heading."""
    rest = [(_("Lists and pages"), MOVE), (_("Everywhere"), EVERYWHERE)]
    return [(title, own), *rest] if own else rest


def guide() -> Iterator[str]:
    """Yield the lines of the guide's tables of keys, in Markdown."""
    own = (
        (_("Profiles"), PROFILES),
        (_("Scan"), SCAN),
        (_("Review"), REVIEW),
        (_("Quarantine"), QUARANTINE),
        (_("Jobs"), JOBS),
    )
    for title, keys in [*own, *sections(BACK, _("Help"))]:
        yield from ("", f"**{title}**", "", f"| {_('key')} | {_('does')} |", "|---|---|")
        yield from (f"| {'  '.join(f'`{name}`' for name in key.shown.split())} | {key.does} |" for key in keys)


def _names(key: Key) -> Iterator[str]:
    for name in key.names:
        yield name
        if len(name) == 1 and name in _LATIN:
            yield name.translate(_SAME_PLACE)
