"""The merged set written over every pair of formats: what arrives, what a format cannot hold, and undo."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from comet.core.errors import DecodeError, RefusedError
from comet.core.merged import PICTURE
from comet.tags import rewrite
from comet.tags.fields import Change, held
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
    """All that was asked for, so that merging again asks for nothing; its own stays, and undo is exact."""
    carried = carry(folder, source, target)
    assert carried.back
    assert carried.lost == {}
    assert carried.left == {}
    for field, values in carried.asked.items():
        if not field.startswith(PICTURE):
            assert {*values} <= {*carried.after.fields.get(field, ())}
    hashes = {each.hash for each in carried.after.pictures}
    assert {each[0] for field, each in carried.asked.items() if field.startswith(PICTURE)} <= hashes
    for field in ("encodedby", "replaygain_track_gain"):
        assert carried.after.fields[field] == OTHER[field]
    assert carried.after.fields["title"] == ("Тихо",)
    assert {*carried.after.fields["genre"]} == {"Rock", "Post-Punk", "Jazz"}


def test_what_formats_cannot_hold(folder: Path) -> None:
    """One id of a recording in ID3 and one kind of picture in MP4; nothing else of what Comet knows."""
    lost = {target: [*carry(folder, "flac", target).unheld] for target in NINE}
    id3 = ("mp3", "wav", "aiff")
    assert {target: each for target, each in lost.items() if each} == {
        "m4a": ["picture back"],
        **{target: ["musicbrainz_recordingid"] for target in id3},
    }


ODD: Change = {
    "tracknumber": ("A1",), "totaltracks": ("0012",), "discnumber": ("70000",), "rating": ("256",), "playcount": ("x",),
    "compilation": ("yes",), "musicbrainz_recordingid": ("a", "b"), "comment": ("one", "two"), "mood": ("x", "y"),
}  # fmt: skip


@pytest.mark.parametrize(("target", "container"), [("mp3", "mp3"), ("wav", "wav"), ("m4a", "mp4"), ("flac", "flac")])
def test_what_is_held_is_what_is_read_back(folder: Path, target: str, container: str) -> None:
    """Of values that few formats can hold: all else of them would be lost."""
    path = os.fsencode(folder / f"target.{target}")
    for field, values in ODD.items():
        asked = held(container, field, values)
        assert _lost(path, {field: values}) == {*values} - {*asked}
        assert not asked or not _lost(path, {field: asked})


def _lost(path: bytes, change: Change) -> set[str]:
    (values,) = change.values()
    try:
        return {each for lost in rewrite.edit(path, change, only_look=True).lost.values() for each in lost}
    except (RefusedError, DecodeError):
        return {*values}
