"""The tags of a group's tracks as one set, by an algebra that cannot depend on their order. Pure.

What tracks say is a set of facts: track, field, place, value. `lift` makes it of one track; two are joined by union,
which is commutative, associative and idempotent (a semilattice, as in Shapiro and others, "Conflict-free Replicated
Data Types", 2011). `resolve` is a function of that set and of who stays: track numbers are labels to it, and every tie
is broken by values. Written into the tracks that stay and merged again, the result is the same: what won has more
voices then.

Nothing is taken of a stranger (`releases`), and where it stays, nothing of its own stays but its sound: once it has the
title of the others nobody could tell any more that its genres are not this recording's.

Three kinds of fields are not decided by `policies` alone. What belongs to a file's own sound is listed and not merged.
What belongs to the release comes from one release as a whole, the keeper's; where others would be lost, that is one
conflict, about the album. And of pictures of one kind the largest is proposed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple, TypeAlias

from comet.core import plans
from comet.core.acts import KINDS
from comet.core.merged import PICTURE, Agreement, Merge, Row, Settled, Value
from comet.core.text import _, safe, size
from comet.decide import policies, releases
from comet.decide.policies import Choice, Said
from comet.tags.fields import LARGEST, Change, Picture, Tags, changed, held


class Fact(NamedTuple):
    """One thing that one track says."""

    at: int
    """Index of the track."""
    field: str
    place: int
    """Of the value among those of this field, from 0."""
    value: str
    picture: Picture | None = None
    """Where the value is the hash of one."""


State: TypeAlias = frozenset[Fact]
"""What tracks say; joined by union."""

_FIRST: Final = (
    "title", "artist", "album", "albumartist", "tracknumber", "totaltracks", "discnumber", "totaldiscs", "date",
    "originaldate", "genre", "composer",
)  # fmt: skip
"""In this order fields are read; others follow by name."""
_FRONT: Final = PICTURE + "front"

_SOUND: Final = re.compile(
    r"replaygain_.*|r128_.*|mp3gain.*|itunnorm|itunsmpb|itunpgap|itunes_cddb.*|encoder|encoded ?by|encodersettings"
    r"|encoder[_ ](?:options|settings)|encodingtime|tden|tdtg|tlen|tflt|tdly|tofn|originalfilename|length|md5.*"
    r"|acoustid_fingerprint|comet_audio_hash|accurateri?p.*|cuesheet|log|chapter\d{3}.*|major_brand|minor_version"
    r"|compatible_brands|tool|waveformatextensible_channel_mask|isvbr"
)
"""What belongs to one file's own sound, be it by name or as the description of a comment."""


def merge(files: Sequence[Tags | None], keep: Sequence[int]) -> Merge:
    """Return the tags of a group's tracks as one set.

    Args:
        files: the tags of each track, None where they take no part.
        keep: indices of the tracks that stay, the keeper first.
    """
    return resolve(_state(files), keep)


def lift(at: int, tags: Tags) -> State:
    """Return what one track says."""
    texts = (Fact(at, name, n, text) for name, each in tags.fields.items() for n, text in enumerate(each))
    pictures = (Fact(at, _kind(each), n, each.hash, each) for n, each in enumerate(tags.pictures) if each.hash)
    return frozenset((*texts, *pictures))


def resolve(state: State, keep: Sequence[int]) -> Merge:
    """Return what becomes of all that tracks say; `keep` as for `merge`."""
    facts = _by_field(state)
    fields = {name: _said(each) for name, each in facts.items()}
    keeper = next(iter(keep), None)
    title = policies.choose("title", fields["title"], keeper).merged if "title" in fields else ()
    strange = releases.strangers(fields, title, keep)
    home = releases.home(fields, title, strange, keep, keeper)
    rows = []
    for name, each in facts.items():
        if name.startswith(PICTURE):
            choice = _best(each, keeper, strange)
        elif of_sound(name):
            choice = Choice((), Agreement.OWN)
        elif name in releases.FIELDS:
            choice = home.choose(name, fields[name], keeper)
        else:
            right, others = ((), ()) if name == "title" else (home.right, strange)  # by its title one is a stranger
            choice = policies.choose(name, fields[name], keeper, right, others)
        row = _row(name, each, choice, keeper)
        rows.append(home.told(row, keep) if name == "album" else row)
    looks = {each.value: _look(each.picture) for each in sorted(state, key=_by_picture) if each.picture}
    return Merge(tuple(sorted(rows, key=_order)), looks, strangers=strange)


