"""What one decode of a file says, and what is refused."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import wave
from collections.abc import Callable
from contextlib import nullcontext
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import mutagen
import mutagen.flac
import numpy as np
import pytest

from comet.core.errors import DecodeError
from comet.core.model import Audio, Words
from comet.listen import audio, content, ear
from comet.listen.ear import Ear
from tests.factories import RATE, silence, tone, tune, write

LOSSY = {
    "mp3": ("mp3", "mp3"),
    "ogg": ("vorbis", "ogg"),
    "opus": ("opus", "ogg"),
    "m4a": ("aac", "mp4"),
    "wma": ("wmav2", "asf"),
    "aac": ("aac", "aac"),
    "ac3": ("ac3", "ac3"),
    "mp2": ("mp2", "mp3"),
}
LOSSLESS = {
    "flac": ("flac", "flac", 16),
    "flac24": ("flac", "flac", 24),
    "alac": ("alac", "mp4", 16),
    "wav": ("pcm_s16le", "wav", 16),
    "wav24": ("pcm_s24le", "wav", 24),
    "wav8": ("pcm_u8", "wav", 8),
    "float": ("pcm_f32le", "wav", 32),
    "aiff": ("pcm_s16be", "aiff", 16),
    "wv": ("wavpack", "wv", 16),
    "tta": ("tta", "tta", 16),
    "mka": ("flac", "matroska", 16),
    "caf": ("alac", "caf", 16),
    "au": ("pcm_s16be", "au", 16),
}
ALL = [*LOSSY, *LOSSLESS]


def heard(told: audio.Listened) -> tuple[Audio, Words]:
    """Return the audio and its words."""
    return told.audio, told.words


def junk(seed: int, count: int) -> bytes:
    """Return random bytes."""
    return np.random.default_rng(seed).bytes(count)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], bytes]:
    """Return what gives 12 s of one tune in any kind of file; do not change these files."""
    folder = tmp_path_factory.mktemp("made")
    known: dict[str, bytes] = {}

    def make(kind: str) -> bytes:
        return known.get(kind) or known.setdefault(kind, write(folder / f"tune.{kind}", tune(1, 12), kind))

    return make


def refused(path: str | bytes | Path) -> str:
    """Return why a file is refused; both ways of reading must say the same."""
    reasons = set()
    for read in (audio.identify, audio.listen):
        with pytest.raises(DecodeError) as caught:
            read(os.fsencode(path))
        reasons.add(caught.value.reason)
    assert len(reasons) == 1
    return str(reasons.pop())


def fpcalc(path: bytes) -> list[int]:
    """Return what fpcalc makes of the whole file; its exit code is no use (Debian's 1.5.1 says 3 at every end)."""
    done = subprocess.run(["fpcalc", "-raw", "-length", "0", path], capture_output=True, check=False)
    line = next(line for line in done.stdout.splitlines() if line.startswith(b"FINGERPRINT="))
    return [int(word) for word in line.partition(b"=")[2].split(b",")]


@pytest.mark.skipif(not shutil.which("fpcalc"), reason="fpcalc is not installed")
@pytest.mark.parametrize("kind", ALL)
def test_words_are_those_of_fpcalc(kind: str, made: Callable[[str], bytes]) -> None:
    """Every kind of file has the fingerprint that fpcalc takes; another FFmpeg version may flip a bit in a thousand."""
    words = audio.listen(made(kind)).words
    expected = np.array(fpcalc(made(kind)), np.uint32)
    assert len(words) == len(expected)
    assert np.bitwise_count(words ^ expected).sum() <= 32 * len(words) / 1000


@pytest.mark.skipif(not shutil.which("fpcalc"), reason="fpcalc is not installed")
def test_the_resampler_is_that_of_fpcalc(tmp_path: Path) -> None:
    """Quiet noise has bits on the edge, which fall otherwise if the sound is resampled in any other way."""
    noise = (0.003 * np.random.default_rng(2).standard_normal(150 * RATE)).astype(np.float32)
    path = write(tmp_path / "a.wav", noise)
    assert np.bitwise_count(audio.listen(path).words ^ np.array(fpcalc(path), np.uint32)).sum() <= 2


@pytest.mark.parametrize("kind", LOSSY)
def test_lossy_files(kind: str, made: Callable[[str], bytes]) -> None:
    """Codec, container, rate, channels and length of what a lossy encoder wrote."""
    found = audio.listen(made(kind)).audio
    assert (found.codec, found.container) == LOSSY[kind]
    assert (found.lossless, found.bits, found.decode_errors) == (False, 0, 0)
    assert (found.sample_rate, found.channels) == (48_000 if kind == "opus" else RATE, 2)
    assert found.duration == pytest.approx(12, abs=0.06)
    size = os.stat(made(kind)).st_size
    assert 0.9 * size < found.bitrate * found.duration / 8 <= size + 10


@pytest.mark.parametrize("kind", LOSSLESS)
def test_lossless_files(kind: str, made: Callable[[str], bytes]) -> None:
    """Codec, container, bits and length of what a lossless encoder wrote."""
    found, words = heard(audio.listen(made(kind)))
    assert (found.codec, found.container, found.bits) == LOSSLESS[kind]
    assert (found.lossless, found.decode_errors, found.channels) == (True, 0, 2)
    assert found.duration == pytest.approx(12, abs=0.001)
    assert found.words == len(words) > 70


@pytest.mark.parametrize("kind", ALL)
def test_the_hash_needs_no_decoding(kind: str, made: Callable[[str], bytes]) -> None:
    """Demuxing alone gives the hash that listening gives, whole or in part."""
    digest = audio.identify(made(kind))
    assert len(digest) == 3 + 32
    assert digest.startswith("b3:")
    assert audio.listen(made(kind)).audio.hash == digest
    assert audio.listen(made(kind), 3).audio.hash == digest


@pytest.mark.parametrize("kind", ["mp3", "flac", "ogg", "opus", "m4a"])
def test_tags_do_not_change_the_hash(kind: str, made: Callable[[str], bytes], tmp_path: Path) -> None:
    """Retagging, growing the tags beyond their padding, and deleting them leave the hash alone."""
    path = tmp_path / f"a.{kind}"
    shutil.copy(os.fsdecode(made(kind)), path)
    before = audio.identify(os.fsencode(path))
    file = mutagen.File(path, easy=True)
    for title in ("x", "y" * 100_000):
        file["title"] = [title]
        file["artist"] = ["Кино"]
        file.save()
        assert audio.identify(os.fsencode(path)) == before
    file.delete()
    assert audio.identify(os.fsencode(path)) == before


@pytest.mark.parametrize("kind", ["mp3", "flac", "opus", "wav"])
def test_one_other_bit_is_another_hash(kind: str, made: Callable[[str], bytes], tmp_path: Path) -> None:
    """The hash covers the last packets as well as the first."""
    data = bytearray(Path(os.fsdecode(made(kind))).read_bytes())
    before = audio.identify(made(kind))
    for place in (len(data) // 2, len(data) - 600):
        data[place] ^= 1
        (tmp_path / "a").write_bytes(data)
        assert audio.identify(os.fsencode(tmp_path / "a")) != before
        data[place] ^= 1


def test_a_part_is_the_beginning_of_the_whole(made: Callable[[str], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """With a length only that much is decoded, but the track's duration is known all the same."""
    whole, words = heard(audio.listen(made("mp3")))
    decoded = 0
    decode = audio._decode

    def counted(*arguments: Any) -> None:  # noqa: ANN401
        nonlocal decoded
        decoded += 1
        decode(*arguments)

    monkeypatch.setattr(audio, "_decode", counted)
    part, some = heard(audio.listen(made("mp3"), 6.0))
    assert decoded < 0.7 * 12 * RATE / 1152
    assert 0 < len(some) < len(words)
    assert some.tolist() == words[: len(some)].tolist()
    assert part.duration == pytest.approx(whole.duration, abs=0.1)
    assert part.sound_end == 0


@pytest.mark.parametrize(
    "name", [b"a.flac", b"a", b"a.txt", b"\xff\xfe.mp3", b"%03d.mp3", b"-i:x.mp3", b"a:b?c=d\n.mp3"]
)
def test_any_name_will_do(name: bytes, made: Callable[[str], bytes], tmp_path: Path) -> None:
    """A wrong extension, none, and names that are patterns, options or addresses elsewhere change nothing."""
    path = os.path.join(os.fsencode(tmp_path), name)
    shutil.copy(made("mp3"), path)
    assert audio.listen(path).audio == audio.listen(made("mp3")).audio


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.mp3", b"", "empty"),
        ("a.mp3", b"these are words\n" * 99, "text"),
        ("a.flac", b"<html><body>404</body></html>", "web page"),
        ("a.mp3", b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(range(256)) * 9, "JPEG"),
        ("a.mp3", bytes(100_000), "zero bytes"),
        ("a.flac", b"fLaC", "header"),
        ("a.m4a", b"\0\0\0\x18ftypM4A \0\0\0\0" + bytes(9999), "moov"),
        ("a.flac", junk(1, 200_000), "no audio"),
        ("a.mp3", junk(2, 200_000), "no audio"),
    ],
)
def test_what_claims_to_be_audio_is_refused_with_the_reason(
    name: str, data: bytes, reason: str, tmp_path: Path
) -> None:
    """A file with an audio extension that is something else is an error that says what it is."""
    (tmp_path / name).write_bytes(data)
    assert reason in refused(tmp_path / name)


@pytest.mark.parametrize("data", [b"", b"text", b"\xff\xd8\xff\xe0", bytes(9999), junk(3, 9999)])
def test_what_is_no_music_is_ignored(data: bytes, tmp_path: Path) -> None:
    """A file that claims to be no audio, by name or content, is none."""
    (tmp_path / "Thumbs.db").write_bytes(data)
    for read in (audio.identify, audio.listen):
        with pytest.raises(audio.NotMusic):
            read(os.fsencode(tmp_path / "Thumbs.db"))


def test_no_samples(made: Callable[[str], bytes], tmp_path: Path) -> None:
    """A header without sound is refused."""
    (tmp_path / "a.wav").write_bytes(
        Path(os.fsdecode(made("wav"))).read_bytes().partition(b"data")[0] + b"data\0\0\0\0"
    )
    assert "no sound" in refused(tmp_path / "a.wav")


def test_nothing_but_files_is_opened(tmp_path: Path) -> None:
    """Pipes, sockets, folders are ignored without a wait; a link to nowhere is an error."""
    os.mkfifo(tmp_path / "pipe.mp3")
    (tmp_path / "folder.mp3").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "sock.mp3"))
        for name in ("pipe.mp3", "folder.mp3", "sock.mp3"):
            with pytest.raises(audio.NotMusic):
                audio.listen(os.fsencode(tmp_path / name))
    (tmp_path / "link.mp3").symlink_to("nowhere")
    assert "cannot be read" in refused(tmp_path / "link.mp3")


