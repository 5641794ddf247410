"""What the faces and the pipeline may ask to have done under a root."""

from __future__ import annotations

from comet.act import vault
from comet.core.errors import FileError


def mark_root(root: bytes, identity: str = "") -> str:
    """Return the id of a root folder's marker, made where there is none; empty where it cannot be written."""
    try:
        return vault.mark(root, identity)
    except FileError:
        return ""  # a read-only root is scanned all the same, only never acted on


def is_copy(one: bytes, other: bytes) -> bool:
    """Tell whether two root folders with the same marker are a folder and its copy, not two views of one."""
    try:
        return not vault.same_folder(one, other)
    except FileError:
        return False  # where it cannot be found out, it is left alone
