"""Which track stays, and why."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comet.core.measures import AROUND, PEAKS, Quality
from comet.core.model import IMPORTED, File, Track
from comet.decide.keeper import Step, against, best, choose, left, narrowed, of_kind, ordinary, reasons
from tests.unit.judge.made import track

LONGER = track(2, duration=202.0, bitrate=8000)
LOSSLESS = track(1, lossless=True, bits=16, duration=200.5, bitrate=1)
RICHER = track(3, duration=200.5, bitrate=320_000)
LARGER = track(5, duration=200.5, bitrate=192_000, size=2000)
PLAIN = track(6, duration=200.5, bitrate=192_000)
ORDER = [LONGER, LOSSLESS, RICHER, LARGER, PLAIN]

FULL = bytes([60, 70, 80, 85, *range(90, 130)])
"""Levels of bright music up to 22 kHz."""
ENVELOPE = bytes([40] * 200)


def cut(hertz: int, nothing: int = 255) -> Quality:
    """Return the measures of music that ends in a cliff; of 16 bits about 204 is left above it."""
    bands = hertz // 500
    return Quality(0.0, float(hertz), FULL[:bands] + bytes([nothing] * (len(FULL) - bands)), ENVELOPE)


WHOLE = Quality(0.0, 0.0, FULL, ENVELOPE)


@pytest.mark.parametrize(("better", "worse"), list(itertools.combinations(ORDER, 2)))
def test_order_of_weights(better: Track, worse: Track) -> None:
    """Length beats lossless beats bitrate beats size, from either side."""
    assert choose([better, worse]) == 0
    assert choose([worse, better]) == 1


def test_some_tenths_are_no_difference() -> None:
    """Lengths within .9 s of the longest are equal: the bitrate decides; silence at the ends is no length."""
    assert choose([track(1, duration=200.0, bitrate=320_000), track(2, duration=200.9, bitrate=128_000)]) == 0
    assert choose([track(1, duration=200.0, bitrate=320_000), track(2, duration=201.0, bitrate=128_000)]) == 1
    padded = track(2, duration=206.0, sound_start=6.0, bitrate=128_000)
    assert choose([track(1, duration=200.0, bitrate=320_000), padded]) == 0


def test_silence_is_no_reason_to_stay() -> None:
    """Of two that are alike the one without silence around it stays, though it is the smaller one."""
    padded = track(2, duration=206.0, sound_end=6.0, size=2000)
    assert choose([padded, track(1, duration=200.0)]) == 1
    assert against([padded, track(1, duration=200.0)], 1) == {0: "6 s of silence before and after it"}


def test_a_quiet_end_is_measured_against_the_track_itself() -> None:
    """Of a copy 20 dB quieter less lies above -60 dBFS, and it lacks nothing for that."""
    fading = bytes([40] * 190 + list(range(40, 140, 10)))
    faint = bytes(level + 40 for level in fading)
    loud = track(1, duration=200.0, bitrate=128_000)
    quiet = track(2, duration=200.0, sound_end=4.0, bitrate=320_000)
    heard = {1: replace(WHOLE, envelope=fading), 2: replace(WHOLE, envelope=faint)}
    assert choose([loud, quiet], heard=heard) == 1
    assert choose([loud, quiet]) == 0


@pytest.mark.parametrize("broken", [{"decode_errors": 2}, {"claimed": 200.3}])
def test_a_damaged_track_loses(broken: dict[str, float]) -> None:
    """Packets that the decoder refused, or sound that the file claims and has not: a whole lossy one is better."""
    tracks = [track(1, lossless=True, bits=16, duration=200.0, **broken), track(2, duration=200.0)]
    assert choose(tracks) == 1
    assert reasons(tracks, 1) == ["undamaged"]
    assert "damaged: " in against(tracks, 1)[0]


def test_a_transcode_is_not_lossless() -> None:
    """A lossless file without the highs that a lossy one has loses, and both sides are told why."""
    fake = track(1, "fake.flac", lossless=True, bits=16, bitrate=900_000, size=9000)
    lossy = track(2, "good.mp3", bitrate=320_000)
    tracks, heard = [fake, lossy], {1: cut(16_000, 204), 2: cut(20_000)}
    assert choose(tracks) == 0
    assert choose(tracks, heard=heard) == 1
    assert reasons(tracks, 1, heard=heard) == ["keeps most of the sound: mp3 of 320 kbit/s"]
    assert against(tracks, 1, heard=heard) == {
        0: "transcoded: nothing above 16 kHz, where `good.mp3` has music up to 20 kHz"
    }


def test_a_lossless_track_beats_what_was_made_from_its_lossy_copy() -> None:
    """Of two lossless ones that with the highs stays."""
    tracks = [track(1, lossless=True, bits=16, size=9000), track(2, lossless=True, bits=16)]
    heard = {1: cut(19_000, 204), 2: WHOLE}
    assert choose(tracks, heard=heard) == 1
    assert reasons(tracks, 1, heard=heard) == ["lossless"]


def test_a_file_loses_to_the_lossy_one_that_it_was_made_from() -> None:
    """Its samples are those of the lossy one, and it has nothing more; the original has."""
    lossy, fake = track(1, bitrate=128_000), track(2, "fake.flac", lossless=True, bits=16, bitrate=900_000)
    original = track(3, lossless=True, bits=16, bitrate=900_000)
    samples = np.random.default_rng(1).integers(-30_000, 30_000, (2, AROUND * PEAKS)).astype("<i2")
    decoded, other = (each.tobytes() for each in samples)
    heard = {1: replace(cut(16_500), peaks=decoded), 2: replace(cut(16_500, 204), peaks=decoded), 3: WHOLE}
    assert choose([lossy, fake], heard=heard) == 0
    assert reasons([lossy, fake], 0, heard=heard) == ["what another one was made from"]
    assert against([lossy, fake], 0, heard=heard) == {
        1: "decoded from a lossy file like `1.mp3`, for it has the same samples: there is nothing more in it"
    }
    assert choose([lossy, fake, original], heard=heard) == 2
    assert choose([lossy, fake], heard=heard | {2: replace(heard[2], peaks=other)}) == 1


@pytest.mark.parametrize("rough", [{"codec": "adpcm_ima_wav"}, {"codec": "pcm_u8", "lossless": True, "bits": 8}])
def test_noise_of_a_codec_is_no_music(rough: dict[str, object]) -> None:
    """What coarse samples put in above the end of the music makes no lossless file a transcode."""
    tracks = [track(1, lossless=True, bits=16, bitrate=700_000), track(2, bitrate=352_000, channels=2, **rough)]
    assert choose(tracks, heard={1: cut(16_000, 204), 2: WHOLE}) == 0


def test_a_cliff_of_its_own_makes_no_transcode() -> None:
    """An old recording ends where it ends, and what was made from it ends there too: it is that which goes."""
    old = Quality(0.0, 16_000.0, bytes(level + 1 for level in FULL[:32]) + bytes([204] * (len(FULL) - 32)), ENVELOPE)
    tracks = [track(1, lossless=True, bits=16, bitrate=700_000), track(2, bitrate=128_000)]
    assert choose(tracks, heard={1: old, 2: cut(16_000)}) == 0


def test_a_high_bitrate_does_not_make_up_for_lost_sound() -> None:
    """Encoded again at a higher rate, a file is worth what is left in it."""
    again, honest = track(1, bitrate=320_000), track(2, bitrate=192_000)
    assert choose([again, honest], heard={1: cut(16_000), 2: cut(18_500)}) == 1
    assert choose([again, honest], heard={1: cut(20_000), 2: cut(18_500)}) == 0


def test_bits_of_codecs_differ_in_worth() -> None:
    """Opus at 128 kbit/s keeps more than MP3 at 160, and less than at 256."""
    opus = track(1, codec="opus", bitrate=128_000)
    assert choose([opus, track(2, bitrate=160_000)]) == 0
    assert choose([opus, track(2, bitrate=256_000)]) == 1


@pytest.mark.parametrize("kind", [{"bitrate": 320_000}, {"lossless": True, "bits": 16}])
def test_a_clipped_or_noisy_copy_loses_to_a_clean_one(kind: dict[str, int]) -> None:
    """At equal format, though it takes more."""
    tracks = [track(1, size=9000, **kind), track(2, **kind)]
    dark = bytes([60, 70, *range(80, 164, 2)])
    clean = Quality(0.0, 0.0, dark, ENVELOPE)
    clipped = replace(clean, clipped=0.01, levels=bytes(level - 12 for level in dark))
    hiss = replace(clean, levels=bytes(round(-20 * np.log10(10 ** (-b / 20) + 10 ** (-110 / 20))) for b in dark))
    for worse, why in ((clipped, "clipped: 1 % of its samples"), (hiss, "there is noise that `2.mp3` has not")):
        assert choose(tracks, heard={1: worse, 2: clean}) == 1
        assert against(tracks, 1, heard={1: worse, 2: clean}) == {0: why}


def test_what_was_loud_from_the_start_is_not_clipped() -> None:
    """A codec moves peaks about: of a loud original more samples are at full scale than of what was made of it."""
    original, fake = track(1, lossless=True, bits=16), track(2, lossless=True, bits=16, size=900)
    assert choose([fake, original], heard={1: replace(WHOLE, clipped=0.1), 2: replace(WHOLE, clipped=0.004)}) == 1


def test_more_bits_and_samples_only_where_there_is_sound_for_them() -> None:
    """Of two lossless ones the finer one stays, unless its rate holds no more than the other one's."""
    fine = track(1, lossless=True, bits=24, sample_rate=96_000)
    disc = track(2, lossless=True, bits=16, size=9000)
    high = Quality(0.0, 0.0, FULL + bytes([130, 131, 132, 133]), ENVELOPE)
    none = Quality(0.0, 0.0, FULL + bytes([150, 200, 204, 204]), ENVELOPE)
    assert choose([fine, disc], heard={1: high, 2: WHOLE}) == 0
    assert choose([fine, disc], heard={1: none, 2: WHOLE}) == 1
    assert reasons([fine, disc], 0, heard={1: high, 2: WHOLE}) == ["most bits a sample: 24"]
    larger = replace(fine, file=replace(fine.file, size=10_000))
    assert against([larger, disc], 1, heard={1: none, 2: WHOLE}) == {
        0: "blown up: no more than 44.1 kHz and 16 bits a sample are in it"
    }


