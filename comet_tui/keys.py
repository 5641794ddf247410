"""Every key once: bindings, the hint line, the help screen and the guide come from here.

A key does one thing per screen, and moving, Tab, Esc, `?` and `q` do the same on all of them. There is no key that
deletes: what goes is what Enter confirms, and what is freed for ever is a number that somebody typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from textual.binding import Binding, BindingType

from comet.core import early
from comet.core.text import _, safe

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


WRONG: list[str] = []
"""What is wrong with the keys that somebody chose, as sentences; they count for nothing then."""

_KEY = re.compile(r"[A-Za-z]|f(?:[2-9]|1[0-2])|ctrl\+[abefgklnoprstuvwxyz]")
"""What can be chosen. Enter confirms whatever is chosen, and Esc, Tab, `?` and Ctrl-C mean the same everywhere."""


def _read(text: str) -> dict[str, str]:
    """Return the keys that were chosen, by name."""
    found = {}
    for part in filter(None, map(str.strip, re.split("[;\n]", text))):
        name, _space, key = part.rpartition(" ")
        if _KEY.fullmatch(key):
            found[name.strip()] = key
        else:
            WRONG.append(_("`ui.keys`: `{text}` names no key").format(text=safe(part)))
    return found


_CHOSEN = _read(early.ui("keys"))


def _yours(screen: str, listed: tuple[Key, ...]) -> tuple[Key, ...]:
    """Return the keys of a screen, with those that somebody chose in the place of others."""
    found = list(listed)
    for at, key in enumerate(listed):
        new = _CHOSEN.pop(f"{screen}.{key.action}", "")
        others = [*found[:at], *found[at + 1 :], *MOVE, *EVERYWHERE, *(REVIEW if screen == "tags" else ())]
        taken = next((other for other in others if new in other.names), None)
        if new and (taken or not {"enter", "escape", "tab"}.isdisjoint(key.names)):
            what = taken.does if taken else key.does
            WRONG.append(_("`ui.keys`: `{key}` is taken: {what}").format(key=new, what=what))
        elif new:
            found[at] = replace(key, names=(new,), shown=new.replace("ctrl+", "Ctrl-").replace("f", "F", len(new) > 1))
    return tuple(found)


MOVE = (
    Key(("j", "down"), "move(1)", "j  ↓", _("down")),
    Key(("k", "up"), "move(-1)", "k  ↑", _("up")),
    Key(("pagedown", "ctrl+f"), "page(1)", "PgDn  Ctrl-F", _("a page down")),
    Key(("pageup", "ctrl+b"), "page(-1)", "PgUp  Ctrl-B", _("a page up")),
    Key(("g", "home"), "edge(-1)", "g  Home", _("to the top")),
    Key(("G", "end"), "edge(1)", "G  End", _("to the end")),
)
"""In every list and on every page."""

EVERYWHERE = (
    Key(("1",), "show('profiles')", "1", _("profiles"), _("profiles")),
    Key(("2",), "show('scan')", "2", _("scan: the folders, the job at work, and what to do next"), _("scan")),
    Key(("3",), "show('review')", "3", _("review: the groups, and which tracks stay"), _("review")),
    Key(("4",), "show('covers')", "4", _("covers: albums that lack one, or have a poor one"), _("covers")),
    Key(("5",), "show('threshold')", "5", _("threshold: the line, and the pairs nearest to it"), _("threshold")),
    Key(("6",), "show('memory')", "6", _("memory: who takes how much, and how long chunks are"), _("memory")),
    Key(("7",), "show('backup')", "7", _("backup: what is here of an account, what is missing, and why"), _("backup")),
    Key(("8",), "show('quarantine')", "8", _("quarantine and history: put back, purge"), _("quarantine")),
    Key(("9",), "show('jobs')", "9", _("jobs of all profiles"), _("jobs")),
    Key(("r",), "read_again", "r", _("read again what is known"), _("read again")),
    Key(("q",), "quit", "q", _("leave; nothing is lost, and a job that runs goes on"), _("quit")),
    Key(("colon", "ctrl+p"), "palette", ":", _("find what can be done here, by a word, and do it"), _("find")),
    Key(("question_mark", "f1"), "help", "?", _("the keys of this screen; once more: back"), _("keys")),
)
"""On every screen. The last one always stands in the hint line."""

PROFILES = _yours(
    "profiles",
    (
        Key(("enter",), "use", "Enter", _("work with this profile; jobs that run go on"), _("use")),
        Key(("a",), "add", "a", _("add a profile"), _("add")),
        Key(("e",), "edit", "e", _("type another value, of the one under the cursor"), _("edit")),
        Key(("E",), "editor", "E", _("the file of profiles in your editor; what is wrong in it is told after that")),
        Key(("m",), "default", "m", _("make this profile the one that is meant where none is named"), _("default")),
        Key(("tab",), "other", "Tab", _("the other list"), _("other list")),
        Key(("escape",), "back", "Esc", _("one step back")),
    ),
)

SCAN = _yours(
    "scan",
    (
        Key(
            ("enter",), "start", "Enter", _("scan, correlate and find groups; it goes on when this is left"), _("start")
        ),
        Key(("space",), "pause", "Space", _("let the job wait, or go on"), _("pause")),
        Key(("s",), "stop", "s", _("end the job after the unit in hand; what is done is kept"), _("stop")),
        Key(("tab",), "other", "Tab", _("the other list"), _("other list")),
    ),
)

REVIEW = _yours(
    "review",
    (
        Key(("enter",), "confirm", "Enter", _("confirm the group: tags are written, what goes is moved"), _("confirm")),
        Key(("space",), "keep", "Space", _("this track stays, or goes; one of them always does"), _("keep")),
        Key(("J",), "group(1)", "J", _("the next group"), _("next group")),
        Key(("K",), "group(-1)", "K", _("the group before")),
        Key(("u",), "undo", "u", _("undo what was done here last"), _("undo")),
        Key(("U",), "redo", "U", _("do again what was undone last; where files go, Enter is asked for")),
        Key(("slash",), "find", "/", _("find a group by a word of its name or paths")),
        Key(("n",), "match(1)", "n", _("the next group that has the word")),
        Key(("N",), "match(-1)", "N", _("the one before that has it")),
        Key(("s",), "skip", "s", _("leave the group for later; once more: not"), _("skip")),
        Key(("t",), "tags", "t", _("to the tags; once more: back to the tracks"), _("tags")),
        Key(("v",), "view", "v", _("where this track and the keeper differ, and both to be heard"), _("view")),
        Key(("c",), "cover", "c", _("choose a cover for the tracks that stay"), _("cover")),
        Key(("a",), "apart", "a", _("they are no duplicates of each other; u takes it back"), _("no duplicates")),
        Key(("tab",), "other", "Tab", _("the next list: groups, tracks, tags"), _("next list")),
        Key(("escape",), "back", "Esc", _("back to the tracks that are proposed to stay")),
        Key(("F",), "app.many('folders')", "F", _("folders that hold the same tracks: one answer for all of them")),
        Key(("R",), "app.many('rule')", "R", _("a rule, such as `keep lossless`: what it would do, and do it")),
    ),
)

TAGS = _yours(
    "tags",
    (
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
    ),
)
"""While the tags of a group have the keys; all others work as in the review."""

FOLDERS = _yours(
    "folders",
    (
        Key(
            ("enter",),
            "confirm",
            "Enter",
            _("keep this folder: what goes of the other one is moved, by a job"),
            _("keep"),
        ),
        Key(("u",), "undo", "u", _("undo what the last job from here has moved"), _("undo")),
        Key(("tab",), "other", "Tab", _("the pairs, or what goes"), _("what goes")),
        Key(("escape",), "back", "Esc", _("back to the groups"), _("back")),
    ),
)

RULE = _yours(
    "rule",
    (
        Key(
            ("enter",), "confirm", "Enter", _("show what the rule would do; once more: do it, by a job"), _("show, do")
        ),
        Key(("e",), "edit", "e", _("type another rule"), _("another rule")),
        Key(("escape",), "back", "Esc", _("back to the groups"), _("back")),
    ),
)

PAIR = _yours(
    "pair",
    (
        Key(("space",), "play", "Space", _("play this track, or be silent"), _("play")),
        Key(("tab",), "change", "Tab", _("the other track, from the same moment of the music"), _("other track")),
        Key(("l", "right"), "skip(1)", "l  →", _("10 s on"), _("on")),
        Key(("h", "left"), "skip(-1)", "h  ←", _("10 s back"), _("back")),
        Key(("escape", "v"), "back", "Esc", _("back to where you came from"), _("leave")),
    ),
)

COVERS = _yours(
    "covers",
    (
        Key(("enter", "c"), "open", "Enter  c", _("choose a cover for the album under the cursor"), _("choose")),
        Key(("u",), "undo", "u", _("take back the cover that was embedded last"), _("undo")),
        Key(("slash",), "find", "/", _("find an album by a word of its name, its artist or its folder"), _("find")),
        Key(("n",), "match(1)", "n", _("the next album that has the word")),
        Key(("N",), "match(-1)", "N", _("the one before that has it")),
        Key(("tab",), "other", "Tab", _("the albums, or all about one of them"), _("other list")),
        Key(("escape",), "back", "Esc", _("leave what is being typed")),
    ),
)

PICKER = _yours(
    "picker",
    (
        Key(("enter",), "take", "Enter", _("cut the cover out of this picture; of a folder: open it"), _("take")),
        Key(("h", "left"), "up", "h  ←", _("the folder above; from the pictures that are near: their folder"), _("up")),
        Key(("l", "right"), "down", "l  →", _("open the folder under the cursor"), _("open")),
        Key(("tab",), "other", "Tab", _("the pictures that are near, or a folder"), _("folder")),
        Key(("e",), "edit", "e", _("type the path of a picture or a folder"), _("type a path")),
        Key(("u",), "undo", "u", _("take back the cover that was embedded last"), _("undo")),
        Key(("escape",), "back", "Esc", _("back to where you came from"), _("back")),
    ),
)

CROP = _yours(
    "crop",
    (
        Key(("enter",), "confirm", "Enter", _("embed this as front cover, and go back"), _("embed")),
        Key(("h", "left"), "move(-1, 0)", "h  ←", _("the frame to the left"), _("move")),
        Key(("l", "right"), "move(1, 0)", "l  →", _("to the right")),
        Key(("k", "up"), "move(0, -1)", "k  ↑", _("up")),
        Key(("j", "down"), "move(0, 1)", "j  ↓", _("down")),
        Key(("L", "shift+right"), "size(1, 0)", "L  Shift-→", _("wider, and of a shape higher too"), _("size")),
        Key(("H", "shift+left"), "size(-1, 0)", "H  Shift-←", _("narrower")),
        Key(("J", "shift+down"), "size(0, 1)", "J  Shift-↓", _("higher")),
        Key(("K", "shift+up"), "size(0, -1)", "K  Shift-↑", _("lower")),
        Key(("full_stop",), "fine", ".", _("steps of a pixel; once more: of a cell of the screen"), _("1 px")),
        Key(("t",), "suggest", "t", _("what may be meant: without its border, a square, all of it"), _("suggest")),
        Key(("s",), "shape", "s", _("square; once more: any shape"), _("square")),
        Key(("a",), "ratio", "a", _("type a ratio, such as 16:9; nothing for any")),
        Key(("e",), "edit", "e", _("type the frame: x y width height"), _("numbers")),
        Key(("o",), "output", "o", _("type how many pixels the longer side shall have; nothing for a whole factor")),
        Key(("n",), "nearest", "n", _("where no size fits: take the nearest one")),
        Key(("p",), "page", "p", _("the next picture in this file")),
        Key(("f",), "folder", "f", _("put it into the folder too, as folder.jpg; once more: not"), _("folder.jpg")),
        Key(("escape",), "back", "Esc", _("leave what is being typed; else back to the pictures"), _("back")),
    ),
)

THRESHOLD = _yours(
    "threshold",
    (
        Key(("enter",), "open", "Enter", _("where the pair under the cursor differs, and both to be heard"), _("open")),
        Key(("l", "right"), "looser(1)", "l  →", _("a line that accepts more false pairs"), _("looser")),
        Key(("h", "left"), "looser(-1)", "h  ←", _("a line that accepts fewer"), _("stricter")),
        Key(("w",), "keep", "w", _("keep this line in the profile"), _("keep this line")),
        Key(("tab",), "other", "Tab", _("the other list"), _("other list")),
    ),
)

MEMORY = _yours(
    "memory",
    (
        Key(("enter",), "take", "Enter", _("chunks of the length under the cursor, from the next unit on"), _("take")),
        Key(("plus", "equals_sign"), "longer(2.0)", "+", _("chunks twice as long"), _("double")),
        Key(("minus",), "longer(0.5)", "-", _("chunks half as long"), _("halve")),
        Key(("a",), "auto", "a", _("chunks as long as memory and settings say"), _("auto")),
        Key(("space",), "pause", "Space", _("let the job wait, or go on"), _("pause")),
    ),
)

BACKUP = _yours(
    "backup",
    (
        Key(("enter",), "start", "Enter", _("fetch what is not here yet; it goes on when this is left"), _("run")),
        Key(
            ("t",), "retry", "t", _("ask again for this track at the next run, or for all of the playlist"), _("retry")
        ),
        Key(("i",), "ignore", "i", _("ask for this track no more; once more: ask again"), _("ignore")),
        Key(("l",), "login", "l", _("sign in, with a code that is typed in any browser"), _("sign in")),
        Key(("space",), "pause", "Space", _("let the job wait, or go on"), _("pause")),
        Key(("s",), "stop", "s", _("end the job after the unit in hand; what is done is kept"), _("stop")),
        Key(("tab",), "other", "Tab", _("the playlists, or what is not here of one"), _("missing")),
        Key(("escape",), "back", "Esc", _("back to the playlists")),
    ),
)

SIGNIN = _yours(
    "signin",
    (
        Key(("enter",), "again", "Enter", _("ask for another code, where the first one came to nothing"), _("again")),
        Key(("escape",), "back", "Esc", _("back without a sign-in"), _("back")),
    ),
)

QUARANTINE = _yours(
    "quarantine",
    (
        Key(("u",), "undo", "u", _("put back this file, or all that this run moved"), _("undo")),
        Key(("p",), "purge", "p", _("delete for ever: this file and all older ones, or this run's"), _("purge")),
        Key(("tab",), "other", "Tab", _("the other list"), _("other list")),
        Key(("escape",), "back", "Esc", _("one step back, nothing is purged")),
    ),
)

JOBS = _yours(
    "jobs",
    (
        Key(("enter",), "open", "Enter", _("all about the job; once more: back"), _("open")),
        Key(("space",), "pause", "Space", _("let the job wait, or go on"), _("pause")),
        Key(("s",), "stop", "s", _("end the job after the unit in hand; what is done is kept"), _("stop")),
        Key(("escape",), "back", "Esc", _("one step back")),
    ),
)

HELP = _yours(
    "help",
    (
        Key(("enter",), "do", "Enter", _("do what is under the cursor, where you came from"), _("do it")),
        Key(("slash", "colon"), "find", "/", _("find what does something, by a word"), _("find")),
        Key(("down",), "move(1)", "↓", _("down, also while something is typed")),
        Key(("up",), "move(-1)", "↑", _("up, also while something is typed")),
        Key(("escape",), "back", "Esc", _("back"), _("back")),
    ),
)


WRONG += [_("`ui.keys`: nothing is called `{name}`").format(name=safe(name)) for name in _CHOSEN]


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
        (_("Profiles"), "profiles", PROFILES),
        (_("Scan"), "scan", SCAN),
        (_("Review"), "review", REVIEW),
        (_("Review, while the tags have the keys"), "tags", TAGS),
        (_("Folders"), "folders", FOLDERS),
        (_("Rule"), "rule", RULE),
        (_("Two tracks"), "pair", PAIR),
        (_("Covers"), "covers", COVERS),
        (_("Choosing a picture"), "picker", PICKER),
        (_("Cutting a cover"), "crop", CROP),
        (_("Threshold"), "threshold", THRESHOLD),
        (_("Memory"), "memory", MEMORY),
        (_("Backup"), "backup", BACKUP),
        (_("Sign-in"), "signin", SIGNIN),
        (_("Quarantine"), "quarantine", QUARANTINE),
        (_("Jobs"), "jobs", JOBS),
        (_("Keys"), "help", HELP),
        (_("Lists and pages"), "", MOVE),
        (_("Everywhere"), "", EVERYWHERE),
    )
    for title, screen, keys in own:
        yield from ("", f"**{title}**", "", f"| {_('key')} | {_('does')} | {_('name')} |", "|---|---|---|")
        for key in keys:
            shown = "  ".join(f"`{name}`" for name in key.shown.split())
            name = f"`{screen}.{key.action}`" if screen and "enter" not in key.names else ""
            yield f"| {shown} | {key.does} | {name} |"


def _names(key: Key) -> Iterator[str]:
    for name in key.names:
        yield name
        if len(name) == 1 and name in _LATIN:
            yield name.translate(_SAME_PLACE)