def following(merge: Merge, settled: Settled, files: Sequence[Tags | None]) -> Merge:
    """Return a merge as it is when somebody has chosen an album: what belongs to a release comes from that one.

    A name that no track has is another name for the proposed one.
    """
    facts = _by_field(_state(files))
    fields = {name: _said(each) for name, each in facts.items()}
    home = releases.chosen(merge, settled, fields)
    if home is None:
        return merge
    rows = [
        _row(row.field, facts[row.field], home.choose(row.field, fields[row.field], None), None)
        if row.field in releases.FIELDS and row.field != "album"
        else row
        for row in merge.rows
    ]
    return replace(merge, rows=tuple(rows))


def wanted(merge: Merge, settled: Settled, files: Sequence[Tags | None], at: int) -> Change:
    """Return what has to be written into the file of a track so that it has the merged tags.

    Fields that it has already as they shall be are not in it, nor what its format cannot hold, nor is what belongs to a
    release where it is from another one than the proposed and the chosen. The values of `picture` and a kind are
    hashes.

    Args:
        merge: the tags of the group's tracks as one set.
        settled: what somebody settled about them.
        files: as for `merge`.
        at: index of the track.
    """
    change = {}
    for field, new in _asked(merge, settled, files, at).items():
        can, tags = _held(files, at, field, new), files[at] or Tags()
        own = _own(tags, field)
        as_good = len(own) >= len(can) < len(new) and {*own} <= {*new}  # of more than it can hold it has as many
        if can == new or (can not in ((), own) and not as_good):
            change[field] = can
        elif not can and own and field in _left(merge, releases.taken(merge, settled, _fields(files), at), tags, at):
            change[field] = ()  # its own belongs to another release or recording than all the rest
    return change


def unheld(merge: Merge, settled: Settled, files: Sequence[Tags | None], at: int) -> tuple[str, ...]:
    """Return the fields of which the format of a track's file cannot hold all values; arguments as for `wanted`."""
    asked = _asked(merge, settled, files, at)
    return tuple(field for field, new in asked.items() if len(_held(files, at, field, new)) < len(new))


def _asked(merge: Merge, settled: Settled, files: Sequence[Tags | None], at: int) -> Change:
    tags = files[at]
    if tags is None or settled.own:
        return {}
    values = {row.field: row.merged for row in following(merge, settled, files).rows if row.merged}
    taken = releases.taken(merge, settled, _fields(files), at)
    change = {}
    gone = dict.fromkeys(_left(merge, taken, tags, at), ())
    for field, new in {**gone, **values, **settled.fields}.items():
        if field in releases.FIELDS and taken is None:
            continue
        if field.startswith(PICTURE) and field not in settled.fields and at not in merge.strangers:
            differs = _takes_picture(field, new, files, tags)
        elif field.startswith(PICTURE) or field in settled.fields:
            differs = new != _own(tags, field)
        else:
            differs = {*new} != {*_own(tags, field)}
        if differs and plans.field_storable(field) and all(map(plans.value_storable, new)):
            change[field] = new
    return change


def _left(merge: Merge, taken: Collection[str] | None, tags: Tags, at: int) -> set[str]:
    """Return the fields of which a track keeps nothing of its own: of another release, or of another recording."""
    there = {*tags.fields, *map(_kind, tags.pictures)}
    other = {name for name in there - releases.FIELDS if at in merge.strangers and not of_sound(name)}
    return there.intersection(taken or ()) | other


def _own(tags: Tags, field: str) -> tuple[str, ...]:
    """Return what a file has of a field; of pictures of a kind the hashes."""
    if field.startswith(PICTURE):
        return tuple(each.hash for each in tags.pictures if _kind(each) == field)
    return tags.fields.get(field, ())


def dropped(
    merge: Merge, settled: Settled, files: Sequence[Tags | None], stays: Collection[int], written: Collection[int]
) -> tuple[tuple[str, Value], ...]:
    """Return the values that no file will have afterwards, nor a better form of them, each with its field.

    What belongs to the sound of a file that goes goes with it and is not among them.

    Args:
        merge: the tags of the group's tracks as one set.
        settled: what somebody settled about them.
        files: as for `merge`.
        stays: indices of the tracks that stay.
        written: indices of those that get the merged tags.
    """
    kept: dict[str, set[str]] = defaultdict(set)
    for at in stays:
        tags = files[at] or Tags()
        change = wanted(merge, settled, files, at) if at in written else {}
        pictures: dict[str, tuple[str, ...]] = defaultdict(tuple)
        for each in tags.pictures:
            pictures[_kind(each)] += (each.hash,)
        for name, values in changed({**tags.fields, **pictures}, change).items():
            kept[name].update(values)
    found = []
    for row in merge.rows:
        texts = [] if of_sound(row.field) else [value.text for value in row.values if value.sources]
        is_picture = row.field.startswith(PICTURE)
        lost = {*texts} - kept[row.field] if is_picture else {*policies.uncovered(row.field, texts, kept[row.field])}
        found += [(row.field, value) for value in row.values if value.text in lost]
    return tuple(found)


