"""Both faces speak Russian too: every sentence, with the same things filled in."""

from __future__ import annotations

import importlib.util
import io
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

TOP = Path(__file__).parents[2]
CATALOGUES = sorted(TOP.glob("comet/locale/*/LC_MESSAGES/comet.po"))


@pytest.fixture(scope="module")
def translate() -> ModuleType:
    """Return what brings the catalogues up to date."""
    spec = importlib.util.spec_from_file_location("translate", TOP / "docs/translate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def wanted(translate: ModuleType) -> Catalog:
    """Return every sentence of the code."""
    found = translate.template()
    assert len(found) > 1500
    return found  # type: ignore[no-any-return]


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_every_sentence_is_translated(path: Path, translate: ModuleType, wanted: Catalog) -> None:
    """None is missing, none is left over, none loses what is filled in: `python docs/translate.py` says which."""
    catalogue = read_po(io.BytesIO(path.read_bytes()), locale=path.parts[-3])
    assert not list(translate.mistakes(catalogue, wanted))


@pytest.mark.parametrize(
    ("sentence", "translation"),
    [
        ("{n} of {all}", "{n}"),
        ("{n:.1f} s", "{n} s"),
        ("see `comet jobs`", "see comet jobs"),
        ("and ", "and"),
        (("{n} file", "{n} files"), ("{n} a", "{n} b")),
        ("a file", ""),
    ],
)
def test_a_translation_that_does_not_fit_is_found(
    translate: ModuleType, sentence: str | tuple[str, str], translation: str | tuple[str, ...]
) -> None:
    """Fields and how they are written, backticks, blanks at the ends, and as many plural forms as the language has."""
    catalogue, code = Catalog(locale="ru"), Catalog()
    catalogue.add(sentence, translation)
    code.add(sentence)
    assert list(translate.mistakes(catalogue, code))


def spoken(language: str, *words: str) -> str:
    """Return what `comet` prints in a language."""
    env = {**os.environ, "COMET_LANGUAGE": language, "COLUMNS": "80"}
    run = subprocess.run([sys.executable, "-m", "comet", *words], env=env, capture_output=True, text=True, check=False)
    return run.stdout + run.stderr


def test_a_person_reads_their_language() -> None:
    """Help, sentences with numbers, and errors, in Russian with its three plural forms, and in English."""
    code = "from comet.core.text import _n; print(*(_n('{n} file', '{n} files', n) for n in (1, 2, 5, 21, 11)))"
    env = {**os.environ, "COMET_LANGUAGE": "ru"}
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["1", "файл", "2", "файла", "5", "файлов", "21", "файл", "11", "файлов"]
    assert "ошибка:" in spoken("ru", "jobs", "nothing")
    assert "error:" in spoken("en", "jobs", "nothing")
