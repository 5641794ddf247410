"""What is to be known of groups, tags and all, asked beside the screen: of those looked at, and then of the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from comet.core.errors import CometError
from comet_tui.background import in_thread
from comet_tui.found import Looked
from comet_tui.walk import Item

_KEPT = 16
"""Groups of which all stays in memory: enough to go back a few, and lyrics and all of a long walk would not fit."""

Answer: TypeAlias = Looked | CometError
_Key: TypeAlias = tuple[str, tuple[int, ...], bool]


class Ahead:
    """Each group is asked for once, by however many wait for it, and a slow one keeps no other waiting."""

    def __init__(self, ask: Callable[[Item], Callable[[], Looked]]) -> None:
        """Take what makes, of a group as it is now, the question that a thread asks."""
        self._ask = ask
        self._asked: dict[_Key, asyncio.Task[Answer]] = {}

    async def of(self, item: Item) -> Answer:
        """Return what is to be known of a group as it is chosen now, or why that cannot be said."""
        key = _key(item)
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(_answered(self._ask(item)))
            for old in list(self._asked)[:-_KEPT]:
                del self._asked[old]
        return await asyncio.shield(self._asked[key])  # who goes on to another group does not end it

    def known(self, item: Item) -> Answer | None:
        """Return it where it is there already."""
        task = self._asked.get(_key(item))
        return task.result() if task and task.done() and not task.cancelled() else None

    def forget(self, item: Item) -> None:
        """Ask anew for a group of which files were changed."""
        group = item.proposal.group.id
        self._asked = {key: task for key, task in self._asked.items() if key[0] != group}


def _key(item: Item) -> _Key:
    """Return what the answer hangs on: the group, who stays, and whether the tags are merged at all."""
    return item.proposal.group.id, item.proposal.keep, item.settled.own


async def _answered(ask: Callable[[], Looked]) -> Answer:
    try:
        return await in_thread(ask)
    except CometError as error:
        return error
