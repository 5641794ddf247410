"""What the commands have in common that change files: proposals, plans, the question before, the account after."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from comet.cli import console, context, out
from comet.cli.context import Context
from comet.core.acts import Entry, Kind, Plan
from comet.core.errors import FileError, UsageError
from comet.core.job import Job
from comet.core.model import Proposal, Standing
from comet.core.text import _, _n, safe, size

if TYPE_CHECKING:
    from comet.changes import Outcome
    from comet.collection.opened import Collection

SHOWN = 20
"""Files that are named before the question; more are only counted."""


def proposals(collection: Collection, job: Job) -> list[Proposal]:
    """Return the groups with what is proposed, after what a crash left open is settled and all pairs are judged."""
    from comet import changes, pipeline  # noqa: PLC0415 - arrays and all
    from comet.collection import groups  # noqa: PLC0415 - likewise

    warn_settled(changes.settle(collection))
    for name in groups.astray(collection):
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


def is_open(proposal: Proposal, *, clean_only: bool) -> bool:
    """Tell whether this group waits for an answer: it is open, and something of it is removed or may be."""
    waits = bool(proposal.remove or proposal.doubtful)
    return proposal.standing is Standing.OPEN and waits and (proposal.group.clear or not clean_only)


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
    gone = [step for step in plan.steps if step.keeper is not None]
    for step in gone[:SHOWN]:
        out.note(f"  {safe(os.path.join(roots.get(step.file.root, step.file.root), os.fsdecode(step.file.path)))}")
    if len(gone) > SHOWN:
        out.note(_("  and {n} more").format(n=f"{len(gone) - SHOWN:,}"))


def question(plan: Plan) -> str:
    """Return the question whether to apply a plan."""
    gone = [step for step in plan.steps if step.keeper is not None]
    lists = len(plan.steps) - len(gone)
    also = _(", and change {n}").format(n=_n("{n} line of playlists", "{n} lines of playlists", lists)) if lists else ""
    return _("move {files} ({size}) into quarantine{also}?").format(
        files=_n("{n} file", "{n} files", len(gone)), size=size(sum(step.file.size for step in gone)), also=also
    )


def show(here: Context, outcome: Outcome, sentence: str) -> int:
    """Print what came of a run, as JSON or for a person, and return the exit code."""
    if here.arguments.json:
        out.dump(as_json(outcome))
    else:
        print(sentence)
    for entry in outcome.failed:
        out.note(_("`{path}`: {reason}").format(path=safe(entry.before.file.path), reason=safe(entry.error)))
    for entry in outcome.done:
        if entry.error:
            out.warn(_("`{path}`: {reason}").format(path=safe(entry.before.file.path), reason=safe(entry.error)))
    for warning in outcome.warnings:
        out.warn(warning)
    strict = here.arguments.strict and (outcome.failed or outcome.warnings)
    return FileError.exit_code if strict else 0


def nothing(here: Context, sentence: str) -> int:
    """Say that there is nothing to do, and return the exit code."""
    if here.arguments.json:
        out.dump({"run": None, "files": 0, "bytes": 0, "playlists": 0, "refused": [], "warnings": []})
    out.note(sentence)
    return 0


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return what came of a run as JSON."""
    moved = [entry for entry in outcome.done if "held" in entry.after]
    return {
        "run": outcome.run,
        "files": len(moved),
        "bytes": sum(entry.before.file.size for entry in moved),
        "playlists": _playlists(outcome),
        "refused": [entry_json(entry) for entry in outcome.failed],
        "warnings": list(outcome.warnings),
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
        "error": entry.error,
        "made": entry.made,
    }


def counted(outcome: Outcome) -> str:
    """Return the files that a run moved, and their size, as words."""
    moved = [entry for entry in outcome.done if "held" in entry.after]
    return _("{files} ({size})").format(
        files=_n("{n} file", "{n} files", len(moved)), size=size(sum(entry.before.file.size for entry in moved))
    )


def refused(outcome: Outcome) -> str:
    """Return how many steps were refused, as the end of a sentence."""
    return _("; {n} left as they are").format(n=f"{len(outcome.failed):,}") if outcome.failed else ""


def playlists(outcome: Outcome) -> str:
    """Return how many changes of playlists there were, as a part of a sentence."""
    count = _playlists(outcome)
    return _(", {n} changed").format(n=_n("{n} playlist", "{n} playlists", count)) if count else ""


def _playlists(outcome: Outcome) -> int:
    return len({entry.before.file.place for entry in outcome.done if "hash" in entry.after})


def warn_settled(settled: Sequence[Entry]) -> None:
    """Tell what an interrupted run was brought to."""
    kinds = {Kind.REMOVE: _("removing"), Kind.UNDO: _("undoing"), Kind.PURGE: _("purging")}
    for entry in settled:
        out.warn(
            _("{doing} `{path}` had been interrupted and is settled now: {state}").format(
                doing=kinds.get(entry.kind, _("changing")),
                path=safe(entry.before.file.path),
                state=entry.error or _("done"),
            )
        )
