"""A request and its answer, as the parts of the service hand them to each other."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import parse_qs


@dataclass(slots=True)
class Asked:
    """A request, and what came of it."""

    number: int
    at: float
    """When, in seconds since 1970."""
    scheme: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    """Names in lower case."""
    body: str = ""
    track: str = ""
    """Id of the track that it is about, if it is about one."""
    status: int = 0
    """0 where no answer was sent."""
    sent: int = 0
    """Bytes of the answer's body that the system took."""
    faults: list[str] = field(default_factory=list)

    def argument(self, name: str, default: str = "") -> str:
        """Return what stands in the query or in the form."""
        return self.arguments(name)[-1] if self.arguments(name) else default

    def arguments(self, name: str) -> list[str]:
        """Return all values of it, in order."""
        return parse_qs(self.query).get(name, []) + parse_qs(self.body).get(name, [])

    @property
    def base(self) -> str:
        """Address that was asked, without the path."""
        return f"{self.scheme}://{self.headers.get('host', '')}"

    def told(self) -> dict[str, Any]:
        """Return it for the one who controls the service."""
        return asdict(self)


@dataclass(slots=True)
class Answer:
    """What is sent, and how."""

    body: bytes = b""
    status: int = 200
    type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    ranges: bool = False
    """A part of it may be asked for."""
    shift: int = 0
    """Bytes by which that part is another one."""
    bare: bool = False
    """Its length is not said; the connection's end is its end."""
    stop: int | None = None
    """Bytes after which no more are sent; -1: half of what was asked for."""
    end: str = "close"
    """What happens then: `close`, `reset` or `stall`."""
    seconds: float = 0.0
    """How long it stalls."""
    late: float = 0.0
    """Seconds before anything is sent."""
    rate: float = 0.0
    """Bytes a second, 0 for as fast as it goes."""


class Refusal(Exception):  # noqa: N818 - it is an answer
    """An answer that is an error, as the service words them."""

    def __init__(self, status: int, name: str, message: str = "", **headers: str) -> None:
        super().__init__(name)
        self.answer = errors(status, name, message or name, **headers)


def result(value: object) -> Answer:
    """Return an answer of the music service."""
    return plain(
        {"invocationInfo": {"hostname": "loopback", "req-id": "0", "exec-duration-millis": 1}, "result": value}
    )


def errors(status: int, name: str, message: str, **headers: str) -> Answer:
    """Return one that is an error; of `headers`, `_` stands for `-`."""
    answer = plain({"invocationInfo": {"req-id": "0"}, "error": {"name": name, "message": message}}, status)
    answer.headers = {key.replace("_", "-"): text for key, text in headers.items()}
    return answer


def plain(value: object, status: int = 200) -> Answer:
    """Return an answer that is JSON and nothing around it."""
    return Answer(json.dumps(value, ensure_ascii=False).encode(), status)
