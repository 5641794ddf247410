"""Lists of very many groups: in a file they answer as in memory, and what was chosen in a group is never forgotten."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from comet.core.errors import CometError
from comet_tui import again, reading
from comet_tui.listed import Listed, listed, load, save
from comet_tui.walk import Fate, Items, Walk
from tests.tui.conftest import Made

MANY = 40


@pytest.fixture
def many(made: Made) -> Listed:
    """Return a list of many groups of two files."""
    made.copies(*([b"One/%03d.flac" % number, b"Zwei/\xff%03d.flac" % number] for number in range(MANY)))
    made.correlated()
    found = made.session().review().proposals
    return listed(list(found), {each.group.id: f"Straße {at}" for at, each in enumerate(found)})


def test_a_list_in_a_file_answers_as_one_in_memory(many: Listed) -> None:
    """Each group, its name, its number by id and by path, and the next one with a word are the same."""
    with tempfile.TemporaryFile() as stream:
        save(many, stream)
        filed = load(stream)
        assert [filed.record(at) for at in range(len(filed))] == [many.record(at) for at in range(MANY)]
        assert filed.open == many.open == (MANY, MANY * 9_000_000)
        for found in (many, filed):
            assert [found.find(each.group.id) for each in many] == list(range(MANY))
            assert [found.holding(track.path) for each in many for track in each.group.tracks] == [
                at for at in range(MANY) for _copy in range(2)
            ]
            assert (found.find("0" * 15), found.holding("/one"), found.match("nothing", 0, 1)) == (None, None, None)
            steps = [found.match("strasse 1", since, step) for since in (2, 20) for step in (1, -1)]
            assert steps == [10, 1, 1, 19]


def test_what_was_chosen_stays_however_many_are_looked_at_after_it(many: Listed) -> None:
    """A group in which something was chosen is the same one later; of the others only the last are kept."""
    items = Items(many)
    first, other = items[0], items[1]
    assert first.toggle(1)
    assert [item.fate for item in items] == [Fate.OPEN] * MANY
    assert items[0] is first
    assert items.seen(1) is not other
    assert len(items.at_hand()) < MANY


def test_of_many_groups_those_that_are_left_are_counted(made: Made, many: Listed) -> None:
    """What was done, chosen and skipped counts as if all were looked at, also after it was read again without one."""
    walk = Walk(Items(many))
    walk.begin(walk.items[7], Fate.HELD)
    walk.items[5].fate = Fate.SKIPPED
    walk.items[6].toggle(1)
    assert walk.left() == (MANY - 2, (MANY - 3) * 9_000_000)
    assert walk.next_open(4) == 6
    done = walk.items[7]
    found = made.session().review()
    rest = listed([each for each in many if each.group.id != done.proposal.group.id], {})
    later = again.carried(walk, type(found)(found.profile, rest, {}))
    assert len(later.items) == MANY
    assert later.items[later.items.index(done)] is done
    assert later.left() == (MANY - 1, (MANY - 2) * 9_000_000)
    assert again.found_again([done], later.items) == later.items.index(done)
    word = Path(done.proposal.group.tracks[0].path).name
    assert {later.match(word, after, step) for after in (0, 30) for step in (1, -1)} == {later.items.index(done)}


@pytest.mark.slow
def test_another_process_reads_the_same(collection: Made) -> None:
    """It brings what would be read here, and its error as it is."""
    session = collection.session()
    here = session.review()
    there = reading.read(here.profile, collection.home)
    assert list(there.proposals) == list(here.proposals)
    assert (there.outside, there.held, there.settled) == (here.outside, here.held, here.settled)
    (Path(collection.home.profile("music")) / "cache.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(CometError, match=r"cache\.sqlite"):
        reading.read(here.profile, collection.home)
