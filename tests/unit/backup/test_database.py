"""What a backup knows: lists that are never believed too soon, and states that survive."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from comet.backup.database import FRESH, Records
from comet.backup.model import LIKES, Copy, Header, Item, Listed, Reason, Remote, State

LIST = Header("1:3", "uuid", "1", "3", "Дорога", 2, 5)
NOW = int(time.time())


@pytest.fixture
def known(tmp_path: Path) -> Iterator[Records]:
    """Open an empty one."""
    with closing(Records(str(tmp_path / "backup.sqlite"))) as found:
        yield found


def listed(known: Records, *tracks: str, header: Header = LIST, count: int = 0) -> None:
    """Store a list of these tracks."""
    known.listed(Listed(replace(header, count=count or len(tracks)), tuple(Item(each, "9") for each in tracks)))


def tracks(known: Records, key: str = LIST.key) -> list[str]:
    """Return the tracks of a list."""
    return [item.track for item in known.items(key)]


def test_a_list_keeps_its_order_and_its_doubles(known: Records) -> None:
    """As the service has it; a new one takes the place of the old."""
    listed(known, "b", "a", "b")
    assert tracks(known) == ["b", "a", "b"]
    listed(known, "c", "a")
    assert tracks(known) == ["c", "a"]


def test_a_list_that_is_shorter_than_it_says_only_adds(known: Records) -> None:
    """What was known of it stays behind what came."""
    listed(known, "a", "b")
    listed(known, "c", count=3)
    assert tracks(known) == ["c", "a", "b"]
    assert not known.playlists()[0].complete


def test_a_playlist_is_gone_after_two_lists_without_it(known: Records) -> None:
    """No list of none is believed, and likes are in no list; one that comes back is there."""
    listed(known, "a")
    listed(known, "b", header=replace(LIST, key=LIKES))
    for keys, missed in ((["2:2"], 1), ([], 1), (["2:2"], 2), ([LIST.key], 0)):
        known.met(keys)
        assert {each.header.key: each.missed for each in known.playlists()} == {LIKES: 0, LIST.key: missed}


def test_what_a_gone_list_names_is_not_fetched_any_more(known: Records) -> None:
    """Nor counted, nor asked about; a track that another one names is."""
    listed(known, "a", "b")
    listed(known, "b", header=replace(LIST, key="1:4"))
    known.describe([Item("a"), Item("b")], [Remote("a", "A"), Remote("b", "B")], NOW)
    assert known.due(NOW) == ["a", "b"]
    known.met(["1:4"])
    known.met(["1:4"])
    assert known.due(NOW) == ["b"]
    assert [item.track for item in known.unknown(NOW + FRESH + 1)] == ["b"]
    assert known.counts()[State.WANT] == 1


def test_a_track_comes_back_as_it_was_described(known: Records) -> None:
    """Every field; one that the service does not know any more keeps what was known of it."""
    remote = Remote("a", "Ты", ("X", "Y"), "live", album="L", year=1999, labels=("l",), seconds=2.5, explicit=True)
    listed(known, "a")
    known.describe([Item("a")], [replace(remote, meta={"id": "a"})], NOW)
    assert known.remote("a") == (remote, True)
    known.describe([Item("a")], [], NOW)
    assert known.remote("a") == (remote, False)


def test_nothing_is_asked_for_twice_in_a_day(known: Records) -> None:
    """A track that nothing is known of is asked for; one that could not be had when it is due, and not before."""
    listed(known, "a", "b", "a")
    assert [item.track for item in known.unknown(NOW)] == ["a", "b"]
    known.describe([Item("a"), Item("b")], [Remote("a", "A")], NOW)
    assert known.unknown(NOW) == []
    known.put(Copy("a", State.FAILED, reason=Reason.NETWORK, next_try=NOW + FRESH + 9))
    assert [item.track for item in known.unknown(NOW + FRESH + 1)] == ["b"]
    assert [item.track for item in known.unknown(NOW + FRESH + 9)] == ["a", "b"]
    known.put(Copy("a", State.DONE))
    assert [item.track for item in known.unknown(NOW + FRESH + 9)] == ["b"]


def test_likes_are_fetched_first(known: Records) -> None:
    """In their own order, then the rest; what is done, ignored or not due is not."""
    listed(known, "a", "b", "c", "d", "e")
    listed(known, "e", "c", header=replace(LIST, key=LIKES))
    known.describe([Item(each) for each in "abcde"], [], NOW)
    known.put(Copy("a", State.IGNORED))
    known.put(Copy("d", State.FAILED, next_try=NOW + 1))
    assert known.due(NOW) == ["e", "c", "b"]


def test_a_path_belongs_to_one_track_whatever_the_case(known: Records) -> None:
    """Only while it is being placed or done."""
    known.put(Copy("a", State.PLACING, "root", "Ё/Echo.mp3".encode()), digest="d")
    assert known.taken("root", "ё/ECHO.mp3".encode(), "b")
    assert not known.taken("root", "ё/ECHO.mp3".encode(), "a")
    assert not known.taken("other", "Ё/Echo.mp3".encode(), "b")
    known.put(Copy("a", State.FAILED))
    assert not known.taken("root", "Ё/Echo.mp3".encode(), "b")
    assert known.digest("a") == "d"


def test_what_nobody_wants_any_more_stays_so(known: Records) -> None:
    """Whatever a pass that has it in hand finds; what is here is here, and what is wanted again is wanted."""
    for state, kept in (
        *((state, State.IGNORED) for state in (State.FETCHING, State.FETCHED, State.FAILED, State.UNAVAILABLE)),
        *((state, state) for state in (State.WANT, State.PLACING, State.DONE, State.OWNED)),
    ):
        known.put(Copy("a", State.WANT), Copy("a", State.IGNORED), Copy("a", state))
        assert known.copy("a").state is kept


def test_copies_outlive_the_process(known: Records, tmp_path: Path) -> None:
    """Every field of them."""
    copy = Copy("a", State.UNAVAILABLE, "r", b"\xff", "flac", 3, "b3:0", Reason.GEO, "why", 2, 77, "odd")
    known.put(copy)
    with closing(Records(str(tmp_path / "backup.sqlite"))) as again:
        assert again.copies() == [copy]
