"""What becomes of tags that are not what they should be: `python -m tests.benchmarks.traps COLLECTION TRUTH`.

COLLECTION is a folder that was made with known tags, scanned and correlated in the profile of `COMET_HOME`, and TRUTH
the `groups.json` that says which recording each of its files holds, with which tags, and which it had before they were
changed. Of pairs it is told how many are in a group: different recordings with equal tags, and duplicates with others.
Of groups, what each file that stays would have: what is true, what another recording has whose tags a file of the group
was given on purpose, or a mixture of both.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from comet.collection import groups, merging
from comet.collection.merging import Merged
from comet.collection.opened import opened
from comet.core import profiles
from comet.core.places import places
from comet.decide import merge
from comet.decide.spelling import folded
from comet.tags.fields import changed

FIELDS = ("title", "artist", "album")
DATED = (*FIELDS, "date", "genre", "tracknumber")
NAMES = {"track": "tracknumber"}
"""What the truth calls otherwise."""


@dataclass(frozen=True)
class Known:
    """What is true of a file."""

    group: str
    duplicate: bool
    """It holds the recording as it is, so that it belongs into the group."""
    tags: Mapping[str, str]
    true: Mapping[str, str]
    trap: bool
    """It was given the tags of another recording."""


def truth(path: str) -> dict[str, Known]:
    """Return what is true of each file, by its path below the collection."""
    with open(path, encoding="utf-8") as stream:
        files: list[dict[str, Any]] = json.load(stream)["files"]
    return {
        each["path"]: Known(
            str(each["group"]),
            each["relation"] == "duplicate",
            _named(each["tags"]),
            _named(each["true_tags"]),
            bool(each.get("tag_trap_of")),
        )
        for each in files
    }


def _named(tags: Mapping[str, str]) -> dict[str, str]:
    return {NAMES.get(name, name): str(value).partition("/")[0] for name, value in tags.items()}


def pairs(known: Mapping[str, Known], grouped: Iterable[Iterable[str]]) -> Iterator[tuple[str, int, int]]:
    """Yield kinds of pairs, with how many there are and how many of them are in a group."""
    together = {frozenset(pair) for each in grouped for pair in itertools.combinations(each, 2)}
    there, found = Counter[str](), Counter[str]()
    for one, other in itertools.combinations(known, 2):
        for kind in _kinds(known[one], known[other]):
            there[kind] += 1
            found[kind] += frozenset((one, other)) in together
    for kind in sorted(there):
        yield kind, there[kind], found[kind]


def _kinds(one: Known, other: Known) -> Iterator[str]:
    """Yield which kinds of pairs two files are."""
    equal = [name for name in FIELDS if _same(one.tags.get(name, ""), other.tags.get(name, ""))]
    if one.group != other.group and len(equal) == len(FIELDS) and one.tags.get("title"):
        yield "different recordings, equal tags"
        if one.trap or other.trap:
            yield "different recordings, equal tags on purpose"
    if one.group == other.group and one.duplicate and other.duplicate and len(equal) < len(FIELDS):
        yield "duplicates, other tags"
        if one.trap or other.trap:
            yield "duplicates, one with the tags of another recording"


def _same(one: str, other: str) -> bool:
    return folded(one) == folded(other)


@dataclass
class Proposed:
    """What the files that stay would have, over all groups."""

    groups: int = 0
    several: int = 0
    """Groups of files of several recordings."""
    trapped: int = 0
    """Groups with a file that was given the tags of another recording."""
    fields: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By name and judgement."""
    mixtures: list[str] = field(default_factory=list)

    def add(self, merged: Merged, known: Mapping[str, Known], top: str) -> None:
        """Add a group."""
        names = [os.path.relpath(track.path, top) for track in merged.proposal.group.tracks]
        files = [known[name] for name in names if name in known]
        if len(files) < len(names):
            return
        self.groups += 1
        self.several += len({each.group for each in files}) > 1
        self.trapped += any(each.trap for each in files)
        foreign = {name: {each.tags[name] for each in files if each.trap and name in each.tags} for name in DATED}
        for at in merged.proposal.keep:
            tags = merged.files[at]
            if tags is None:
                continue
            new = changed(tags.fields, merge.wanted(merged.merge, merged.settled, merged.files, at))
            said = {name: _judged(new.get(name, ()), files[at].true.get(name, ""), foreign[name]) for name in DATED}
            self.fields.update(said.items())
            if {"true", "foreign"} <= {*said.values()} - {"none"}:
                self.mixtures.append(f"{names[at]}: {said}")


def _judged(values: Iterable[str], true: str, foreign: Iterable[str]) -> str:
    """Return what values of a field are, against the true one."""
    text = " ".join(values)
    if not text:
        return "none"
    if text == true:
        return "true"
    if any(_same(each, other) for each in values for other in foreign if not _same(other, true)):
        return "foreign"
    return "true" if _same(text, true) else "more" if folded(true) in folded(text) else "other"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("collection")
    parser.add_argument("truth")
    options = parser.parse_args()
    top, known, proposed = os.path.abspath(options.collection), truth(options.truth), Proposed()
    where = places()
    with opened(profiles.load(where, None), where) as collection:
        found = groups.proposals(collection)
        for merged in merging.each(collection, found):
            proposed.add(merged, known, top)
    grouped = [[os.path.relpath(track.path, top) for track in each.group.tracks] for each in found]
    for kind, there, together in pairs(known, grouped):
        sys.stdout.write(f"{kind:<52} {there:>5}, grouped {together}\n")
    sys.stdout.write(
        f"groups {proposed.groups}, of several recordings {proposed.several}, with a trap {proposed.trapped}\n"
    )
    for name in DATED:
        counts = ", ".join(
            f"{kind} {proposed.fields[name, kind]}" for kind in ("true", "more", "other", "foreign", "none")
        )
        sys.stdout.write(f"{name:>12}: {counts}\n")
    sys.stdout.write(f"mixtures {len(proposed.mixtures)}\n")
    for line in proposed.mixtures:
        sys.stdout.write(f"  {line}\n")


if __name__ == "__main__":
    main()
