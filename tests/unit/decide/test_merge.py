"""The tags of a group as one set: the laws of the algebra, and what it makes of tags as they are."""

# ruff: noqa: RUF001 - letters of other alphabets are what this is about

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings

from comet.core.merged import AS_PROPOSED, PICTURE, Agreement, Merge, Row, Settled, Value
from comet.decide.merge import dropped, following, merge, unheld, wanted
from comet.tags.fields import LARGEST, Picture, Tags
from tests.merging import LAWS, Group, groups, written


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_laws_of_merging(law: Callable[[Group], None]) -> None:
    """No order, a semilattice, a fixpoint; nothing is unseen, and what is dropped is told."""

    @settings(max_examples=60)
    @given(groups())
    def holds(group: Group) -> None:
        law(group)

    holds()


def tags(**fields: str | tuple[str, ...]) -> Tags:
    """Return tags with these fields."""
    return Tags({name: (each,) if isinstance(each, str) else each for name, each in fields.items()})


def row(name: str, *files: Tags, keep: Sequence[int] = (0,)) -> Row:
    """Return the row of one field."""
    return next(row for row in merge(files, keep).rows if row.field == name)


S, A, L, C, O = Agreement.SAME, Agreement.ADDED, Agreement.ALIKE, Agreement.CONFLICT, Agreement.OWN  # noqa: E741


@pytest.mark.parametrize(
    ("field", "said", "merged", "agreement"),
    [
        ("title", ["A", "A"], "A", S),
        ("title", ["A", ""], "A", S),
        ("title", ["", "A"], "A", A),
        ("title", ["A", "Track 01", "Unknown"], "A", S),
        ("title", ["Track 01", "A"], "A", A),
        ("title", ["Track 01", ""], "Track 01", S),
        ("title", ["A", "Track 15", "Track15"], "A", C),
        ("title", ["Track15", "Track15", "A"], "A", C),
        ("title", ["A", "??", "-"], "A", S),
        ("artist", ["Fréémán", "Freeman"], "Freeman", L),
        ("artist", ["Bjork", "Bjork", "Björk"], "Björk", L),
        ("title", ["?????", "Кино"], "Кино", A),
        ("title", ["A", "B"], "A", C),
        ("title", ["A", "B", "B"], "B", C),
        ("title", ["YESTERDAY", "Yesterday"], "Yesterday", L),
        ("title", ["Yesterday", "YESTERDAY"], "Yesterday", L),
        ("title", ["Кино", "Êèíî"], "Кино", L),
        ("title", ["Êèíî", ""], "Кино", L),
        ("title", ["ÄÄÒ", "ДДТ"], "ДДТ", L),
        ("title", ["ÐšÐ¸Ð½Ð¾", "КИНО"], "Кино", L),
        ("title", ["Все", "Всё"], "Всё", L),
        ("artist", ["Splin", "Сплин"], "Splin", C),
        ("artist", ["Queen", "Queen|Bowie"], "Queen|Bowie", A),
        ("artist", ["Queen feat. B", "Queen ft. B"], "Queen feat. B", L),
        ("artist", ["Various Artists", "Queen"], "Queen", A),
        ("albumartist", ["Various Artists", ""], "Various Artists", S),
        ("genre", ["Rock", "rock|Pop", "Pop"], "Rock|Pop", A),
        ("genre", ["Rock|Pop", "rock"], "Rock|Pop", L),
        ("custom", ["x", "y"], "x|y", A),
        ("tracknumber", ["08", "8"], "8", L),
        ("tracknumber", ["08", "08"], "08", S),
        ("tracknumber", ["0", "8"], "8", A),
        ("tracknumber", ["7", "8"], "7", C),
        ("totaltracks", ["", "11"], "11", A),
        ("date", ["1965", "1965-08-06"], "1965-08-06", L),
        ("date", ["1965-08-06", "1965"], "1965-08-06", L),
        ("date", ["1965", "2009-09-09", "1965-08"], "1965-08", C),
        ("date", ["1965-08-06", "06.08.1965"], "1965-08-06", L),
        ("date", ["1965-00-00", "1965"], "1965", L),
        ("date", ["0000", "1965"], "1965", A),
        ("bpm", ["128", "128.00"], "128", L),
        ("bpm", ["64", "128"], "64", C),
        ("comment", ["good", "a good one", "EAC"], "a good one|EAC", A),
        ("copyright", ["1965 X", "(c) 1965 X Ltd"], "(c) 1965 X Ltd", A),
        ("lyrics", ["la la", "[00:01] la la"], "[00:01] la la", L),
        ("lyrics", ["la la", "other words"], "other words", C),
        ("rating", ["64", "196"], "196", L),
        ("rating", ["196", "0"], "196", S),
        ("playcount", ["3", "17"], "17", L),
        ("isrc", ["GB-1", "GB1", "GB2"], "GB-1|GB2", A),
        ("musicbrainz_recordingid", ["a", "b"], "a|b", A),
        ("replaygain_track_gain", ["-7", "-8"], "", O),
        ("encodedby", ["x", "x"], "", O),
        ("comment:iTunNORM", ["00", ""], "", O),
        ("acoustid_fingerprint", ["AQ", ""], "", O),
        ("titlesort", ["The Beatles", "Beatles, The"], "Beatles, The", L),
    ],
)
def test_what_becomes_of_a_field(field: str, said: list[str], merged: str, agreement: Agreement) -> None:
    """By its own way; the first track is the keeper, several values of one stand beside each other."""
    files = [Tags({field: tuple(each.split("|"))}) if each else Tags() for each in said]
    found = row(field, *files)
    assert (found.merged, found.agreement) == (tuple(merged.split("|")) if merged else (), agreement)


