"""What is said of a file in every format that FFmpeg reads, and of what only looks like one; read as a scan reads."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from comet.core.measures import BAND
from comet.core.model import File
from comet.listen.fingerprint import Cause, Heard, Wanted, listen_all
from tests.factories import RATE, silence, tune
from tests.integration import handmade
from tests.integration.handmade import Form, encode

if TYPE_CHECKING:
    from comet.core.model import Words
    from tests.factories import Sound

SECONDS = 8.0


def sound(rate: int = RATE) -> Sound:
    """Return the one tune of these tests, in a little noise, so that no band of it is empty."""
    made = tune(1, SECONDS, rate=rate)
    return np.asarray(made + 0.01 * np.random.default_rng(3).standard_normal(len(made)), np.float32)


@dataclass(frozen=True)
class Kind:
    """A kind of file, and what must be said of it."""

    form: Form
    codec: str
    container: str
    differing: float = 0.0
    """Share of the bits that may differ from the fingerprint of the 16-bit WAV."""
    bits: int = 0
    """A sample's, 0 for lossy ones."""


def _wide(layout: str, rate: int = RATE) -> Form:
    return Form("flac", "flac", rate, layout)


_SAME, _NEAR, _LOSSY, _PHONE = 0.0, 0.004, 0.03, 0.10
"""Lossless at the same rate; lossless at another one, or with other bits; lossy; made for the telephone, or worse."""

