"""Groups of tags as Hypothesis makes them, and the laws that merging them must obey.

The tests ask some of them, `python -m tests.benchmarks.merge` many thousands.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from hypothesis import strategies as st

from comet.core.acts import KINDS
from comet.core.merged import AS_PROPOSED, PICTURE, Merge, Value
from comet.decide.merge import State, dropped, lift, merge, resolve, wanted
from comet.tags.fields import LARGEST, Change, Picture, Tags, changed

Group: TypeAlias = tuple[list[Tags | None], list[int]]
"""The tags of a group's tracks, and which of them stay, the keeper first."""

VALUES: Mapping[str, tuple[str, ...]] = {
    "title": (
        "Yesterday",
        "YESTERDAY",
        "Yesterday (Live)",
        "Track 01",
        "BjÃ¶rk",
        "Bjo\u0308rk",
        "Björk",
        "Êèíî",
        "КИНО",
    ),
    "artist": (
        "The Beatles",
        "Beatles, The",
        "Queen",
        "Queen feat. B",
        "Queen ft. B",
        "Unknown Artist",
        "Splin",
        "Сплин",
    ),
    "album": ("Help!", "HELP", "Help! (Deluxe)", "1", "Unknown Album"),
    "albumartist": ("The Beatles", "VA", "Beatles, The"),
    "genre": ("Rock", "rock", "Hip-Hop", "HipHop", "unknown"),
    "date": ("1965", "1965-08", "1965-08-06", "06.08.1965", "1966", "around 1965", "0000", "1965-08-06T00:00:00"),
    "originaldate": ("1965", "1965-08", "1966", "x"),
    "tracknumber": ("8", "08", "3", "A1", "0"),
    "totaltracks": ("11", "12"),
    "bpm": ("128", "128.4", "129", "x"),
    "comment": ("a", "ab", "xyz ab", "EAC"),
    "lyrics": ("la la", "[00:10] la la", "La, la!", "other", "other and more"),
    "rating": ("0", "5", "196", "good", "05"),
    "musicbrainz_recordingid": ("a-1", "a-2"),
    "custom": ("q", "Q", "1.5", "15", "\ud800", "\x1b[31m"),
    "label": ("X", "Y"),
    "compilation": ("0", "1"),
    "replaygain_track_gain": ("-7", "-8"),
    "comment:iTunNORM": ("00",),
}
PICTURES = [
    Picture(kind, mime, "", size, name, side, side)
    for kind in (3, 4)
    for mime, size, name, side in (
        ("image/jpeg", 100, "a", 10), ("image/png", 200, "b", 10), ("image/jpeg", 90, "c", 20),
        ("image/jpeg", 50, "d", 0), ("image/jpeg", LARGEST + 1, "e", 30),
    )
]  # fmt: skip


def some(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    """Return one to three of some values."""
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True).map(tuple)


FILES = st.lists(
    st.none()
    | st.builds(
        Tags,
        st.fixed_dictionaries({}, optional={name: some(values) for name, values in VALUES.items()}),
        st.lists(st.sampled_from(PICTURES), max_size=3, unique=True).map(tuple),
    ),
    min_size=1,
    max_size=5,
)


@st.composite
def groups(draw: st.DrawFn) -> Group:
    """Return the tags of a group's tracks, and which of them stay."""
    files = draw(FILES)
    keep = draw(st.lists(st.sampled_from(range(len(files))), min_size=1, unique=True))
    return files, keep


def written(tags: Tags, change: Change, files: Sequence[Tags | None]) -> Tags:
    """Return tags after a change, as a format makes them that can hold everything."""
    by_hash = {each.hash: each for other in files if other for each in other.pictures}
    pictures = list(tags.pictures)
    for name, hashes in change.items():
        if name.startswith(PICTURE):
            kind = KINDS.index(name.removeprefix(PICTURE))
            pictures = [each for each in pictures if each.kind != kind]
            pictures += [replace(by_hash[each], kind=kind) for each in hashes]
    texts = {name: values for name, values in change.items() if not name.startswith(PICTURE)}
    return Tags(changed(tags.fields, texts), tuple(pictures))


