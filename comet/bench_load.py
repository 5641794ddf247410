"""One way of loading records, in a process that does nothing else: `python -m comet.bench_load WAY PATH`.

`comet.bench` starts it, a fresh one each time, and reads the line of JSON that it prints. Memory is what the kernel
counts as resident, less what the process had after its imports; nothing is traced, which would change what is measured.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

CACHE: Final = "bench"
"""Id of the cache in the header of the result file that is measured."""

_PEAK_IS_NOW: Final = "5"
"""Written to `clear_refs` it lets the kernel forget the largest size so far."""


def comet() -> Callable[[str], Any]:
    """Return how Comet reads a result file, checksum and all."""
    from comet.compare import chunks  # noqa: PLC0415 - each process imports what it measures

    return lambda path: chunks.read(path, cache=CACHE, settings={})


def plain_json() -> Callable[[str], Any]:
    """Return how Python reads a JSON array."""

    def load(path: str) -> Any:  # noqa: ANN401 - whatever stands there
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)

    return load


def ijson() -> Callable[[str], Any]:
    """Return how ijson, whose fastest parser reads entry by entry, does it."""
    import ijson as streaming  # noqa: PLC0415 - likewise

    def load(path: str) -> Any:  # noqa: ANN401 - likewise
        with open(path, "rb") as stream:
            return list(streaming.items(stream, "item"))

    return load


def pandas() -> Callable[[str], Any]:
    """Return how pandas does it."""
    import pandas as pd  # noqa: PLC0415 - likewise, and it need not be installed

    return lambda path: pd.read_json(path)  # noqa: PLW0108 - it is of no known type


WAYS: Final[dict[str, Callable[[], Callable[[str], Any]]]] = {
    "comet": comet,
    "json": plain_json,
    "ijson": ijson,
    "pandas": pandas,
}


def resident(field: str) -> int:
    """Return `VmRSS` or `VmHWM`, the most so far, of this process alone, in bytes.

    Not `ru_maxrss`: a process inherits that from the one that started it.
    """
    with open("/proc/self/status", encoding="ascii", errors="replace") as lines:
        (text,) = (line.split()[1] for line in lines if line.startswith(f"{field}:"))
    return int(text) * 1024


def measure(way: str, path: str) -> dict[str, float]:
    """Load a file; return `seconds`, and in bytes what is `kept` of memory afterwards and what the `peak` was."""
    load = WAYS[way]()
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write(_PEAK_IS_NOW)
    before, began = resident("VmRSS"), time.perf_counter()
    loaded = load(path)
    seconds = time.perf_counter() - began
    found = {"seconds": seconds, "kept": resident("VmRSS") - before, "peak": resident("VmHWM") - before}
    return {**found, "records": 0 if loaded is None else len(getattr(loaded, "records", loaded))}


def main(words: Sequence[str]) -> int:
    """Print what was measured."""
    way, path = words
    sys.stdout.write(json.dumps(measure(way, path)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
