"""What the service says of a track is text that can be written and numbers that can be stored, whatever it says."""

from __future__ import annotations

import pytest
from yandex_music import Client, Track

from comet.backup import described


@pytest.mark.parametrize(
    ("said", "seconds"), [(20_000, 20.0), (20_000.5, 20.0), (10**30, 0.0), (float("inf"), 0.0), ("20", 0.0), (-1, 0.0)]
)
def test_a_length_is_a_number_that_can_be(said: object, seconds: float) -> None:
    """With a part of a millisecond as well; all else is none."""
    track = Track.de_json({"id": 1, "durationMs": said}, Client())
    assert track
    assert described.remote(track, "").seconds == seconds


def test_half_a_letter_and_a_huge_number_are_no_trouble() -> None:
    """They would end each pass where they are written down."""
    album = {"id": "a\ud83d", "title": "\ud83dB", "year": 10**30}
    track = Track.de_json({"id": "x\ud83d", "title": "cut \ud83d", "albums": [album]}, Client())
    assert track
    remote = described.remote(track, "")
    assert (remote.id, remote.title, remote.album, remote.album_id, remote.year) == ("x?", "cut ?", "?B", "a?", 0)
    assert described.named(None) == ""
