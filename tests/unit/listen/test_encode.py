"""Sound into files, and files whose sound is looked at again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from comet.core.errors import DecodeError
from comet.listen import encode
from tests.factories import tune


def flac(tmp_path: Path) -> Path:
    """Return a FLAC file."""
    path = tmp_path / "a.flac"
    encode.write(str(path), tune(1, 3.0), 44_100, "flac")
    return path


def test_damage_in_a_flac_file_is_seen(tmp_path: Path) -> None:
    """FFmpeg decodes what a few bytes have spoiled without a word; the sum of the samples tells."""
    path = flac(tmp_path)
    assert encode.intact(os.fsencode(path))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 16] = bytes(255 - each for each in data[middle : middle + 16])
    path.write_bytes(data)
    assert not encode.intact(os.fsencode(path))


def test_a_flac_file_without_a_sum_is_believed(tmp_path: Path) -> None:
    """It may have none; what breaks off is told all the same."""
    path = flac(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[:26] + bytes(16) + data[42:])
    assert encode.intact(os.fsencode(path))
    path.write_bytes(data[:9])
    with pytest.raises(DecodeError):
        encode.intact(os.fsencode(path))
