"""Walking and changes."""

import os
import socket
from dataclasses import replace
from pathlib import Path

from comet.core.model import File, Root
from comet.library import scan
from comet.library.scan import Changes, Known, Unread

SECOND = 10**9


def _tree(folder: Path, *names: bytes) -> Root:
    for name in names:
        path = os.path.join(os.fsencode(folder), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as stream:
            stream.write(name)
    return Root("r", os.fsencode(folder))


def _walk(root: Root, *globs: str) -> list[bytes]:
    return [item.path for item in scan.walk(root, scan.excluder(globs))]


def test_walk_finds_regular_files_in_order(tmp_path: Path) -> None:
    """Files come folder by folder, by name; names that are not UTF-8 too."""
    root = _tree(tmp_path, b"b/2.mp3", b"b/1.mp3", b"a/x.flac", b"top.ogg", b"a/\xff\n.mp3")
    assert _walk(root) == [b"top.ogg", b"a/x.flac", b"a/\xff\n.mp3", b"b/1.mp3", b"b/2.mp3"]


def test_walk_follows_no_link_and_waits_for_no_pipe(tmp_path: Path) -> None:
    """Links (also in a circle), pipes and sockets are passed over."""
    root = _tree(tmp_path, b"a/x.mp3")
    (tmp_path / "a/up").symlink_to(tmp_path)
    (tmp_path / "a/self").symlink_to("self")
    (tmp_path / "a/link.mp3").symlink_to("x.mp3")
    os.mkfifo(tmp_path / "a/pipe.mp3")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "a/sock.mp3"))
        assert _walk(root) == [b"a/x.mp3"]


def test_walk_skips_what_a_nas_adds_and_what_is_excluded(tmp_path: Path) -> None:
    """`exclude` globs match names, or paths where they have a slash; a folder goes with all below it."""
    root = _tree(tmp_path, b"@eaDir/x.mp3", b"a/.comet/q.mp3", b"a/x.mp3", b"a/x.tmp", b"b/c/y.mp3", b"Karaoke/z.mp3")
    assert _walk(root, "*.tmp", "Karaoke", "b/c") == [b"a/x.mp3"]


def test_walk_reports_a_folder_that_cannot_be_read(tmp_path: Path) -> None:
    """A folder that is gone at the moment of reading is reported, and the walk goes on."""
    root = _tree(tmp_path, b"a/x.mp3", b"b/y.mp3")
    found = []
    for item in scan.walk(root, scan.excluder(())):
        found.append(item)
        if item.path == b"a/x.mp3":
            os.rename(tmp_path / "b", tmp_path / "c")
    assert [type(item) for item in found] == [File, Unread]


def test_walk_keeps_the_inode_of_files_with_several_names(tmp_path: Path) -> None:
    """Only a file with several names carries its inode."""
    root = _tree(tmp_path, b"x.mp3", b"y.mp3")
    os.link(tmp_path / "x.mp3", tmp_path / "z.mp3")
    found = {item.path: item.inode for item in scan.walk(root, scan.excluder(())) if isinstance(item, File)}
    assert found[b"y.mp3"] == ""
    assert found[b"x.mp3"] == found[b"z.mp3"] != ""


def _file(path: bytes, size: int = 1, mtime: int = 5 * SECOND + 7) -> File:
    return File("r", path, size, mtime)


def _known(file: File, **other: object) -> Known:
    facts = {"audio": 1, "error": "", "cause": "", "present": True, "fresh": True, **other}
    return Known(file, **facts)  # type: ignore[arg-type]


def _changes(found: list[File | Unread], known: list[Known]) -> Changes:
    return scan.changes(found, {k.file.path: k for k in known}, lambda known: known.cause == "denied")


def test_changes_sorts_what_it_finds() -> None:
    """Same size and time is unchanged, other is changed, unheard of is new, not found is vanished."""
    known = [_known(_file(b"same")), _known(_file(b"size")), _known(_file(b"time")), _known(_file(b"gone"))]
    out = _changes([_file(b"same"), _file(b"size", 2), _file(b"time", 1, 9 * SECOND), _file(b"new")], known)
    assert out.unchanged == 1
    assert [f.path for f in out.changed] == [b"size", b"time"]
    assert [f.path for f in out.new] == [b"new"]
    assert [k.file.path for k in out.vanished] == [b"gone"]


def test_an_empty_root_makes_everything_vanish() -> None:
    """What is known and not found is vanished even if nothing at all is found."""
    assert len(_changes([], [_known(_file(b"a")), _known(_file(b"b"))]).vanished) == 2


