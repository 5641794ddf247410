"""Every command and its options. All of it is read for `--version` and `--help`, so nothing heavy is imported here."""

from __future__ import annotations

from comet import __version__
from comet.cli import actions, options
from comet.cli.parser import Command, Parser, age, allowed, common, many
from comet.core.text import _


def parser() -> Parser:
    """Return the parser of `comet`."""
    top = Parser(
        prog="comet",
        description=_("Finds the same recording in a music collection by its sound."),
        epilog=_("`comet -f DIR` needs no set-up. `comet COMMAND --help` tells more of a command."),
    )
    top.add_argument("-V", "--version", action="version", version=f"comet {__version__}")
    common(top, 0)
    below = top.add_subparsers(prog="comet", dest="command", metavar=_("COMMAND"), title=_("commands"))
    for command in commands():
        flag = _(" (or `comet {flag}`)").format(flag=command.flag) if command.flag else ""
        added = below.add_parser(command.name, help=command.help + flag, description=command.help)
        command.declare(added)
        common(added, 1)
    return top


options.count.__name__ = "number"  # argparse names it in its message


def _plan(added: Parser) -> None:
    added.add_argument("--group", metavar="ID", help=_("this group only"))
    options.keep(added, _("the track of the group that stays, may be given more than once"))
    options.tag(added)
    options.clean_only(added)
    added.add_argument("--out", metavar=_("FILE"), help=_("write it there instead of to standard output"))


def _apply(added: Parser) -> None:
    what = added.add_mutually_exclusive_group()
    what.add_argument(
        "plan", metavar="PLAN", nargs="?", help=_("a plan that `comet plan` wrote, `-` for standard input")
    )
    what.add_argument("--group", metavar="ID", help=_("this group, with its proposed keeper or those of --keep"))
    what.add_argument("--all", action="store_true", help=_("every open group, with its proposed keeper"))
    options.keep(added, _("the track of the group that stays, may be given more than once"))
    options.tag(added)
    options.clean_only(added)
    options.yes(added, _("do not ask"))
    options.detach(added)
    added.add_argument("--strict", action="store_true", help=_("exit with 3 if a step was refused"))


def _folders(added: Parser) -> None:
    added.add_argument("--keep", metavar=_("DIR"), help=_("keep this one: what others hold of its tracks goes"))
    added.add_argument(
        "--over",
        metavar=_("DIR"),
        action="append",
        default=[],
        help=_("only these others, may be given more than once; without it all that are listed beside it"),
    )
    options.limit(added)
    options.yes(added, _("do not ask"))
    options.detach(added)
    added.add_argument("--strict", action="store_true", help=_("exit with 3 if a step was refused"))


def _undo(added: Parser) -> None:
    what = added.add_mutually_exclusive_group()
    what.add_argument(
        "id", metavar="ID", nargs="?", help=_("a run, or one step of it as RUN.STEP; see `comet history`")
    )
    what.add_argument("--last", action="store_true", help=_("the last run that can be undone; so it is without ID too"))
    what.add_argument("--all", action="store_true", help=_("everything that can be undone"))
    options.yes(added, _("do not ask"))
    options.detach(added)
    added.add_argument("--strict", action="store_true", help=_("exit with 3 if a step was refused"))


def _history(added: Parser) -> None:
    added.add_argument("run", metavar="RUN", nargs="?", type=options.count, help=_("show each step of this run"))
    options.limit(added)


def _purge(added: Parser) -> None:
    added.add_argument("run", metavar="RUN", nargs="*", type=options.count, help=_("what these runs removed"))
    added.add_argument(
        "--older-than", metavar=_("AGE"), type=age, help=_("what was removed so long ago: 30d, 2w, 12h, or days")
    )
    options.yes(added, _("do not ask for the number of files; needs RUN or --older-than"))
    options.detach(added)
    added.add_argument("--strict", action="store_true", help=_("exit with 3 if a file was refused"))


