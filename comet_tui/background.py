"""Asking and acting take a moment: they run beside the screen, which stays alive."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import redirect_stderr, suppress
from multiprocessing import resource_tracker
from typing import TypeVar

T = TypeVar("T")

_STDERR = threading.Lock()
"""Held while standard error is another one: threads that put it back in the wrong order would leave a closed file."""


def processes() -> None:
    """Let worker processes be started from here.

    What Textual puts in the place of standard error has -1 for its number, which the first of them would be told to
    keep open: with it, none can be started.
    """
    with _STDERR, open(os.devnull, "w", encoding="ascii") as nowhere, redirect_stderr(nowhere):
        resource_tracker.ensure_running()


async def in_thread(ask: Callable[[], T]) -> T:
    """Return what `ask` returns, raise what it raises; it runs in a thread of its own.

    The thread is a daemon, unlike those of an executor: whoever quits while a large collection is read does not wait.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(done: Callable[[], None]) -> None:
        if not future.done():  # somebody may have pressed r, or left
            done()

    def run() -> None:
        try:
            value = ask()
        except BaseException as error:  # noqa: BLE001 - it is raised where it was asked for
            failure = error  # the name in the clause ends with it
            done: Callable[[], None] = lambda: future.set_exception(failure)  # noqa: E731
        else:
            done = lambda: future.set_result(value)  # noqa: E731
        with suppress(RuntimeError):  # the screen is gone, and with it the loop
            loop.call_soon_threadsafe(settle, done)

    threading.Thread(target=run, name="comet-ask", daemon=True).start()
    return await future
