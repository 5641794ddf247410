"""Result files: whole and true, or not there."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comet.compare import chunks
from comet.compare.chunks import Chunk, Task
from comet.core.errors import BrokenError, NoSpaceError
from comet.core.job import Event, Job
from comet.core.model import Problem

KEY = {"cache": "cache-1", "settings": {"sample": 120.0, "span": 0, "minimum": 40}}

NOTHING = chunks.Coverage((), {})


def chunk(
    units: tuple[tuple[int, int], ...] = ((1, 10),),
    pairs: tuple[tuple[int, int], ...] = ((3, 9), (2, 5)),
    task: Task | None = None,
) -> Chunk:
    """Make a chunk with a record for each pair."""
    i, j = np.array(pairs, np.int64).reshape(-1, 2).T
    some = np.full(len(i), 50.0)
    return Chunk(units, chunks.record(i, j, -some, some, some / 100, some / 2, some < 0), 12, task)


def key(records: np.ndarray) -> list[tuple[int, int]]:
    """Give the pairs of records."""
    return [(int(i), int(j)) for i, j in zip(records["i"], records["j"], strict=True)]


def test_round_trip(tmp_path: Path) -> None:
    """What was written is read, sorted by (i, j), private to the user, and told in the header."""
    folder = str(tmp_path / "results")
    path = chunks.write(folder, chunk(), **KEY)
    assert os.path.basename(path) == "000001.comet"
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert os.stat(folder).st_mode & 0o777 == 0o700
    assert os.path.getsize(path) == 4096 + 2 * 16
    back = chunks.read(path, **KEY)
    assert back is not None
    assert (back.units, back.audios, back.task) == (((1, 10),), 12, None)
    assert key(back.records) == [(2, 5), (3, 9)]
    header = json.loads(Path(path).read_bytes()[:4096])
    assert header["units"] == [[1, 10]]


def test_next_number(tmp_path: Path) -> None:
    """Files are numbered on from the largest, and none is ever replaced."""
    (tmp_path / "000041.comet").write_bytes(b"old")
    (tmp_path / "notes.comet").write_bytes(b"")
    assert chunks.write(str(tmp_path), chunk(), **KEY).endswith("000042.comet")
    assert (tmp_path / "000041.comet").read_bytes() == b"old"


def test_never_replaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that was taken after the folder was listed is left alone."""
    (tmp_path / "000001.comet").write_bytes(b"old")
    monkeypatch.setattr(chunks, "_numbered", lambda _: [])
    assert chunks.write(str(tmp_path), chunk(), **KEY).endswith("000002.comet")
    assert (tmp_path / "000001.comet").read_bytes() == b"old"


def test_record_keeps_what_a_pair_says(tmp_path: Path) -> None:
    """Offset and overlap are exact, error is within a step, evidence is rounded down, the slope has its bit."""
    one = np.array([1])
    columns = (one, one + 1, one * -29_000, one * 29_070, one * 0.123456, one * 17.05)
    (pair,) = chunks.pairs(chunks.record(*columns, one == 0))
    assert (pair.i, pair.j, pair.offset, pair.overlap, pair.sloped) == (1, 2, -29_000, 29_070, False)
    assert pair.error == pytest.approx(0.123456, abs=1 / 65535)
    assert 0 <= 17.05 - pair.evidence < 2 / 32
    (sloped,) = chunks.pairs(chunks.record(*columns, one == 1))
    assert sloped.sloped
    assert sloped.evidence == pair.evidence


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_any_damage_is_noticed(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """A changed, cut or lengthened file does not count, whatever was changed, and never raises."""
    folder = tmp_path_factory.mktemp("results")
    path = Path(chunks.write(str(folder), chunk(), **KEY))
    good = path.read_bytes()
    match data.draw(st.sampled_from(["flip", "cut", "longer", "garbage", "header"])):
        case "flip":
            # Padding and records too: the header must be exactly the one that its fields make.
            at = data.draw(st.integers(0, len(good) - 1))
            bad = good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :]
        case "cut":
            bad = good[: data.draw(st.integers(0, len(good) - 1))]
        case "longer":
            bad = good + data.draw(st.binary(min_size=1, max_size=40))
        case "garbage":
            bad = data.draw(st.binary(max_size=200))
        case _:
            keys = st.sampled_from(list(json.loads(good[:4096])))
            values = st.recursive(
                st.none() | st.integers() | st.floats() | st.text(max_size=3),
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=2),
            )
            fields = json.loads(good[:4096]) | data.draw(st.dictionaries(keys, values, min_size=1))
            bad = json.dumps(fields).encode().ljust(4096) + good[4096:]
    path.write_bytes(bad)
    assert bad == good or chunks.read(str(path), **KEY) is None