def _decide(added: Parser) -> None:
    added.add_argument("group", metavar="ID", help=_("the group"))
    what = added.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--keep",
        metavar=_("PATH"),
        action="append",
        help=_("this track stays, may be given more than once; the others go when the group is applied"),
    )
    what.add_argument("--apart", action="store_true", help=_("its tracks are no duplicates of each other"))
    what.add_argument("--skip", action="store_true", help=_("leave it for later"))
    options.tag(added)


def _decisions(added: Parser) -> None:
    added.add_argument("--forget", metavar="N", type=options.count, help=_("take decision number N back"))


def _review(added: Parser) -> None:
    added.add_argument(
        "--plain", action="store_true", help=_("one question at a time, for a screen reader, a simple terminal, a pipe")
    )
    added.add_argument(
        "--rule",
        metavar=_("RULES"),
        help=_("show what rules would do, and apply it: `keep lossless; never from /music/reference`"),
    )
    options.yes(added, _("with --rule: apply it without asking"))
    added.add_argument("--strict", action="store_true", help=_("with --rule: exit with 3 if a step was refused"))


def _why(added: Parser) -> None:
    added.add_argument("a", metavar="A", help=_("a file that was scanned, or the id of a group"))
    added.add_argument("b", metavar="B", nargs="?", help=_("another file"))


def _explain(added: Parser) -> None:
    added.add_argument("name", metavar=_("NAME"), nargs="?", help=_("only this parameter: `span`, `sample time`"))


def _info(added: Parser) -> None:
    added.add_argument("file", metavar=_("FILE"), nargs="?", help=_("tell all that is known of this file"))


def _tags(added: Parser) -> None:
    added.epilog = _("`--set artist=A --set artist=B` writes two values, `--set artist=` takes the field away.")
    added.add_argument(
        "files", metavar=_("FILE"), nargs="+", type=options.file, help=_("files, in a root or elsewhere")
    )
    added.add_argument(
        "--picture",
        metavar=_("KIND=PICTURE"),
        action="append",
        default=[],
        help=_("embed a picture: `front=cover.jpg`; without a name it is taken away"),
    )
    options.yes(added, _("write without asking"))
    options.strict(added)


def _cover(added: Parser) -> None:
    added.epilog = _("Without --size, --min and --max the settings `covers.least` and `covers.most` hold.")
    added.add_argument(
        "files",
        metavar=_("FILE"),
        nargs="*",
        type=options.file,
        help=_("files, in a root or elsewhere; of a folder all music in it"),
    )
    what = added.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--image", metavar=_("PICTURE"), help=_("embed it as front cover: a picture, or music that has one in its tags")
    )
    what.add_argument("--show", action="store_true", help=_("draw the cover that is there"))
    what.add_argument("--extract", metavar=_("OUT"), help=_("write the cover that is there into a new file, as it is"))
    added.add_argument("--group", metavar="ID", help=_("all files of this group"))
    added.add_argument("--page", metavar="N", type=options.page, default=1, help=_("of a picture with several pages"))
    added.add_argument("--crop", metavar=_("X,Y,W,H"), type=options.region, help=_("take this region only, in pixels"))
    added.add_argument("--trim", action="store_true", help=_("leave uniform borders away"))
    added.add_argument(
        "--square", action="store_true", help=_("take the centred square, with --trim of what that leaves")
    )
    added.add_argument("--size", metavar="N", type=options.side, help=_("let the longer side have N pixels"))
    added.add_argument(
        "--min",
        metavar="A",
        type=options.side,
        help=_("divide by a whole number so that both sides have A pixels at least"),
    )
    added.add_argument("--max", metavar="B", type=options.side, help=_("and B pixels at most"))
    added.add_argument("--exact", action="store_true", help=_("take the nearest size where no whole number fits"))
    added.add_argument(
        "--enlarge", action="store_true", help=_("make a smaller picture larger, which it is not otherwise")
    )
    added.add_argument("--quality", metavar="Q", type=options.quality, help=_("of JPEG, 1 to 95"))
    added.add_argument("--folder-picture", action="store_true", help=_("also put it into the folder as `folder.jpg`"))
    added.add_argument("--missing", action="store_true", help=_("leave files that have a front cover"))
    added.add_argument("--dry-run", action="store_true", help=_("say what would be done, and write nothing"))
    options.strict(added)


