"""Which release the tracks of a group are of, from which one comes what belongs to one, and who gets it. Pure.

A track that more others call something else altogether may have the tags of another recording. Its title becomes
theirs, so its own release, where no track is called so, is not one that this recording is on: it is a *stranger*, gives
nothing in any field, and gets theirs as a whole. Nobody is one where as many say one title as another, nor by a title
that has only more to say: `Yesterday (Live)`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from comet.core.merged import Agreement, Merge, Row, Settled
from comet.decide import policies
from comet.decide.policies import Choice, Said

Release: TypeAlias = frozenset[str]
"""An album, by the keys of all names that it has in a group: tracks with a name in common are of one."""

Fields: TypeAlias = Mapping[str, Said]
"""What the tracks of a group say, by field."""

FIELDS: Final = frozenset(
    {
        "album", "albumartist", "albumartists", "albumartistsort", "albumsort", "tracknumber", "totaltracks", "date",
        "discnumber", "totaldiscs", "discsubtitle", "releasedate", "label", "catalognumber", "barcode", "asin", "media",
        "compilation", "releasecountry", "releasestatus", "releasetype", "script", "copyright", "musicbrainz_albumid",
        "musicbrainz_albumartistid", "musicbrainz_releasegroupid", "musicbrainz_trackid", "musicbrainz_albumstatus",
        "musicbrainz_albumtype", "musicbrainz_discid", "discogs_release_id",
    }
)  # fmt: skip
"""What belongs to a release, and means nothing beside the album of another one."""


class Home:
    """The release that what belongs to a release comes from.

    Args:
        releases: of all tracks.
        release: this one.
        right: tracks whose word counts more.
        strange: tracks of releases that are none of this recording.
    """

    def __init__(
        self,
        releases: Mapping[int, Release],
        release: Release,
        right: Collection[int],
        strange: Collection[int] = (),
    ) -> None:
        self.releases, self.release, self.right, self.strange = releases, release, right, strange
        self.others = {each for each in releases.values() if each != release}

    def choose(self, name: str, said: Said, keeper: int | None) -> Choice:
        """Return what it says: its tracks do, and those of no release where these say nothing or there is no other."""
        own = {at: values for at, values in said.items() if self.releases.get(at) == self.release}
        free = {at: values for at, values in said.items() if at not in self.releases}
        several = {each for at, each in self.releases.items() if at not in self.strange} - {self.release}
        found = own or free if several else {**own, **free}
        return policies.choose(name, found, keeper, self.right) if found else Choice((), Agreement.OWN)

    def told(self, row: Row, keep: Collection[int]) -> Row:
        """Return the row of the album as it is among several releases: a conflict where one of them would be lost."""
        held = {self.releases[at] for at in keep if at in self.releases and at not in self.strange}
        if self.others - held:
            return replace(row, agreement=Agreement.CONFLICT)
        if self.others and self.release in held:
            return replace(row, agreement=Agreement.OWN, merged=())
        return row


def by_track(fields: Fields) -> dict[int, Release]:
    """Return the release of each track that is of one."""
    said = fields.get("album", {})
    return policies.camps("album", said) if said else {}


def right(said: Said, merged: Collection[str]) -> frozenset[int]:
    """Return the tracks that have a title which is proposed; none where more are called `Track 15`."""
    key = policies.keys("title", (*merged, *(text for each in said.values() for text in each)))
    wanted = {key[text] for text in merged}
    found = frozenset(at for at, each in said.items() if not wanted.isdisjoint(key[text] for text in each))
    return found if len(found) >= len(policies.unnamed(said) - found) else frozenset()


def strangers(fields: Fields, merged: Sequence[str], keep: Collection[int]) -> frozenset[int]:
    """Return the tracks of releases that this recording is not on, as all titles there say; none if it is on no other.

    Args:
        fields: what all tracks say.
        merged: the title that is proposed.
        keep: indices of the tracks that stay, which get that title.
    """
    said, releases = fields.get("title", {}), by_track(fields)
    real = {at: tuple(text for text in each if not policies.empty("title", text)) for at, each in said.items()}
    key = policies.keys("title", (*merged, *(text for each in real.values() for text in each)))
    called = {at: frozenset(key[text] for text in each) for at, each in real.items() if each}
    wanted, agree = _whole(key[text] for text in merged), right(real, merged)
    doubted = set()
    for at, own in called.items():
        same = {other for other, each in called.items() if own & each}
        # what goes is held against what will stay then, so that it is no other one afterwards
        fewer = len(same) < len(agree) if at in keep else len(same.difference(keep)) < len(agree.union(keep))
        if fewer and _whole(own) not in wanted and wanted not in _whole(own):
            doubted.add(at)
    strange = {releases.get(at) for at in doubted} - {releases.get(at) for at in called.keys() - doubted}
    found = frozenset(at for at, each in releases.items() if each in strange)
    return found if found < releases.keys() else frozenset()


def _whole(keys: Iterable[str]) -> str:
    return "\n".join(sorted(keys))


def home(
    fields: Fields, merged: Sequence[str], strange: Collection[int], keep: Sequence[int], keeper: int | None
) -> Home:
    """Return the keeper's release, or where it has none that of most tracks, of most that stay, that says most.

    Args:
        fields: what all tracks say.
        merged: the title that is proposed.
        strange: tracks whose releases are none of this recording.
        keep: indices of the tracks that stay.
        keeper: the first of them, if any.
    """
    releases, agree = by_track(fields), right(fields.get("title", {}), merged)
    good = {each for at, each in releases.items() if at not in strange}
    if not releases or (keeper in releases and keeper not in strange):
        return Home(releases, releases[keeper] if keeper is not None and releases else frozenset(), agree, strange)
    says: dict[Release, set[str]] = defaultdict(set)
    for name in FIELDS & fields.keys():
        for at in fields[name]:
            says[releases.get(at, frozenset())].add(name)

    def strength(release: Release) -> tuple[int, int, int, list[str]]:
        of = [at for at, each in releases.items() if each == release]
        return len(of), len({*of} & {*keep}), len(says[release]), sorted(release)

    return Home(releases, max(good, key=strength), agree, strange)


def named(merge: Merge, settled: Settled, fields: Fields) -> list[Release]:
    """Return the release that is proposed, and the one that was chosen where one was."""
    row = next((row for row in merge.rows if row.field == "album"), None)
    names = (row.values[0].text,) if row else (), settled.fields.get("album", ())
    said = {**fields.get("album", {}), **{-1 - at: each for at, each in enumerate(names) if each}}
    found = policies.camps("album", said) if said else {}
    return [found[at] for at in (-1, -2) if at in found]


def chosen(merge: Merge, settled: Settled, fields: Fields) -> Home | None:
    """Return the release of a group that somebody chose in place of the proposed one, None where nobody did."""
    releases = by_track(fields)
    *proposed, found = named(merge, settled, fields) or [frozenset()]
    if not settled.fields.get("album") or found in proposed or found not in releases.values():
        return None  # a name that no track has is another name for the proposed one
    title = next((row.merged for row in merge.rows if row.field == "title"), ())
    return Home(releases, found, right(fields.get("title", {}), title), merge.strangers)


def taken(merge: Merge, settled: Settled, fields: Fields, at: int) -> frozenset[str] | None:
    """Return what a track must not keep of its own release, None where it keeps that as a whole and gets no other.

    It gets what is shown where it is of the proposed or chosen one, or may be, or a stranger; of another than that
    nothing stays.
    """
    own, found = by_track(fields).get(at), named(merge, settled, fields)
    if own is None:
        row = next((row for row in merge.rows if row.field == "album"), None)
        gets = row is None or row.agreement is not Agreement.OWN or "album" in settled.fields
        return frozenset() if gets else None
    if at not in merge.strangers and not any(own & each for each in found):
        return None
    other = chosen(merge, settled, fields)
    return frozenset() if own & (other.release if other else found[0]) else FIELDS
