"""What `main.ini` says under `[ui]`, which is needed before anything is there that could complain about the file.

Sentences need their language and keys their names while modules are loaded. What is wrong with the file is told by
whoever reads all of it later; here it counts as not said.
"""

from __future__ import annotations

from functools import cache

from comet.core import places


@cache
def _said() -> dict[str, str]:
    try:
        with open(places.places().main_ini, encoding="utf-8") as file:
            lines = file.read().split("\n")
    except (OSError, UnicodeDecodeError):
        return {}
    found: dict[str, str] = {}
    inside, key = False, ""
    for line in lines:
        text = line.strip()
        if not text or text[0] in "#;":
            continue
        if text.startswith("["):
            inside, key = text == "[ui]", ""
        elif inside and line[0].isspace() and key:
            found[key] += f"\n{text}"
        elif inside:
            key, _equals, value = (part.strip() for part in text.partition("="))
            found[key] = value
    return found


def ui(key: str) -> str:
    """Return what is set there, empty where nothing is, or what is built in."""
    said = _said().get(key, "")
    return "" if said == "auto" else said
