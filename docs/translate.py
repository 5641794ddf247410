"""Bring the catalogues up to date with the sentences in the code: `python docs/translate.py`.

A sentence that is new stands in `comet.po` without a translation afterwards, one that is gone is taken out. `--check`
writes nothing and fails where a catalogue does not fit.
"""

from __future__ import annotations

import argparse
import ast
import io
import string
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

TOP = Path(__file__).resolve().parents[1]
WORDS = {"_": (0,), "N_": (0,), "_n": (0, 1), "_setting": (1,), "_text": (1,)}
"""What marks a sentence in the code, and which of its arguments are sentences."""


def template() -> Catalog:
    """Return every sentence of the code, in the order in which it stands there, also those inside of f-strings."""
    found = Catalog(project="Comet", charset="utf-8")
    for path in sorted((*TOP.glob("comet/**/*.py"), *TOP.glob("comet_tui/**/*.py"))):
        for call in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in WORDS:
                said = [call.args[at] for at in WORDS[call.func.id] if at < len(call.args)]
                texts = [each.value for each in said if isinstance(each, ast.Constant)]
                if texts and all(isinstance(text, str) for text in texts):
                    found.add(texts[0] if len(texts) == 1 else tuple(texts))
    return found


def mistakes(catalogue: Catalog, wanted: Catalog) -> Iterator[str]:
    """Yield what is wrong with a catalogue: what is missing or too much, and what a translation does not fill in."""
    for message in wanted:
        if message.id and message.id not in catalogue:
            yield f"not in the catalogue: {message.id!r}"
    for message in catalogue:
        if not message.id:
            continue
        if message.id not in wanted:
            yield f"no longer in the code: {message.id!r}"
        elif message.fuzzy or not all(forms := _forms(message)):
            yield f"not translated: {message.id!r}"
        else:
            yield from _unlike(message, forms, catalogue.num_plurals)


def _unlike(message: Message, forms: tuple[str, ...], plurals: int) -> Iterator[str]:
    """Yield where a translation has other fields, marks or ends than its sentence."""
    ids = message.id if isinstance(message.id, tuple) else (message.id,)
    wanted = set().union(*map(_fields, ids))
    if len(ids) > 1 and len(forms) != plurals:
        yield f"{len(forms)} forms of {plurals}: {message.id!r}"
    for form in forms:
        if _fields(form) != wanted:
            yield f"other fields than {sorted(wanted)}: {form!r}"
        if form.count("`") != ids[-1].count("`"):
            yield f"other backticks: {form!r}"
        if _ends(form) != _ends(ids[-1]):
            yield f"other spaces at its ends: {form!r}"


def _ends(text: str) -> tuple[str, str]:
    """Return the blanks before and behind a text."""
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def _forms(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


def _fields(text: str) -> set[str]:
    """Return what is filled in, with how it is written."""
    try:
        return {f"{name}:{form}" for _before, name, form, _how in string.Formatter().parse(text) if name is not None}
    except ValueError:  # braces of its own, as in a pattern
        return set()


def main() -> int:
    """Update or check every catalogue."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, and fail where a catalogue does not fit")
    check, wanted, wrong = parser.parse_args().check, template(), 0
    for path in sorted(TOP.glob("comet/locale/*/LC_MESSAGES/comet.po")):
        catalogue = read_po(io.BytesIO(path.read_bytes()), locale=path.parts[-3])
        if not check:
            catalogue.update(wanted, no_fuzzy_matching=True)
            catalogue.obsolete.clear()
            with path.open("wb") as file:
                write_po(file, catalogue, width=120, no_location=True, omit_header=True, ignore_obsolete=True)
            with path.with_suffix(".mo").open("wb") as file:
                write_mo(file, catalogue)
        for text in mistakes(catalogue, wanted):
            wrong += 1
            sys.stderr.write(f"{path.relative_to(TOP)}: {text}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
