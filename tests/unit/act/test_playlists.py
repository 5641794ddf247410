"""Playlists: only the lines that name a file change, in their own style, and every byte can be had back."""

from __future__ import annotations

import os
import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from comet.act import playlists

FOLDER = b"/music/Lists"
OLD, NEW = b"/music/Albums/a.mp3", b"/music/Best/a b.flac"
E_NFC, E_NFD = "\u00e9".encode(), "e\u0301".encode()
MARK = b"\xef\xbb\xbf"


def changed(line: bytes, old: bytes = OLD, new: bytes = NEW) -> bytes | None:
    """Return what becomes of the only line of a playlist, None where it stays."""
    lines = playlists.repointed(line, FOLDER, old, new)
    assert len(lines) < 2
    return playlists.with_lines(line, lines) if lines else None


@pytest.mark.parametrize("name", [b"/x/a.m3u", b"/x/a.M3U8", b"/x/a.b.m3U", b"\xff.m3u"])
def test_a_playlist_is_known_by_its_extension(name: bytes) -> None:
    """Case does not count."""
    assert playlists.is_playlist(name)


@pytest.mark.parametrize("name", [b"/x/a.mp3", b"/x/m3u", b"/x.m3u/a", b"/x/a.m3u.bak", b"/x/.m3u", b""])
def test_other_files_are_no_playlists(name: bytes) -> None:
    """Neither a folder's name nor a hidden file's makes one."""
    assert not playlists.is_playlist(name)


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        (b"../Albums/a.mp3", b"../Best/a b.flac"),
        (b"./../Albums/a.mp3", b"../Best/a b.flac"),
        (b"..//Albums/./x/../a.mp3", b"../Best/a b.flac"),
        (b"/music/Albums/a.mp3", b"/music/Best/a b.flac"),
        (b"//music//Albums/a.mp3", b"/music/Best/a b.flac"),
        (b"file:///music/Albums/a.mp3", b"file:///music/Best/a%20b.flac"),
        (b"FILE://localhost/music/%41lbums/%61.mp3", b"FILE://localhost/music/Best/a%20b.flac"),
        (rb"..\Albums\a.mp3", rb"..\Best\a b.flac"),
        (rb"..\Albums/a.mp3", rb"..\Best\a b.flac"),
        (rb"\music\Albums\a.mp3", rb"\music\Best\a b.flac"),
    ],
)
def test_a_line_keeps_its_style(line: bytes, becomes: bytes) -> None:
    """Relative stays relative, absolute absolute, a URL a URL, backslashes backslashes."""
    assert changed(line) == becomes


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"   ",
        b"#../Albums/a.mp3",
        b"  # ../Albums/a.mp3",
        b"#EXTINF:1,/music/Albums/a.mp3",
        b"../albums/a.mp3",
        b"../Albums/A.mp3",
        b"../Albums/a.mp3x",
        b"a.mp3",
        b"../Albums/%61.mp3",
        b"http://music/../../Albums/a.mp3",
        b"x://h/../../../../music/Albums/a.mp3",
        b"file://nas/music/Albums/a.mp3",
        b"file://localhostile/music/Albums/a.mp3",
        b"file:///music/Albums/a.mp3%00",
        rb"\\music\Albums\a.mp3",
        b"x\n" + MARK + b"../Albums/a.mp3",
    ],
)
def test_a_line_that_does_not_name_the_file_is_left_alone(line: bytes) -> None:
    """A comment, another name, another computer or what is no name at all is nothing of ours."""
    assert changed(line) is None
    assert playlists.names(line, FOLDER, {OLD}) == set()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (MARK, b""),
        (MARK + b" ", b"\t"),
        (b"\t ", b"  "),
        (b"", b"\r\n"),
        (b"", b"  \r\n\r\n"),
        (b"", b"\r"),
        (MARK + b"#EXTM3U\r\n#EXTINF:1,x\n", b"\n\xff\xfe\n"),
        (b"\n\n\r\n", b"\n#end"),
    ],
)
@pytest.mark.parametrize("entry", [b"../Albums/a.mp3", b"file:///music/Albums/a.mp3", rb"..\Albums\a.mp3"])
def test_everything_around_an_entry_survives(before: bytes, entry: bytes, after: bytes) -> None:
    """The mark, white space, line ends, comments and bytes of no encoding stay where they are."""
    content = before + entry + after
    lines = playlists.repointed(content, FOLDER, OLD, NEW)
    [(_number, old, new)] = lines
    assert playlists.with_lines(content, lines) == before + new[new.index(entry[:2]) :].strip() + after
    assert old.strip() != new.strip()
    assert playlists.names(content, FOLDER, {OLD}) == {OLD}


