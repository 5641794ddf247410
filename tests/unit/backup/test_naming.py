"""Names that any disk takes, whatever a track is called."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comet.backup import naming
from comet.backup.model import Remote
from comet.core.errors import SettingsError
from comet.core.sections import BackupSettings

TRACK = Remote("7", "Song", ("A", "B"), "live", album="LP", album_artists=("A",), year=2001, disc=2, number=3)
DEFAULT = BackupSettings().path


@pytest.mark.parametrize(
    ("remote", "path"),
    [
        (TRACK, "A/2001 - LP/2-03 Song (live).mp3"),
        (Remote("7", "Song"), "Song.mp3"),
        (Remote("7", ""), "7.mp3"),
        (Remote("7", "моя.mp3", upload=True), "моя.mp3"),
        (Remote("7", "..", ("..",), album="...", number=1), "_/_/01.mp3"),
        (Remote("7", "a/b\\c", ("AC/DC",), album='x:"?"'), "AC_DC/x____/a_b_c.mp3"),
        (Remote("7", "\x1b[31mred\u202e", ("\udcff",)), "_/_[31mred_.mp3"),
    ],
)
def test_the_template_is_filled(remote: Remote, path: str) -> None:
    """What is not known leaves no folder and no dash behind; no character gets through that a disk obeys."""
    assert os.fsdecode(naming.path(DEFAULT, remote, ".mp3")) == path


@pytest.mark.parametrize("title", ["CON", "nul", "com1.x", "Lpt9"])
def test_a_name_of_a_device_gets_a_mark(title: str) -> None:
    """Windows takes it for one, whatever its ending."""
    assert naming.name(title, ".mp3") == f"_{title}.mp3"


def test_a_field_that_is_none_is_told() -> None:
    """With the names of those that there are."""
    with pytest.raises(SettingsError, match=r"field `genres`") as told:
        naming.path("{genres}", TRACK, ".mp3")
    assert "genre" in told.value.hint


@given(st.text(), st.text())
def test_every_name_is_one_that_disks_take(artist: str, title: str) -> None:
    """Never empty, hidden, longer than 255 bytes, with a slash, or ending in a dot or space."""
    path = naming.path("{artist}/{title}", Remote("7", title, (artist,)), ".flac")
    for part in os.fsdecode(path).split("/"):
        assert 0 < len(part.encode()) <= naming.LONGEST
        assert part[0] != "."
        assert part[-1] not in ". "
        assert not set(part) & set('<>:"|?*\\\0\n\x1b')
    assert path.endswith(b".flac")


def test_a_long_cyrillic_name_is_cut_between_letters() -> None:
    """A letter takes two bytes of the 255, the ending keeps its own, and what tells two apart fits beside it."""
    wanted = naming.path("{title}", Remote("7", "ы" * 300), ".flac")
    assert wanted == "ы".encode() * 125 + b".flac"
    free = naming.free(wanted, "7", lambda path: path == wanted)
    assert free.endswith(b" (7).flac")
    assert len(free) <= naming.LONGEST


def test_letters_of_either_case_are_one_name(tmp_path: Path) -> None:
    """As on a disk that a NAS shares; accents too, however they are composed."""
    (tmp_path / "Echo.mp3").touch()
    (tmp_path / "e\u0301.mp3").touch()
    root = os.fsencode(tmp_path)
    assert naming.stands(root, b"eCHO.mp3")
    assert naming.stands(root, "É.mp3".encode())
    assert not naming.stands(root, b"echoes.mp3")
    assert naming.free(b"echo.mp3", "9", lambda path: naming.stands(root, path)) == b"echo (9).mp3"
