"""Tags of every format written and taken back, damaged tags, a file of 4 GB, a disk that fails at any write.

All of it is slow: `pytest -m slow tests/campaign/test_tags.py`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import shutil
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest
from mutagen import id3

from comet.act import actions
from comet.act.ground import Ground
from comet.act.journal import Journal, path_of
from comet.core.acts import Do, Plan, State, Step
from comet.core.job import Job
from comet.core.model import Identity
from comet.core.pieces import blocks
from comet.listen import audio
from comet.tags.editing import Editor, Task
from comet.tags.fields import Change
from comet.tags.work import edit
from tests.campaign.invariants import check
from tests.campaign.protocol import TAGGED, TRACKS, A, hear, tagged
from tests.campaign.sweep import RECOVER, campaign
from tests.factories import tune
from tests.integration import editors
from tests.integration.handmade import encode
from tests.integration.test_tags import ALL, FORMS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

TOP = Path(__file__).parents[2]
WORLDS = "tests.campaign.writing:"
FILES, EDITS, INPUTS = 100, 1000, 10_000
SLOWEST = 10.0
"""Seconds."""
PEAK, GROWTH = 256 << 20, 8 << 20
"""Bytes that a process may take for a file of any size, and that the main process may grow by."""


def with_tags(path: Path, change: Change) -> Path:
    """Write tags into a file, as a start."""
    edited = edit(Task(os.fsencode(path), change))
    assert not edited.error
    with open(path, "rb") as stream:
        content = b"".join(blocks(edited.pieces, stream.fileno()))
    path.write_bytes(content)
    return path


def made(folder: Path, seconds: float) -> list[Path]:
    """Return files of every kind: bare, full of tags, and MP3 with all that stands in MP3."""
    found = []
    for name, form in FORMS.items():
        bare = encode(folder / f"bare.{name}", tune(1, seconds), form)
        found += [bare, with_tags(Path(shutil.copy(bare, folder / f"full.{name}")), ALL)]
    for version in (3, 4):
        path = Path(shutil.copy(folder / "bare.mp3", folder / f"2.{version}.mp3"))
        id3.ID3(path).save(path, v2_version=version, v1=2)
        tags = id3.ID3(path)
        tags.add(id3.APIC(0, "image/png", 3, "", editors.PNG))
        tags.add(id3.PRIV("somebody", b"\xff\0"))
        tags.save(path, v2_version=version, v1=2)
        found.append(path)
    for spoil in (editors.ape, editors.lyrics3, editors.no_id3):
        path = Path(shutil.copy(folder / "full.mp3", folder / f"{spoil.__name__}.mp3"))
        spoil(path)
        found.append(path)
    return found


# undo


def drawn(draw: random.Random) -> Change:
    """Return a change of some fields: taken away, or with values of any kind and length."""

    def value(field: str) -> str:
        return draw.choice(
            [*ALL[field], "".join(map(chr, draw.choices(range(0x21, 0x3000), k=draw.randrange(1, 40)))),
             "x" * draw.randrange(1, 60_000), "a\nb", f"{draw.randrange(300)}", "1/2"]
        )  # fmt: skip

    fields = draw.sample(sorted(ALL), draw.randrange(1, 6))
    return {field: tuple(value(field) for _number in range(draw.randrange(3))) for field in fields}


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """What acting stands on, with one root folder."""
    root = tmp_path / "music"
    root.mkdir()
    actions.mark_root(os.fsencode(root), A)
    journal = Journal(path_of(str(tmp_path)))
    yield Ground(
        journal, {A: os.fsencode(root)}, {}, lambda _place: False, lambda _one, _other: "", lambda _sound: (), hear,
        lambda *given: edit(Task(*given)), str(tmp_path / "act.lock"),
    )  # fmt: skip
    journal.close()


def states(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Return content, mode and time (ns) of all files in a folder."""
    found = [(path, path.stat()) for path in folder.iterdir() if path.is_file()]
    return {path.name: (path.read_bytes(), status.st_mode, status.st_mtime_ns) for path, status in found}


