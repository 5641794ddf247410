"""What the commands have in common that change files: proposals, plans, the question before, the account after."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Final

from comet.cli import console, context, out
from comet.cli.context import Context
from comet.core.acts import Do, Entry, Kind, Plan, Step
from comet.core.errors import FileError, UsageError
from comet.core.job import Job
from comet.core.model import Proposal
from comet.core.text import _, _n, grouped, safe, size

if TYPE_CHECKING:
    from comet.changes import Outcome
    from comet.collection.opened import Collection

SHOWN = 20
"""Files that are named before the question; more are only counted."""

_TAGS: Final = (Do.WRITE_TAGS, Do.EMBED)
"""What is told as tags that are written."""


def proposals(collection: Collection, job: Job) -> list[Proposal]:
    """Return the groups with what is proposed, after what a crash left open is settled and all pairs are judged."""
    from comet import changes, pipeline  # noqa: PLC0415 - arrays and all
    from comet.collection import groups, roles  # noqa: PLC0415 - likewise

    warn_settled(changes.settle(collection))
    for name in roles.astray(collection):
        told = _("reference folder `{path}` is not there in any root, so it protects nothing")
        out.warn(told.format(path=safe(name)))
    pipeline.judge(collection, job)
    return groups.proposals(collection)


def chosen(collection: Collection, found: Sequence[Proposal], identity: str, keep: Sequence[str]) -> Proposal:
    """Return the proposal for one group, with these tracks to keep.

    Raises:
        UsageError: there is no such group, or one of these is no track of it.
    """
    from comet.collection import groups  # noqa: PLC0415 - arrays and all

    proposal = groups.find(found, identity)
    return groups.keeping(collection, proposal, tracks(proposal, keep)) if keep else proposal


def tracks(proposal: Proposal, names: Sequence[str]) -> list[int]:
    """Return the indices of the tracks of a group that lie at these paths.

    Raises:
        UsageError: one is no track of it.
    """
    files = [(number, track) for number, track in enumerate(proposal.group.tracks) if not track.imported]
    at = {os.path.realpath(os.fsencode(track.path)): number for number, track in files}
    found = []
    for name in names:
        number = at.get(os.path.realpath(os.fsencode(os.path.abspath(name))))
        if number is None:
            raise UsageError(
                _("`{path}` is no track of group `{id}`").format(path=safe(name), id=proposal.group.id[:8]),
                hint=_("`comet why {id}` lists its tracks").format(id=proposal.group.id[:8]),
            )
        found.append(number)
    return found


def warn_holes(collection: Collection, wanted: Sequence[Proposal]) -> None:
    """Tell which albums would lose some of their tracks, but not all."""
    from comet.collection import groups  # noqa: PLC0415 - arrays and all

    for hole in groups.holes(collection, wanted):
        out.warn(hole.words)


def begin(arguments: argparse.Namespace) -> Context:
    """Return the context of a command that changes files.

    Raises:
        UsageError: the profile is read-only; also as `context.of`.
    """
    from comet import changes  # noqa: PLC0415 - arrays and all

    here = context.of(arguments)
    changes.refuse_read_only(here.profile)
    return here


def detach(here: Context) -> int:
    """Start what was typed in the background, where nobody can be asked.

    Raises:
        UsageError: it would ask.
    """
    if not here.arguments.yes:
        raise UsageError(_("--detach needs --yes"), hint=_("nobody can be asked in the background"))
    return console.detach(here, alone=False)


def confirmed(question: str, *, yes: bool) -> bool:
    """Ask on a terminal, and return whether the answer was yes.

    Raises:
        UsageError: nobody can be asked.
    """
    if yes:
        return True
    return answer(question + _(" [y/N] ")).lower() in ("y", "yes", _("y"), _("yes"))


def answer(question: str) -> str:
    """Ask on a terminal, and return what was typed.

    Raises:
        UsageError: nobody can be asked.
    """
    if not sys.stdin.isatty():
        raise UsageError(
            _("nobody can be asked, for standard input is no terminal"), hint=_("add --yes to do it without a question")
        )
    sys.stdout.flush()
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def show_steps(here: Context, plan: Plan) -> None:
    """Print what a plan does, in short."""
    with here.collection() as collection:
        roots = {root.id: os.fsdecode(root.path) for root in collection.scanned_roots()}
    told = [step for step in plan.steps if step.do is not Do.REPOINT]
    for step in told[:SHOWN]:
        path = safe(os.path.join(roots.get(step.file.root, step.file.root), os.fsdecode(step.file.path)))
        out.note(f"  {path}{_what(step)}")
    if len(told) > SHOWN:
        out.note(_("  and {n} more").format(n=grouped(len(told) - SHOWN)))


def _what(step: Step) -> str:
    """Return what a step does to a file, where it does not remove it."""
    if step.staged is not None:
        instead = _(", in place of what is there") if step.replaces else ""
        return _(": from `{path}`{instead}").format(path=safe(step.staged.path), instead=instead)
    names = [*step.tags, *(_("picture {kind}").format(kind=kind) for kind in step.pictures)]
    return f": {safe(', '.join(names))}" if names else ""


def question(plan: Plan) -> str:
    """Return the question whether to apply a plan."""
    gone, tagged, placed, lists = (
        [step for step in plan.steps if step.do in dos] for dos in ((Do.REMOVE,), _TAGS, (Do.PLACE,), (Do.REPOINT,))
    )
    parts = [_("move {files} into quarantine").format(files=_sized(gone))] if gone else []
    parts += [_("write tags of {files}").format(files=_n("{n} file", "{n} files", len(tagged)))] if tagged else []
    parts += [_("put {files} in place").format(files=_sized(placed))] if placed else []
    parts += (
        [_("change {n}").format(n=_n("{n} line of playlists", "{n} lines of playlists", len(lists)))] if lists else []
    )
    return _("{parts}?").format(parts=_(", and ").join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts))


def _sized(steps: Sequence[Step]) -> str:
    """Return how many files steps are about, and how large they are."""
    files = _n("{n} file", "{n} files", len(steps))
    return _("{files} ({size})").format(files=files, size=size(sum(step.file.size for step in steps)))


def carried_out(
    run: Callable[[Callable[[Job], Outcome]], Outcome],
    act: Callable[[Job, Callable[[Outcome], None]], Outcome],
    tell: Callable[[Outcome], object],
) -> Outcome:
    """Return what came of a run; of one that is cut short it is told before the error goes on.

    Args:
        run: Runs what it is given with a job, as `console.quietly` does.
        act: Is given the job, and what hears of a run that is cut short.
        tell: Shows what came of it.
    """
    cut: list[Outcome] = []
    try:
        return run(lambda job: act(job, cut.append))
    finally:
        for outcome in cut:
            tell(outcome)


def show(
    here: Context,
    outcome: Outcome,
    sentence: str,
    warned: Sequence[str] = (),
    conflicts: Sequence[dict[str, Any]] = (),
    more: Mapping[str, Any] | None = None,
) -> int:
    """Print what came of a run, as JSON or for a person, and return the exit code.

    What was `warned`, and which `conflicts` in tags were settled, was printed before; `more` is for JSON only.
    """
    if here.arguments.json:
        warnings = [*warned, *outcome.warnings]
        out.dump({**as_json(outcome), "conflicts": list(conflicts), "warnings": warnings, **(more or {})})
    else:
        print(sentence)
    for entry in outcome.failed:
        out.note(_("`{path}`: {reason}").format(path=safe(entry.before.file.path), reason=safe(entry.error)))
    for entry in outcome.done:
        if entry.error:
            out.warn(_("`{path}`: {reason}").format(path=safe(entry.before.file.path), reason=safe(entry.error)))
    for warning in outcome.warnings:
        out.warn(warning)
    strict = here.arguments.strict and (outcome.failed or outcome.warnings or warned)
    return FileError.exit_code if strict else 0


def nothing(
    arguments: argparse.Namespace, sentence: str, warned: Sequence[str] = (), more: Mapping[str, Any] | None = None
) -> int:
    """Say that nothing was done, and return the exit code; `warned` and `more` are as of `show`."""
    if arguments.json:
        counts = dict.fromkeys(("files", "bytes", "playlists", "tagged", "placed"), 0)
        lists = {"refused": [], "conflicts": [], "warnings": list(warned)}
        out.dump({"run": None, **counts, **lists, **(more or {})})
    out.note(sentence)
    return FileError.exit_code if arguments.strict and warned else 0


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return what came of a run as JSON."""
    moved = [entry for entry in outcome.done if "held" in entry.after]
    return {
        "run": outcome.run,
        "files": len(moved),
        "bytes": sum(entry.before.file.size for entry in moved),
        "playlists": _written(outcome, Do.REPOINT),
        "tagged": _written(outcome, *_TAGS),
        "placed": _written(outcome, Do.PLACE),
        "refused": [entry_json(entry) for entry in outcome.failed],
    }


