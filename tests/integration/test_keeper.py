"""Which of several files is proposed to stay, with real encoders and all that is measured on their sound."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from comet.core.model import File, Track
from comet.decide import keeper
from comet.listen import audio
from tests.factories import RATE, tune, write

if TYPE_CHECKING:
    from pathlib import Path

    from comet.core.measures import Quality
    from tests.factories import Sound

SECONDS = 20


def _bright(noise: float = 0.0) -> Sound:
    """Return a tune with cymbals, which reach above 20 kHz; `noise` is that of a bad line."""
    rng = np.random.default_rng(5)
    sound = tune(7, SECONDS)
    beat = np.exp(-(np.arange(len(sound)) % (RATE // 4)) / (RATE / 20))
    hiss = np.diff(rng.standard_normal(len(sound) + 2), 2) * beat
    return np.asarray(0.5 * sound + 0.02 * hiss + noise * rng.standard_normal(len(sound)), np.float32)


def _decoded(path: bytes) -> Sound:
    """Return the sound of a file, shape (samples,), one channel of it."""
    import av  # noqa: PLC0415 - the door of the tests that need samples

    with av.open(path.decode()) as container:
        frames = [frame.to_ndarray()[0].astype(np.float32) for frame in container.decode(audio=0)]
    return np.concatenate(frames)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return an original and what became of it, by name."""
    folder: Path = tmp_path_factory.mktemp("keeper")
    sound = _bright()
    made = {
        "original.flac": write(folder / "original.flac", sound),
        "128.mp3": write(folder / "128.mp3", sound, bitrate=128_000),
        "320.mp3": write(folder / "320.mp3", sound, bitrate=320_000),
        "cut.flac": write(folder / "cut.flac", sound[3 * RATE :]),
        "clipped.flac": write(folder / "clipped.flac", np.clip(6 * sound, -1, 1)),
        "damaged.flac": write(folder / "damaged.flac", sound),
    }
    made["fake.flac"] = write(folder / "fake.flac", _decoded(made["128.mp3"]))
    made["moved.flac"] = write(folder / "moved.flac", 0.95 * _decoded(made["320.mp3"])[1105:])
    made["again.mp3"] = write(folder / "again.mp3", _decoded(made["128.mp3"]), bitrate=320_000)
    with open(made["damaged.flac"], "r+b") as file:
        file.seek(200_000)
        file.write(bytes(range(256)) * 4)
    return made


def _kept(files: dict[str, bytes], *names: str) -> tuple[str, dict[str, str]]:
    """Return the name of the file that would stay of some, and what is said against each other one."""
    tracks: list[Track] = []
    heard: dict[int, Quality] = {}
    for serial, name in enumerate(names, 1):
        found = audio.listen(files[name])
        tracks.append(Track(File("r", name.encode(), 1000, 0), replace(found.audio, serial=serial), b"/"))
        heard[serial] = found.quality
    at = keeper.choose(tracks, heard=heard)
    return names[at], {names[other]: why for other, why in keeper.against(tracks, at, heard=heard).items()}


@pytest.mark.parametrize(
    ("better", "worse", "why"),
    [
        ("original.flac", "320.mp3", "lossy: mp3 of 32"),
        ("original.flac", "fake.flac", "transcoded: nothing above 1"),
        ("original.flac", "cut.flac", "cut: 0:17 to be heard, 3.0 s less than of `original.flac`"),
        ("128.mp3", "cut.flac", "cut: "),
        ("original.flac", "clipped.flac", "clipped: "),
        ("original.flac", "damaged.flac", "damaged: "),
        ("320.mp3", "damaged.flac", "damaged: "),
        ("320.mp3", "128.mp3", "keeps less of the sound: mp3 of 128 kbit/s, and `320.mp3` is mp3 of 32"),
        ("320.mp3", "fake.flac", "transcoded: nothing above "),
        ("128.mp3", "fake.flac", "decoded from a lossy file like `128.mp3`, for it has the same samples"),
        ("320.mp3", "moved.flac", "decoded from a lossy file like `320.mp3`, for it has the same samples"),
        ("128.mp3", "again.mp3", "made again from a lossy file like `128.mp3`: there is nothing more in it"),
    ],
)
def test_the_better_one_of_two_stays(files: dict[str, bytes], better: str, worse: str, why: str) -> None:
    """From either side, and the other one is told what it lacks."""
    for names in ((better, worse), (worse, better)):
        kept, against = _kept(files, *names)
        assert kept == better
        assert against[worse].startswith(why)


def test_the_original_stays_of_all(files: dict[str, bytes]) -> None:
    """And without it the best that is left: whole, undamaged, not made again, and of the most bits."""
    left = list(files)
    assert _kept(files, *left)[0] == "original.flac"
    left.remove("original.flac")
    left.remove("clipped.flac")
    assert _kept(files, *left)[0] == "320.mp3"
