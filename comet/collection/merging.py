"""The tags of a group's tracks as one set: read, merged, and what of that would be written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from comet.collection import tagged
from comet.collection.opened import Collection
from comet.core.acts import Step
from comet.core.job import Job
from comet.core.merged import Merge, Row, Settled, Value
from comet.core.model import Place, Proposal, Stage, identity
from comet.core.text import _, safe
from comet.decide import merge, plan
from comet.tags.editing import Editor as Editor  # noqa: PLC0414 - faces hold one, and know no stage
from comet.tags.fields import Change, Tags
from comet.tags.reading import Tagged

_BATCH: Final = 64
"""Groups whose tags are in memory at once."""
_NOTHING: Final = Merge(())


@dataclass(frozen=True, slots=True)
class Merged:
    """A proposal with what becomes of the tags of its tracks."""

    proposal: Proposal
    settled: Settled
    _proposed: Merge = _NOTHING
    """Before anything was settled."""
    files: tuple[Tags | None, ...] = ()
    """The tags of each track, None where they take no part; no tracks where each file keeps its own."""

    @property
    def open(self) -> tuple[Row, ...]:
        """The conflicts that nobody settled, once the album is what was chosen."""
        return self.settled.open(self.merge)

    @property
    def merge(self) -> Merge:
        """Its tags as one set, with the album that was chosen, which others follow."""
        return merge.following(self._proposed, self.settled, self.files)

    @property
    def writes(self) -> tuple[Step, ...]:
        """The steps by which files get the merged tags, without what their formats cannot hold."""
        return tuple(plan.writings(self.proposal, self._proposed, self.settled, self.files))

    @property
    def unheld(self) -> dict[int, tuple[str, ...]]:
        """The fields of which the formats of files that get the merged tags cannot hold all values, by track."""
        goes = self.proposal.remove if self.settled.all_files else ()
        written = [at for at in (*self.proposal.keep, *goes) if self.files and at not in self.proposal.barred]
        found = {at: merge.unheld(self._proposed, self.settled, self.files, at) for at in written}
        return {at: fields for at, fields in found.items() if fields}

    @property
    def dropped(self) -> tuple[tuple[str, Value], ...]:
        """The values that no file will have afterwards, by field."""
        stays = [at for at in range(len(self.files)) if at not in self.proposal.remove]
        written = [at for at in self.proposal.keep if at not in self.proposal.barred]
        return merge.dropped(self._proposed, self.settled, self.files, stays, written)


def unheld(merged: Merged, editor: Editor) -> dict[int, str]:
    """Return what the formats of the files that get the merged tags cannot hold, as sentences by track.

    Each file is opened for that, but no sound is read.
    """
    at = {identity(track).place: number for number, track in enumerate(merged.proposal.group.tracks)}
    lost = dict(merged.unheld)
    errors = {}
    for step in merged.writes:
        number = at[step.file.place]
        edited = editor.look(merged.proposal.group.tracks[number].absolute, step.tags, step.pictures)
        if edited.error:
            errors[number] = edited.error
        elif edited.lost:
            lost[number] = tuple(dict.fromkeys((*lost.get(number, ()), *edited.lost)))
    return {**{number: not_held(fields) for number, fields in lost.items()}, **errors}


def not_held(fields: Iterable[str]) -> str:
    """Return as a sentence that a format cannot hold all values of some fields."""
    return _("its format cannot hold all values of {fields}").format(fields=safe(", ".join(fields)))


def by_default(collection: Collection) -> Settled:
    """Return what the settings say about the tags of every group."""
    review = collection.profile.settings.review
    return Settled(own=review.tags == "own", all_files=review.write_tags_to == "all")


def with_fields(collection: Collection, proposal: Proposal, fields: Change) -> Settled | None:
    """Return what is settled about a group's tags with these values typed over it; None where none were typed."""
    if not fields:
        return None
    before = _wish(proposal, {}, by_default(collection))
    return replace(before, fields={**before.fields, **fields}, own=False)


def of(collection: Collection, proposal: Proposal, settled: Settled | None = None, job: Job | None = None) -> Merged:
    """Return a group with its tags merged; what is not known of a file gets read, which may take seconds."""
    (found,) = each(collection, [proposal], {proposal.group.id: settled} if settled else {}, job)
    return found


def each(
    collection: Collection,
    proposals: Sequence[Proposal],
    settled: Mapping[str, Settled] | None = None,
    job: Job | None = None,
) -> Iterator[Merged]:
    """Yield proposals with their tags merged, in their order.

    Args:
        collection: the collection.
        proposals: what would become of groups.
        settled: what somebody settled, by group; of others it is what was decided before, or what the settings say.
        job: hears about tags that have to be read, and how far it is where these are many.

    Raises:
        Stopped: the job was asked to.
    """
    if job and len(proposals) > _BATCH:
        with job.stage(Stage.MERGE, len(proposals)) as advance:
            for merged in _each(collection, proposals, settled, job):
                yield merged
                advance(1)
    else:
        yield from _each(collection, proposals, settled, job)


def _each(
    collection: Collection, proposals: Iterable[Proposal], settled: Mapping[str, Settled] | None, job: Job | None
) -> Iterator[Merged]:
    rest = iter(proposals)
    default = by_default(collection)
    while batch := list(islice(rest, _BATCH)):
        wishes = [_wish(proposal, settled or {}, default) for proposal in batch]
        tracks = [t for p, wish in zip(batch, wishes, strict=True) if not wish.own for t in p.group.tracks]
        tags = tagged.of_tracks(collection, tracks, job)
        for proposal, wish in zip(batch, wishes, strict=True):
            yield Merged(proposal, wish) if wish.own else _merged(proposal, wish, tags)


def _wish(proposal: Proposal, settled: Mapping[str, Settled], default: Settled) -> Settled:
    decided = proposal.decision.tags if proposal.decision else None
    return settled.get(proposal.group.id) or decided or default


def _merged(proposal: Proposal, settled: Settled, tags: Mapping[Place, Tagged]) -> Merged:
    files, unread = [], {}
    for at, track in enumerate(proposal.group.tracks):
        found = tags[Place(track.file.root, track.file.path)]
        if at in proposal.doubtful:
            found = Tagged(found.path, error=_("it is to check, so its tags take no part"))
        files.append(replace(found.tags, container=track.audio.container) if found.tags else None)
        if found.tags is None:
            unread[at] = found.error
    stays = [at for at in range(len(files)) if at not in proposal.remove]
    first = proposal.keep[0]
    made = merge.merge(files, [first, *(at for at in stays if at != first)])
    return Merged(proposal, settled, replace(made, unread=unread), tuple(files))