@pytest.mark.parametrize(
    "lie",
    [
        {"units": [[5, 2]]},
        {"units": [1]},
        {"records": -1},
        {"version": 1},
        {"task": {"first": 1}},
        {"task": []},
        {"units": [[1, "x"]]},
    ],
)
def test_lies_under_a_right_checksum(tmp_path: Path, lie: dict[str, object]) -> None:
    """A header that makes no sense does not count, even if its checksum is right."""
    path = Path(chunks.write(str(tmp_path), chunk(), **KEY))
    fields = json.loads(path.read_bytes()[:4096])
    del fields["blake2b"]
    body = path.read_bytes()[4096:]
    path.write_bytes(chunks._header(fields | lie, body) + body)
    assert chunks.read(str(path), **KEY) is None


def test_an_index_with_other_keys_does_not_count(tmp_path: Path) -> None:
    """Its units are done again, and it is not called damaged; rows of that version are the same as ever."""
    of_index = Task(1, 500, 0, 20, 200, 100, 100)
    for task, before in ((of_index, b'"version":2'), (None, b'"version":3')):
        path = Path(chunks.write(str(tmp_path), dataclasses.replace(chunk(), task=task), **KEY))
        assert chunks.read(str(path), **KEY) is not None
        data = path.read_bytes()
        path.write_bytes(data.replace(b'"version":3' if task else b'"version":2', before))
        assert path.read_bytes() != data
        assert chunks.read(str(path), **KEY) is None
    told: list[Event] = []
    chunks.drop_damaged(str(tmp_path), Job(told.append))
    assert not told


def test_what_is_damaged_is_told_once_and_gone(tmp_path: Path) -> None:
    """Its name and what becomes of it; what is whole, of another version or only begun stays, and is not told."""
    folder = str(tmp_path)
    whole, damaged, other, begun = (Path(chunks.write(folder, chunk(), **KEY)) for _number in range(4))
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    other.write_bytes(other.read_bytes().replace(b'"version":2', b'"version":1'))
    begun.write_bytes(b"")
    told: list[Event] = []
    chunks.drop_damaged(folder, Job(told.append))
    (problem,) = told
    assert isinstance(problem, Problem)
    assert problem.path == os.fsencode(damaged)
    assert "compared again" in problem.error
    assert [path.exists() for path in (whole, damaged, other, begun)] == [True, False, True, True]
    told.clear()
    chunks.drop_damaged(folder, Job(told.append))
    assert not told


def test_foreign(tmp_path: Path) -> None:
    """Another cache's serial numbers, other settings, a folder, nothing: none of them counts."""
    path = chunks.write(str(tmp_path), chunk(), **KEY)
    assert chunks.read(path, cache="other", settings=KEY["settings"]) is None
    assert chunks.read(path, cache=KEY["cache"], settings={**KEY["settings"], "span": 150}) is None
    assert chunks.read(str(tmp_path), **KEY) is None
    assert chunks.read(str(tmp_path / "none"), **KEY) is None
    assert chunks.coverage(str(tmp_path), cache="other", settings=KEY["settings"]) == NOTHING
    assert chunks.coverage(str(tmp_path / "none"), **KEY) == NOTHING


def test_coverage_is_the_union(tmp_path: Path) -> None:
    """Units melt, a broken file's units are missing again, and of two the same one counts."""
    folder = str(tmp_path)
    for units in (((1, 10),), ((10, 20),), ((20, 30), (40, 50)), ((10, 20),)):
        last = chunks.write(folder, chunk(units, ((2, units[0][0]),)), **KEY)
    done = chunks.coverage(folder, **KEY).exact
    assert done == ((1, 30), (40, 50))
    assert [key(r) for r in chunks.records(folder, **KEY)] == [[(2, 1)], [(2, 10)], [(2, 20)]]
    os.unlink(last)
    (tmp_path / "000002.comet").write_bytes(b"")
    assert chunks.coverage(folder, **KEY).exact == ((1, 10), (20, 30), (40, 50))