def test_bits_that_hold_nothing_do_not_count() -> None:
    """Eight in sixteen lose to sixteen; twenty-four that a codec left empty are no more than sixteen."""
    fine, disc = track(1, lossless=True, bits=24, size=9000), track(2, lossless=True, bits=16)
    assert choose([fine, disc], heard={1: cut(20_000), 2: cut(20_000, 204)}) == 1
    coarse = replace(WHOLE, peaks=b"\0\x40" * AROUND)
    assert choose([track(1, lossless=True, bits=16, size=9000), disc], heard={1: coarse, 2: WHOLE}) == 1


def test_a_rough_codec_is_worth_less_than_its_bits() -> None:
    """Where no lossless track is whole, one of four bits a sample does not go before a good lossy one."""
    rough = track(2, codec="adpcm_ima_wav", bitrate=352_000)
    tracks = [track(1, lossless=True, bits=16, bitrate=700_000), rough, track(3, bitrate=256_000)]
    assert choose(tracks, heard={1: cut(16_000, 204), 2: WHOLE, 3: WHOLE}) == 2


def test_path_settles_the_rest() -> None:
    """Of tracks that are alike the first by path stays."""
    tracks = [track(1, "b.mp3"), track(1, "a.mp3"), track(1, "c.mp3")]
    assert choose(tracks) == 1
    assert reasons(tracks, 1) == ["otherwise alike, first by path"]


