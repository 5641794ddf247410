"""JSON from other programs: what a file holds is told by its content, and what is wrong with an entry is said."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from comet.compare import imports
from comet.compare.imports import Ended, Kind, OldPair
from comet.core.compressed import encode
from comet.core.errors import FileError, Stopped
from comet.core.job import Job
from comet.core.model import Fingerprint, Skipped

WORDS = np.random.default_rng(3).integers(0, 1 << 32, 50, dtype=np.uint32)
TEXT = encode(WORDS)
RAW = {"duration": 12.5, "fingerprint": WORDS.tolist()}


def forms(values: list[Any]) -> dict[str, str]:
    """Return values as files that people have of them."""
    return {
        "lines": "".join(json.dumps(value) + "\n" for value in values),
        "pretty": "\n".join(json.dumps(value, indent=2) for value in values),
        "array": json.dumps(values),
        "pretty array": "\n  " + json.dumps(values, indent=2) + "\n",
        "from Windows": "\ufeff" + "\r\n".join(json.dumps(value) for value in values),
    }


def write(folder: Path, text: str) -> Path:
    """Write a file whose name says nothing."""
    (folder / "x").write_text(text, encoding="utf-8")
    return folder / "x"


def kind(path: Path) -> Kind:
    """Return what a file holds."""
    with open(path, "rb") as stream:
        found = imports.kind(stream, Job())
        assert stream.tell() == 0
        return found


def fingerprints(path: Path) -> list[Fingerprint | Skipped]:
    """Read fingerprints."""
    with open(path, "rb") as stream:
        return list(imports.fingerprints(stream, Job()))


def pairs(path: Path) -> list[OldPair | Skipped]:
    """Read old results."""
    with open(path, "rb") as stream:
        return list(imports.pairs(stream, Job()))


@pytest.mark.parametrize("form", forms([]))
def test_fingerprints_are_read_raw_and_compressed(tmp_path: Path, form: str) -> None:
    """In lines, pretty or in an array; signed words are the same words; without a path the place is the name."""
    signed = WORDS.astype(np.int32).tolist()
    values = [{"duration": 12.5, "fingerprint": TEXT, "file": "/m/ж.mp3"}, RAW, {"fingerprint": signed, "path": "c"}]
    path = write(tmp_path, forms(values)[form])
    assert kind(path) is Kind.FINGERPRINTS
    found = [each for each in fingerprints(path) if isinstance(each, Fingerprint)]
    assert [os.fsdecode(each.path) for each in found] == ["/m/ж.mp3", f"{path}:2", "c"]
    assert [each.words.tolist() for each in found] == [WORDS.tolist()] * 3
    assert [round(each.duration, 1) for each in found] == [12.5, 12.5, 8.7]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"fingerprint": "AQ!!"}, "broken"),
        ({"fingerprint": [1, 2.5]}, "whole numbers"),
        ({"fingerprint": [1 << 32]}, "whole numbers"),
        ({"fingerprint": [True]}, "whole numbers"),
        ({"fingerprint": None}, "whole numbers"),
        ({"fingerprint": []}, "empty"),
        ({"fingerprint": [1], "path": "a\0b"}, "no name"),
        ({**RAW, "duration": -1}, "not a length"),
        ({**RAW, "duration": "nan"}, "not a length"),
        ({**RAW, "duration": [9]}, "not a length"),
        (5, "whole numbers"),
    ],
    ids=str,
)
def test_a_fingerprint_that_is_none_is_passed_over(tmp_path: Path, value: object, reason: str) -> None:
    """It is told by its number, and the ones beside it are read."""
    one, bad, other = fingerprints(write(tmp_path, forms([RAW, value, RAW])["lines"]))
    assert isinstance(bad, Skipped)
    assert (bad.number, reason in bad.reason) == (2, True), bad.reason
    assert isinstance(one, Fingerprint)
    assert isinstance(other, Fingerprint)


@pytest.mark.parametrize("form", forms([]))
@pytest.mark.parametrize(
    "value",
    [
        {"file_a": "x", "file_b": "y", "correlation": 0.9, "offset": -3},
        {"path1": "x", "path2": "y", "score": "0.9", "best_offset": "-3"},
        {"a": "x", "b": "y", "similarity": 0.9, "offset": -3.0, "relation": "same"},
        {"Source": "x", "Target": "y", "Correlation": 0.9, "Best Offset": -3},
    ],
    ids=str,
)
def test_old_pairs_are_read_whatever_their_keys(tmp_path: Path, form: str, value: dict[str, Any]) -> None:
    """Each tool has its own names for two paths, a correlation and an offset."""
    path = write(tmp_path, forms([value, value])[form])
    assert kind(path) is Kind.PAIRS
    assert pairs(path) == [OldPair(number, "x", "y", 0.9, -3.0) for number in (1, 2)]


def test_names_that_are_not_utf8_are_read(tmp_path: Path) -> None:
    """As Python and Comet write them, with lone surrogates, or as they are; what follows is read too."""
    name = os.fsdecode(b"caf\xe9")
    values = [{"a": name, "b": "ж", "score": 1}, {"a": "x", "b": "y", "score": 1}]
    found = [OldPair(1, name, "ж", 1.0, None), OldPair(2, "x", "y", 1.0, None)]
    assert pairs(write(tmp_path, forms(values)["lines"])) == found
    raw = "\n".join(json.dumps(value, ensure_ascii=False) for value in values)
    (tmp_path / "x").write_bytes(raw.encode("utf-8", "surrogateescape"))
    assert pairs(tmp_path / "x") == found


@pytest.mark.parametrize("count", [1, 2, 3, 1 << 16])
def test_letters_are_whole_wherever_a_piece_ends(count: int) -> None:
    """A letter of several bytes that lies across two pieces is that letter; a byte that is none is escaped."""
    stream = imports._Escaped(io.BytesIO("aж😀".encode() + b"\xe9b\xd0"), Job())
    assert stream.read(0) == b""
    found = b"".join(iter(lambda: stream.read(count), b""))
    assert found.decode() == "aж😀\\udce9b\\udcd0"


@pytest.mark.parametrize("count", [1, 2, 3, 1 << 16])
def test_brackets_in_text_are_none_wherever_a_piece_ends(count: int) -> None:
    """Behind a quote that a backslash keeps from ending the text, too; those that count end the file at the limit."""
    text = b'["' + rb"\\\"" + b"[" * 100 + b'"' + b"{" * 63
    stream = imports._Escaped(io.BytesIO(text + b"[[[["), Job())
    assert b"".join(iter(lambda: stream.read(count), b"")) == text
    assert stream.too_deep


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"a": "x", "b": "x", "score": 1}, "same file twice"),
        ({"a": "x", "b": "y", "score": "high"}, "correlation is not a number"),
        ({"a": "x", "b": "y", "score": True}, "correlation is not a number"),
        ({"a": "x", "b": "y", "score": "nan"}, "correlation is not a number"),
        ({"a": "x", "b": "y"}, "correlation is not a number"),
        ({"a": "x", "b": "y", "score": 1, "offset": "far"}, "offset is not a number"),
        ({"a": "x", "b": 5, "score": 1}, "two files"),
        ([1], "two files"),
    ],
    ids=str,
)
def test_an_old_pair_that_says_nothing_is_passed_over(tmp_path: Path, value: object, reason: str) -> None:
    """It is told by its number and why, and the ones beside it are read."""
    good = {"a": "x", "b": "y", "score": 1}
    one, bad, other = pairs(write(tmp_path, forms([good, value, good])["lines"]))
    assert isinstance(bad, Skipped)
    assert (bad.number, reason in bad.reason) == (2, True), bad.reason
    assert isinstance(one, OldPair)
    assert isinstance(other, OldPair)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e-400"])
def test_a_number_beyond_all_floats_costs_its_entry_only(tmp_path: Path, number: str) -> None:
    """What stands behind it is read too; one that is nearly nothing is 0, and one that nobody asks for is passed by."""
    text = '{{"a": "x", "b": "y", "score": {}}}'
    unasked = '{"a": "x", "b": "y", "score": 1, "more": ' + number + "}"
    (tmp_path / "x").write_text("\n".join([text.format(number), text.format(0.25), unasked]))
    first, *others = pairs(tmp_path / "x")
    if number == "1e-400":
        assert first == OldPair(1, "x", "y", 0.0, None)
    else:
        assert first == Skipped(1, "its correlation is not a number")
    assert others == [OldPair(2, "x", "y", 0.25, None), OldPair(3, "x", "y", 1.0, None)]


def test_a_broken_end_is_told_after_what_was_whole(tmp_path: Path) -> None:
    """A file that was cut off, or has rubbish in it, is read up to there."""
    good = json.dumps({"a": "x", "b": "y", "score": 1})
    for rest in (good[:-5], "rubbish", '{"a": NaN}', '{"a": \udcff}', f'{{"a": {"9" * 5000}}}'):
        (tmp_path / "x").write_bytes(f"{good}\n{rest}\n{good}".encode("utf-8", "surrogateescape"))
        found = pairs(tmp_path / "x")
        assert isinstance(found[0], OldPair)
        (told,) = found[1:]
        assert isinstance(told, Ended)
        assert (told.number, "is no JSON" in told.reason) == (2, True)
    for rest in (json.dumps(RAW)[:99], '{"duration": 1e400}', f'{{"duration": {"9" * 5000}}}'):
        cut = fingerprints(write(tmp_path, json.dumps(RAW) + "\n" + rest))
        assert [type(each) for each in cut] == [Fingerprint, Ended]


@pytest.mark.parametrize("bracket", ["[", '{"x":'])
@pytest.mark.parametrize("before", ["", " " * ((1 << 16) - 40)], ids=["in one piece", "across two"])
def test_what_is_nested_without_end_is_not_read(tmp_path: Path, bracket: str, before: str) -> None:
    """For a parser takes a time that goes with the square of the depth; what comes before it is read."""
    good = {"a": '[[[\\"' * 100, "b": '"[', "score": 1, "more": [[[{}]]]}
    (tmp_path / "x").write_text(json.dumps(good) + before + '{"a":' + bracket * 100_000)
    one, told = pairs(tmp_path / "x")
    assert isinstance(one, OldPair)
    assert told == Ended(2, "its brackets lie more than 64 deep in each other")
    found = fingerprints(write(tmp_path, json.dumps({**RAW, "path": "["}) + before + bracket * 100_000))
    assert [type(each) for each in found] == [Fingerprint, Ended]
    with pytest.raises(FileError, match="neither"):
        kind(write(tmp_path, bracket * 100_000))


def test_a_stop_is_heard_within_one_entry(tmp_path: Path) -> None:
    """However large that is: at each piece that is read."""
    job = Job(every=0)
    with open(write(tmp_path, '{"a": "' + "x" * (1 << 20)), "rb") as stream:
        job.stop()
        for read in (imports.kind, imports.pairs, imports.fingerprints):
            with pytest.raises(Stopped):
                list(read(stream, job))


@pytest.mark.parametrize("text", ["", " ", "{}", "[]", "[[1]]", "5", "no json", '{"a": "x"}', "PK", "\0\0\0\0"])
def test_what_is_neither_is_refused(tmp_path: Path, text: str) -> None:
    """Whatever a file is called, it is an error that names it."""
    with pytest.raises(FileError, match="neither fingerprints nor pairs"):
        kind(write(tmp_path, text))


def test_an_archive_is_known_by_its_content(tmp_path: Path) -> None:
    """By its first bytes, so that any name will do."""
    np.savez(tmp_path / "a.json.npz", words=WORDS, offsets=np.array([0, 50]), paths=np.array(["a"]))
    assert kind(tmp_path / "a.json.npz") is Kind.ARCHIVE
