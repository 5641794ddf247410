"""The options of commands that have actions of their own: `comet profiles ACTION`, `comet backup ACTION`."""

from __future__ import annotations

from comet.cli import options
from comet.cli.parser import Parser, common
from comet.core.text import _


def profiles(added: Parser) -> None:
    """Declare those of `comet profiles`."""
    below = added.add_subparsers(prog="comet profiles", dest="action", metavar=_("ACTION"), title=_("actions"))
    actions = (
        ("list", _("show all profiles; so it does without an action")),
        ("show", _("show every value of a profile, with the file and line it comes from")),
        ("add", _("add a profile")),
        ("default", _("choose the profile that is used when none is named")),
        ("validate", _("check main.ini and all profiles, and name every mistake")),
    )
    for name, text in actions:
        action = below.add_parser(name, help=text, description=text)
        if name in ("show", "add", "default"):
            action.add_argument("name", metavar=_("NAME"), nargs="?" if name == "show" else None)
        if name == "add":
            options.root(action)
        common(action, 2)


def backup(added: Parser) -> None:
    """Declare those of `comet backup`."""
    below = added.add_subparsers(
        prog="comet backup", dest="action", metavar=_("ACTION"), title=_("actions"), required=True
    )

    def action(name: str, text: str) -> Parser:
        made = below.add_parser(name, help=text, description=text)
        common(made, 2)
        return made

    login = action("login", _("sign in to Yandex, with a code that is typed in any browser"))
    login.add_argument("--stdin", action="store_true", help=_("take a token from standard input instead"))
    login.add_argument("--store", choices=("file", "keyring"), default="file", help=_("where the token is kept"))
    action("status", _("tell who is signed in, and how long"))
    action("logout", _("forget the token"))
    action("doctor", _("tell what the service does for this account, without anything of it in the report"))
    run = action("run", _("fetch what is not here yet: one pass"))
    run.add_argument("--most", metavar="N", type=options.count, default=0, help=_("fetch at most N tracks"))
    options.again(run)
    options.detach(run)
    options.timetable(action("schedule", _("let the system start a pass every day: print what does it, or install it")))
    missing = action("missing", _("list the tracks that are not here, and why"))
    form = missing.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help=_("as a table for other programs"))
    form.add_argument("--m3u", action="store_true", help=_("as a playlist that has only comments"))
    action("playlists", _("list the playlists, and how much of each is here"))
    verify = action("verify", _("look whether what was backed up is still there"))
    verify.add_argument(
        "--full", action="store_true", help=_("listen to every file, not only to those of another size")
    )
    verify.add_argument("--again", action="store_true", help=_("let the next run fetch what is gone"))
    for name, text in (
        ("retry", _("let the next run ask again for tracks that could not be had; without ID for all of them")),
        ("ignore", _("ask no more for tracks that are not here, until `retry` names them")),
    ):
        made = action(name, text)
        made.add_argument("tracks", metavar="ID", nargs="*" if name == "retry" else "+", help=_("see `missing`"))
