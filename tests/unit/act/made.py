"""A place to act on: real files whose sound is what stands before `|` in them, and a journal beside."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

from comet.act import actions
from comet.act.ground import Ground
from comet.act.journal import Journal
from comet.core.acts import Do, Entry, Plan, Step
from comet.core.job import Job
from comet.core.model import File, Identity, Place
from comet.core.pieces import Kept, digest
from comet.tags.editing import Edited
from comet.tags.fields import Change

JOB = Job()


def sound(content: bytes) -> str:
    """Return the audio hash of a file with this content: what follows `|` in it are its tags."""
    return "b3:" + blake2b(content.partition(b"|")[0], digest_size=16).hexdigest()


def hear(files: Sequence[tuple[File, bytes]]) -> Iterator[tuple[bytes, str, str]]:
    """Read files whole; one that holds nothing is no music."""
    for _file, path in reversed(files):  # workers answer in any order
        content = Path(os.fsdecode(path)).read_bytes()
        yield path, sound(content) if content else "", "" if content else "it is no music"


def edit(path: bytes, change: Change, _pictures: object) -> Edited:
    """Let what follows `|` in a file be the values of a change, which must then be without a `!`."""
    content = Path(os.fsdecode(path)).read_bytes()
    bare, _bar, tags = content.partition(b"|")
    new = " ".join(f"{name}={value}" for name, values in change.items() for value in values).encode()
    if b"!" in tags:
        return Edited(path, error="its tags are damaged")
    if new == tags:
        return Edited(path)
    kept = Kept(0, len(bare))
    tail = b"|" + new
    back = (kept, content[len(bare) :])
    return Edited(path, pieces=(kept, tail), reverse=back, old_hash=digest([content]), new_hash=digest([bare + tail]))


@dataclass
class Yard:
    """One root folder `music` and what acting on it needs; every test may change any of it."""

    tmp: Path
    music: Path
    journal: Journal
    ground: Ground
    protected: set[bytes] = field(default_factory=set)
    different: set[frozenset[str]] = field(default_factory=set)
    elsewhere: list[Identity] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)

    def file(self, name: str | bytes, content: bytes, root: str = "") -> Identity:
        """Write a file and return it as it stands."""
        path = os.path.join(self.ground.roots[root or "music"], os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as stream:
            stream.write(content)
        return self.now(name, root)

    def now(self, name: str | bytes, root: str = "") -> Identity:
        """Return a file as it stands."""
        path = os.path.join(self.ground.roots[root or "music"], os.fsencode(name))
        status = os.stat(path)
        with open(path, "rb") as stream:
            audio = sound(stream.read())
        return Identity(root or "music", os.fsencode(name), status.st_size, status.st_mtime_ns, audio)

    def root(self, name: str) -> Path:
        """Add a second root folder."""
        folder = self.tmp / name
        (folder / ".comet").mkdir(parents=True, exist_ok=True)
        (folder / ".comet/root").write_text(name + "\n")
        self.ground = replace(self.ground, roots={**self.ground.roots, name: os.fsencode(folder)})
        return folder

    def apply(self, *steps: Step) -> list[Entry]:
        """Apply a plan and return what the journal has of it."""
        return self.journal.entries(actions.apply(self.ground, Plan("p", 1.0, steps), JOB))

    def undo(self, *entries: Entry) -> list[Entry]:
        """Undo entries and return what the journal has of that."""
        return self.journal.entries(actions.undo(self.ground, [entry.id for entry in entries], JOB))

    def purge(self, *entries: Entry) -> list[Entry]:
        """Purge entries and return what the journal has of that."""
        return self.journal.entries(actions.purge(self.ground, [entry.id for entry in entries], JOB))

    def names(self) -> list[str]:
        """Return the files of the root that are the user's, where they are looked for."""
        found = [path for path in self.music.rglob("*") if path.is_file()]
        return sorted(str(path.relative_to(self.music)) for path in found if ".comet" not in path.parts)

    def held(self) -> list[bytes]:
        """Return what lies in quarantine, by content."""
        return sorted(path.read_bytes() for path in (self.music / ".comet").rglob("quarantine/**/*") if path.is_file())


def yard(tmp: Path) -> Yard:
    """Return a yard with an empty root."""
    journal = Journal(str(tmp / "state/journal.sqlite"))
    made: Yard

    def heard(files: Sequence[tuple[File, bytes]]) -> Iterator[tuple[bytes, str, str]]:
        made.heard += [path for _file, path in files]
        return hear(files)

    def differ(one: str, other: str) -> str:
        return "they differ" if frozenset((one, other)) in made.different else ""

    ground = Ground(
        journal,
        {"music": os.fsencode(tmp / "music")},
        {},
        lambda place: place.path.startswith(tuple(made.protected)),
        differ,
        lambda audio: [each for each in made.elsewhere if each.audio == audio],
        heard,
        edit,
        str(tmp / "state/act.lock"),
    )
    made = Yard(tmp, tmp / "music", journal, ground)
    made.root("music")
    return made


def remove(file: Identity, keeper: Identity | None, group: str = "g") -> Step:
    """Return the step that removes a file."""
    return Step(Do.REMOVE, file, group, "why", keeper)


def retag(file: Identity, **tags: str) -> Step:
    """Return the step that writes tags."""
    return Step(Do.WRITE_TAGS, file, "", "why", tags={name: (value,) for name, value in tags.items()})


def repoint(playlist: Identity, old: Identity | Place, new: Identity | Place) -> Step:
    """Return the step that lets a playlist name another file."""
    places = [each if isinstance(each, Place) else each.place for each in (old, new)]
    return Step(Do.REPOINT, replace(playlist, audio=""), "g", "why", old=places[0], new=places[1])
