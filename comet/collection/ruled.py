"""Rules in words, as a profile has them: which of a group's tracks they let be the keeper, and what they would do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from comet.collection import roles, tagged
from comet.collection.opened import Collection
from comet.core.errors import SettingsError, UsageError
from comet.core.ini import place
from comet.core.model import Place, Proposal, Track
from comet.core.settings import expand
from comet.core.text import _, safe
from comet.decide import keeper, rules
from comet.decide.keeper import Step
from comet.decide.rules import Rule


@dataclass(frozen=True, slots=True)
class Effect:
    """What one rule does."""

    rule: Rule
    groups: int
    """Groups of which it left fewer tracks than there were before it."""
    changed: int
    """Groups of which it left out the track that would be the keeper without any rule."""


def of(collection: Collection) -> tuple[Rule, ...]:
    """Return the rules of the profile, the weightiest first.

    Raises:
        UsageError: what was typed is no rule, or names a folder that lies in no root.
        SettingsError: the same of what stands in a file.
    """
    try:
        return _read(collection)
    except UsageError as error:
        where = collection.profile.sources.get("review.rules")
        if where is None:
            raise
        told = _("{where}: `{key}`: {error}").format(
            where=place(where.file, where.section, where.line), key=where.key, error=error
        )
        raise SettingsError(told, hint=error.hint) from error


def _read(collection: Collection) -> tuple[Rule, ...]:
    found = rules.parse(collection.profile.settings.review.rules)
    for rule in found:
        if rule.folder and roles.outside(collection, folder := expand(rule.folder)):
            raise UsageError(
                _("`{folder}` of the rule `{rule}` lies in no root").format(folder=safe(folder), rule=safe(str(rule))),
                hint=_("the roots are: {roots}").format(roots=", ".join(map(safe, collection.profile.roots))),
            )
    return found


def steps(collection: Collection) -> tuple[Step, ...]:
    """Return the rules as steps of choosing a keeper; raises as `of`."""
    counts: dict[Place, int] = {}

    def tags(track: Track) -> int:
        at = Place(track.file.root, track.file.path)
        if at not in counts:
            known = tagged.of_tracks(collection, [track])[at].tags
            counts[at] = len(known.fields) if known else 0
        return counts[at]

    return rules.steps(of(collection), _inside(collection), tags)


def barred(collection: Collection) -> Callable[[Track], str]:
    """Return what says why a rule lets nobody remove a track, empty where none does; raises as `of`."""
    return rules.barred(of(collection), _inside(collection))


def effects(collection: Collection, proposals: Iterable[Proposal]) -> list[Effect]:
    """Return what each rule does in the groups that nobody has decided about; raises as `of`."""
    role, made, heard = roles.role(collection), steps(collection), collection.cache.qualities()
    left_fewer, changed = [0] * len(made), [0] * len(made)
    for proposal in proposals:
        tracks, before = proposal.group.tracks, len(proposal.group.tracks)
        if proposal.decision is not None:
            continue
        alone = tracks[keeper.choose(tracks, role, heard=heard)]
        there = True
        for step, left in keeper.narrowed(tracks, role, made, heard):
            if step in made:
                left_fewer[made.index(step)] += len(left) < before
                changed[made.index(step)] += there and alone not in left
                there = alone in left
            before = len(left)
    found = zip(of(collection), left_fewer, changed, strict=True)
    return [Effect(rule, fewer, other) for rule, fewer, other in found]


def _inside(collection: Collection) -> Callable[[str], Callable[[Place], bool]]:
    roots = collection.scanned_roots()
    return lambda folder: roles.inside(roots, [expand(folder)])
