"""What is needed before anything else: the language, the keys and the colours that somebody chose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from comet.core import early, ini, text


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a home of its own, of which nothing is remembered afterwards."""
    monkeypatch.setenv("COMET_HOME", str(tmp_path))
    monkeypatch.delenv("COMET_LANGUAGE", raising=False)
    caches = (early._said, text.language, text._catalogue)
    for each in caches:
        each.cache_clear()
    yield tmp_path
    for each in caches:
        each.cache_clear()


@pytest.mark.parametrize(
    ("written", "language"),
    [
        ("[ui]\nlanguage = ru\n", "ru"),
        ("[scan]\nworkers = 1\n[ui]\n# what I speak\n\nlanguage=ru  \n", "ru"),
        ("[ui]\nlanguage = auto\n", ""),
        ("[scan]\nlanguage = ru\n", ""),
        ("language = ru\n[ui]\n", ""),
        ("[ui]\nnothing that can be read", ""),
        ("", ""),
    ],
)
def test_the_language_is_what_main_ini_says(home: Path, written: str, language: str) -> None:
    """Only under `[ui]`, and whatever else is wrong with the file."""
    (home / "main.ini").write_text(written, encoding="utf-8")
    assert text.language() == language


@pytest.mark.parametrize(
    "written",
    [
        b"\xef\xbb\xbf[ui]\nlanguage = ru\n",
        b"[ ui ]\nLanguage: ru\nkeys = a b\n  c d\n# no\n\n  e f\n",
        b"[review]\nrules = \xff\n[ui]\nlanguage = ru\n",
    ],
)
def test_it_reads_as_whoever_reads_all_of_it(home: Path, written: bytes) -> None:
    """What the one takes the other takes, be the file marked, spaced or damaged elsewhere."""
    (home / "main.ini").write_bytes(written)
    section = ini.read(str(home / "main.ini")).get("ui")
    assert early._said() == ({key: value.text for key, value in section.values.items()} if section else {})


def test_a_language_that_is_none_is_english(home: Path) -> None:
    """Who reads all of the file later will tell what is wrong; sentences there are all the same."""
    (home / "main.ini").write_bytes(b"[ui]\nlanguage = \xff\n")
    assert text._("conflict") == "conflict"


def test_the_environment_beats_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """COMET_LANGUAGE counts for one run."""
    (home / "main.ini").write_text("[ui]\nlanguage = ru\n", encoding="utf-8")
    monkeypatch.setenv("COMET_LANGUAGE", "en")
    assert text.language() == "en"


def test_a_value_goes_on_in_lines_that_are_indented(home: Path) -> None:
    """As everywhere in these files."""
    (home / "main.ini").write_text("[ui]\nkeys = review.skip z\n  scan.stop x\n", encoding="utf-8")
    assert early.ui("keys").split("\n") == ["review.skip z", "scan.stop x"]
