"""The backup in words: a playlist, a track that is not here, the account and how its last run ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.text import Text

from comet.backup.model import LIKES, Reason, State
from comet.core.errors import SignInError
from comet.core.text import _, _n, grouped, safe
from comet_tui.backup import Backed
from comet_tui.screens import working
from comet_tui.screens.base import explain
from comet_tui.widgets.columns import head, tail

if TYPE_CHECKING:
    from comet.backup.overview import Absent, Counted

_APART: Final = " · "


def title(each: Counted) -> str:
    """Return what a playlist is called; safe to show."""
    called = _("likes") if each.playlist.header.key == LIKES else safe(each.playlist.header.title)
    return _("{title} (gone there)").format(title=called) if each.playlist.gone else called


def figures(each: Counted) -> tuple[str, str, str]:
    """Return how many tracks of a playlist are here, how many are missing, and how many of these are not given."""
    return (
        f"{grouped(each.here)} / {grouped(each.tracks)}",
        _("{n} missing").format(n=grouped(each.missing)) if each.missing else "",
        _("({n} not given)").format(n=grouped(each.unavailable)) if each.unavailable else "",
    )


def name(each: Absent) -> str:
    """Return artists and title of a track, or its id where they are not known; safe to show."""
    return safe(" - ".join(filter(None, (", ".join(each.artists), each.title))) or each.track)


def short(each: Absent) -> str:
    """Return why a track is not here, in a word."""
    words = {
        Reason.REMOVED: _("removed"),
        Reason.NO_RIGHTS: _("no rights"),
        Reason.GEO: _("by country"),
        Reason.NOT_ALLOWED: _("refused"),
        Reason.ENCRYPTED: _("encrypted"),
        Reason.PREVIEW: _("preview"),
        Reason.SHORT: _("too short"),
        Reason.CONTENT: _("no music"),
        Reason.DECODE: _("broken"),
        Reason.NETWORK: _("network"),
        Reason.TAGGING: _("tags"),
        Reason.PLACING: _("no place"),
    }
    if each.state is State.IGNORED:
        return _("- ignored")
    return f"! {words[each.reason]}" if each.reason else _("to come")


def why(each: Absent) -> str:
    """Return all that is known of why a track is not here."""
    if each.state is State.IGNORED:
        return _("{track}: nobody wants it; t asks for it again").format(track=safe(each.track))
    if not each.reason:
        return _("{track}: a run brings it").format(track=safe(each.track))
    words = [safe(each.error) or short(each), _n("tried {n} time", "tried {n} times", max(1, each.tries))]
    words.append(_("again on {date}").format(date=working.when(each.next_try)) if each.next_try else "")
    return f"{tail(safe(each.track), 24)}: {' · '.join(filter(None, words))}"


def status(backed: Backed) -> str:
    """Return whose account it is, how the last run ended, and when something is tried again, in parts."""
    account = _("account {login}").format(login=safe(backed.login)) if backed.login else _("signed in")
    words = [_("! not signed in: l") if backed.unsigned else account]
    if backed.last:
        words.append(_("last run {date}").format(date=working.when(backed.last.at)))
        if backed.last.exit and not backed.unsigned:
            words.append(f"! {safe(backed.last.error) or _('incomplete')}")
        if backed.last.exit == SignInError.exit_code and not backed.unsigned:
            words.append(_("l signs in anew"))
        if backed.run and not backed.last.error:
            words += [f"! {safe(problem)}" for problem in backed.run.summary.get("problems", ())[:1]]
            words.append(_("{n} new").format(n=grouped(int(backed.run.summary.get("new", 0)))))
    if backed.next_try:
        words.append(_("next try {date}").format(date=working.when(backed.next_try)))
    return _APART.join(words)


def fitted(words: str, width: int) -> str:
    """Return a status in so many cells: its last parts give way, each whole, but for one that says what is wrong."""
    parts = words.split(_APART)
    while len(parts) > 1 and cell_len(_APART.join(parts)) > width and not parts[-1].startswith("!"):
        parts.pop()
    return head(_APART.join(parts), width)


def total(backed: Backed) -> str:
    """Return how many playlists there are."""
    return _n("{n} playlist", "{n} playlists", len(backed.lists))


def nothing(backed: Backed) -> Text:
    """Return what to do where there is no playlist yet."""
    if backed.unsigned:
        return explain(backed.unsigned, [_("l signs in, with a code that is typed in any browser.")])
    words = _("Enter starts a run: playlists and likes become files in `{folder}`.")
    library = backed.profile.settings.backup.library or next(iter(backed.profile.roots), "")
    if not library:
        return Text(_("This profile has no root folder that files could go into; 1 shows the profiles."))
    text = Text(_("Nothing is backed up yet."), "bold")
    return text.append("\n\n" + words.format(folder=safe(library)), "not bold")
