"""Every screen looks as it did; `python -m tests.tui.shots --update` makes the pictures anew."""

from __future__ import annotations

import shutil

import pytest

from tests.tui import shots

pytestmark = pytest.mark.skipif(
    not (shutil.which("mpv") or shutil.which("ffplay")), reason="no player is here, and a picture says so"
)


@pytest.mark.parametrize("language", [pytest.param("en", marks=pytest.mark.slow), "ru"])
def test_every_screen_looks_as_it_did(language: str) -> None:
    """At 80 columns and 24 lines, in either language: what stands where, and how it is set off."""
    assert _both(language, shots.SIZES[0])


@pytest.mark.slow
@pytest.mark.parametrize(("language", "mono"), [("en", False), ("ru", False), ("en", True)])
def test_every_screen_looks_as_it_did_in_every_size(language: str, mono: bool) -> None:  # noqa: FBT001 - a parameter
    """On small and on large windows, and without colours, where not one is named."""
    for size in shots.SIZES[:1] if mono else shots.SIZES[1:]:
        assert _both(language, size, mono=mono)


def _both(language: str, size: str, *, mono: bool = False) -> bool:
    """Hold what is stored against what is seen now, line by line."""
    stored = shots.HERE / f"{language}-{size}{'-mono' * mono}.txt"
    assert shots.taken(language, size, mono=mono).splitlines() == stored.read_text(encoding="utf-8").splitlines()
    return True