def test_every_edit_is_taken_back_to_the_last_byte(ground: Ground, tmp_path: Path) -> None:
    """A hundred files of all formats, a thousand random changes, up to four on top of each other; the sound stays."""
    draw, folder = random.Random(8), tmp_path / "music"  # noqa: S311 - no secrets, here and below
    kinds = made(tmp_path, 0.3)
    for number in range(FILES):
        kind = kinds[number % len(kinds)]
        path = Path(shutil.copy(kind, folder / f"{number}{kind.suffix}"))
        path.chmod(draw.choice([0o644, 0o600, 0o440, 0o777]))
        os.utime(path, ns=(0, 1_400_000_000_000_000_000 + draw.randrange(10**17)))
    before = states(folder)
    sounds = {name: audio.identify(os.fsencode(folder / name)) for name in before}
    done: Counter[str] = Counter()
    while done["written"] < EDITS:
        entries: list[int] = []
        for _depth in range(draw.randrange(1, 5)):
            entries += _applied(ground, folder, sounds, draw, done)
            assert {name: audio.identify(os.fsencode(folder / name)) for name in sounds} == sounds
        undone = ground.journal.entries(actions.undo(ground, entries, Job()))
        assert {(entry.state, entry.error) for entry in undone} == {(State.DONE, "")}
        assert states(folder) == before
    print(done.most_common())  # noqa: T201
    assert sum(done.values()) < 1.2 * done["written"]


def _applied(
    ground: Ground, folder: Path, sounds: dict[str, str], draw: random.Random, done: Counter[str]
) -> Iterator[int]:
    """Change the tags of all files and yield the entries of what was written."""
    steps = []
    for name, sound in sounds.items():
        status = (folder / name).stat()
        file = Identity(A, os.fsencode(name), status.st_size, status.st_mtime_ns, sound)
        steps.append(Step(Do.WRITE_TAGS, file, "", "", tags=drawn(draw)))
    for entry in ground.journal.entries(actions.apply(ground, Plan("-", 1.0, tuple(steps)), Job())):
        if entry.state is State.DONE:
            done["written"] += 1
            yield entry.id
        else:
            done[entry.error] += 1


# damaged tags


def spoilt(content: bytes, draw: random.Random) -> bytes:
    """Return a content with bytes changed, cut out, put in, doubled, and numbers that are too large."""
    found = bytearray(content)
    for _time in range(draw.randrange(1, 7)):
        at = int(draw.expovariate(1 / 500)) if draw.random() < 0.6 else draw.randrange(len(found) + 1)
        size = draw.randrange(1, 300)
        found[at : at + draw.choice([0, 1, 4, size])] = draw.choice(
            [b"", draw.randbytes(1), draw.randbytes(size), draw.choice([b"\xff", b"\x7f", b"\0"]) * 4,
             bytes(found[at : at + size]) * draw.choice([2, 50])]
        )  # fmt: skip
        if draw.random() < 0.05:
            del found[at:]
    return bytes(found)


def test_damaged_tags_harm_nobody(tmp_path: Path) -> None:
    """Ten thousand files: each is told in a sentence or written, none takes long, the main process does not grow."""
    kinds = made(tmp_path, 0.1)
    pictured = with_cover(tmp_path, kinds)

    def tasks() -> Iterator[Task]:
        for number in range(INPUTS):
            draw = random.Random(number)  # noqa: S311
            kind = draw.choice(pictured)
            path = tmp_path / f"{number}{kind.suffix}"
            path.write_bytes(spoilt(kind.read_bytes(), draw))
            yield Task(os.fsencode(path), {"title": ("new",), "tracknumber": ("7",)})

    told: Counter[str] = Counter()
    slowest, begun = 0.0, 0
    with Editor() as editor:
        for task in tasks():
            last = time.monotonic()
            edited = editor.edit(task.path, task.change)
            slowest = max(slowest, time.monotonic() - last)
            told[edited.error] += 1
            os.unlink(edited.path)
            if told.total() == INPUTS // 10:
                begun = psutil.Process().memory_info().rss
    grown = psutil.Process().memory_info().rss - begun
    print(f"{told.most_common()}, slowest {slowest:.2f} s, grown by {grown / 1e6:.1f} MB")  # noqa: T201
    assert told.total() == INPUTS
    assert not [error for error in told if "internal error" in error]
    assert slowest < SLOWEST
    assert grown < GROWTH


