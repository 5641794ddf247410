"""What a worker process is asked about the collection: which files hold a recording.

The kernels that compare take more memory than all else of a pass, so that they are loaded there alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comet.core.job import Job
from comet.core.places import Places
from comet.core.profiles import Profile

if TYPE_CHECKING:
    from comet.collection.owned import Owner, Sound


@dataclass(frozen=True, slots=True)
class Asked:
    """Sounds that are looked for in a profile's collection."""

    profile: Profile
    state: str
    """Folder that has that of the profile's state."""
    sounds: tuple[Sound, ...]


def owners(asked: Asked) -> list[list[Owner]]:
    """Return for each sound what `collection.owned` finds."""
    from comet.collection import opened, owned  # noqa: PLC0415 - whoever asks does not need it

    here = Places("", asked.state, "")  # neither settings nor kernels are looked for
    with opened.opened(asked.profile, here, create=True) as collection:
        return owned.owned(collection, asked.sounds, Job())
