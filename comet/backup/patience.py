"""How often the service is asked, and how long is waited where it does not like it.

The service counts by families of addresses and remembers for minutes: what is asked while it refuses makes it worse.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping
from typing import Final

from comet.core.errors import WaitError
from comet.core.text import _

_LADDER: Final = (60.0, 300.0, 600.0)
"""Seconds that are waited after the first, second and third refusal within `_MEMORY`."""

_MEMORY: Final = 3600.0
"""Seconds after which a refusal is forgotten."""

_FIRST: Final = 60.0
"""Seconds at the beginning in which questions come unevenly, so that many clients do not ask in step."""

_SLICE: Final = 0.1
"""Seconds after which a wish to stop is looked at."""


def unheard(_sentence: str) -> None:
    """Tell nobody."""


class Patience:
    """Spaces questions, and waits; each wait ends as soon as `check` raises `Stopped`."""

    def __init__(self, check: Callable[[], None], notice: Callable[[str], None] = unheard) -> None:
        self._check = check
        self._notice = notice
        # For tests alone: all waits are shorter by this factor.
        self.haste = max(1.0, float(os.environ.get("COMET_YM_HASTE") or 1))
        self._begun = time.monotonic()
        self._due: dict[str, float] = {}
        self._refusals: dict[str, list[float]] = {}
        self.refused = 0
        """How often the service refused to be asked so often."""

    def turn(self, families: Mapping[str, float]) -> None:
        """Wait until each family of addresses may be asked again; their values are the seconds between questions."""
        now = time.monotonic()
        self.sleep((max(self._due.get(family, now) for family in families) - now) * self.haste)
        now = time.monotonic()
        uneven = random.uniform(1, 1.5) if now - self._begun < _FIRST else 1.0  # noqa: S311 - no secret
        for family, between in families.items():
            self._due[family] = now + between * uneven / self.haste

    def sleep(self, seconds: float) -> None:
        """Wait; raises what `check` raises."""
        until = time.monotonic() + seconds / self.haste
        while True:
            self._check()
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(_SLICE, left))

    def back_off(self, failures: int) -> None:
        """Wait after a failure that will pass, the longer the more there were: 1, 2, 4 s and so on, unevenly."""
        self.sleep(2 ** (failures - 1) * random.uniform(0.5, 1.5))  # noqa: S311 - no secret

    def refuse(self, family: str, seconds: float | None) -> None:
        """Wait after the service refused to be asked so often, `seconds` if it said how long.

        Raises:
            WaitError: it refused too often, or for too long.
        """
        self.refused += 1
        now = time.monotonic()
        before = [at for at in self._refusals.get(family, []) if now - at < _MEMORY]
        self._refusals[family] = [*before, now]
        step = _LADDER[min(len(before), len(_LADDER) - 1)]
        wait = step if seconds is None else max(1.0, seconds)
        if len(before) >= len(_LADDER) or wait > _LADDER[-1]:
            raise WaitError(
                _("Yandex Music asked to wait"),
                hint=_("nothing was lost: try the same again in {minutes:.0f} minutes").format(
                    minutes=max(1.0, wait / 60)
                ),
                seconds=wait,
            )
        self._notice(_("Yandex Music asked to wait: it goes on in {seconds:.0f} s").format(seconds=wait))
        self.sleep(wait)