def test_values_stand_in_their_order() -> None:
    """What is proposed, then the keeper's, then those of most tracks; what nobody has yet has no sources."""
    found = row("title", tags(title="Êèíî"), tags(title="Z"), tags(title="A"), tags(title="Z"), tags(title="Кин"))
    assert found.values[0] == Value("Z", (1, 3))
    assert found.values[1] == Value("Êèíî", (0,))
    assert row("title", tags(title="Êèíî")).values == (Value("Кино", ()), Value("Êèíî", (0,)))


FRONT, BACK = f"{PICTURE}front", f"{PICTURE}back"
SMALL, BIG = Picture(3, "image/jpg", "", 20_000, "s", 300, 300), Picture(3, "image/png", "", 212_000, "b", 1400, 1400)
HELP = tags(title="Y", album="Help!", tracknumber="13", totaltracks="14", date="1965", label="Parlophone")
BEST = tags(title="Y", album="The Best", tracknumber="2", date="2009", barcode="123")


def rows(*files: Tags, keep: Sequence[int] = (0,)) -> dict[str, Row]:
    """Return all rows by field."""
    return {each.field: each for each in merge(files, keep).rows}


def test_a_release_is_one_value() -> None:
    """Of two, the keeper's is proposed as a whole, and there is one conflict, about the album."""
    found = rows(HELP, BEST, BEST)
    assert [each.field for each in merge((HELP, BEST, BEST), [0]).conflicts] == ["album"]
    assert found["album"].merged == ("Help!",)
    assert found["tracknumber"].merged == ("13",)
    assert found["date"].merged == ("1965",)
    assert found["barcode"] == Row("barcode", O, (Value("123", (1, 2)),), ())
    assert [value.text for value in found["date"].values] == ["1965", "2009"]


def test_a_track_of_no_release_speaks_where_the_others_say_nothing() -> None:
    """It is asked like any other one where there is one release, and else for what the keeper's leaves open."""
    free = tags(title="Y", date="2001", media="CD")
    found = rows(HELP, BEST, free)
    assert (found["date"].merged, found["date"].agreement) == (("1965",), S)
    assert (found["media"].merged, found["media"].agreement) == (("CD",), A)
    assert rows(HELP, free)["date"].agreement is C


def test_a_keeper_without_a_release_gets_a_whole_one() -> None:
    """That of most tracks, then of most that stay; nothing of the other."""
    bare = tags(title="Y", album="Unknown Album", tracknumber="99")
    files = (bare, HELP, BEST, BEST)
    made = merge(files, [0])
    change = wanted(made, AS_PROPOSED, files, 0)
    assert change == {"album": ("The Best",), "tracknumber": ("2",), "date": ("2009",), "barcode": ("123",)}
    assert wanted(merge(files[:3], [0, 1]), AS_PROPOSED, files[:3], 0)["album"] == ("Help!",)


def test_a_track_with_the_tags_of_another_recording_gives_no_release() -> None:
    """Title, artist, genres and release come from those that outvote it, and nothing of its own release stays."""
    trap = tags(title="Z", artist="Q", album="Other", tracknumber="5", barcode="9", genre="Rock")
    right = replace(HELP, fields={**HELP.fields, "artist": ("B",), "genre": ("Pop",)})
    files = (trap, right, right)
    made = merge(files, [0])
    assert [each.field for each in made.conflicts] == ["title", "artist", "album", "genre"]
    assert made.strangers == {0}
    change = wanted(made, AS_PROPOSED, files, 0)
    assert change == {**right.fields, "barcode": ()}
    own = Settled({"album": ("Other",)})
    assert wanted(made, own, files, 0) == {"title": ("Y",), "artist": ("B",), "genre": ("Pop",)}
    assert {each.field: each.merged for each in following(made, own, files).rows}["tracknumber"] == ("5",)
    assert wanted(made, Settled({"album": ("Help",)}), files, 0) == {**change, "album": ("Help",)}