def _scan(added: Parser) -> None:
    options.folders(added)
    added.add_argument(
        "--loudness",
        action="store_true",
        help=_("measure the loudness too; what was listened to without it is listened to again"),
    )
    options.detach(added)
    options.strict(added)


def _correlate(added: Parser) -> None:
    options.exact(added)
    options.cluster(added)
    options.memory(added)
    options.detach(added)
    options.strict(added)


def _full(added: Parser) -> None:
    _scan(added)
    options.exact(added)
    options.cluster(added)
    options.memory(added)
    options.limit(added)


def _pairs(added: Parser) -> None:
    added.add_argument(
        "--relation",
        metavar=_("LIST"),
        type=options.relations,
        default=[],
        help=_("only these, with commas between: same, contains, shares, variant"),
    )
    options.limit(added)


def _pair(added: Parser) -> None:
    added.add_argument("a", metavar="A", help=_("a file; it need not have been scanned"))
    added.add_argument("b", metavar="B", help=_("another one"))


def _threshold(added: Parser) -> None:
    added.add_argument(
        "--accept",
        metavar="E",
        type=options.accepted,
        help=_("show what the line for E false pairs would do; keep the setting"),
    )
    added.add_argument(
        "--near", metavar="N", type=options.count, default=0, help=_("show the N pairs on either side of the line")
    )
    added.add_argument("--svg", metavar=_("FILE"), help=_("draw the picture into this file as well"))


options.accepted.__name__ = "number of false pairs (1e-09 to 1e+06)"  # argparse names it in its message


def _identify(added: Parser) -> None:
    added.add_argument("files", metavar=_("FILE"), nargs="+", help=_("a file; it need not have been scanned"))
    added.add_argument("--strict", action="store_true", help=_("exit with 3 if a file could not be used"))


def _check(added: Parser) -> None:
    added.add_argument(
        "files", metavar=_("FILE"), nargs="+", help=_("a file, or a folder: all music below it; nothing is stored")
    )


def _import(added: Parser) -> None:
    added.add_argument(
        "files",
        metavar=_("FILE"),
        nargs="*",
        help=_("fingerprints from `fpcalc -json` or as .npz, or old results as JSON; its content says which"),
    )
    added.add_argument(
        "--forget", action="store_true", help=_("forget all fingerprints that were imported into the profile")
    )
    added.add_argument("--strict", action="store_true", help=_("exit with 3 if an entry was passed over"))
    options.detach(added)


def _export(added: Parser) -> None:
    added.add_argument("file", metavar=_("FILE"), help=_("the .npz to write"))
    options.detach(added)


def _setup(added: Parser) -> None:
    options.root(added)
    added.add_argument("--yes", action="store_true", help=_("ask nothing"))
    added.add_argument("--no-compile", action="store_true", help=_("leave compiling to the first scan"))


def _demo(added: Parser) -> None:
    added.add_argument(
        "folder", metavar=_("DIR"), nargs="?", help=_("where to put it; without it, beside Comet's state")
    )


def _bench(added: Parser) -> None:
    what = _("only these: `records` loaded, `pairs` compared, `files` listened to")
    added.add_argument("parts", metavar=_("PART"), nargs="*", help=what)
    how_many = _("load so many records, as a number or like 500k and 10M; without it a million")
    added.add_argument("--records", metavar="N", type=many, default=1_000_000, help=how_many)
    added.add_argument("--folder", metavar=_("DIR"), help=_("put the files to measure on there, not in Comet's cache"))