def test_every_line_that_names_the_file_changes() -> None:
    """A playlist may name a file twice, in two ways, and the file that takes its place as well."""
    content = b"../Albums/a.mp3\n../Best/a b.flac\nx\n/music/Albums/a.mp3"
    lines = playlists.repointed(content, FOLDER, OLD, NEW)
    assert [number for number, _old, _new in lines] == [0, 3]
    assert playlists.with_lines(content, lines) == b"../Best/a b.flac\n../Best/a b.flac\nx\n/music/Best/a b.flac"


@pytest.mark.parametrize("folder", [b"/music/" + E_NFC, b"/music/" + E_NFD, b"/music/Lists"])
@pytest.mark.parametrize("disk", [E_NFC, E_NFD])
@pytest.mark.parametrize("written", [E_NFC, E_NFD, b"%C3%A9", b"e%cc%81"])
def test_accents_are_the_same_however_they_are_composed(folder: bytes, disk: bytes, written: bytes) -> None:
    """Macs write names in another composition than the rest of the world."""
    old = folder + b"/" + disk + b".mp3"
    entries = [folder + b"/" + written + b".mp3", written + b".mp3"]
    for entry in [b"file://" + entries[0]] if b"%" in written else entries:
        assert playlists.names(entry, folder, {old, b"/other"}) == {old}
        assert [new for _number, _old, new in playlists.repointed(entry, folder, old, NEW)] != []


def test_a_per_cent_sign_and_accents_may_stand_in_one_name() -> None:
    """Whatever is looked for first, no way to write a name is overlooked."""
    assert changed(E_NFD + b"%41.mp3", b"/music/Lists/" + E_NFC + b"%41.mp3") == b"../Best/a b.flac"
    old = b"/\xff/" + E_NFD
    assert playlists.repointed(E_NFD, b"/\xff", old, b"/\xff/a") == [(0, E_NFD, b"a")]


def test_a_file_that_is_called_like_a_comment_is_not_found_in_one() -> None:
    """A player takes such a line for a comment, so it names nothing; with `./` before it, it does."""
    assert changed(b"#1.mp3", b"/music/Lists/#1.mp3") is None
    assert changed(b" #1.mp3", b"/music/Lists/ #1.mp3") is None
    assert changed(b"./#1.mp3", b"/music/Lists/#1.mp3") == b"../Best/a b.flac"