KINDS = {
    "wav": Kind(Form("wav", "pcm_s16le"), "pcm_s16le", "wav", _SAME, 16),
    "8 bits.wav": Kind(Form("wav", "pcm_u8", format="u8"), "pcm_u8", "wav", _NEAR, 8),
    "24 bits.wav": Kind(Form("wav", "pcm_s24le", format="s32"), "pcm_s24le", "wav", _NEAR, 24),
    "float.wav": Kind(Form("wav", "pcm_f32le", format="flt"), "pcm_f32le", "wav", _NEAR, 32),
    "double.wav": Kind(Form("wav", "pcm_f64le", format="dbl"), "pcm_f64le", "wav", _NEAR, 64),
    "microsoft.wav": Kind(Form("wav", "adpcm_ms"), "adpcm_ms", "wav", _LOSSY),
    "ima.wav": Kind(Form("wav", "adpcm_ima_wav"), "adpcm_ima_wav", "wav", _LOSSY),
    "alaw.wav": Kind(Form("wav", "pcm_alaw", 8000, "mono"), "pcm_alaw", "wav", _LOSSY),
    "mulaw.wav": Kind(Form("wav", "pcm_mulaw", 8000, "mono"), "pcm_mulaw", "wav", _LOSSY),
    "192 kHz.wav": Kind(Form("wav", "pcm_s24le", 192_000, format="s32"), "pcm_s24le", "wav", _NEAR, 24),
    "w64": Kind(Form("w64", "pcm_s16le"), "pcm_s16le", "w64", _SAME, 16),
    "aiff": Kind(Form("aiff", "pcm_s16be"), "pcm_s16be", "aiff", _SAME, 16),
    "24 bits.aif": Kind(Form("aiff", "pcm_s24be", format="s32"), "pcm_s24be", "aiff", _NEAR, 24),
    "au": Kind(Form("au", "pcm_s16be"), "pcm_s16be", "au", _SAME, 16),
    "alac.caf": Kind(Form("caf", "alac"), "alac", "caf", _SAME, 16),
    "pcm.caf": Kind(Form("caf", "pcm_s16be"), "pcm_s16be", "caf", _SAME, 16),
    "voc": Kind(Form("voc", "pcm_u8", format="u8"), "pcm_u8", "voc", _LOSSY, 8),
    "flac": Kind(Form("flac", "flac"), "flac", "flac", _SAME, 16),
    "mono.flac": Kind(_wide("mono"), "flac", "flac", _SAME, 16),
    "8 kHz.flac": Kind(_wide("mono", 8000), "flac", "flac", _LOSSY, 16),
    "22 kHz.flac": Kind(_wide("mono", 22_050), "flac", "flac", _LOSSY, 16),
    "96 kHz.flac": Kind(_wide("stereo", 96_000), "flac", "flac", _NEAR, 16),
    "192 kHz.flac": Kind(_wide("stereo", 192_000), "flac", "flac", _NEAR, 16),
    "quad.flac": Kind(_wide("quad"), "flac", "flac", _SAME, 16),
    "5.1.flac": Kind(_wide("5.1"), "flac", "flac", _NEAR, 16),
    "7.1.flac": Kind(_wide("7.1"), "flac", "flac", _NEAR, 16),
    "16 channels.wav": Kind(Form("wav", "pcm_s16le", RATE, "hexadecagonal"), "pcm_s16le", "wav", _NEAR, 16),
    "oga": Kind(Form("oga", "flac"), "flac", "ogg", _SAME, 16),
    "flac.mka": Kind(Form("matroska", "flac"), "flac", "matroska", _SAME, 16),
    "alac.m4a": Kind(Form("ipod", "alac"), "alac", "mp4", _SAME, 16),
    "wv": Kind(Form("wv", "wavpack"), "wavpack", "wv", _SAME, 16),
    "float.wv": Kind(Form("wv", "wavpack", format="flt"), "wavpack", "wv", _NEAR, 32),
    "tta": Kind(Form("tta", "tta"), "tta", "tta", _SAME, 16),
    "mp3": Kind(Form("mp3", "libmp3lame"), "mp3", "mp3", _LOSSY),
    "64.mp3": Kind(Form("mp3", "libmp3lame", bitrate=64_000), "mp3", "mp3", _LOSSY),
    "22 kHz.mp3": Kind(Form("mp3", "libmp3lame", 22_050, "mono"), "mp3", "mp3", _LOSSY),
    "8 kHz.mp3": Kind(Form("mp3", "libmp3lame", 8000, "mono"), "mp3", "mp3", _LOSSY),
    "mp2": Kind(Form("mp2", "mp2"), "mp2", "mp3", _LOSSY),
    "ogg": Kind(Form("ogg", "vorbis"), "vorbis", "ogg", _LOSSY),
    "5.1.ogg": Kind(Form("ogg", "libvorbis", RATE, "5.1"), "vorbis", "ogg", _LOSSY),
    "spx": Kind(Form("ogg", "libspeex", 16_000, "mono"), "speex", "ogg", _PHONE),
    "opus": Kind(Form("ogg", "libopus", 48_000), "opus", "ogg", _LOSSY),
    "32.opus": Kind(Form("ogg", "libopus", 48_000, bitrate=32_000), "opus", "ogg", _LOSSY),
    "5.1.opus": Kind(Form("ogg", "libopus", 48_000, "5.1"), "opus", "ogg", _LOSSY),
    "7.1.opus": Kind(Form("ogg", "libopus", 48_000, "7.1"), "opus", "ogg", _LOSSY),
    "webm": Kind(Form("webm", "libopus", 48_000), "opus", "matroska", _LOSSY),
    "m4a": Kind(Form("ipod", "aac"), "aac", "mp4", _LOSSY),
    "5.1.m4a": Kind(Form("ipod", "aac", RATE, "5.1"), "aac", "mp4", _LOSSY),
    "aac": Kind(Form("adts", "aac"), "aac", "aac", _LOSSY),
    "wma": Kind(Form("asf", "wmav2", bitrate=128_000), "wmav2", "asf", _PHONE),
    "old.wma": Kind(Form("asf", "wmav1", bitrate=128_000), "wmav1", "asf", _PHONE),
    "ac3": Kind(Form("ac3", "ac3", 48_000), "ac3", "ac3", _LOSSY),
    "5.1.ac3": Kind(Form("ac3", "ac3", 48_000, "5.1(side)"), "ac3", "ac3", _LOSSY),
    "eac3": Kind(Form("eac3", "eac3", 48_000), "eac3", "eac3", _LOSSY),
    "dts": Kind(Form("dts", "dca", 48_000, bitrate=768_000), "dts", "dts", _LOSSY),
    "thd": Kind(Form("truehd", "truehd", 48_000), "truehd", "truehd", _NEAR, 24),
    "mlp": Kind(Form("mlp", "mlp", 48_000), "mlp", "mlp", _NEAR, 24),
    "loas": Kind(Form("latm", "aac"), "aac_latm", "loas", _LOSSY),
    "amr": Kind(Form("amr", "libopencore_amrnb", 8000, "mono", 12_200), "amr_nb", "amr", _PHONE),
    "ra": Kind(Form("rm", "real_144", 8000, "mono"), "ra_144", "rm", _PHONE),
}
"""A file's name or the end of it: how it is made, and what must be said of it."""

