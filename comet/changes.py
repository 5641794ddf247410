"""The write side of acting: proposals into a plan, applying it, undoing, purging, and settling what was interrupted.

Here the stages of the line's end are joined with the stores: what is known (cache), what was done (journal), the roots
as they are now, and the files themselves, which are read again before anything happens to them.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from comet.act import actions, hook, playlists
from comet.act.ground import Ground, Hear
from comet.collection import decisions, groups, history, opened, roles
from comet.collection.merging import Merged
from comet.collection.opened import Collection
from comet.core import answers
from comet.core.acts import Do, Entry, Kind, Plan, State, Step
from comet.core.errors import UsageError
from comet.core.job import Job
from comet.core.merged import Settled
from comet.core.model import IMPORTED, Choice, Decision, File, Identity, Place, Proposal, Relation, Root
from comet.core.profiles import Profile
from comet.core.text import _, safe
from comet.decide import plan as planning
from comet.decide.proposal import Decisions
from comet.judge import relation
from comet.tags.editing import Editor


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run."""

    run: int
    done: tuple[Entry, ...]
    failed: tuple[Entry, ...]
    """Each says why in `error`; nothing was changed by these."""
    warnings: tuple[str, ...] = ()
    """Sentences about what went wrong beside the files: the hook."""


def plan(collection: Collection, merged: Iterable[Merged]) -> Plan:
    """Return the plan that does what is proposed, group by group: its tags are written, and then goes what goes.

    At the end come the playlists that name a removed file.
    """
    grounds = groups.grounds(collection)
    steps: list[Step] = []
    for each in merged:
        steps += each.writes
        steps += planning.removals(each.proposal, *grounds)
    gone = [step for step in steps if step.do is Do.REMOVE]
    return Plan(collection.profile.name, time.time(), (*steps, *_repointings(collection, gone)))


def _repointings(collection: Collection, steps: Sequence[Step]) -> Iterator[Step]:
    """Yield a step for each playlist and file that it names and that goes, or went in a run that was interrupted."""
    roots = {root.id: root.path for root in collection.scanned_roots()}
    gone = {place: entry for place, entry in collection.journal.held_places().items() if place.root in roots}
    followed = collection.journal.repointed()
    planned = {step.file.place: step for step in steps}
    goes = {os.path.join(roots[place.root], place.path): place for place in (*gone, *planned)}
    protected = roles.protected(collection, collection.scanned_roots())
    for file in collection.cache.playlists(list(roots)) if goes else ():
        path = os.path.join(roots[file.root], file.path)
        identity = Identity(file.root, file.path, file.size, file.mtime_ns, "")
        if not playlists.is_playlist(path) or protected(identity.place):
            continue
        named = [
            place
            for place in _named(path, goes)
            if place in planned
            or ((gone[place], identity.place) not in followed and not _stands(roots[place.root], place))
        ]
        by_place = _chain(collection, named, planned)
        yield from planning.repointings(identity, named, by_place)


def _stands(root: bytes, place: Place) -> bool:
    """Tell whether another file was put in the place of one that is held."""
    return os.path.lexists(os.path.join(root, place.path))


def _chain(collection: Collection, named: Iterable[Place], planned: Mapping[Place, Step]) -> dict[Place, Step]:
    """Return the removals of the files that are `named`, of their keepers where these are gone too, and so on."""
    found: dict[Place, Step] = {}
    todo = list(named)
    while todo:
        place = todo.pop()
        removal = None if place in planned else collection.journal.removal(place)
        step = planned.get(place) or (removal.before if removal else None)
        if place not in found and step is not None:
            found[place] = step
            todo += [step.keeper.place] if step.keeper else []
    return found


def _named(path: bytes, goes: Mapping[bytes, Place]) -> list[Place]:
    with contextlib.suppress(OSError), open(path, "rb") as stream:
        content = stream.read(playlists.MOST + 1)
        if len(content) <= playlists.MOST:
            return [goes[name] for name in playlists.names(content, os.path.dirname(path), goes)]
    return []  # it is gone, or cannot be read: then it can't be changed either


