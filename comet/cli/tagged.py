"""The tags of a file, for a person and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comet.core.acts import KINDS
from comet.core.text import _, clock, safe, size

if TYPE_CHECKING:
    from comet.tags.fields import Picture, Tags
    from comet.tags.reading import Tagged

_LONG = 100
"""Letters of a value that are shown: lyrics and fingerprints are longer."""


def facts(tagged: Tagged) -> dict[str, str]:
    """Return a line for each field, picture and what else there is, by name."""
    if tagged.tags is None:
        return {_("tags"): safe(tagged.error)}
    lines = {_tag(safe(name)): " / ".join(map(value, values)) for name, values in tagged.tags.fields.items()}
    for name, values in tagged.tags.ape.items():
        lines[_tag(_("{name} (APEv2)").format(name=safe(name)))] = " / ".join(map(value, values))
    for number, picture in enumerate(tagged.tags.pictures, 1):
        lines[_tag(_("picture {number}").format(number=number))] = _picture(picture)
    for number, chapter in enumerate(tagged.tags.chapters, 1):
        words = f"{clock(chapter.start)} {chapter.title}"
        lines[_tag(_("chapter {number}").format(number=number))] = value(words)
    if tagged.tags.other:
        lines[_tag(_("other"))] = value(", ".join(tagged.tags.other))
    return lines or {_("tags"): _("none")}


def as_json(tagged: Tagged) -> dict[str, Any]:
    """Return the tags as JSON: `tags` is null where they cannot be read."""
    if tagged.tags is None:
        return {"tags": None, "ape_tags": {}, "pictures": [], "chapters": [], "other_tags": []}
    pictures = [
        {"kind": each.kind, "mime": each.mime, "description": each.description, "size": each.size}
        for each in tagged.tags.pictures
    ]
    chapters = [{"start": each.start, "title": each.title} for each in tagged.tags.chapters]
    fields, ape, other = dict(tagged.tags.fields), dict(tagged.tags.ape), list(tagged.tags.other)
    return {"tags": fields, "ape_tags": ape, "pictures": pictures, "chapters": chapters, "other_tags": other}


def _tag(name: str) -> str:
    """Return the name of a line, which no fact about the file has: what a tag says is only what it says."""
    return _("tag {name}").format(name=value(name))


def value(text: str) -> str:
    """Return a value, or several, in one line that is not too long."""
    shown = safe(" ".join(text.split()))
    return f"{shown[:_LONG]}..." if len(shown) > _LONG else shown


def _picture(picture: Picture) -> str:
    kind = KINDS[picture.kind] if picture.kind < len(KINDS) else _("kind {number}").format(number=picture.kind)
    return f"{kind}, {_content(picture)}"


def pictures(tags: Tags, kind: str) -> str:
    """Return what the pictures of a kind are, in one line; empty where there are none."""
    return " / ".join(_content(each) for each in tags.pictures if each.kind == KINDS.index(kind))


def _content(picture: Picture) -> str:
    return f"{safe(picture.mime)}, {size(picture.size)}"
