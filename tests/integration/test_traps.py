"""The pairs at which most tools of this kind fail, made again from tunes and judged through the whole line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from comet.collection.pairs import FilePair
from tests.factories import RATE, silence, tune, write
from tests.integration.conftest import Bench

if TYPE_CHECKING:
    from tests.factories import Sound

LENGTH = 60
"""Seconds of each tune."""


def _faster(sound: Sound, ratio: float) -> Sound:
    at = np.arange(0, len(sound) - 1, ratio)
    return np.interp(at, np.arange(len(sound)), sound).astype(np.float32)


def _sung(sound: Sound, seed: int) -> Sound:
    """Lay another tune over the middle three quarters, as loud as the music."""
    out = sound.copy()
    part = slice(len(out) // 8, -len(out) // 8)
    voice = tune(seed, LENGTH)[part]
    out[part] += voice
    return (out / np.abs(out).max() * 0.9).astype(np.float32)


def _between(pairs: list[FilePair], a: str, b: str) -> FilePair | None:
    for pair in pairs:
        if {Path(pair.a.path).name, Path(pair.b.path).name} == {a, b}:
            return pair
    return None


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[FilePair]:
    """The pairs that Comet finds among all traps together."""
    home = tmp_path_factory.mktemp("traps")
    music = home / "music"
    music.mkdir()
    base, other, third = tune(1, LENGTH), tune(2, LENGTH), tune(3, LENGTH)
    quiet, head = silence(20), 20 * RATE
    write(music / "base.flac", base)
    write(music / "copy.mp3", base, bitrate=96_000)
    write(music / "quiet-1.mp2", np.concatenate([quiet, other]))
    write(music / "quiet-2.mp2", np.concatenate([quiet, third]))
    write(music / "intro.mp2", np.concatenate([base[:head], tune(4, LENGTH)[head:]]))
    write(music / "sung.mp2", _sung(base, 5))
    write(music / "half.mp2", base[: len(base) // 2])
    write(music / "late.mp2", base[25 * RATE :])
    write(music / "faster.mp2", _faster(base, 1.02))
    write(music / "padded.ogg", np.concatenate([silence(4), base, silence(3)]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMET_HOME", str(home / "home"))
        pairs, _groups = Bench(music).full()
    return pairs


def _said(found: list[FilePair], a: str, b: str) -> str:
    pair = _between(found, a, b)
    if pair is None:
        return "none"
    holder = {"a": pair.a, "b": pair.b}.get(pair.holder)
    return f"{pair.relation} {Path(holder.path).name}" if holder else f"{pair.relation} {pair.how}".strip()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("copy.mp3", {"same"}),
        ("padded.ogg", {"same"}),
        ("intro.mp2", {"shares"}),
        ("sung.mp2", {"variant altered", "shares", "none"}),
        ("half.mp2", {"contains base.flac"}),
        ("late.mp2", {"contains base.flac"}),
        ("faster.mp2", {"variant speed"}),
    ],
)
def test_trap_is_told_from_the_same_recording(found: list[FilePair], name: str, expected: set[str]) -> None:
    """Copies are same, silence around them too; whatever lacks or changes some of the music is not."""
    assert _said(found, "base.flac", name) in expected


def test_speed_of_a_faster_copy_is_told(found: list[FilePair]) -> None:
    """2 % faster than the tune, whichever of the two is named first."""
    pair = _between(found, "base.flac", "faster.mp2")
    assert pair is not None
    assert Path(pair.a.path).name == "base.flac"
    assert pair.speed == pytest.approx(2.0, abs=0.1)


def test_half_a_tune_is_where_it_begins(found: list[FilePair]) -> None:
    """What the tune and its last 35 s have in common begins at 25 s of the tune, and is 35 s long."""
    pair = _between(found, "base.flac", "late.mp2")
    assert pair is not None
    (part,) = pair.parts
    assert (part.i, part.j, part.seconds) == pytest.approx((25.0, 0.0, 35.0), abs=0.3)


def test_same_silence_is_nothing_in_common(found: list[FilePair]) -> None:
    """Two tunes that both begin with 20 s of silence are no pair."""
    assert _said(found, "quiet-1.mp2", "quiet-2.mp2") == "none"


def test_nothing_else_is_called_same(found: list[FilePair]) -> None:
    """The only same pairs are those of the tune, its copy and its padded copy."""
    same = {frozenset((Path(p.a.path).name, Path(p.b.path).name)) for p in found if p.relation == "same"}
    names = ("base.flac", "copy.mp3", "padded.ogg")
    assert same == {frozenset((a, b)) for a in names for b in names if a < b}


def test_offset_of_a_padded_copy_is_its_padding(found: list[FilePair]) -> None:
    """B starts at a + offset: the tune starts 4 s into the padded file."""
    pair = _between(found, "base.flac", "padded.ogg")
    assert pair is not None
    assert pair.offset == pytest.approx(-4.0, abs=0.15)
    assert pair.overlap == pytest.approx(LENGTH, abs=3)
