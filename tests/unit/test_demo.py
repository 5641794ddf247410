"""The demo library: what is in it, and that it is made the same and safely every time."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import av
import numpy as np
import pytest

from comet import demo


@pytest.fixture(scope="module")
def library(demonstrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the library."""
    return Path(shutil.copytree(demonstrated, tmp_path_factory.mktemp("demo") / "library"))


def names(top: Path) -> list[str]:
    """Return the files below a folder, hidden ones too."""
    return sorted(str(path.relative_to(top)) for path in top.rglob("*") if path.is_file())


def digest(path: Path) -> str:
    """Return what tells two files apart."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def codec(path: Path) -> str:
    """Return what FFmpeg calls the codec of a file."""
    with av.open(str(path)) as file:
        return file.streams.audio[0].codec_context.name


def test_holds_every_format_and_a_cyrillic_name(library: Path) -> None:
    """The five formats that people have are in it, and a name that is not ASCII."""
    files = [library / name for name in names(library) if "incomplete" not in name]
    assert {codec(path).removesuffix("float") for path in files} == {"flac", "mp3", "vorbis", "opus", "aac"}
    assert (library / "Телефон" / "Ночные поезда.m4a").is_file()


def test_one_copy_has_the_same_bytes_and_no_other(library: Path) -> None:
    """Only the backup of `Paper Boats` is a byte copy."""
    files = [library / name for name in names(library)]
    assert len(files) == 16
    assert len({digest(path) for path in files}) == len(files) - 1
    assert digest(library / "Albums/Small Hours/02 Paper Boats.mp3") == digest(
        library / "Backup/Small Hours/02 Paper Boats (1).mp3"
    )


def test_the_same_call_makes_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: Path) -> None:
    """What is found in it today is found tomorrow."""
    monkeypatch.setattr(demo, "_FILES", demo._FILES[1:6:2])
    demo.play.cache_clear()
    made = demo.make(bytes(tmp_path))
    assert [digest(path) for path in made] == [digest(library / path.relative_to(tmp_path)) for path in made]


def test_a_file_that_is_there_is_left_alone(library: Path) -> None:
    """Making it again writes nothing, and nothing of the user's is lost."""
    mine = library / "Albums/Small Hours/01 Night Trains.flac"
    whole = mine.read_bytes()
    mine.write_bytes(b"mine")
    before = names(library)
    try:
        assert mine in demo.make(str(library))
        assert mine.read_bytes() == b"mine"
        assert names(library) == before
    finally:
        mine.write_bytes(whole)


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    """A call that fails half way leaves no file that looks finished."""
    target = tmp_path / "folder" / "tune.flac"

    def fail(path: str) -> None:
        Path(path).write_bytes(b"half")
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - it is the one raised above
        demo._once(target, fail)
    assert not target.exists()


def test_the_broken_file_cannot_be_read(library: Path) -> None:
    """A problem has to show in the demo."""
    with pytest.raises(av.error.FFmpegError):
        codec(library / "Downloads/lanterns (incomplete).m4a")


def test_tunes_last_as_long_as_they_should_and_do_not_clip() -> None:
    """Each is long enough for clear evidence, short enough for a slow machine."""
    for tune in (demo.NIGHT_TRAINS, demo.PAPER_BOATS, demo.CLOCKWORK):
        sound = demo.play(tune)
        assert 25 <= len(sound) / demo.RATE <= 40
        assert 0.7 < np.abs(sound).max() <= 1


def test_the_trap_shares_the_intro_and_nothing_more() -> None:
    """`Snowfall` and its trap are equal for ten seconds, then they are not."""
    cut = demo.INTRO_SECONDS * demo.RATE
    trap, tune = demo._same_intro(demo.SNOWFALL, demo._THAW), demo.play(demo.SNOWFALL)
    assert np.array_equal(trap[:cut], tune[:cut])
    rest = min(len(trap), len(tune))
    assert abs(np.corrcoef(trap[cut:rest, 0], tune[cut:rest, 0])[0, 1]) < 0.2


def test_the_cut_and_the_faster_copy_have_the_length_that_they_should() -> None:
    """A half is half as long, two percent faster is two percent shorter."""
    whole = len(demo.play(demo.CLOCKWORK))
    assert len(demo._half(demo.CLOCKWORK)) == whole // 2
    assert len(demo._faster(demo.CLOCKWORK, 1.02)) == pytest.approx(whole / 1.02, rel=1e-4)


def test_explains_itself() -> None:
    """Each tune of the library is named in what should be found and what not."""
    text = "\n".join(demo.explain())
    for tune in (
        demo.NIGHT_TRAINS,
        demo.PAPER_BOATS,
        demo.HARBOUR_LIGHTS,
        demo.CLOCKWORK,
        demo.SNOWFALL,
        demo.LANTERNS,
    ):
        assert f"`{tune.title}`" in text