@pytest.mark.parametrize("entry", [b"../Albums/a.mp3\0x", b"file:///music/Albums/a.mp3%00x"])
def test_a_name_does_not_end_where_a_zero_stands(entry: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.11.0 and 3.12.0 cut a path off there, and would find another file's name."""
    real = os.path.normpath
    with monkeypatch.context() as patched:
        patched.setattr(os.path, "normpath", lambda path: real(path.partition(b"\0")[0]))
        becomes = changed(entry)
    assert becomes is None


def test_what_is_no_utf_8_is_compared_as_bytes() -> None:
    """A name in a legacy encoding matches the very same bytes, and no name in UTF-8."""
    assert changed(b"../Albums/\xe9.mp3", b"/music/Albums/\xe9.mp3") == b"../Best/a b.flac"
    assert changed(b"../Albums/\xe9.mp3", b"/music/Albums/" + E_NFC + b".mp3") is None
    assert changed(b"file:///music/Albums/%E9.mp3", b"/music/Albums/\xe9.mp3", b"/\xff") == b"file:///%FF"


def test_a_name_is_first_taken_as_it_stands() -> None:
    """Backslashes, per cent signs and white space may belong to a name."""
    assert changed(rb"..\Albums\a.mp3", rb"/music/Lists/..\Albums\a.mp3", b"/music/Lists/b") == b"b"
    assert changed(b"100%25.mp3", b"/music/Lists/100%25.mp3") == b"../Best/a b.flac"
    assert changed(b" a.mp3 ", b"/music/Lists/ a.mp3 ") == b"../Best/a b.flac"
    assert changed(b" a.mp3 ", b"/music/Lists/a.mp3") == b" ../Best/a b.flac "
    assert playlists.names(b" a.mp3 ", FOLDER, {b"/music/Lists/a.mp3", b"/music/Lists/ a.mp3 "}) == {
        b"/music/Lists/ a.mp3 "
    }


@pytest.mark.parametrize(
    ("line", "new", "becomes"),
    [
        (b"../Albums/a.mp3", b"/music/Lists/#1.mp3", b"./#1.mp3"),
        (rb"..\Albums\a.mp3", b"/music/Lists/#1.mp3", rb".\#1.mp3"),
        (b"../Albums/a.mp3", b"/music/Lists/ b.mp3", b"./ b.mp3"),
        (b"../Albums/a.mp3", b"/music/Lists/" + MARK + b".mp3", b"./" + MARK + b".mp3"),
        (b"./../Albums/a.mp3", b"/music/Lists/b.mp3", b"./b.mp3"),
        (b"../Albums/a.mp3", rb"/music/Lists/a\b.mp3", rb"a\b.mp3"),
        (b"file:///music/Albums/a.mp3", b"/music/#a\r\n?\\ %", b"file:///music/%23a%0D%0A%3F%5C%20%25"),
    ],
)
def test_a_new_entry_is_not_taken_for_something_else(line: bytes, new: bytes, becomes: bytes) -> None:
    """What begins like a comment, a mark or white space gets `./` before it, and a URL holds any name."""
    assert changed(line, new=new) == becomes
    assert playlists.names(becomes, FOLDER, {new, OLD}) == {new}


@pytest.mark.parametrize(
    ("line", "new"),
    [
        (b"../Albums/a.mp3", b"/music/a\n.mp3"),
        (b"/music/Albums/a.mp3", b"/music/a\r.mp3"),
        (rb"..\Albums\a.mp3", rb"/music/a\b.mp3"),
        (b"../Albums/a.mp3", b"/music/a.mp3 "),
        (b"../Albums/a.mp3", OLD),
    ],
)
def test_a_line_that_cannot_say_the_new_name_is_left_alone(line: bytes, new: bytes) -> None:
    """A playlist that still names the old file is better than one that names nothing."""
    assert playlists.repointed(line, FOLDER, OLD, new) == []


def test_wanted_paths_that_a_playlist_names_are_found_at_once() -> None:
    """All styles are looked up, and what is wanted but not named is not found."""
    wanted = {b"/music/%d" % number: number for number in range(9)}
    content = b"../1\n#/music/2\nfile:///music/%33\n..\\4\n/music/5 \n../5\nhttp://x/6\n../9\n"
    assert playlists.names(content, FOLDER, wanted) == {b"/music/1", b"/music/3", b"/music/4", b"/music/5"}


def test_a_moved_line_is_taken_back_where_it_stands_now() -> None:
    """Somebody has put lines before it since; of several the nearest is meant, and no place serves twice."""
    lines = [(1, b"a", b"N"), (3, b"b", b"N")]
    assert playlists.without_lines(b"0\nN\n2\nN\n", lines) == b"0\na\n2\nb\n"
    assert playlists.without_lines(b"new\n0\nN\r\n2\nN", lines) == b"new\n0\na\r\n2\nb"
    assert playlists.without_lines(b"N\n1\n2\n3\n4\nN", [(4, b"a", b"N")]) == b"N\n1\n2\n3\n4\na"
    assert playlists.without_lines(b"N\nN", [(7, b"a", b"N")]) == b"N\na"


def test_what_is_gone_cannot_be_taken_back() -> None:
    """All changes or none: half of them would be a playlist that nobody ever had."""
    lines = [(0, b"a", b"N"), (1, b"b", b"N")]
    assert playlists.without_lines(b"N\nother\n", lines) is None
    assert playlists.without_lines(b"N \nn\n", [(0, b"a", b"N")]) is None
    assert playlists.without_lines(b"", lines) is None


PARTS = st.sampled_from([b"a", b"#", b" ", b"..", b".", b"\\", b"/", b"%", b"%61", b"\xff", E_NFC, MARK, b"file:"])
NAME = st.lists(PARTS, min_size=1, max_size=4).map(lambda parts: b"".join(parts).replace(b"/", b""))
PATH = st.lists(NAME.filter(lambda name: name not in (b"", b".", b"..")), min_size=1, max_size=3).map(
    lambda names: b"/" + b"/".join(names)
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r", b"", b" \n", b"\t\r\n"])
STYLES = st.sampled_from(["relative", "absolute", "url", "backslashes", "junk", "comment"])


def written(path: bytes, style: str) -> bytes:
    """Return an entry for a path."""
    relative = os.path.relpath(path, FOLDER)
    return {
        "relative": b"./" + relative,
        "absolute": path,
        "url": b"file://" + quote(path).encode(),
        "backslashes": relative.replace(b"/", b"\\"),
        "junk": path[::-1] + b"\xfe",
        "comment": b"#" + path,
    }[style]


@st.composite
def cases(draw: st.DrawFn) -> tuple[bytes, bytes, bytes]:
    """Return a playlist with two paths, of which it names the first now and then."""
    old, new, other = (playlists._composed(draw(PATH), draw(st.sampled_from(["NFC", "NFD"]))) for _path in range(3))
    lines = draw(st.lists(st.tuples(st.sampled_from([old, old, new, other]), STYLES, ENDS), max_size=8))
    content = draw(st.sampled_from([b"", MARK])) + b"".join(written(path, style) + end for path, style, end in lines)
    return content, old, new


@given(cases())
@example((b"a\na", b"/music/Lists/a", b"/music/Lists/#"))
def test_taking_back_restores_every_byte(case: tuple[bytes, bytes, bytes]) -> None:
    """Whatever a playlist holds: what was changed and then taken back is what it was."""
    content, old, new = case
    lines = playlists.repointed(content, FOLDER, old, new)
    after = playlists.with_lines(content, lines)
    assert (after == content) == (not lines)
    assert playlists.without_lines(after, lines) == content


@given(cases())
def test_what_is_written_is_understood_again(case: tuple[bytes, bytes, bytes]) -> None:
    """Each changed line named the old file and names the new one; all the others are the same bytes."""
    content, old, new = case
    lines = playlists.repointed(content, FOLDER, old, new)
    after = playlists.with_lines(content, lines)
    assert after.count(b"\n") == content.count(b"\n")
    for number, before, line in lines:
        mark = MARK if number == 0 and before.startswith(MARK) else b""
        assert playlists.names(before, FOLDER, {old}) == {old}
        assert line.startswith(mark)
        assert playlists.names(line.removeprefix(mark), FOLDER, {new}) == {new}
    if playlists._composed(old) != playlists._composed(new) and b"\\" not in new and b" " not in new:
        assert bool(lines) == bool(playlists.names(content, FOLDER, {old}))


@given(st.binary(max_size=60), PATH, PATH)
def test_no_bytes_are_too_strange(content: bytes, old: bytes, new: bytes) -> None:
    """A playlist is a stranger's file: any bytes at all are read without an error."""
    lines = playlists.repointed(content, FOLDER, old, new)
    assert playlists.without_lines(playlists.with_lines(content, lines), lines) == content
    assert playlists.names(content, FOLDER, {old}) <= {old}


def test_the_compositions_of_the_tests_differ() -> None:
    """Else the tests of accents would test nothing."""
    assert E_NFC != E_NFD
    assert unicodedata.normalize("NFC", E_NFD.decode()).encode() == E_NFC


NAMED = (b"a.mp3", b"b c.flac", E_NFC, E_NFD, b"..", b".", b"", b"%61.mp3", b"%C3%A9", b"x%2Fa.mp3", b" ", MARK, b"x ")
LINES = st.builds(
    lambda start, parts, ends, end: start + b"".join(map(b"".join, zip(parts, ends, strict=False))) + end,
    st.sampled_from([b"", b" ", MARK, b"/music/", b"file:///", b"file://localhost/"]),
    st.lists(st.sampled_from(NAMED), min_size=1, max_size=5),
    st.lists(st.sampled_from([b"/", b"\\", b"", b"//"]), min_size=5, max_size=5),
    st.sampled_from([b"", b" ", b"/", b"/.", b"%2F", b"\t"]),
)


@given(st.lists(LINES, min_size=1, max_size=3).map(b"\n".join))
@example(b"file:///a.mp3%2F")
@example(MARK + b"x ")
@example(b"file:///music/x%20 ")
def test_most_lines_are_passed_over_and_none_that_counts(content: bytes) -> None:
    """A glance at its last part tells that a line names none of the files; what it lets through is read as before."""
    known = [
        b"/a.mp3",
        b"/a.mp3 ",
        b"/music/x ",
        OLD,
        *(os.path.join(top, name) for top in (FOLDER, b"/music") for name in NAMED if name),
    ]
    found = playlists.names(content, FOLDER, known)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(playlists, "_may_name", lambda _line, _last: True)
        assert found == playlists.names(content, FOLDER, known)
