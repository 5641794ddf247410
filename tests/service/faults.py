"""What can go wrong on demand: which requests a fault is for, and what it makes of their answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tests.service.asked import Answer, Asked, errors, result

CAPTCHA = (
    "<!doctype html><html><head><title>Are you not a robot?</title></head><body><div class='smart-captcha' "
    "data-sitekey='k'></div><form action='/showcaptcha?cc=1'></form><img src='/captcha_smart/about-429.html'>"
    + "<p>We are sorry, but requests from your device look automated.</p>" * 90
    + "</body></html>"
).encode()
PAGE = b"<!doctype html><html><head><title>Welcome</title></head><body>" + b"<p>Log in to this network</p>" * 200
NAMES = {400: "validate", 401: "session-expired", 403: "not-allowed", 404: "not-found", 413: "too-many", 451: "geo"}
REPLACING = {"captcha", "html", "redirect", "result", "status"}
CHANGING = {"bare", "cut", "extra", "flip", "late", "reset", "short", "slow", "stall", "zeros"}
KINDS = REPLACING | CHANGING | {"encrypted", "preview", "shifted", "unranged"}


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong.

    Instead of an answer: `status`, an error with `status`, `name` and `retry_after` (seconds or a date); `captcha` (429
    or `status`) and `html` (200), pages; `redirect`, to `to`; `result`, success with `result`.

    The body ends after `at` bytes (-1: half of it): `cut` closes, `reset` resets (at 0 before any answer), `stall`
    sends nothing for `seconds`. With `bare` its length is not said before. `bare` alone: whole, without a length.

    `slow`: `rate` bytes a second; `late`: `seconds` before anything is sent.

    Other bytes: `flip` inverts 16 from `at` on, `zeros` makes 4000 of them 0, `extra` adds 4000, `short` sends `at` and
    says so.

    Other sound: `preview` (30 seconds), `encrypted`, `unranged` (all of it whatever part is asked for), `shifted` (a
    part that begins 100 bytes later).
    """

    kind: str
    path: str = ""
    """Regular expression found in the path."""
    track: str = ""
    """Id; else every request."""
    skip: int = 0
    """Requests that it lets pass first."""
    count: int = 0
    """How often it happens, 0 for ever."""
    status: int = 0
    name: str = ""
    retry_after: int | str = ""
    to: str = ""
    at: int = -1
    seconds: float = 3600.0
    rate: float = 50_000.0
    bare: bool = False
    result: Any = None
    met: int = 0
    """Requests that it was for."""

    def meets(self, asked: Asked) -> bool:
        """Tell whether it happens to this request, which is counted."""
        if not re.search(self.path, asked.path) or self.track not in {"", asked.track, *tracks(asked)}:
            return False
        self.met += 1
        if self.met <= self.skip or (self.count and self.met > self.skip + self.count):
            return False
        asked.faults.append(self.kind)
        return True

    @property
    def replaces(self) -> bool:
        """It is answered in place of everything else."""
        return self.kind in REPLACING

    @property
    def changes(self) -> bool:
        """It makes something of what was answered."""
        return self.kind in CHANGING

    def instead(self) -> Answer:
        """Return what is answered in place of everything else."""
        if self.kind == "status":
            headers = {"Retry_After": str(self.retry_after)} if self.retry_after else {}
            name = self.name or NAMES.get(self.status, "internal")
            return errors(self.status, name, f"fault {self.status}", **headers)
        if self.kind == "redirect":
            return Answer(b"", self.status or 302, "text/html", {"Location": self.to})
        if self.kind == "result":
            return result(self.result)
        page, status = (CAPTCHA, 429) if self.kind == "captcha" else (PAGE, 200)
        return Answer(page, self.status or status, "text/html; charset=utf-8")

    def change(self, answer: Answer) -> None:
        """Make of an answer what it makes of answers."""
        at = len(answer.body) // 2 if self.at < 0 else self.at
        body = answer.body
        if self.kind in {"cut", "reset", "stall"}:
            answer.stop, answer.seconds, answer.bare = self.at, self.seconds, self.bare
            answer.end = "close" if self.kind == "cut" else self.kind
        elif self.kind == "flip":
            answer.body = body[:at] + bytes(255 - byte for byte in body[at : at + 16]) + body[at + 16 :]
        elif self.kind == "zeros":
            answer.body = body[:at] + bytes(len(body[at : at + 4000])) + body[at + 4000 :]
        elif self.kind == "extra":
            answer.body = body + bytes(range(250)) * 16
        elif self.kind == "short":
            answer.body = body[:at]
        elif self.kind == "slow":
            answer.rate = self.rate
        elif self.kind == "late":
            answer.late = self.seconds
        elif self.kind == "bare":
            answer.bare = True


def tracks(asked: Asked) -> list[str]:
    """Return the ids that a form asks for, without albums."""
    return [line.partition(":")[0] for line in asked.arguments("track-ids")] if asked.method == "POST" else []