ALIEN = {
    "composer": "Q", "isrc": "RU1", "musicbrainz_recordingid": "o", "lyrics": "words", "comment": "EAC", "bpm": "90",
    "rating": "5", "originaldate": "1996", "artistsort": "Q", "custom": "q", FRONT: "b",
}  # fmt: skip


@pytest.mark.parametrize("keep", [[1], [1, 0], [0, 1]])
def test_nothing_of_another_recording_is_taken(keep: Sequence[int]) -> None:
    """What such tags alone say comes to no other file, stays in none, is no addition, and is told as lost."""
    texts = {name: each for name, each in ALIEN.items() if name != FRONT}
    alien = replace(tags(title="Z", album="Other", length="1", **texts), pictures=(BIG,))
    files = (alien, HELP, replace(HELP, pictures=(replace(SMALL, kind=4),)))
    made = merge(files, keep)
    assert made.strangers == {0}
    found = {each.field: (each.merged, each.agreement) for each in made.rows if each.field in ALIEN}
    assert found == dict.fromkeys(ALIEN, ((), O))
    assert wanted(made, AS_PROPOSED, files, 1) == {BACK: ("s",)}
    change = wanted(made, AS_PROPOSED, files, 0)
    assert change == {**HELP.fields, **dict.fromkeys(ALIEN, ()), BACK: ("s",)}
    lost = {(field, value.text) for field, value in dropped(made, AS_PROPOSED, files, keep, keep)}
    assert lost == {*ALIEN.items(), ("title", "Z"), ("album", "Other")}


def test_who_has_the_tags_of_another_recording_may_still_say_the_same() -> None:
    """Where it has what the others have it is neither a conflict nor an addition, whoever stays first."""
    right = replace(HELP, fields={**HELP.fields, "genre": ("Rock",), "lyrics": ("la la la",)}, pictures=(SMALL,))
    files = (replace(tags(title="Z", album="Other", genre="Rock", lyrics="la la"), pictures=(SMALL,)), right, right)
    for keep in ([0], [1]):
        found = rows(*files, keep=keep)
        assert [found[name].agreement for name in ("genre", "lyrics", FRONT)] == [S, L, S]


@pytest.mark.parametrize(
    "others",
    [[HELP], [HELP, tags(title="X", album="Third")], [tags(title="Y", artist="B")] * 2, [tags(title="Z (Live)")] * 2],
    ids=["as many", "each its own", "no release", "more to say"],
)
def test_who_is_not_outvoted_keeps_its_release(others: Sequence[Tags]) -> None:
    """Where no title has more tracks, where those have no release, and where their title only says more."""
    files = (tags(title="Z", album="Other", tracknumber="5"), *others)
    made = merge(files, [0, 1])
    assert made.strangers.isdisjoint({0, 1})
    assert {"album", "tracknumber"}.isdisjoint(wanted(made, AS_PROPOSED, files, 0))


def test_a_number_goes_with_the_title() -> None:
    """On one album the tracks that have the title say which number it has, and another one is a conflict."""
    files = [tags(title=title, album="Help!", tracknumber=n) for title, n in (("Z", "1"), ("Y", "13"), ("Y", ""))]
    assert (row("tracknumber", *files).merged, row("tracknumber", *files).agreement) == (("13",), C)


def test_releases_that_stay_keep_their_own() -> None:
    """Where each of them stays nothing has to be decided; a third one that goes is a conflict."""
    other = tags(title="Y", album="Help!", catalognumber="PMC 1255", isrc="GB1")
    files = (HELP, BEST, other)
    found = rows(*files, keep=[0, 1])
    assert (found["album"].agreement, found["album"].merged) == (O, ())
    made = merge(files, [0, 1])
    assert wanted(made, AS_PROPOSED, files, 0) == {"catalognumber": ("PMC 1255",), "isrc": ("GB1",)}
    assert wanted(made, AS_PROPOSED, files, 1) == {"isrc": ("GB1",)}
    third = tags(title="Y", album="Third")
    assert rows(*files, third, keep=[0, 1])["album"].agreement is C


