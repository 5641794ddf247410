"""The service as a child process, and what a test says to it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

API = r"^/(account|users|playlist|tracks|get-file-info)\b"
"""Paths of the music service itself, as faults and logs match them."""

MEDIA = r"^/(media|get-mp3)/"
"""Paths of sound."""


class Running:
    """One that runs.

    Attributes:
        http, https: Its addresses.
        ca: Path of the certificate that the second is to be trusted by.
        token: Of the account that has a collection; `OTHER_TOKEN` is that of another one.
    """

    OTHER_TOKEN = "test-token-of-ilya"  # noqa: S105 - it opens nothing

    def __init__(self, where: dict[str, str]) -> None:
        self.http, self.https, self.ca, self.token = (where[name] for name in ("http", "https", "ca", "token"))
        self._ask = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def environment(self, *, secure: bool = False, token: bool = True) -> dict[str, str]:
        """Return the variables with which Comet, or any client, talks to it."""
        address = self.https if secure else self.http
        made = {"COMET_YM_BASE_URL": address, "COMET_YM_OAUTH_URL": address, "NO_PROXY": "127.0.0.1"}
        made |= {"REQUESTS_CA_BUNDLE": self.ca, "SSL_CERT_FILE": self.ca}
        return made | ({"COMET_YM_TOKEN": self.token} if token else {})

    def tell(self, verb: str, **how: object) -> Any:  # noqa: ANN401 - it is JSON
        """Say something to it, as `server.control` has it, and return its answer."""
        with self._ask.open(f"{self.http}/_control/{verb}", json.dumps(how).encode(), timeout=20) as answer:
            return json.load(answer)

    def reset(self, likes: int | None = None) -> None:
        """Let it be as at its start, or with another number of likes that have no sound."""
        self.tell("reset", likes=likes)

    def fault(self, kind: str, path: str = "", track: str = "", **how: object) -> None:
        """Let something go wrong from now on, as `faults.Fault` has it."""
        self.tell("fault", kind=kind, path=path, track=track, **how)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self.tell("clear")

    def edit(self, what: str, **how: object) -> None:
        """Change the collection, as `collection.Collection.edit` has it."""
        self.tell("edit", what=what, **how)

    def set(self, **settings: object) -> None:
        """Change how it behaves, as `server.SETTINGS` has it."""
        self.tell("set", **settings)

    def log(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the requests after the one of a number, in order, as `asked.Asked` has them."""
        told: list[dict[str, Any]] = self.tell("log", since=since)
        return told

    def last(self) -> int:
        """Return the number of the last request."""
        told = self.log()
        return told[-1]["number"] if told else 0

    def sent(self, since: int = 0) -> dict[str, list[int]]:
        """Return how many bytes of each track's sound went out, one number for each time that it was asked for."""
        found: dict[str, list[int]] = {}
        for one in self.log(since):
            if re.search(MEDIA, one["path"]):
                found.setdefault(one["track"], []).append(one["sent"])
        return found

    def sound(self, track: str, form: str = "") -> bytes:
        """Return the file of a track, in its best form unless another one is named."""
        told = self.tell("sounds")
        files = told["sounds"][track]["files"]
        return Path(told["folder"], files[form or next(iter(files))]).read_bytes()


@contextmanager
def running(*arguments: str) -> Iterator[Running]:
    """Run it, with `arguments` as its command line has them, as long as the block lasts."""
    line = [sys.executable, "-m", "tests.service", "--child", *arguments]
    top = Path(__file__).parents[2]
    with subprocess.Popen(line, cwd=top, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield Running(json.loads(process.stdout.readline()))
        finally:
            process.stdin.close()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