def test_nothing_to_choose_from() -> None:
    """Without tracks there is no keeper."""
    with pytest.raises(ValueError, match="nothing"):
        choose([])


def test_reasons_name_what_set_it_apart() -> None:
    """Each step at which others fell behind gives a sentence, and no other step does."""
    tracks = [
        track(1, lossless=True, duration=215.0, bitrate=900_000, sample_rate=96_000, size=24_000_000),
        track(2, lossless=True, duration=215.4, bitrate=900_000, size=24_000_000),
        track(3, duration=215.0, bitrate=320_000),
    ]
    assert reasons(tracks, 0) == ["lossless", "highest sample rate: 96 kHz"]


def test_reasons_in_figures() -> None:
    """Lengths, bitrates and sizes are told as people read them."""
    best_one = track(1, duration=250.0, bitrate=320_000, size=9_100_000)
    rivals = [
        track(2, duration=240.0, bitrate=320_000, size=9_100_000),
        track(3, duration=250.0, bitrate=128_000, size=9_100_000),
        track(4, duration=250.0, bitrate=318_000, size=9_100_000),
        track(5, duration=250.0, bitrate=320_000, size=9_000_000),
    ]
    assert reasons([best_one, *rivals], 0) == [
        "longest: 4:10 to be heard",
        "keeps most of the sound: mp3 of 320 kbit/s",
        "highest bitrate: 320 kbit/s",
        "largest file: 9.1 MB",
    ]
    assert against([best_one, *rivals], 0) == {
        1: "cut: 4:00 to be heard, 10.0 s less than of `1.mp3`",
        2: "keeps less of the sound: mp3 of 128 kbit/s, and `1.mp3` is mp3 of 320 kbit/s",
        3: "keeps less of the sound: mp3 of 318 kbit/s, and `1.mp3` is mp3 of 320 kbit/s",
        4: "smaller: 9.0 MB",
    }