def test_choosing_an_album_takes_all_of_its_release() -> None:
    """And nothing of its own stays but what is settled itself; a third keeps its own; a new name is just a name."""
    third = tags(title="Y", album="Third", tracknumber="5")
    files = (HELP, BEST, third)
    made = merge(files, [0, 2])
    chosen = Settled({"album": ("The Best",), "date": ("2010",)})
    assert wanted(made, chosen, files, 0) == {
        "album": ("The Best",), "tracknumber": ("2",), "date": ("2010",), "barcode": ("123",), "label": (),
        "totaltracks": (),
    }  # fmt: skip
    assert wanted(made, chosen, files, 2) == {}
    follows = following(made, chosen, files)
    assert following(follows, chosen, files) == follows
    assert {each.field: each.merged for each in follows.rows}["label"] == ()
    assert following(made, Settled({"album": ("HELP!",)}), files) == made
    assert wanted(made, Settled({"album": ("Help",)}), files, 0) == {"album": ("Help",)}
    assert wanted(made, Settled({"album": ()}), files, 0) == {"album": ()}


def test_what_somebody_settled_is_written() -> None:
    """In place of the proposal, in the order in which it was typed, away where there is nothing; or nothing at all."""
    files = (tags(title="A", artist=("X", "Y"), genre="Rock", encodedby="me"), tags(title="B", genre="Pop"))
    made = merge(files, [0])
    settled = Settled({"title": ("C",), "artist": ("Y", "X"), "genre": (), "mood": ("sad",), "encodedby": ("you",)})
    assert wanted(made, settled, files, 0) == dict(settled.fields)
    assert wanted(made, settled, files, 1) == {**settled.fields, "genre": ()}
    assert wanted(made, replace(settled, own=True), files, 0) == {}
    assert [each.field for each in settled.open(made)] == []
    lost = {(field, value.text) for field, value in dropped(made, settled, files, [0], [0])}
    assert lost == {("title", "A"), ("title", "B"), ("genre", "Rock"), ("genre", "Pop")}


def test_the_same_values_in_another_order_are_not_written() -> None:
    """A file that has them all is left alone."""
    files = (tags(genre=("Rock", "Pop")), tags(genre=("Pop", "Rock")))
    assert wanted(merge(files, [0, 1]), AS_PROPOSED, files, 1) == {}


def shown(*pictures: Picture) -> Tags:
    """Return tags with these pictures."""
    return Tags({}, pictures)


@pytest.mark.parametrize(
    ("files", "merged", "agreement", "gets"),
    [
        ((shown(SMALL), shown(BIG)), ("b",), L, ("b",)),
        ((shown(BIG), shown(SMALL)), ("b",), S, ()),
        ((shown(), shown(SMALL), shown(BIG)), ("b",), A, ("b",)),
        ((shown(SMALL), shown(replace(SMALL, hash="t"))), ("s",), S, ()),
        ((shown(SMALL, replace(SMALL, hash="t")), shown(BIG)), ("b",), S, ()),
        ((shown(SMALL), shown(replace(BIG, width=0))), ("s",), S, ()),
        ((shown(SMALL), shown(replace(BIG, size=LARGEST + 1))), ("s",), S, ()),
        ((shown(), shown(replace(BIG, width=0))), (), O, ()),
        ((shown(replace(BIG, width=0)), shown()), (), S, ()),
    ],
)
def test_the_best_picture(
    files: tuple[Tags, ...], merged: tuple[str, ...], agreement: Agreement, gets: tuple[str, ...]
) -> None:
    """The largest that can be shown and written; who has one as large, or several, is left alone."""
    found = row(FRONT, *files)
    assert (found.merged, found.agreement) == (merged, agreement)
    assert wanted(merge(files, [0]), AS_PROPOSED, files, 0).get(FRONT, ()) == gets


def test_what_a_format_cannot_hold_is_not_asked_for() -> None:
    """It gets what it would have of them, nothing where it has as many already, and what is left out is told."""
    back = replace(BIG, kind=4)
    other = Tags({"musicbrainz_recordingid": ("a", "b"), "tracknumber": ("03",), "rating": ("x",)}, (back,))
    mp3, mp4 = Tags({"musicbrainz_recordingid": ("b",)}, container="mp3"), Tags(container="mp4")
    files = (mp3, mp4, other)
    made = merge(files, [0, 1])
    assert wanted(made, AS_PROPOSED, files, 0) == {"tracknumber": ("03",), BACK: ("b",)}
    assert unheld(made, AS_PROPOSED, files, 0) == ("musicbrainz_recordingid", "rating")
    assert wanted(made, AS_PROPOSED, files, 1)["tracknumber"] == ("3",)
    assert unheld(made, AS_PROPOSED, files, 1) == (BACK,)
    assert wanted(made, Settled({"musicbrainz_recordingid": ("a", "c")}), files, 0)["musicbrainz_recordingid"] == ("a",)
    assert ("rating", "x") in {(field, value.text) for field, value in dropped(made, AS_PROPOSED, files, [0], [0])}