def settle(collection: Collection) -> list[Entry]:
    """Bring to an end what a crash has interrupted, and return it; looks at nothing where there is nothing of it."""
    if not collection.journal.pending() or collection.profile.read_only:
        return []
    with Editor() as editor, hearing(collection) as hear:
        settled = actions.recover(_ground(collection, editor, hear))
    opened.follow(collection.cache, collection.journal)
    return settled


def _nobody(_outcome: Outcome) -> None:
    """Hear of a run that was cut short, where nobody asks."""


def apply(collection: Collection, wanted: Plan, job: Job, cut: Callable[[Outcome], None] = _nobody) -> Outcome:
    """Take the steps of a plan, each only if its files are what they were when it was made.

    `cut` hears what came of a run that an error ends, before that is raised.

    Raises:
        UsageError: the profile is read-only, or the plan is another profile's.
        LockedError, NoSpaceError, BrokenError, Stopped: as `actions.apply`; what was done is in the journal.
    """
    if wanted.profile != collection.profile.name:
        raise UsageError(
            _("this plan is for profile `{name}`").format(name=safe(wanted.profile)),
            hint=_("apply it with --profile {name}").format(name=safe(wanted.profile)),
        )
    return _run(collection, "apply", lambda ground: actions.apply(ground, wanted, job), cut)


def confirmed(
    collection: Collection, proposal: Proposal, outcome: Outcome | None, settled: Settled, *, touched: bool
) -> Decision | None:
    """Remember what somebody confirmed of one group, where that decides it (`core.answers`); return that, else None.

    Args:
        collection: the collection.
        proposal: what was confirmed.
        outcome: what came of it; None where there was nothing to do. Where nothing of it was done nothing is decided.
        settled: what was settled about its tags.
        touched: as of `answers.decides`.
    """
    if (outcome and not outcome.done) or not answers.decides(proposal, touched=touched, done=outcome is not None):
        return None
    run = outcome.run if outcome else 0
    return decisions.decide(collection, proposal.group, Choice.KEEP, proposal.keep, run, settled)


def undo(collection: Collection, entries: Iterable[int], job: Job, cut: Callable[[Outcome], None] = _nobody) -> Outcome:
    """Undo journal entries, the newest first, and with a removal the playlists that its run changed for it.

    `cut` and what it raises are as of `apply`.
    """
    removals = set(entries)
    found = removals | {each.id for entry in removals for each in collection.journal.following(entry)}
    outcome = _run(collection, "undo", lambda ground: actions.undo(ground, found, job), cut)
    for run in {collection.journal.entry(entry.of).run for entry in outcome.done}:
        collection.journal.forget_made_by(run)
    return outcome


def purge(
    collection: Collection, entries: Iterable[int], job: Job, cut: Callable[[Outcome], None] = _nobody
) -> Outcome:
    """Delete files that are held, each only if what was kept in its place can be read; else as `apply`."""
    return _run(collection, "purge", lambda ground: actions.purge(ground, entries, job), cut)


def refuse_read_only(profile: Profile) -> None:
    """Refuse to change anything of a read-only profile.

    Raises:
        UsageError: it is one.
    """
    if profile.read_only:
        raise UsageError(
            _("profile `{name}` is read-only: nothing of it is changed").format(name=safe(profile.name)),
            hint=_("`comet plan` shows what would be done; `read_only` stands in profiles.ini"),
        )


def _run(collection: Collection, event: str, act: Callable[[Ground], int], cut: Callable[[Outcome], None]) -> Outcome:
    refuse_read_only(collection.profile)
    settle(collection)
    began: list[int] = []
    try:
        with Editor() as editor, hearing(collection) as hear:
            act(replace(_ground(collection, editor, hear), began=began.append))
    except BaseException:
        for run in began:  # what was done before it was stopped is done
            cut(_outcome(collection, event, run))
        raise
    return _outcome(collection, event, began[0])


def _outcome(collection: Collection, event: str, run: int) -> Outcome:
    """Let the cache and the user's command know what a run did, and return it."""
    opened.follow(collection.cache, collection.journal)
    entries = collection.journal.entries(run)
    done = tuple(entry for entry in entries if entry.state is State.DONE)
    failed = tuple(entry for entry in entries if entry.state is State.FAILED)
    return Outcome(run, done, failed, _told(collection, event, run, done))


