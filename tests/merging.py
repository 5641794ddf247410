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
from comet.decide.policies import camps, empty, uncovered
from comet.decide.releases import FIELDS
from comet.tags.fields import LARGEST, Change, Picture, Tags, changed, held

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
        container=st.sampled_from(("", "mp3", "mp4")),
    ),
    min_size=1,
    max_size=5,
)
TRAPPED = st.lists(
    st.one_of(
        st.builds(
            Tags,
            st.fixed_dictionaries(
                {"title": st.just((title,))}, optional={name: st.just((each,)) for name, each in fields.items()}
            ),
        )
        for title, fields in (
            ("Yesterday", {"artist": "The Beatles", "album": "Help!", "tracknumber": "13", "date": "1965"}),
            ("Yesterday", {"artist": "The Beatles", "album": "1", "tracknumber": "3", "label": "X"}),
            ("Кино", {"artist": "Сплин", "album": "Гранатовый альбом", "tracknumber": "8", "label": "Y"}),
        )
    ),
    min_size=1,
    max_size=5,
)
"""Tracks of one recording on two releases, and such as have the tags of another one."""


def possible(tags: Tags) -> Tags:
    """Return tags as a file of their format can have them."""
    fields = {name: held(tags.container, name, values) for name, values in tags.fields.items()}
    return replace(tags, fields={name: values for name, values in fields.items() if values})


@st.composite
def groups(draw: st.DrawFn) -> Group:
    """Return the tags of a group's tracks, and which of them stay."""
    files = [possible(tags) if tags else None for tags in draw(FILES | TRAPPED)]
    keep = draw(st.lists(st.sampled_from(range(len(files))), min_size=1, unique=True))
    return files, keep


def written(tags: Tags, change: Change, files: Sequence[Tags | None]) -> Tags:
    """Return tags after a change, of which all can be held."""
    by_hash = {each.hash: each for other in files if other for each in other.pictures}
    pictures = list(tags.pictures)
    for name, hashes in change.items():
        if name.startswith(PICTURE):
            kind = KINDS.index(name.removeprefix(PICTURE))
            pictures = [each for each in pictures if each.kind != kind]
            pictures += [replace(by_hash[each], kind=kind) for each in hashes]
    texts = {name: values for name, values in change.items() if not name.startswith(PICTURE)}
    assert all(held(tags.container, name, values) == values for name, values in texts.items())
    return replace(tags, fields=changed(tags.fields, texts), pictures=tuple(pictures))


def relabelled(made: Merge, names: Sequence[int]) -> Merge:
    """Return a merge with other numbers for its tracks."""
    rows = []
    for row in made.rows:
        values = (Value(each.text, tuple(sorted(names[at] for at in each.sources))) for each in row.values)
        rows.append(replace(row, values=tuple(values)))
    return replace(made, rows=tuple(rows), strangers=frozenset(names[at] for at in made.strangers))


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
    """Merged, written into all that stay and merged again, nothing is left to write; at once, nothing either.

    Of files of one format: what another one holds in another form, `8` for `08`, has a voice in the next merge.
    """
    files, keep = group
    if len({tags.container for tags in files if tags}) > 1:
        files = [tags and replace(tags, container="") for tags in files]
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


def together(group: Group) -> None:
    """What belongs to a release is said by one or by tracks of none, never by one where the title is another."""
    files, keep = group
    made = merge(files, keep)
    said = {at: tags.fields for at, tags in enumerate(files) if tags}
    releases = _keys("album", said)
    titles = _keys("title", said)
    for at in keep:
        if not (tags := files[at]) or not (change := wanted(made, AS_PROPOSED, files, at)).keys() & FIELDS:
            continue
        new = written(tags, change, files).fields
        release = _keys("album", {**said, -1: new}).get(-1, frozenset())
        mates = {other for other in said if releases.get(other, release) & release or other not in releases}
        for name in FIELDS & new.keys():
            assert uncovered(name, new[name], [text for other in mates for text in said[other].get(name, ())]) == []
        title = _keys("title", {**said, -1: new}).get(-1, frozenset())
        right = {other for other, each in titles.items() if each & title}
        on = mates & titles.keys() & releases.keys()
        if on and not on & right and 2 * len(right) > len(titles) and right & releases.keys():
            assert any(one in "".join(title) or "".join(title) in one for one in ("".join(titles[at]) for at in on))


def _keys(name: str, said: Mapping[int, Mapping[str, tuple[str, ...]]]) -> dict[int, frozenset[str]]:
    """Return what tracks say of a field, by keys; of albums all names of one."""
    values = {at: tuple(v for v in each.get(name, ()) if not empty(name, v)) for at, each in said.items()}
    known = {at: each for at, each in values.items() if each}
    return camps(name, known) if known else {}


def _plain(text: str) -> str:
    return text.casefold().replace("-", "")


def misread(text: str, written: str, read_as: str) -> str:
    """Return a text that was read in another encoding; what means nothing there stays a control character."""
    return "".join(bytes([byte]).decode(read_as, "ignore") or chr(byte) for byte in text.encode(written))


LAWS: Sequence[Callable[[Group], None]] = (order, lattice, fixpoint, seen, told, together)