def test_pictures_of_each_kind() -> None:
    """Kinds are fields of their own, the front first and all behind the texts, and each picture is told in words."""
    made = merge((tags(zebra="1"), shown(replace(SMALL, kind=4), BIG, replace(SMALL, kind=99, hash="o"))), [0])
    assert [each.field for each in made.rows] == ["zebra", FRONT, BACK, f"{PICTURE}other"]
    assert made.pictures == {"s": "300x300 JPEG, 20.0 kB", "o": "300x300 JPEG, 20.0 kB", "b": "1400x1400 PNG, 212 kB"}
    files = (shown(SMALL), shown(BIG))
    assert wanted(merge(files, [1]), Settled({FRONT: ("s",)}), files, 1) == {FRONT: ("s",)}
    assert dropped(merge(files, [0]), AS_PROPOSED, files, [0], [0]) == ((FRONT, Value("s", (0,))),)


def test_tracks_without_tags_take_no_part() -> None:
    """Unread ones neither say anything nor get anything; a keeper among them changes only who is asked first."""
    files = [None, tags(title="A"), None]
    made = merge(files, [0, 1])
    assert made.rows == (Row("title", A, (Value("A", (1,)),), ("A",)),)
    assert wanted(made, AS_PROPOSED, files, 0) == {}
    assert merge([None, None], [0]) == Merge(())
    assert dropped(made, AS_PROPOSED, files, [0], [0]) == (("title", Value("A", (1,))),)


def test_what_a_file_takes_with_it_is_told() -> None:
    """A release, a smaller set of people, lyrics: all but its own sound and what says no more than what stays."""
    keeper = tags(
        title="Y", album="Help!", lyrics="one two", rating="196", date="1965-08-06", replaygain_track_gain="-7"
    )
    goes = tags(
        title="y", album="Best", lyrics="three", rating="64", date="2009", replaygain_track_gain="-8", length="1"
    )
    files = (keeper, goes)
    lost = dropped(merge(files, [0]), AS_PROPOSED, files, [0], [0])
    assert [field for field, _value in lost] == ["album", "date", "lyrics"]
    some = (tags(genre="Rock"), tags(genre="Pop"))
    assert dropped(merge(some, [0]), AS_PROPOSED, some, [0], [0]) == ()
    assert dropped(merge(some, [0]), AS_PROPOSED, some, [0], []) == (("genre", Value("Pop", (1,))),)
    apart = dropped(merge(files, [0]), Settled(own=True), files, [0], [0])
    assert [field for field, _value in apart] == ["album", "date", "lyrics"]


@pytest.mark.parametrize(
    "fields",
    [
        {"title": ("a" + "\u0301\u0323" * 200_000,)},
        {"custom": tuple(f"v{n}" for n in range(10_000))},
        {"artist": tuple(f"v{n}" for n in range(10_000))},
        {"comment": tuple(f"v{n}" for n in range(10_000))},
        {"lyrics": ("ля ля\n" * 170_000,)},
        {
            "title": ("Ð\x9aÐ¸" * 9_000,),
            "date": ("1" * 100_000,),
            "tracknumber": ("9" * 10_000,),
            "bpm": ("9" * 9_000,),
        },
        {f"f{n}\n\x1b\ud800": (f"\udcff{n}",) for n in range(2_000)},
        {"title": ("?" * 500_000 + "x",), "rating": ("nan", "inf", "-1", "1e999")},
    ],
    ids=["marks", "values", "artists", "comments", "lyrics", "damaged", "fields", "signs"],
)
@pytest.mark.timeout(60)
def test_hostile_tags_are_merged_in_time(fields: Mapping[str, tuple[str, ...]]) -> None:
    """What a tag can be made to hold takes time in proportion to it, and nothing of it is an error."""
    other = {name: tuple(f"{value} x" for value in values) for name, values in fields.items()}
    files = [Tags(fields), Tags(other), Tags(fields)]
    made = merge(files, [0])
    new = [written(each, wanted(made, AS_PROPOSED, files, at), files) for at, each in enumerate(files)]
    assert wanted(made, AS_PROPOSED, new, 1) == {}
    assert len(made.rows) == len(fields)