def with_cover(folder: Path, kinds: Sequence[Path]) -> list[Path]:
    """Return the files, and those of FLAC, MP3 and MP4 with a cover of 200 kB as well."""
    found = list(kinds)
    for name in ("flac", "mp3", "m4a"):
        path = Path(shutil.copy(folder / f"full.{name}", folder / f"cover.{name}"))
        (editors.atoms if name == "m4a" else editors.comments if name == "flac" else editors.ape)(path)
        found.append(path)
    return found


# a large file


def test_a_file_of_4_gb_takes_little_memory(tmp_path: Path) -> None:
    """Written and taken back by the command line; no process of it takes more than 256 MB."""
    if shutil.disk_usage(tmp_path).free < 12 << 30:
        pytest.skip("there is no room for two files of 4 GB")
    path, size = tmp_path / "music/large.wav", 4_200_000_000
    path.parent.mkdir()
    try:
        with open(path, "wb") as stream:
            form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, 44_100, 176_400, 4, 16)
            stream.write(b"RIFF" + struct.pack("<I", 36 + size) + b"WAVE" + form + b"data" + struct.pack("<I", size))
            stream.flush()
            os.posix_fallocate(stream.fileno(), 0, 44 + size)  # what is a hole is not taken for music
        os.utime(path, ns=(0, 1_500_000_000_123_456_789))
        before = path.stat()
        peaks = [peak(tmp_path, "tags", path, "--set", "title=Large", "--yes")]
        assert path.stat().st_size > before.st_size
        peaks.append(peak(tmp_path, "undo", "1", "--yes"))
        after = path.stat()
        assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
        with open(path, "rb") as stream:
            assert stream.read(44)[-4:] == struct.pack("<I", size)
            assert all(not block.strip(b"\0") for block in iter(lambda: stream.read(1 << 20), b""))
        print(f"peaks {[round(each / 1e6) for each in peaks]} MB")  # noqa: T201
        assert max(peaks) < PEAK
    finally:
        shutil.rmtree(tmp_path)


def peak(home: Path, *words: object) -> int:
    """Run `comet` and return the most bytes that one of its processes has had in memory."""
    env = os.environ | {"COMET_HOME": str(home / "home"), "PYTHONPATH": str(TOP)}
    command = [sys.executable, "-P", "-m", "comet", *map(str, words)]
    tops = [0]
    with subprocess.Popen(command, env=env) as process:
        while process.poll() is None:
            top = psutil.Process(process.pid)
            for each in [top, *top.children(recursive=True)]:
                with contextlib.suppress(OSError):  # it has just ended
                    status = Path(f"/proc/{each.pid}/status").read_text(encoding="utf-8")
                    tops += [int(kilobytes) << 10 for kilobytes in status.partition("VmHWM:")[2].split()[:1]]
            time.sleep(0.02)
    assert process.returncode == 0
    return max(tops)


# a disk that fails


@pytest.mark.parametrize("world", [(), ("block_by_block",)], ids=["copied by the system", "block by block"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO], ids=errno.errorcode.get)
def test_a_disk_that_fails_at_any_write_loses_nothing(code: int, world: Sequence[str]) -> None:
    """At each call of one writing, told before or after it was done: the file is whole, and it can be done again."""
    plant = [WORLDS + name for name in world]
    with campaign() as here:
        points = here.run(here.template.copied("clean"), WORLDS + "tag", plant).points
        assert points.count("half a write") > (8 if world else 0)
        for at, mode in ((at, mode) for at in range(1, len(points) + 1) for mode in ("fail", "late")):
            arena = here.template.copied("failing")
            ended = here.run(arena, WORLDS + "tag", plant, (mode, at, code))
            assert len(ended.points) >= at
            assert here.run(arena, RECOVER).code == 0
            check(here.before, arena)
            assert here.run(arena, WORLDS + "tag").value in ([""], []), f"{mode} at {at}"
            content = Path(os.fsdecode(arena.path(TAGGED))).read_bytes()
            assert content == tagged(here.before.files[TRACKS[TAGGED].at][0])
            check(here.before, arena)
