"""Every key once: bindings, the hint line, the help screen and the guide come from here.

A key does one thing per screen, and moving, Enter, Esc, `?` and `q` do the same on all of them. Keys for what is not
built yet are not here, so nobody is offered them.
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

GROUPS = (
    Key(("enter",), "open", "Enter", _("open the group: walk through its tracks; once more: back"), _("open")),
    Key(("escape",), "back", "Esc", _("one step back")),
)

BACK = (Key(("escape", "enter"), "back", "Esc  Enter", _("back"), _("back")),)

EVERYWHERE = (
    Key(("1",), "show('groups')", "1", _("the groups"), _("groups")),
    Key(("2",), "show('state')", "2", _("the state of the collection, and what to do next"), _("state")),
    Key(
        ("r",),
        "read_again",
        "r",
        _("read again what is known, as after a scan"),
        _("read again"),
    ),
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
    for title, keys in [*sections(GROUPS, _("Groups")), (_("Help"), BACK)]:
        yield from ("", f"**{title}**", "", f"| {_('key')} | {_('does')} |", "|---|---|")
        yield from (f"| {'  '.join(f'`{name}`' for name in key.shown.split())} | {key.does} |" for key in keys)


def _names(key: Key) -> Iterator[str]:
    for name in key.names:
        yield name
        if len(name) == 1 and name in _LATIN:
            yield name.translate(_SAME_PLACE)
