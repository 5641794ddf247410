"""Where the sound of the service's tracks is kept, so that it is made once and later starts find it."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from comet.core import locks
from tests.service import catalogue

_HERE = Path(__file__).parent
_TOP = _HERE.parents[1]


def folder() -> Path:
    """Return the folder: another one for each state of the recipes, beside what pytest keeps."""
    recipes = (_HERE / "audio.py", _HERE / "catalogue.py", _HERE.parent / "factories.py")
    version = hashlib.sha256(b"".join(path.read_bytes() for path in recipes)).hexdigest()[:12]
    own = _TOP / ".pytest_cache"
    top = own if os.access(_TOP, os.W_OK) else Path(tempfile.gettempdir(), f"comet-{os.getuid()}")
    return top / "service" / version


def made(kept: Path) -> dict[str, dict[str, Any]]:
    """Return what is known of each track's sound by its id, as `audio.record` has it; make what is not there."""
    kept.mkdir(parents=True, exist_ok=True)
    listing = kept / "sounds.json"
    with locks.hold(str(kept / "lock"), "the sound is being made", patience=120):
        if not listing.exists():
            from tests.service import audio  # noqa: PLC0415 - most starts need no codec

            with ThreadPoolExecutor() as pool:  # encoders leave Python's lock alone
                known = dict(pool.map(lambda song: audio.record(kept, song), catalogue.SONGS.values()))
            half = listing.with_suffix(".half")
            half.write_text(json.dumps(known))
            half.rename(listing)
    found: dict[str, dict[str, Any]] = json.loads(listing.read_text())
    return found