def relabelled(made: Merge, names: Sequence[int]) -> Merge:
    """Return a merge with other numbers for its tracks."""
    rows = []
    for row in made.rows:
        values = (Value(each.text, tuple(sorted(names[at] for at in each.sources))) for each in row.values)
        rows.append(replace(row, values=tuple(values)))
    return replace(made, rows=tuple(rows))


def order(group: Group) -> None:
    """With other numbers for the tracks, all is the same but these; those that stay have none but the first."""
    files, keep = group
    names = sorted(range(len(files)), key=lambda at: zlib.crc32(f"{at} {group}".encode("utf-8", "replace")))
    other: list[Tags | None] = [None] * len(files)
    for at, name in enumerate(names):
        other[name] = files[at]
    made = merge(other, [names[keep[0]], *sorted(names[at] for at in keep[1:])])
    assert relabelled(merge(files, keep), names) == made


def lattice(group: Group) -> None:
    """In any order, in any parts and as often as you like: what is known is the same, and what becomes of it."""
    files, keep = group
    states = [lift(at, tags) for at, tags in enumerate(files) if tags]
    whole: State = frozenset().union(*states)
    assert resolve(whole, keep) == merge(files, keep)
    for a in states:
        for b in states:
            assert a | b == b | a
            assert (a | b) | whole == a | (b | whole) == whole
    back: State = frozenset()
    for state in reversed(states + states):
        back |= state
    assert resolve(back, keep) == resolve(whole, keep)


def fixpoint(group: Group) -> None:
    """Merged, written into all that stay and merged again, nothing is left to write; at once, nothing either."""
    files, keep = group
    made = merge(files, keep)
    new = list(files)
    for at in keep:
        if tags := files[at]:
            new[at] = written(tags, wanted(made, AS_PROPOSED, files, at), files)
    again = merge(new, keep)
    for at in keep:
        assert wanted(made, AS_PROPOSED, new, at) == {}
        assert wanted(again, AS_PROPOSED, new, at) == {}


def seen(group: Group) -> None:
    """Every value of every track is in a row with its sources, and every picture is told in words."""
    files, keep = group
    made = merge(files, keep)
    found = {(row.field, value.text, at) for row in made.rows for value in row.values for at in value.sources}
    there = [(at, tags) for at, tags in enumerate(files) if tags]
    texts = {(name, text, at) for at, tags in there for name, each in tags.fields.items() for text in each}
    hashes = {(f"{PICTURE}{KINDS[each.kind]}", each.hash, at) for at, tags in there for each in tags.pictures}
    assert found == texts | hashes
    assert made.pictures.keys() == {name for _field, name, _at in hashes}


def told(group: Group) -> None:
    """A genre or own field that no file that stays has in any spelling is among what is dropped, and no other one."""
    files, keep = group
    made = merge(files, keep)
    lost = {(field, value.text) for field, value in dropped(made, AS_PROPOSED, files, keep, keep)}
    stays = [written(tags, wanted(made, AS_PROPOSED, files, at), files) for at in keep if (tags := files[at])]
    for name in ("genre", "custom"):
        kept = {_plain(text) for tags in stays for text in tags.fields.get(name, ())}
        said = {text for tags in files if tags for text in tags.fields.get(name, ()) if text != "unknown"}
        assert {text for field, text in lost if field == name} == {text for text in said if _plain(text) not in kept}
    assert not any(field.startswith("replaygain") for field, _text in lost)


def _plain(text: str) -> str:
    return text.casefold().replace("-", "")


def misread(text: str, written: str, read_as: str) -> str:
    """Return a text that was read in another encoding; what means nothing there stays a control character."""
    return "".join(bytes([byte]).decode(read_as, "ignore") or chr(byte) for byte in text.encode(written))


LAWS: Sequence[Callable[[Group], None]] = (order, lattice, fixpoint, seen, told)
