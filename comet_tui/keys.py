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
    Key(("enter",), "confirm", "Enter", _("confirm the group: tags are written, what goes is moved"), _("confirm")),
    Key(("space",), "keep", "Space", _("this track stays, or goes; one of them always does"), _("keep")),
    Key(("J",), "group(1)", "J", _("the next group"), _("next group")),
    Key(("K",), "group(-1)", "K", _("the group before")),
    Key(("u",), "undo", "u", _("undo what was done here last"), _("undo")),
    Key(("s",), "skip", "s", _("leave the group for later; once more: not"), _("skip")),
    Key(("t",), "tags", "t", _("to the tags; once more: back to the tracks"), _("tags")),
    Key(("a",), "apart", "a", _("they are no duplicates of each other; u takes it back"), _("no duplicates")),
    Key(("tab",), "other", "Tab", _("the next list: groups, tracks, tags"), _("next list")),
    Key(("escape",), "back", "Esc", _("back to the tracks that are proposed to stay")),
    Key(("F",), "app.many('folders')", "F", _("folders that hold the same tracks: one answer for all of them")),
    Key(("R",), "app.many('rule')", "R", _("a rule, such as `keep lossless`: what it would do, and do it")),
)

TAGS = (
    Key(("l", "right"), "value(1)", "l  →", _("the next value of the field"), _("value")),
    Key(("h", "left"), "value(-1)", "h  ←", _("the value before")),
    Key(("space",), "take", "Space", _("this value in or out; at a conflict: take what is shown"), _("in or out")),
    Key(("p",), "proposed", "p", _("take what is proposed in all conflicts that are left"), _("as proposed")),
    Key(("e",), "edit", "e", _("type what is in the field"), _("edit")),
    Key(("E",), "editor", "E", _("all fields in your editor; nothing is written before Enter"), _("editor")),
    Key(("u",), "unsettle", "u", _("undo the last change of these tags"), _("undo")),
    Key(("m",), "merging", "m", _("each file keeps its own tags; once more: they are merged"), _("merge or not")),
    Key(("W",), "goers", "W", _("write them to the files that go too; once more: not")),
    Key(("o",), "fold", "o", _("open what is the same everywhere; once more: close it")),
    Key(("escape",), "leave", "Esc", _("back to the tracks")),
)
"""While the tags of a group have the keys; all others work as in the review."""

FOLDERS = (
    Key(
        ("enter",), "confirm", "Enter", _("keep this folder: what goes of the other one is moved, by a job"), _("keep")
    ),
    Key(("u",), "undo", "u", _("undo what the last job from here has moved"), _("undo")),
    Key(("tab",), "other", "Tab", _("the pairs, or what goes"), _("what goes")),
    Key(("escape",), "back", "Esc", _("back to the groups"), _("back")),
)

RULE = (
    Key(("enter",), "confirm", "Enter", _("show what the rule would do; once more: do it, by a job"), _("show, do")),
    Key(("e",), "edit", "e", _("type another rule"), _("another rule")),
    Key(("escape",), "back", "Esc", _("back to the groups"), _("back")),
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


def sections(*own: tuple[str, tuple[Key, ...]]) -> list[tuple[str, tuple[Key, ...]]]:
    """Return the keys that work on a screen with keys of its `own`, by heading."""
    rest = [(_("Lists and pages"), MOVE), (_("Everywhere"), EVERYWHERE)]
    return [*(each for each in own if each[1]), *rest]


def guide() -> Iterator[str]:
    """Yield the lines of the guide's tables of keys, in Markdown."""
    own = (
        (_("Profiles"), PROFILES),
        (_("Scan"), SCAN),
        (_("Review"), REVIEW),
        (_("Review, while the tags have the keys"), TAGS),
        (_("Folders"), FOLDERS),
        (_("Rule"), RULE),
        (_("Quarantine"), QUARANTINE),
        (_("Jobs"), JOBS),
    )
    for title, keys in [*own, *sections((_("Help"), BACK))]:
        yield from ("", f"**{title}**", "", f"| {_('key')} | {_('does')} |", "|---|---|")
        yield from (f"| {'  '.join(f'`{name}`' for name in key.shown.split())} | {key.does} |" for key in keys)


def _names(key: Key) -> Iterator[str]:
    for name in key.names:
        yield name
        if len(name) == 1 and name in _LATIN:
            yield name.translate(_SAME_PLACE)