def test_keeper_against_the_order_gets_only_true_reasons() -> None:
    """A track chosen by hand is praised for nothing after the step at which it falls behind, nor others blamed."""
    assert reasons([RICHER, LONGER, LOSSLESS], 2) == []
    assert against([RICHER, LONGER, LOSSLESS], 2) == {}
    longer = track(7, duration=202.0, lossless=True, bits=16)
    assert reasons([LONGER, PLAIN, longer], 0) == ["longest: 3:22 to be heard"]
    assert set(against([LONGER, PLAIN, longer], 0)) == {1}


def test_alone_needs_no_reason() -> None:
    """A single track stays without a reason."""
    assert choose([PLAIN]) == 0
    assert reasons([PLAIN], 0) == []


REFERENCE = track(8, "reference/x.mp3", duration=10.0, bitrate=8000, size=1)
INCOMING = track(9, "incoming/x.flac", lossless=True, duration=900.0, bitrate=1_000_000, size=9_000_000)


def role(found: Track) -> int:
    """Let the folder decide how a track counts."""
    return {b"reference": 1, b"incoming": -1}.get(found.file.path.partition(b"/")[0], 0)


def test_the_folder_outweighs_everything() -> None:
    """The worst track of a reference folder stays before the best one elsewhere, and incoming loses to all."""
    for one, other in itertools.permutations([REFERENCE, PLAIN, INCOMING], 2):
        better = max(one, other, key=role)
        assert choose([one, other], role) == [one, other].index(better)
    assert choose([REFERENCE, INCOMING]) == 1


def test_between_tracks_of_like_folders_quality_decides() -> None:
    """Two references, or two that just came in, are weighed as always."""
    finer = track(10, "reference/y.mp3", duration=10.0, bitrate=9000)
    assert choose([REFERENCE, finer, LOSSLESS], role) == 1
    other = track(11, "incoming/y.mp3", duration=900.0)
    assert choose([other, INCOMING], role) == 1


def test_the_folder_is_the_first_reason_where_it_told_them_apart() -> None:
    """And no reason where all lie in folders that count the same."""
    assert reasons([REFERENCE, LOSSLESS], 0, role) == ["in a reference folder"]
    assert against([REFERENCE, LOSSLESS], 0, role) == {
        1: "`/music/reference/x.mp3` goes before it: in a reference folder"
    }
    assert reasons([INCOMING, PLAIN], 1, role) == ["the others lie in an incoming folder"]
    assert reasons([LOSSLESS, PLAIN, INCOMING], 0, role) == ["the others lie in an incoming folder", "lossless"]
    assert reasons([LOSSLESS, PLAIN], 0, role) == ["lossless"]
    assert reasons([REFERENCE, LOSSLESS], 1, role) == []