def _jobs(added: Parser) -> None:
    added.add_argument(
        "id", metavar="ID", nargs="?", help=_("the job, or the beginning of its id; `last` is the newest")
    )
    group = added.add_mutually_exclusive_group()
    group.add_argument("--watch", action="store_true", help=_("show its progress until it ends"))
    group.add_argument("--stop", action="store_true", help=_("end it after the unit in hand; what is done is kept"))
    group.add_argument("--pause", action="store_true", help=_("let it wait"))
    group.add_argument("--resume", action="store_true", help=_("let it go on"))
    group.add_argument(
        "--memory",
        metavar=_("SIZE"),
        type=allowed,
        help=_("let it take so much in all, like 512M or 2G; `auto` for what the settings say"),
    )
    group.add_argument(
        "--chunk",
        choices=("half", "double", "auto"),
        help=_("halve or double how much it does between two writes; `auto` for what the settings say"),
    )


def commands() -> tuple[Command, ...]:
    """Return all commands in the order of the help."""
    return (
        Command("full", "-f", _("scan, correlate, and show the groups"), _full),
        Command("scan", "-s", _("look at the music and listen to what is new"), _scan),
        Command("correlate", "-c", _("compare everything with everything, from where it was left"), _correlate),
        Command("groups", "", _("show the tracks that are the same recording, largest saving first"), options.limit),
        Command("pairs", "", _("show the pairs of tracks that belong together, and how"), _pairs),
        Command("threshold", "", _("show the line on the evidence, and what moving it would do"), _threshold),
        Command("pair", "-p A B", _("compare two files"), _pair),
        Command("identify", "", _("look up what tracks are, by their sound, at AcoustID"), _identify),
        Command("check", "", _("tell which of new files the collection already has"), _check),
        Command("import", "", _("take in fingerprints made elsewhere, or hold old results against Comet's"), _import),
        Command("export", "", _("write the fingerprints into a file, to import them elsewhere"), _export),
        Command("review", "", _("walk through the groups and decide, largest saving first"), _review),
        Command("folders", "", _("show the folders that hold the same tracks, and keep one of two"), _folders),
        Command("why", "", _("say in sentences why two files or a group belong together, and which one stays"), _why),
        Command("decide", "", _("decide about a group without changing anything yet"), _decide),
        Command("decisions", "", _("list what was decided, or take it back"), _decisions),
        Command("plan", "", _("write down what applying would do, to read, edit and apply later"), _plan),
        Command("apply", "", _("move the duplicates into quarantine, where they can be taken back from"), _apply),
        Command("undo", "", _("take back what was applied"), _undo),
        Command("history", "", _("show what was applied, undone and purged"), _history),
        Command("quarantine", "", _("show what was removed and still lies in quarantine"), _nothing),
        Command(
            "purge", "", _("delete what lies in quarantine: only this frees space, and it cannot be undone"), _purge
        ),
        Command("info", "-i", _("tell the state of the collection, or all that is known of a file"), _info),
        Command("tags", "", _("show the tags of files, or write them: `--set FIELD=VALUE`"), _tags),
        Command("cover", "", _("make a cover of a picture and embed it; show or extract the one there"), _cover),
        Command("covers", "", _("show the albums that lack a cover or have a poor one"), options.limit),
        Command("problems", "", _("show the files that could not be used, and why"), _nothing),
        Command("explain", "", _("tell what the parameters of matching are worth"), _explain),
        Command("backup", "", _("keep a copy of a Yandex Music collection in the library"), actions.backup),
        Command("setup", "", _("choose folders and write the settings"), _setup),
        Command("profiles", "", _("list, show, add and check profiles"), actions.profiles),
        Command("jobs", "", _("show, watch and steer long jobs"), _jobs),
        Command("demo", "", _("make a small library of music to try Comet on"), _demo),
        Command("doctor", "", _("tell what is missing and how to get it"), _nothing),
        Command("selftest", "", _("try what a file system can promise, and kill Comet there"), options.folders),
        Command("bench", "", _("measure how fast Comet is on this machine, and what its results take"), _bench),
    )


def _nothing(_added: Parser) -> None:
    """Declare no option: the command has none of its own."""