@pytest.mark.parametrize(
    "header",
    [b"", b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\2\0\x44\xac\0\0\x10\xb1\2\0\4\0\x10\0data\xff\xff\xff\xff"],
)
def test_a_hole_is_refused_at_once(header: bytes, tmp_path: Path) -> None:
    """A file of 4 TB that was never written is not read, which would take an hour; a silent one that was is heard."""
    path = tmp_path / "a.wav"
    with path.open("wb") as file:
        file.write(header)
        file.truncate(1 << 42)
    assert "hole" in refused(path)
    assert audio.listen(write(tmp_path / "b.wav", silence(20))).audio.duration == 20


PLAYLISTS = [
    "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{path}\n#EXT-X-ENDLIST\n",
    "ffconcat version 1.0\nfile 'file:{path}'\n",
    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\n",
]


@pytest.mark.parametrize("text", PLAYLISTS)
@pytest.mark.parametrize("guard", ["content", "formats", "protocols"])
def test_a_playlist_opens_nothing(
    text: str, guard: str, made: Callable[[str], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A playlist called .mp3 leads nowhere; each of three guards holds without those before it."""
    shutil.copy(os.fsdecode(made("mp3")), tmp_path / "tune.mp3")
    (tmp_path / "a.mp3").write_text(text.format(path=tmp_path / "tune.mp3"))
    if guard != "content":
        monkeypatch.setattr(content, "other", lambda _head: "")
    if guard == "protocols":
        monkeypatch.setattr(audio, "_FORMATS", audio._FORMATS + ",hls,concat,sdp,rtp")
        real: Any = av.open

        def reckless(*arguments: Any, container_options: dict[str, str], **more: Any) -> object:  # noqa: ANN401
            return real(*arguments, container_options=container_options | {"safe": "0"}, **more)

        monkeypatch.setattr(av, "open", reckless)
    assert refused(tmp_path / "a.mp3")


def test_only_audio_formats_are_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FFmpeg reads hundreds of formats; those that hold no music collection are no way in."""
    film = tmp_path / "a.mp3"
    with av.open(str(film), "w", format="avi") as container:
        stream = container.add_stream("mp3", rate=RATE)
        assert isinstance(stream, av.AudioStream)
        block = av.AudioFrame.from_ndarray(np.zeros((1, RATE), np.float32), format="fltp", layout="mono")
        block.sample_rate, block.pts, block.time_base = RATE, 0, Fraction(1, RATE)
        container.mux([*stream.encode(block), *stream.encode(None)])
    assert "video" in refused(film)
    monkeypatch.setattr(content, "other", lambda _head: "")
    assert refused(film)


def damaged(data: bytes, how: str) -> bytes:
    """Return an MP3 as life leaves it."""
    rng = np.random.default_rng(4)
    middle = len(data) // 2
    if how == "bit rot":
        rotten = bytearray(data)
        for _hole in range(25):
            place = int(rng.integers(2000, len(data) - 300))
            rotten[place : place + 300] = rng.bytes(300)
        return bytes(rotten)
    return {
        "truncated": data[:middle],
        "nul tail": data[:middle] + bytes(middle),
        "junk in front": b"\r\n".join(rng.bytes(70) for _line in range(1000)) + data[45:],
    }[how]


@pytest.mark.parametrize("how", ["truncated", "nul tail", "bit rot", "junk in front"])
def test_real_damage_is_listened_to(how: str, tmp_path: Path) -> None:
    """What is there of a damaged file is heard and recognised."""
    path = write(tmp_path / "a.mp3", tune(1, 30))
    whole = audio.listen(path).words
    data = Path(os.fsdecode(path)).read_bytes()
    Path(os.fsdecode(path)).write_bytes(damaged(data, how))
    found, words = heard(audio.listen(path))
    assert 14 < found.duration < 31
    assert found.claimed == pytest.approx(30, abs=0.1) or how == "junk in front"
    assert np.bitwise_count(words[:25] ^ whole[:25]).mean() < 32 * 0.12


def test_noise_between_a_few_frames_is_refused(tmp_path: Path) -> None:
    """A file of which next to nothing can be decoded is damaged, however good its first frames are."""
    data = Path(os.fsdecode(write(tmp_path / "a.mp3", tune(1, 60)))).read_bytes()
    rng = np.random.default_rng(9)
    (tmp_path / "a.mp3").write_bytes(
        data[:12_000] + rng.integers(0, 0xF0, len(data) - 12_000).astype(np.uint8).tobytes()
    )
    with pytest.raises(DecodeError, match="hardly anything"):
        audio.listen(os.fsencode(tmp_path / "a.mp3"))


@pytest.mark.parametrize(("refused_packets", "good"), [(6, False), (4, True)])
def test_more_bad_packets_than_good_ones_are_refused(refused_packets: int, good: bool) -> None:  # noqa: FBT001
    """Where most packets are refused, the few others are chance, however long they are."""
    tally, ear = audio._Tally(), Ear(0, loudness=False)
    tally.packets, tally.decoded, tally.refused = 5 + refused_packets, 5, refused_packets
    tally.bytes, tally.refused_bytes = 1000, 10
    ear.first = av.AudioFrame(samples=9)
    source: Any = SimpleNamespace(path="a")
    with nullcontext() if good else pytest.raises(DecodeError, match="hardly anything"):
        audio._check(source, tally, ear)


@pytest.mark.parametrize("how", ["size beyond the end", "junk"])
def test_a_broken_front_hides_no_music(how: str, made: Callable[[str], bytes], tmp_path: Path) -> None:
    """A tag that claims more than there is, and junk, are stepped over: the hash is that of the clean file."""
    data = Path(os.fsdecode(made("mp3"))).read_bytes()
    assert data[:3] == b"ID3"
    end = content.id3_end(data)
    front = data[:6] + b"\x7f\x7f\x7f\x7f" + data[10:end] if how != "junk" else junk(1, 70_000)
    (tmp_path / "a.mp3").write_bytes(front + data[end:])
    assert audio.identify(os.fsencode(tmp_path / "a.mp3")) == audio.identify(made("mp3"))


def test_silence_is_audio_without_words(tmp_path: Path) -> None:
    """A silent file has a hash and a duration, nothing to compare, and is quiet from start to end."""
    found, words = heard(audio.listen(write(tmp_path / "a.flac", silence(10))))
    assert (len(words), found.words) == (0, 0)
    assert (found.duration, found.sound_start, found.sound_end) == (10, 10, 0)


def test_audible_start_and_end(tmp_path: Path) -> None:
    """The quiet at both ends is measured to 50 ms."""
    sound = np.concatenate((silence(2), tone(5), silence(1)))
    found = audio.listen(write(tmp_path / "a.flac", sound)).audio
    assert (found.sound_start, found.sound_end) == pytest.approx((2, 1), abs=0.05)


def test_too_short_is_audio_without_words(tmp_path: Path) -> None:
    """A file under 2.7 s is an audio, with a hash and no words."""
    found, words = heard(audio.listen(write(tmp_path / "a.flac", tune(1, 2.6))))
    assert (len(words), found.words, found.hash[:3]) == (0, 0, "b3:")


def test_another_format_in_mid_stream(tmp_path: Path) -> None:
    """A stream that goes on in another rate and layout is heard on."""
    first = write(tmp_path / "1.mp3", tune(1, 12))
    second = write(tmp_path / "2.mp3", tune(2, 12, rate=22_050), rate=22_050, layout="mono")
    (tmp_path / "a.mp3").write_bytes(b"".join(Path(os.fsdecode(path)).read_bytes() for path in (first, second)))
    found, words = heard(audio.listen(os.fsencode(tmp_path / "a.mp3")))
    assert found.duration == pytest.approx(24, abs=0.2)
    alone = audio.listen(second).words[10:60]
    assert min(np.bitwise_count(words[at : at + 50] ^ alone).mean() for at in range(80, len(words) - 50)) < 32 * 0.08


def test_a_chain_that_ffmpeg_cannot_follow_equals_only_a_copy(tmp_path: Path) -> None:
    """A chained Ogg of two formats is heard to the end of the first part, but has not the hash of that part alone."""
    first = write(tmp_path / "1.opus", tune(1, 12))
    second = write(tmp_path / "2.opus", tune(2, 12), layout="mono")
    path = tmp_path / "a.opus"
    path.write_bytes(b"".join(Path(os.fsdecode(part)).read_bytes() for part in (first, second)))
    found, words = heard(audio.listen(os.fsencode(path)))
    assert found.decode_errors == 1
    assert words.tolist() == audio.listen(first).words.tolist()
    assert found.hash == audio.identify(os.fsencode(path)) != audio.identify(first)


def test_a_film_is_no_music_and_a_cover_is_no_film(made: Callable[[str], bytes], tmp_path: Path) -> None:
    """A moving picture makes a file none of ours; an embedded picture does not."""
    film = tmp_path / "a.m4a"
    with av.open(str(film), "w", format="mp4") as container:
        video = container.add_stream("mpeg4", rate=25)
        sound = container.add_stream("aac", rate=RATE)
        assert isinstance(video, av.VideoStream)
        assert isinstance(sound, av.AudioStream)
        video.width, video.height = 64, 64
        for number in range(25):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number * 9, np.uint8), format="rgb24")
            container.mux(video.encode(frame))
        block = av.AudioFrame.from_ndarray(tune(1, 1)[None, :], format="fltp", layout="mono")
        block.sample_rate, block.pts, block.time_base = RATE, 0, Fraction(1, RATE)
        container.mux(sound.encode(block))
        container.mux([*video.encode(None), *sound.encode(None)])
    with pytest.raises(audio.NotMusic):
        audio.identify(os.fsencode(film))
    covered = tmp_path / "b.flac"
    shutil.copy(os.fsdecode(made("flac")), covered)
    tagged = mutagen.flac.FLAC(covered)  # type: ignore[no-untyped-call]
    picture = mutagen.flac.Picture()  # type: ignore[no-untyped-call]
    picture.mime, picture.type, picture.data = "image/jpeg", 3, b"\xff\xd8\xff\xe0" + bytes(999)
    tagged.add_picture(picture)  # type: ignore[no-untyped-call]
    tagged.save()
    assert audio.identify(os.fsencode(covered)) == audio.identify(made("flac"))


@pytest.mark.parametrize("read", [audio.identify, audio.listen])
def test_a_read_error_is_no_end(
    read: Callable[[bytes], object], made: Callable[[str], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails in mid-file is an error of reading, never a shorter track."""
    calls = 0
    real = os.pread

    def failing(descriptor: int, count: int, offset: int) -> bytes:
        nonlocal calls
        calls += 1
        if calls > 1:  # the first look at the head works
            raise OSError(errno.EIO, "failing")
        return real(descriptor, count, offset)

    monkeypatch.setattr(os, "pread", failing)
    with pytest.raises(DecodeError, match="Input/output error"):
        read(made("flac"))


def test_only_real_claims_count(made: Callable[[str], bytes]) -> None:
    """A length that FFmpeg would guess from the bytes is no claim; one that stands in the file is."""

    def claimed(kind: str) -> Audio:
        return audio.listen(made(kind)).audio

    assert [claimed(kind).claimed for kind in ("mp2", "aac", "ac3")] == [0, 0, 0]
    for kind in ("mp3", "flac", "ogg", "opus", "m4a", "wav", "mka"):
        assert claimed(kind).claimed == pytest.approx(12, abs=0.05)


def test_descriptors_are_closed(made: Callable[[str], bytes], tmp_path: Path) -> None:
    """Nothing stays open, whatever the outcome."""
    (tmp_path / "a.flac").write_bytes(b"fLaC" + bytes(999))
    before = len(os.listdir("/proc/self/fd"))
    for _time in range(3):
        audio.listen(made("mp3"))
        refused(tmp_path / "a.flac")
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("channels", [9, 32])
def test_channels_whose_places_nobody_knows_count_the_same(channels: int, tmp_path: Path) -> None:
    """A WAV that says nothing of where its channels belong is heard as the mean of them."""
    samples = np.asarray(tune(3, 12) * 20_000, "<i2")
    with wave.open(str(tmp_path / "many.wav"), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.repeat(samples, channels).tobytes())
    found = audio.listen(os.fsencode(tmp_path / "many.wav"), loudness=True)
    alone = audio.listen(write(tmp_path / "one.wav", tune(3, 12) * np.float32(20_000 / 32_767))).words
    assert (found.audio.channels, found.audio.decode_errors) == (channels, 0)
    assert np.bitwise_count(found.words ^ alone).mean() < 0.5
    assert found.loudness is not None


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs ffmpeg")
def test_a_wav_that_names_no_places_is_mixed_as_any_stereo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Left and right need not be named: sample for sample it is the FLAC of the same sound."""
    left, right = (np.asarray(tune(seed, 15) * 20_000, "<i2") for seed in (5, 6))
    both = np.stack((left, right), axis=1)
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(both.tobytes())
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", "a.wav", "a.flac"], cwd=tmp_path, check=True, stdin=subprocess.DEVNULL
    )
    heard: list[list[bytes]] = []

    class Kept(ear.Sound):
        """Keeps what it is fed."""

        def __init__(self, limit: int) -> None:
            super().__init__(limit)
            heard.append([])

        def feed(self, block: np.ndarray[tuple[int], np.dtype[np.int16]]) -> None:
            heard[-1].append(block.tobytes())
            super().feed(block)

    monkeypatch.setattr(ear, "Sound", Kept)
    for name in ("a.wav", "a.flac"):
        audio.listen(os.fsencode(tmp_path / name))
    wav, flac = (b"".join(blocks) for blocks in heard)
    assert len(wav) > 20 * 11_025
    assert wav == flac