def test_records_once_where_files_overlap(tmp_path: Path) -> None:
    """A record in units that an earlier file covers is not given again."""
    folder = str(tmp_path)
    chunks.write(folder, chunk(((5, 8),), ((1, 5), (1, 7))), **KEY)
    chunks.write(folder, chunk(((1, 12),), ((1, 4), (1, 5), (1, 7), (1, 8), (1, 11))), **KEY)
    assert [key(r) for r in chunks.records(folder, **KEY)] == [[(1, 5), (1, 7)], [(1, 4), (1, 8), (1, 11)]]


@pytest.mark.parametrize("call", ["mkstemp", "fsync", "open", "replace", "mkdir"])
def test_disk_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """A full disk says so, and leaves neither temp nor a file that counts."""

    def full(*_args: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    folder = str(tmp_path / "results")
    monkeypatch.setattr(chunks.tempfile if call == "mkstemp" else chunks.os, call, full)
    with pytest.raises(NoSpaceError) as caught:
        chunks.write(folder, chunk(), **KEY)
    assert caught.value.hint
    monkeypatch.undo()
    assert not [name for name in os.listdir(tmp_path) if name != "results"]
    assert not list(tmp_path.glob("results/.comet-*"))
    assert chunks.coverage(folder, **KEY) == NOTHING
    chunks.write(folder, chunk(), **KEY)
    assert chunks.coverage(folder, **KEY).exact == ((1, 10),)


def test_leftovers_go(tmp_path: Path) -> None:
    """Temps of killed runs are removed at the next write, results are not."""
    (tmp_path / ".comet-x1").write_bytes(b"half")
    chunks.write(str(tmp_path), chunk(), **KEY)
    assert os.listdir(tmp_path) == ["000001.comet"]


def test_header_without_room(tmp_path: Path) -> None:
    """A header that does not fit is refused before anything is written."""
    with pytest.raises(BrokenError):
        chunks.write(str(tmp_path), chunk(), cache="c", settings={"x": "y" * 5000})
    assert os.listdir(tmp_path) == []


def test_of_two_forms_of_a_pair_the_surer_one_counts() -> None:
    """Each pair once: the record that leaves chance further behind, the first of equals, wherever the pair stands."""
    i, j = np.array([1, 1, 1, 2, 2, 3], np.uint32), np.array([2, 3, 3, 3, 3, 4], np.uint32)
    kept = chunks.surest(i, j, np.array([0.0, 1.0, 2.0, 4.0, 4.0, 9.0]))
    assert kept.tolist() == [True, False, True, True, False, True]
    assert chunks.surest(i[:0], j[:0], np.zeros(0)).tolist() == []


def test_the_index_beside_exact_rows(tmp_path: Path) -> None:
    """Its units are told by task; what two tables found, or a row has, is given once, and nothing is lost."""
    folder, task = str(tmp_path), Task(5, 20, 0, 16, 67, 320, 352)
    chunks.write(folder, chunk(((0, 32),), ((1, 6), (1, 12)), task), **KEY)
    chunks.write(folder, chunk(((0, 64),), ((1, 12), (2, 13)), task._replace(table=1)), **KEY)
    chunks.write(folder, chunk(((1, 10),), ((1, 6), (1, 7))), **KEY)
    chunks.write(folder, chunk(((32, 64),), ((3, 14), (4, 8)), task), **KEY)
    done = chunks.coverage(folder, **KEY)
    assert done == chunks.Coverage(((1, 10),), {task: ((0, 64),), task._replace(table=1): ((0, 64),)})
    assert [key(r) for r in chunks.records(folder, **KEY)] == [
        [(1, 6), (1, 7)],
        [(1, 12)],
        [(2, 13)],
        [(3, 14), (4, 8)],
    ]
    told = [(task.table, key(r)) for task, r in chunks.tables(folder, **KEY)]
    assert told == [(0, [(1, 6), (1, 12)]), (1, [(1, 12), (2, 13)]), (0, [(3, 14), (4, 8)])]