def entry_json(entry: Entry) -> dict[str, Any]:
    """Return a journal entry as JSON."""
    file, keeper = entry.before.file, entry.before.keeper
    return {
        "id": f"{entry.run}.{entry.step}",
        "kind": entry.kind.value,
        "state": entry.state.value,
        "root": file.root,
        "path": os.fsdecode(file.path),
        "size": file.size,
        "audio": file.audio,
        "keeper": {"root": keeper.root, "path": os.fsdecode(keeper.path)} if keeper else None,
        "group": entry.before.group,
        "why": entry.before.why,
        "held": entry.after.get("held", ""),
        "tags": {name: list(values) for name, values in entry.before.tags.items()},
        "pictures": list(entry.before.pictures),
        "error": entry.error,
        "made": entry.made,
    }


def account(outcome: Outcome, dos: AbstractSet[Do], moved: str = "", written: str = "", put: str = "") -> str:
    """Return what a run did, as a sentence without its end.

    Args:
        outcome: The run's.
        dos: What it was to do; of that it is told too where nothing of it was done.
        moved: What became of files, with `{files}`.
        written: What became of tags, with `{files}`.
        put: What became of files that were placed, with `{files}`.
    """
    files = [entry.before for entry in outcome.done if "held" in entry.after]
    tagged, placed, lists = (_written(outcome, *some) for some in (_TAGS, (Do.PLACE,), (Do.REPOINT,)))
    parts = [moved.format(files=_sized(files))] if Do.REMOVE in dos else []
    parts += [written.format(files=_n("{n} file", "{n} files", tagged))] if dos & {*_TAGS} else []
    parts += [put.format(files=_n("{n} file", "{n} files", placed))] if Do.PLACE in dos else []
    parts += [_("{n} changed").format(n=_n("{n} playlist", "{n} playlists", lists))] if lists or not parts else []
    return ", ".join(parts)


def refused(outcome: Outcome) -> str:
    """Return how many steps were refused, as the end of a sentence."""
    return _("; {n} left as they are").format(n=grouped(len(outcome.failed))) if outcome.failed else ""


def _written(outcome: Outcome, *dos: Do) -> int:
    written = [entry for entry in outcome.done if entry.before.do in dos and entry.kind is not Kind.PURGE]
    return len({entry.before.file.place for entry in written})


def warn_settled(settled: Sequence[Entry]) -> None:
    """Tell what an interrupted run was brought to."""
    kinds = {
        Kind.REMOVE: _("removing"), Kind.UNDO: _("undoing"), Kind.PURGE: _("purging"), Kind.PLACE: _("placing"),
    }  # fmt: skip
    for entry in settled:
        out.warn(
            _("{doing} `{path}` had been interrupted and is settled now: {state}").format(
                doing=kinds.get(entry.kind, _("changing")),
                path=safe(entry.before.file.path),
                state=entry.error or _("done"),
            )
        )