def of_sound(name: str) -> bool:
    """Tell whether a field belongs to the sound of one file, so that it is never merged."""
    return _SOUND.fullmatch(name.casefold().removeprefix("comment:")) is not None


def _state(files: Sequence[Tags | None]) -> State:
    return frozenset().union(*(lift(at, tags) for at, tags in enumerate(files) if tags is not None))


def _fields(files: Sequence[Tags | None]) -> dict[str, Said]:
    return {name: _said(each) for name, each in _by_field(_state(files)).items()}


def _by_field(state: State) -> dict[str, list[Fact]]:
    found: dict[str, list[Fact]] = defaultdict(list)
    for fact in state:
        found[fact.field].append(fact)
    return found


def _said(facts: Iterable[Fact]) -> Said:
    found: dict[int, list[str]] = defaultdict(list)
    for fact in sorted(facts, key=lambda each: each.place):
        found[fact.at].append(fact.value)
    return {at: tuple(values) for at, values in found.items()}


def _row(name: str, facts: Collection[Fact], choice: Choice, keeper: int | None) -> Row:
    sources: dict[str, set[int]] = {text: set() for text in choice.merged}
    first: dict[str, int] = {}
    for fact in facts:
        sources.setdefault(fact.value, set()).add(fact.at)
        if fact.at == keeper:
            first[fact.value] = min(fact.place, first.get(fact.value, fact.place))
    rank = {text: at for at, text in enumerate(choice.merged)}
    texts = sorted(sources, key=lambda t: (rank.get(t, len(rank)), first.get(t, len(facts)), -len(sources[t]), t))
    values = tuple(Value(text, tuple(sorted(sources[text]))) for text in texts)
    return Row(name, choice.agreement, values, choice.merged)


def _order(row: Row) -> tuple[bool, int, bool, str]:
    known = _FIRST.index(row.field) if row.field in _FIRST else len(_FIRST)
    return row.field.startswith(PICTURE), known, row.field != _FRONT, row.field


def _kind(picture: Picture) -> str:
    """Return what the pictures of a kind are called among fields; one that no standard knows is another one."""
    return PICTURE + KINDS[picture.kind if 0 <= picture.kind < len(KINDS) else 0]


def _weight(picture: Picture) -> tuple[int, int]:
    return picture.width * picture.height, picture.size


def _best(facts: Collection[Fact], keeper: int | None, strange: Collection[int]) -> Choice:
    """Return the largest picture; what is no picture that can be shown, or more than a tag can hold, is only listed.

    So are those of strangers; a keeper that is one gets another in place of its own.
    """
    own = [fact.picture for fact in facts if fact.at == keeper and fact.picture]
    known = [(fact, fact.picture) for fact in facts if fact.picture and fact.at not in strange]
    good = [(_weight(picture), fact.at == keeper, fact.value) for fact, picture in known if _usable(picture)]
    if not good:
        return Choice((), Agreement.SAME if own and keeper not in strange else Agreement.OWN)
    weight, _of_keeper, best = max(good)
    if not own or (keeper in strange and any(each.hash != best for each in own)):
        return Choice((best,), Agreement.ADDED)
    smaller = len(own) == 1 and _weight(own[0]) < weight
    return Choice((best,), Agreement.ALIKE if smaller else Agreement.SAME)


def _usable(picture: Picture) -> bool:
    return picture.width > 0 and picture.size <= LARGEST


def _takes_picture(field: str, new: tuple[str, ...], files: Sequence[Tags | None], tags: Tags) -> bool:
    """Tell whether a file has no picture of a kind, or only one that is smaller than the new one."""
    own = [each for each in tags.pictures if _kind(each) == field]
    weights = [_weight(each) for other in files if other for each in other.pictures if each.hash in new]
    return not own or (len(own) == 1 and own[0].hash not in new and _weight(own[0]) < max(weights))


def _held(files: Sequence[Tags | None], at: int, field: str, new: tuple[str, ...]) -> tuple[str, ...]:
    """Return what the file of a track would have of some values after they were written."""
    container = tags.container if (tags := files[at]) else ""
    if not field.startswith(PICTURE):
        return held(container, field, new)
    mimes = {each.hash: each.mime for other in files if other for each in other.pictures}
    return tuple(each for each in new if held(container, field, (mimes.get(each, ""),)))


def _by_picture(fact: Fact) -> tuple[str, str]:
    return fact.value, fact.picture.mime if fact.picture else ""


def _look(picture: Picture) -> str:
    """Return how a picture looks: `1400x1400 JPEG, 212 kB`."""
    kind = safe(picture.mime.rpartition("/")[2].upper().replace("JPG", "JPEG")) or _("picture")
    told = _("{kind}, {size}").format(kind=kind, size=size(picture.size))
    return f"{picture.width}x{picture.height} {told}" if _usable(picture) else told