def _told(collection: Collection, event: str, run: int, done: Sequence[Entry]) -> tuple[str, ...]:
    """Tell the user's own command what was done, and return what went wrong with it."""
    command = collection.profile.after_apply
    if not command or not done:
        return ()
    error = hook.run(command, _event(collection, event, run, done))
    return (_("the command after_apply: {error}").format(error=error),) if error else ()


def _event(collection: Collection, event: str, run: int, done: Sequence[Entry]) -> dict[str, Any]:
    roots = {root.id: root.path for root in collection.acted_roots()}  # also those that a new cache does not know yet
    removed, restored, changed = [], [], []
    for entry in done:
        file, keeper = entry.before.file, entry.before.keeper
        path = {"path": history.path_of(roots, file)}
        if entry.kind is Kind.REPOINT or "hash" in entry.after:
            changed += [path] if path not in changed else []
        elif entry.kind is Kind.UNDO:
            restored.append(path)
        else:
            held = Identity(file.root, os.fsencode(entry.after["held"]), 0, 0, "")
            removed.append(
                {
                    **path,
                    "size": file.size,
                    "audio": file.audio,
                    "keeper": history.path_of(roots, keeper) if keeper else "",
                    "held": history.path_of(roots, held) if entry.kind is Kind.REMOVE else "",
                }
            )
    about = {"version": 1, "profile": collection.profile.name, "event": event, "run": run}
    return {**about, "removed": removed, "restored": restored, "changed": changed}


def _unmarked(root: Root) -> str:
    """Return why nothing is done in a root folder that could not be marked when it was looked at."""
    if why := actions.unmarked(root.path):
        return _("nothing can be done in its root folder: {why}").format(why=why)
    return _("its root folder could not be marked when it was scanned, but can be now: scan it again")


def _ground(collection: Collection, editor: Editor, hear: Hear) -> Ground:
    """Return what acting stands on: the roots as they are at this moment."""
    roots = collection.acted_roots()
    away = {root.id: _("its root folder is away: {why}").format(why=root.away) for root in roots if root.away}
    away |= {root.id: _unmarked(root) for root in roots if root.id.startswith("path:")}
    away[IMPORTED.id] = _("it is an imported fingerprint: there is no file")
    decisions = Decisions(collection.journal.decisions())

    def differ(one: str, other: str) -> str:
        if one == other:
            return ""
        if frozenset((one, other)) in decisions.apart:
            return _("it was decided that it and the file to keep are no duplicates")
        verdict = collection.cache.verdict(one, other, relation.RULE)
        if verdict is None or verdict.relation is not Relation.SAME:
            return _("it and the file to keep are not known to be the same recording")
        return ""

    def elsewhere(audio: str) -> Iterator[Identity]:
        for file in collection.cache.holding(audio):
            yield Identity(file.root, file.path, file.size, file.mtime_ns, audio)

    return Ground(
        collection.journal,
        {root.id: root.path for root in roots if root.id not in away},
        away,
        roles.protected(collection, roots),
        differ,
        elsewhere,
        hear,
        editor.edit,
        os.path.join(collection.folder, "act.lock"),
        keep_time=bool(collection.profile.settings.tags.keep_time),
        misheard=lambda file: collection.cache.store_bad(file, "", "misheard"),
    )


@contextlib.contextmanager
def hearing(collection: Collection) -> Iterator[Hear]:
    """Yield what reads files whole and yields for each its path, its audio hash, or else why not.

    It takes many calls: starting the processes for each would take longer than most files.
    """
    from comet.listen.fingerprint import Listener, Wanted, limits  # noqa: PLC0415 - the decoder is needed only here

    with Listener(**limits(collection.profile.settings)) as listener:

        def hear(files: Sequence[tuple[File, bytes]]) -> Iterator[tuple[bytes, str, str]]:
            wanted = [Wanted(file, path, identify_first=True) for file, path in files]
            for heard in listener.listen(wanted, lambda _hash: True):
                yield heard.wanted.path, heard.hash, heard.error or ("" if heard.hash else _("it is no music"))

        yield hear
