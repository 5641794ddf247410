"""What was done with a group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comet.core.model import Decision

if TYPE_CHECKING:
    from comet.changes import Outcome


@dataclass(frozen=True, slots=True)
class Act:
    """What was done with a group, so that it can be undone."""

    outcome: Outcome | None = None
    """What became of files; None where only something was decided."""
    before: Decision | None = None
    """The decision that held before."""
    after: Decision | None = None
    """The one that holds now."""