OTHERS: dict[str, tuple[Callable[[Path], object], Kind]] = {
    "dsf": (lambda path: handmade.dsf(path, sound()), Kind(Form("", "", 352_800), "dsd_lsbf_planar", "dsf", _NEAR, 1)),
    "dff": (lambda path: handmade.dff(path, sound()), Kind(Form("", "", 352_800), "dsd_msbf", "iff", _NEAR, 1)),
    "mpc": (lambda path: handmade.mpc(path, sound()), Kind(Form("", ""), "musepack8", "mpc8", _LOSSY)),
}
"""Likewise, where FFmpeg has no encoder."""

ALL = {**KINDS, **{name: kind for name, (_make, kind) in OTHERS.items()}}
FILMS = (("mkv.mka", "matroska", "mpeg4"), ("mp4.m4a", "mp4", "mpeg4"), ("wmv.wma", "asf", "wmv2"))
PICTURED = (("mka", "matroska"), ("m4a", "mp4"))
UNINDEXED = ("m4a", "5.1.m4a", "alac.m4a", "alac.caf", "mpc")
"""What cannot be read without its end, where the index is."""
HEADLESS = ("amr",)
"""What any bytes can be, for its packets have nothing to know them by."""


def _damaged(folder: Path, name: str) -> None:
    """Write what is left of a file that was cut short, and a file of which the first bytes alone are good."""
    data = (folder / f"tune.{name}").read_bytes()
    (folder / f"cut.{name}").write_bytes(data[: len(data) * 6 // 10])
    (folder / f"junk.{name}").write_bytes(data[:64] + np.random.default_rng(1).bytes(200_000))


def _make(folder: Path) -> dict[str, str]:
    """Write all files of these tests, and return why some could not be made."""
    missing = {}
    for name, kind in ALL.items():
        rate = kind.form.rate
        try:
            if name in OTHERS:
                OTHERS[name][0](folder / f"tune.{name}")
            else:
                encode(folder / f"tune.{name}", sound(rate), kind.form)
                encode(folder / f"silent.{name}", silence(4, rate=rate), kind.form)
        except pytest.skip.Exception as reason:
            missing[name] = str(reason)
        else:
            _damaged(folder, name)
    for name, muxer, encoder in FILMS:
        handmade.film(folder / f"film.{name}", sound(), muxer, encoder, 25)
    for name, muxer in PICTURED:
        handmade.film(folder / f"pictured.{name}", sound(), muxer, "mjpeg", 1)
    return missing


@dataclass(frozen=True)
class Library:
    """Files of all kinds, and what was heard of each."""

    heard: dict[str, Heard]
    missing: dict[str, str]
    """Why no file of a kind could be made."""

    def __getitem__(self, name: str) -> Heard:
        """Return what was heard of a file; skips the test where nobody could make it."""
        kind = name.partition(".")[2]
        if kind in self.missing:
            pytest.skip(self.missing[kind])
        return self.heard[name]


def listened(folder: Path) -> dict[str, Heard]:
    """Listen to all files in a folder as a scan does."""
    wanted = []
    for entry in os.scandir(os.fsencode(folder)):
        info = entry.stat()
        wanted.append(
            Wanted(File("root", entry.name, info.st_size, info.st_mtime_ns), entry.path, identify_first=False)
        )
    heard = listen_all(wanted, lambda _hash: False, length=0, workers=2, timeout=60, memory=1 << 30)
    return {os.fsdecode(each.wanted.file.path): each for each in heard}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Make every file and listen to all of them."""
    folder = tmp_path_factory.mktemp("library")
    missing = _make(folder)
    return Library(listened(folder), missing)


def _differing(a: Words, b: Words) -> float:
    """Return the share of bits that differ where two fingerprints, up to a word late, agree best."""
    shares = []
    for late in (-1, 0, 1):
        ours, other = a[max(0, late) :], b[max(0, -late) :]
        count = min(len(ours), len(other))
        shares.append(float(np.bitwise_count(ours[:count] ^ other[:count]).mean()) / 32)
    return min(shares)


@pytest.mark.parametrize("name", ALL)
def test_what_is_said_of_a_file(name: str, library: Library) -> None:
    """Codec, container, rate, channels, bits and length are those that it was made with."""
    kind, found = ALL[name], library[f"tune.{name}"]
    assert found.error == ""
    assert found.audio is not None
    assert (found.audio.codec, found.audio.container) == (kind.codec, kind.container)
    assert (found.audio.bits, found.audio.lossless) == (kind.bits, kind.bits > 0)
    assert found.audio.sample_rate == pytest.approx(kind.form.rate, rel=0.001)
    assert found.audio.channels == av.AudioLayout(kind.form.layout).nb_channels
    assert found.audio.duration == pytest.approx(SECONDS, abs=0.1)
    assert found.audio.decode_errors == 0
    assert found.audio.sound_start == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("name", ALL)
def test_it_is_recognised_in_every_format(name: str, library: Library) -> None:
    """No more of the fingerprint's bits differ from the WAV's than the codec has to answer for."""
    words, wav = library[f"tune.{name}"].words, library["tune.wav"].words
    assert words is not None
    assert wav is not None
    assert abs(len(words) - len(wav)) <= 1
    assert _differing(words, wav) <= ALL[name].differing


@pytest.mark.parametrize("name", ALL)
def test_the_signs_of_quality_are_plausible(name: str, library: Library) -> None:
    """There is a level for each half kHz below half the rate, one for each second, and nothing is clipped."""
    found = library[f"tune.{name}"]
    wav = library["tune.wav"].quality
    assert found.audio is not None
    assert found.quality is not None
    assert wav is not None
    quality, nyquist = found.quality, found.audio.sample_rate / 2
    assert min(nyquist, 24_000) / BAND - 1.1 < len(quality.levels) <= min(nyquist, 24_000) / BAND
    assert len(quality.envelope) == pytest.approx(SECONDS, abs=1)
    quieter = np.array(list(quality.envelope[:7])) - np.array(list(wav.envelope[:7]))
    assert abs(np.median(quieter)) <= 7  # DSD and surround come out 6 dB lower
    assert np.ptp(quieter) <= 4
    assert found.audio.sample_rate > 192_000 or 10 < min(quality.levels) < 90
    assert quality.clipped == 0
    assert 0 <= quality.cutoff < nyquist


@pytest.mark.parametrize("name", KINDS)
def test_silence_in_every_format(name: str, library: Library) -> None:
    """Silence has a hash and a length and nothing to compare; a codec that adds noise to it keeps it under -60 dBFS."""
    found = library[f"silent.{name}"]
    assert found.error == ""
    assert found.audio is not None
    assert found.quality is not None
    assert found.audio.words == 0
    assert found.audio.duration == pytest.approx(4, abs=0.1)
    assert found.audio.sound_start == found.audio.duration
    assert min(found.quality.envelope) >= 60


@pytest.mark.parametrize("name", [name for name in ALL if name not in UNINDEXED])
def test_what_is_left_of_a_file_that_was_cut_short(name: str, library: Library) -> None:
    """The sound that is there is heard and recognised, and its length is what there is, not what the header claims."""
    found, wav = library[f"cut.{name}"], library["tune.wav"].words
    assert found.error == ""
    assert found.audio is not None
    assert found.words is not None
    assert wav is not None
    assert 3.9 <= found.audio.duration <= 4.9
    assert found.audio.decode_errors <= 1
    assert len(found.words) >= 10
    assert _differing(found.words, wav) <= ALL[name].differing + 0.02


@pytest.mark.parametrize("name", UNINDEXED)
def test_an_index_that_is_missing(name: str, library: Library) -> None:
    """A format that keeps its index at the end is refused in a sentence when the end is missing."""
    found = library[f"cut.{name}"]
    assert (found.audio, found.cause) == (None, Cause.FILE)
    assert found.error
    assert "moov" in found.error or name not in {"m4a", "5.1.m4a", "alac.m4a"}


@pytest.mark.parametrize("name", [name for name in ALL if name not in HEADLESS])
def test_junk_behind_a_good_beginning(name: str, library: Library) -> None:
    """A file that only begins like a format is refused, or too short to be recognised; it is never compared."""
    found = library[f"junk.{name}"]
    assert found.error
    assert found.cause is Cause.FILE
    assert found.words is None or not len(found.words)


@pytest.mark.parametrize("name", [name for name, _muxer, _encoder in FILMS])
def test_a_film_is_left_alone(name: str, library: Library) -> None:
    """Sound beside moving pictures is no music, whatever the name says, and nobody is told of it."""
    found = library[f"film.{name}"]
    assert (found.audio, found.error) == (None, "")


@pytest.mark.parametrize("name", [name for name, _muxer in PICTURED])
def test_a_picture_is_no_film(name: str, library: Library) -> None:
    """A stream of one picture is a cover, and the sound beside it is heard."""
    found = library[f"pictured.{name}"]
    assert found.error == ""
    assert found.audio is not None
    assert found.audio.codec == "aac"
    assert found.audio.duration == pytest.approx(SECONDS, abs=0.1)