def test_files_below_an_unread_folder_stay() -> None:
    """A folder that cannot be read takes none of its files away."""
    known = [_known(_file(b"a/b/x")), _known(_file(b"a/y")), _known(_file(b"ab"))]
    out = _changes([Unread(b"a/b", "no")], known)
    assert out.unchanged == 1
    assert [k.file.path for k in out.vanished] == [b"a/y", b"ab"]
    assert _changes([Unread(b"", "no")], known).unchanged == 3


def test_stale_and_newly_readable_files_are_changed() -> None:
    """A fingerprint of other settings, or rights that were given since, make a file worth another look."""
    out = _changes(
        [_file(b"a"), _file(b"b"), _file(b"c")],
        [
            _known(_file(b"a"), fresh=False),
            _known(_file(b"b"), audio=0, error="no rights", cause="denied"),
            _known(_file(b"c"), audio=0, error="took too long", cause="limits 60"),
        ],
    )
    assert [f.path for f in out.changed] == [b"a", b"b"]


def test_unchanged_counts_music_and_refreshes_what_came_back() -> None:
    """Files that are not music count nowhere; one that is back, or goes by another inode, is told."""
    back, link = _file(b"back"), File("r", b"link", 1, 5 * SECOND + 7, "1:2")
    known = [_known(_file(b"cover"), audio=0), _known(back, present=False), _known(_file(b"link"))]
    out = _changes([_file(b"cover"), back, link], known)
    assert out.unchanged == 2
    assert out.refreshed == [back, link]


def test_time_that_was_cut_off_is_the_same() -> None:
    """A file system that keeps whole seconds does not make all files changed after the next mount."""
    assert scan.same_time(5 * SECOND + 7, 5 * SECOND + 7)
    assert scan.same_time(5 * SECOND + 7, 5 * SECOND)
    assert scan.same_time(5 * SECOND + 7, 6 * SECOND)
    assert not scan.same_time(5 * SECOND, 6 * SECOND)
    assert not scan.same_time(5 * SECOND + 7, 9 * SECOND)
    assert not scan.same_time(5 * SECOND + 7, 5 * SECOND + 8)


def test_what_is_only_worth_another_try_is_no_change() -> None:
    """It is listened to again, and counted apart: the files are as they were."""
    known = [_known(_file(b"a"), fresh=False), _known(_file(b"b")), _known(_file(b"c"), audio=0, cause="denied")]
    out = _changes([_file(b"a"), _file(b"b", 2), _file(b"c")], known)
    assert ([f.path for f in out.changed], len(out.stale), out.files, out.size) == ([b"a", b"b", b"c"], 2, 3, 4)


def _since(known: list[Known], first: list[File | Unread], second: list[File | Unread]) -> tuple[int, int, int]:
    """Return what changed between two walks, with what the first learned stored as the cache does."""
    made = _changes(first, known)
    gone = {k.file.path for k in made.vanished}
    back = {f.path for f in made.refreshed}
    stored = [replace(k, present=k.file.path in back or (k.present and k.file.path not in gone)) for k in known]
    return scan.since(made, _changes(second, stored))


def test_what_changed_since_a_list_is_told() -> None:
    """Added, changed and gone, of files with which something was to be done and of all others."""
    known = [_known(_file(name)) for name in (b"same", b"goes", b"grows", b"was gone", b"changed")]
    first: list[File | Unread] = [_file(b"same"), _file(b"goes"), _file(b"grows"), _file(b"changed", 2)]
    assert _since(known, [*first, _file(b"new")], [*first, _file(b"new")]) == (0, 0, 0)
    assert _since(known, [*first, _file(b"new")], first) == (0, 0, 1)
    assert _since(known, [*first, _file(b"new")], [*first, _file(b"new", 7)]) == (0, 1, 0)
    assert _since(known, first, [*first, _file(b"new")]) == (1, 0, 0)
    assert _since(known, first, [*first, _file(b"was gone")]) == (1, 0, 0)
    assert _since(known, first, [*first, _file(b"was gone", 9)]) == (1, 0, 0)
    assert _since(known, first, [f for f in first if f.path != b"goes"]) == (0, 0, 1)
    assert _since(known, first, [f for f in first if f.path != b"changed"]) == (0, 0, 1)
    assert _since(known, first, [*first[:2], _file(b"grows", 5), first[3]]) == (0, 1, 0)
    assert _since(known, first, [*first[:3], _file(b"changed", 3)]) == (0, 1, 0)
    assert _since(known, first, [*first[:3], _file(b"changed", 1)]) == (0, 0, 0)


def test_a_folder_that_cannot_be_read_any_more_takes_no_known_file_away() -> None:
    """Its files are neither gone nor to be tried."""
    known = [_known(_file(b"a/x")), _known(_file(b"b"))]
    assert _since(known, [_file(b"a/x"), _file(b"b")], [Unread(b"a", "no"), _file(b"b")]) == (0, 0, 0)
