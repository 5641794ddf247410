"""The merged set written over every pair of formats: what arrives, what a format cannot hold, and undo."""

from __future__ import annotations

from pathlib import Path

import pytest

from comet.core.merged import PICTURE
from tests.integration.carrying import NINE, OTHER, carry, make


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two files of each format."""
    folder = tmp_path_factory.mktemp("pairs")
    make(folder)
    return folder


@pytest.mark.parametrize("source", NINE)
@pytest.mark.parametrize("target", NINE)
def test_the_merged_set_arrives_in_every_format(folder: Path, source: str, target: str) -> None:
    """All but what was told before, which merging again would ask for once more; its own stays, and undo is exact."""
    carried = carry(folder, source, target)
    assert carried.back
    lost = {field: {*values} for field, values in carried.lost.items()}
    for field, values in carried.asked.items():
        if not field.startswith(PICTURE):
            assert {*values} - {*carried.after.fields.get(field, ())} == lost.get(field, set())
    hashes = {each.hash for each in carried.after.pictures}
    for field in (field for field in carried.asked if field.startswith(PICTURE)):
        assert (carried.asked[field][0] in hashes) != (field in lost)
    for field in ("encodedby", "replaygain_track_gain"):
        assert carried.after.fields[field] == OTHER[field]
    assert carried.after.fields["title"] == ("Тихо",)
    assert {*carried.after.fields["genre"]} == {"Rock", "Post-Punk", "Jazz"}
    assert carried.left.keys() <= lost.keys()


def test_what_formats_cannot_hold(folder: Path) -> None:
    """One id of a recording in ID3 and one kind of picture in MP4; nothing else of what Comet knows."""
    lost = {target: [*carry(folder, "flac", target).lost] for target in NINE}
    id3 = ("mp3", "wav", "aiff")
    assert {target: each for target, each in lost.items() if each} == {
        "m4a": ["picture back"],
        **{target: ["musicbrainz_recordingid"] for target in id3},
    }
