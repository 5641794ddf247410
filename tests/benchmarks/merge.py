"""How often the laws of merging hold, and what is repaired of damaged letters: `python -m tests.benchmarks.merge`.

For each law as many groups as it is told are made by Hypothesis, all different, and asked. With `--words FILE` (a
dictionary of hunspell, in UTF-8) its Russian words are damaged in each way that Comet knows and repaired again.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator

from hypothesis import HealthCheck, given, settings

from comet.decide.mojibake import repaired
from tests.merging import LAWS, Group, groups, misread

WAYS = (
    ("utf-8", "cp1252"), ("utf-8", "latin-1"), ("utf-8", "cp1251"), ("cp1251", "cp1252"), ("koi8-r", "cp1252")
)  # fmt: skip
"""Written in, and read as."""


def asked(law: Callable[[Group], None], count: int) -> int:
    """Return of how many groups a law was asked; raises where one breaks it."""
    seen: Counter[str] = Counter()

    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(groups())
    def holds(group: Group) -> None:
        seen[repr(group)] += 1
        law(group)

    holds()
    return len(seen)


def words(path: str) -> list[str]:
    """Return the Russian words of three letters and more in a dictionary."""
    with open(path, encoding="utf-8") as lines:
        found = (line.partition("/")[0].strip() for line in lines)
        return [word for word in found if re.fullmatch("[\u0430-\u044f\u0451]{3,}", word, re.IGNORECASE)]


def repairs(known: list[str]) -> Iterator[tuple[str, str, str, Counter[str]]]:
    """Yield how words were written, read and spelt, and how many were repaired, left alone or made something else."""
    for written, read_as in WAYS:
        for case in (str.lower, str.title, str.upper):
            became: Counter[str] = Counter()
            for word in map(case, known):
                damaged = misread(word, written, read_as)
                found = repaired(damaged)
                became["repaired" if found == word else "left" if found == damaged else "wrong"] += 1
            yield written, read_as, case.__name__, became


def told(known: list[str]) -> Iterator[str]:
    """Yield what became of words in each way, and how many sound ones were touched, as lines."""
    for written, read_as, case, became in repairs(known):
        shares = ", ".join(f"{each} {became[each] / len(known):.2%}" for each in ("repaired", "left", "wrong"))
        yield f"{written:>7} read as {read_as:<7} {case:>5}: {shares}"
    touched = [word for word in known for each in (word, word.title(), word.upper()) if repaired(each) != each]
    yield f"sound words: {3 * len(known)}, touched: {len(touched)}"


def main() -> None:
    """Print the laws with the number of groups, and repairs in per cent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=5000, help="for each law")
    parser.add_argument("--words", help="a dictionary")
    options = parser.parse_args()
    for law in LAWS:
        sys.stdout.write(f"{law.__name__:>9}: {asked(law, options.groups)} groups, all obey: {law.__doc__}\n")
    if options.words:
        found = words(options.words)
        for line in told(found[:: max(1, len(found) // 20_000)]):
            sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