def test_a_rule_comes_after_the_folder_and_before_the_worth() -> None:
    """It narrows what the folders leave, and is told as a reason where it did."""
    small = Step(best(lambda t: -t.file.size), lambda _track: "small")
    assert choose([LARGER, PLAIN, LOSSLESS], rules=[small]) == 2
    assert choose([LARGER, PLAIN], rules=[small]) == 1
    assert reasons([LARGER, PLAIN], 1, rules=[small]) == ["small"]
    assert choose([LARGER, REFERENCE, PLAIN], role, [small]) == 1


def test_tracks_of_one_kind_are_equals() -> None:
    """Any whole lossless one may stand for another, and none that lacks something."""
    other = track(7, lossless=True, bits=24, duration=200.5)
    assert left([LOSSLESS, PLAIN, other], of_kind()) == [0, 2]
    assert left([LOSSLESS, other], of_kind(heard={1: cut(16_000, 204), 7: WHOLE})) == [1]


@st.composite
def groups(draw: st.DrawFn) -> tuple[list[Track], dict[int, Quality]]:
    """Draw tracks that differ little, and what was measured on some of them."""
    qualities = [WHOLE, cut(16_000), cut(16_000, 204), cut(20_000), replace(WHOLE, clipped=0.01)]
    tracks, heard = [], {}
    for serial in range(1, draw(st.integers(2, 6))):
        tracks.append(
            track(
                serial,
                size=draw(st.integers(1, 2)),
                lossless=draw(st.booleans()),
                duration=200 + draw(st.sampled_from([0.0, 0.7, 1.4])),
                bitrate=draw(st.sampled_from([128_000, 320_000])),
                sample_rate=draw(st.sampled_from([44100, 96000])),
                decode_errors=draw(st.integers(0, 1)),
            )
        )
        if found := draw(st.none() | st.sampled_from(qualities)):
            heard[serial] = replace(found, envelope=bytes([40] * math.ceil(tracks[-1].audio.duration)))
    return tracks, heard


@given(groups(), st.randoms(use_true_random=False))
def test_same_keeper_in_any_order(drawn: tuple[list[Track], dict[int, Quality]], chance: Random) -> None:
    """The same track is chosen, for the same reasons, whatever the order; each other one has one against it."""
    some, heard = drawn
    mixed = some.copy()
    chance.shuffle(mixed)
    one, other = choose(some, heard=heard), choose(mixed, heard=heard)
    assert some[one] == mixed[other]
    assert reasons(some, one, heard=heard) == reasons(mixed, other, heard=heard)
    assert set(against(some, one, heard=heard)) == set(range(len(some))) - {one}
    assert len(some) == 1 or reasons(some, one, heard=heard)


@given(groups())
def test_neither_cut_nor_damaged_over_a_whole_one(drawn: tuple[list[Track], dict[int, Quality]]) -> None:
    """Whatever else speaks for it, no cut track is kept, and no damaged one while a whole one is as long."""
    some, heard = drawn
    kept = some[choose(some, heard=heard)]
    assert kept.audio.audible >= max(t.audio.audible for t in some) - 0.9
    if kept.audio.decode_errors:
        whole = [t for t in some if t.audio.audible >= max(t.audio.audible for t in some) - 0.9]
        assert all(t.audio.decode_errors for t in whole)


@given(groups())
def test_each_step_leaves_something(drawn: tuple[list[Track], dict[int, Quality]]) -> None:
    """Steps only narrow, never to nothing, until one is left."""
    some, heard = drawn
    left = some
    for _step, after in narrowed(some, ordinary, (), heard):
        assert after
        assert all(t in left for t in after)
        left = after
    assert len(left) == 1


def test_a_file_beats_an_imported_fingerprint() -> None:
    """Whatever else speaks for it, from either side: of what was imported there is nothing to keep."""
    better = replace(track(1, lossless=True, duration=900.0), file=File(IMPORTED.id, b"a", 0, 0), root=b"")
    assert choose([better, PLAIN]) == 1
    assert choose([PLAIN, better], lambda each: 1 if each.imported else -1) == 0
    assert reasons([better, PLAIN], 1) == ["the others are imported fingerprints, without a file"]
