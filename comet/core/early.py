"""What `main.ini` says under `[ui]`, which is needed before anything is there that could complain about the file.

Sentences need their language and keys their names while modules are loaded. What is wrong with the file is told by
whoever reads all of it later; here it counts as not said.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from comet.core import places

_SECTION: Final = re.compile(r"\[(.+)\]\s*$")
_KEY: Final = re.compile(r"([^\s=:#;\[][^=:]*?)\s*[=:]\s*(.*)$")
"""As `core.ini` has them, which has sentences."""


@cache
def _said() -> dict[str, str]:
    try:
        with open(places.places().main_ini, encoding="utf-8-sig", errors="surrogateescape") as file:
            lines = file.read().split("\n")
    except OSError:
        return {}
    found: dict[str, str] = {}
    inside, key = False, ""
    for line in lines:
        text = line.strip()
        if not text or text[0] in "#;":
            continue
        if not line[0].isspace():
            key = ""
        if head := _SECTION.match(line):
            inside = head[1].strip() == "ui"
        elif line[0].isspace() and key:
            found[key] = f"{found[key]}\n{text}".strip()
        elif inside and (pair := _KEY.match(line)):
            key = pair[1].lower()
            found.setdefault(key, pair[2].strip())
    return found


def ui(key: str) -> str:
    """Return what is set there, empty where nothing is, or what is built in."""
    said = _said().get(key, "")
    return "" if said == "auto" else said
