"""The stage: files in, what was heard out."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from comet.core.model import File
from comet.listen import audio
from comet.listen.fingerprint import Cause, Heard, Task, Wanted, listen_all
from comet.listen.work import work
from tests.factories import silence, tune, write


def wanted(path: str | bytes | Path, *, identify_first: bool = False) -> Wanted:
    """Return a file as the walk would see it."""
    info = os.stat(path)
    name = os.fsencode(path)
    return Wanted(File("root", os.path.basename(name), info.st_size, info.st_mtime_ns), name, identify_first)


def nothing(_hash: str) -> bool:
    """Know no audio."""
    return False


def run(files: Sequence[Wanted], known: Callable[[str], bool] = nothing, **settings: float) -> dict[bytes, Heard]:
    """Run the stage; file name -> what was heard. Each file must come once."""
    heard = list(
        listen_all(
            files,
            known,
            length=settings.get("length", 0),
            workers=2,
            timeout=settings.get("timeout", 60),
            memory=int(settings.get("memory", 1 << 30)),
        )
    )
    assert len({each.wanted.path for each in heard}) == len(heard) == len(files)
    return {each.wanted.file.path: each for each in heard}


def test_every_file_has_an_outcome(tmp_path: Path) -> None:
    """Good, short, silent, broken, foreign and lost files each come back once with what is true of them."""
    (tmp_path / "text.mp3").write_text("words")
    (tmp_path / "cover.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "lost.mp3").write_bytes(b"x")
    files = [wanted(write(tmp_path / f"{n}.flac", tune(n, 10))) for n in range(3)]
    files += [wanted(write(tmp_path / "short.flac", tune(1, 1))), wanted(write(tmp_path / "silent.flac", silence(9)))]
    files += [wanted(tmp_path / name) for name in ("text.mp3", "cover.jpg", "lost.mp3")]
    (tmp_path / "lost.mp3").unlink()
    found = run(files)
    for n in range(3):
        good, path = found[b"%d.flac" % n], os.fsencode(tmp_path / f"{n}.flac")
        expected = audio.listen(path)
        assert (good.audio, good.hash, good.error) == (expected.audio, expected.audio.hash, "")
        assert good.quality == expected.quality
        assert good.words is not None
        assert good.words.tolist() == expected.words.tolist()
    assert "too short" in found[b"short.flac"].error
    assert found[b"short.flac"].audio is not None
    assert (found[b"silent.flac"].error, found[b"silent.flac"].audio is None) == ("", False)
    assert ("text" in found[b"text.mp3"].error, found[b"text.mp3"].audio) == (True, None)
    assert (found[b"cover.jpg"].audio, found[b"cover.jpg"].error) == (None, "")
    assert "No such file" in found[b"lost.mp3"].error


def test_a_known_audio_is_not_decoded(tmp_path: Path) -> None:
    """Where the hash is asked for first, a known one comes back alone; an unknown one is listened to."""
    files = [wanted(write(tmp_path / f"{n}.mp3", tune(n, 10)), identify_first=n < 2) for n in range(3)]
    hashes = [audio.identify(each.path) for each in files]
    found = run(files, lambda digest: digest in {hashes[0], hashes[2]})
    assert [found[b"%d.mp3" % n].hash for n in range(3)] == hashes
    assert [found[b"%d.mp3" % n].audio is None for n in range(3)] == [True, False, False]
    assert found[b"0.mp3"].hash


@pytest.mark.parametrize("identify", [False, True])
def test_a_file_that_changed_is_said_so(identify: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """What is not the file that the walk saw gives no result."""
    file = wanted(write(tmp_path / "a.mp3", tune(1, 5)), identify_first=identify)
    os.utime(tmp_path / "a.mp3", ns=(0, file.file.mtime_ns + 1))
    heard = run([file])[b"a.mp3"]
    assert (heard.audio, heard.hash) == (None, "")
    assert "changed" in heard.error


def test_a_file_that_changes_meanwhile_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that grows while it is read gives no result; one that is no music is still none."""
    file = wanted(write(tmp_path / "a.mp3", tune(1, 5)))
    real = audio.listen

    def growing(path: bytes, length: float, **options: Any) -> object:  # noqa: ANN401 - whatever `listen` takes
        with open(path, "ab") as more:
            more.write(b"x")
        return real(path, length, **options)

    monkeypatch.setattr(audio, "listen", growing)
    assert "changed" in work(Task(file, identify=False, length=0, loudness=False)).error
    (tmp_path / "log.txt").write_text("one")
    log = wanted(tmp_path / "log.txt")
    assert work(Task(log, identify=False, length=0, loudness=False)) == Heard(log)


def test_a_deadline_grows_with_the_file(tmp_path: Path) -> None:
    """A file that takes too long is given up, and the others are heard."""
    files = [wanted(write(tmp_path / f"{n}.flac", tune(n, 5))) for n in range(3)]
    os.truncate(tmp_path / "1.flac", 0)
    found = run(files, timeout=30)
    assert [bool(found[b"%d.flac" % n].error) for n in range(3)] == [False, True, False]
    long = wanted(write(tmp_path / "long.flac", silence(600)))  # no machine hears that between two looks at the clock
    late = run([long], timeout=-100.0)[b"long.flac"]
    assert "tried twice" in late.error
    assert (late.audio, late.cause) == (None, Cause.LIMITS)


def test_a_disk_where_somebody_is_stuck_costs_time_only(tmp_path: Path) -> None:
    """A file whose turn does not come is listened to all the same, in the time that it has; without locks at once."""
    path = write(tmp_path / "a.flac", tune(1, 5))
    file = replace(wanted(path), disk="sda")
    with (tmp_path / "disk-sda.0").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        for locks in (str(tmp_path), str(tmp_path / "gone"), ""):
            heard = list(
                listen_all([file], nothing, length=0, workers=1, timeout=8, memory=1 << 30, locks=locks, readers=1)
            )
            assert [(each.error, each.audio is None) for each in heard] == [("", False)]


def test_where_the_fault_lies(tmp_path: Path) -> None:
    """What the system does not give is no fault of the file; what takes too long is one of the limits."""
    path = os.fsencode(tmp_path / "gone.mp3")
    gone = Wanted(File("r", b"gone.mp3", 1, 1), path, identify_first=False)
    heard = work(Task(gone, identify=False, length=0, loudness=False))
    assert (heard.cause, bool(heard.error)) == (Cause.SYSTEM, True)
    other = Wanted(File("r", b"gone.txt", 1, 1), path[:-3] + b"txt", identify_first=False)
    heard = work(Task(other, identify=False, length=0, loudness=False))
    assert (heard.cause, heard.error) == (Cause.SYSTEM, "")
