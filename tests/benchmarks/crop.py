"""What cutting a cover sends: `python -m tests.benchmarks.crop`, bytes a key, by what a terminal can show.

The picture is noise, of which nothing can be sent as one: no cover takes more. Once the frame has rested, and its
outside is dark, keys are pressed with no rest between them; what a rest after that sends is measured with another one.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from comet.core.places import places
from tests.benchmarks.screens import SIZES, Screen, head, row
from tests.factories import tune, write
from tests.tui.conftest import Made

DEPTHS: dict[str, dict[str, str]] = {
    "true colour": {"COLORTERM": "truecolor"},
    "256": {},
    "16": {"TERM": "xterm"},
    "letters": {"NO_COLOR": "1"},
}
KEYS = {
    "frame right": (b"l", 2),
    "frame left": (b"h", 2),
    "frame down": (b"j", 2),
    "frame up": (b"k", 2),
    "wider and higher": (b"L", 2),
    "narrower": (b"H", 2),
    "a pixel right": (b"l", 2),
}
"""What is pressed, and how often."""
_RUN = (
    "import comet_tui.app, comet_tui.screens.crop as crop, comet_tui.widgets.picture as picture; "
    "picture._REST = crop._REST = {rest}; comet_tui.app.main()"
)
"""The application, with so many seconds until something rests."""


def make(folder: Path) -> None:
    """Write a profile with one group, beside which a picture lies."""
    made = Made(places(), folder / "music")
    made.profile()
    serials = []
    for form in ("flac", "mp3"):
        write(folder / f"a.{form}", tune(1, 2.0))
        serials.append(made.track(f"Album/a.{form}", folder / f"a.{form}"))
    made.pair(*serials)
    made.correlated()
    noise = [Image.effect_noise((1_500, 1_200), 120 + shade) for shade in range(3)]
    Image.merge("RGB", noise).save(folder / "music/Album/cover.png")


def opened(shown: Screen) -> None:
    """Lead to where a cover is cut, with a frame that has room on all sides."""
    shown.until(b"group left")
    shown.rest(2.0)
    for keys, words in ((b"c", b"picture near"), (b"\r", b"embed")):
        time.sleep(0.6)
        os.write(shown.master, keys)
        shown.written = b""
        shown.until(words)
        shown.rest(2.0)
    for keys in (b"e", b"\x15", b"300 200 801 801\r"):
        shown.press(keys, 0.7)
    shown.rest(6.0)


def measured(size: tuple[int, int], more: dict[str, str]) -> dict[str, tuple[int, int]]:
    """Return for each of the keys the bytes that it sends while the frame moves, and those of it and a rest."""
    found: dict[str, list[int]] = {}
    for rest in (5.0, 0.25):
        shown = Screen([sys.executable, "-c", _RUN.format(rest=rest)], size, **more)
        try:
            opened(shown)
            for what, (key, times) in KEYS.items():
                if "pixel" in what:
                    shown.press(b".", 1.0)
                sent = max(shown.press(key, 0.7 if rest > 1 else 2.0)[0] for _time in range(times))
                found.setdefault(what, []).append(sent)
        finally:
            shown.close()
    return {what: (sent[0], sent[1]) for what, sent in found.items()}


def main() -> int:
    """Measure, and print."""
    with tempfile.TemporaryDirectory() as name:
        os.environ["COMET_HOME"] = f"{name}/home"
        make(Path(name))
        for size in SIZES:
            head(f"{size[0]} x {size[1]}, bytes a key; with the rest after it", "budget", *DEPTHS)
            found = [measured(size, more) for more in DEPTHS.values()]
            for what in KEYS:
                row(what, "700" if size == SIZES[0] else "900", *("{}; {}".format(*each[what]) for each in found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
