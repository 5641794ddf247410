"""The service itself: what it knows, who answers which request, and what the one who controls it may say."""

from __future__ import annotations

import json
import re
import secrets
import threading
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.service import api, media, oauth, sounds, wire
from tests.service.asked import Answer, Asked, Refusal, plain
from tests.service.catalogue import TOKENS
from tests.service.collection import Collection
from tests.service.faults import KINDS, Fault

SETTINGS: Final[dict[str, Any]] = {
    "batch": 250,  # ids that may be asked for at once
    "clock": 0,  # seconds that the service's clock is ahead
    "skew": 60,  # seconds that a signature may be older or newer
    "link_life": 60,
    "ranges": True,
    "etag": "strong",  # or `weak`, `changing`, `none`
    "rich": True,  # the oldest playlist describes its tracks
    "interval": 1,  # seconds between two polls of a sign-in
    "code_life": 300,
    "confirm_after": 0,  # polls after which a sign-in confirms itself, 0 for never
    "token_life": 31_536_000,
}


@dataclass(frozen=True, slots=True)
class Link:
    """An address of a sound that is given out."""

    track: str
    form: str
    file: str
    until: float
    """When it ends to be good, in seconds since 1970 by the service's clock."""
    encrypted: bool


class Service:
    """All that it knows; `likes`: how many more it has, without sound; `kept`: where the sound is."""

    def __init__(self, kept: Path, likes: int = 0) -> None:
        self.kept = kept
        self.sounds = sounds.made(kept)
        self.covers = ""
        """Host and port that speak TLS: the client knows no other for pictures and for the older way's sound."""
        self.lock = threading.Lock()
        self.file = cache(lambda name: (kept / name).read_bytes())
        self._likes, self._number = likes, 0
        self.reset()

    def reset(self, likes: int | None = None) -> None:
        """Forget everything that happened and was changed; `likes`: another number of them than at the start."""
        self.collection, self.nothing = Collection(self._likes if likes is None else likes), Collection()
        self.nothing.playlists.clear()
        self.nothing.likes.clear()
        self.settings = dict(SETTINGS)
        self.faults: list[Fault] = []
        self.log: list[Asked] = []
        self.links: dict[str, Link] = {}
        self.tokens, self.refresh = dict(TOKENS), dict[str, int]()
        self.codes: dict[str, dict[str, Any]] = {}

    def now(self) -> float:
        """Return the time by the service's clock."""
        return time.time() + float(self.settings["clock"])

    def uid(self, asked: Asked) -> int:
        """Return whose token a request carries, and refuse it where it is nobody's."""
        kind, _, token = asked.headers.get("authorization", "").partition(" ")
        if kind != "OAuth" or token not in self.tokens:
            raise Refusal(401, "session-expired", "Your OAuth token is expired or is not valid")
        return self.tokens[token]

    def happens(self, kind: str, asked: Asked) -> bool:
        """Tell whether a fault of a kind happens to a request."""
        return any(fault.meets(asked) for fault in self.faults if fault.kind == kind)

    def preview(self, asked: Asked) -> bool:
        """Tell whether 30 seconds are all that is given."""
        poor = not self.collection.plus or self.collection.odd(asked.track, "preview")
        return self.happens("preview", asked) or poor

    def described(self, track: str, album: str = "") -> dict[str, Any]:
        """Return a track as the service writes it, empty where it does not know it."""
        song = self.collection.song(track)
        if song is None:
            return {}
        changes = self.collection.changes.get(track, {} if song.forms else self.collection.changes.get("many", {}))
        return wire.track(song, self.sounds.get(track, {}), changes, album, self.covers)

    def link(self, sound: dict[str, Any], track: str, form: str, *, preview: bool, encrypted: bool = False) -> str:
        """Give out an address for a sound and return its name."""
        name = secrets.token_hex(12)
        file = sound["files"][form + ("-preview" if preview else "")]
        self.links[name] = Link(track, form, file, self.now() + self.settings["link_life"], encrypted)
        return name

    def take(self, scheme: str, method: str, target: str, headers: dict[str, str], body: str) -> Asked:
        """Write down a request."""
        path, _, query = target.partition("?")
        self._number += 1
        asked = Asked(self._number, time.time(), scheme, method, path, query, headers, body)
        asked.track = asked.argument("trackId").partition(":")[0]
        if named := re.match(r"/(?:tracks|lyrics)/([^/:]+)", path):
            asked.track = named[1]
        elif named := re.search(r"/([0-9a-f]{24})\b", path):
            asked.track = self.links[named[1]].track if named[1] in self.links else ""
        self.log.append(asked)
        return asked

    def answer(self, asked: Asked) -> Answer:
        """Return what a request gets, with what goes wrong."""
        for fault in self.faults:
            if fault.replaces and fault.meets(asked):
                return fault.instead()
        try:
            answer = self._routed(asked)
        except Refusal as refusal:
            answer = refusal.answer
        for fault in self.faults:
            if fault.changes and fault.meets(asked):
                fault.change(answer)
        return answer

    def _routed(self, asked: Asked) -> Answer:
        for method, path, who in (*api.ROUTES, *media.ROUTES, *oauth.ROUTES):
            found = re.fullmatch(path, asked.path)
            if found and method == asked.method:
                return who(self, asked, *found.groups())
        raise Refusal(404, "not-found", f"no such address: {asked.path}")


def control(service: Service, verb: str, how: dict[str, Any]) -> Answer:
    """Do what the one who controls the service says, and return what he asked for.

    `fault` (fields of `Fault`), `clear` (all faults), `edit` (`what`, and fields of `Collection.edit`), `set` (fields
    of `SETTINGS`), `sign-in` (`state`: `confirmed` or `denied`), `reset` (`likes`), `log` (`since`: number), `sounds`.
    """
    told: Any = {}
    if verb == "fault" and how["kind"] in KINDS:
        service.faults.append(Fault(**how))
    elif verb == "clear":
        service.faults.clear()
    elif verb == "edit":
        service.collection.edit(how.pop("what"), **how)
    elif verb == "set" and not how.keys() - SETTINGS.keys():
        service.settings |= how
    elif verb == "sign-in":
        for code in service.codes.values():
            code["state"] = how["state"]
    elif verb == "reset":
        service.reset(how.get("likes"))
    elif verb == "log":
        told = [asked.told() for asked in service.log if asked.number > how.get("since", 0)]
    elif verb == "sounds":
        told = {"folder": str(service.kept), "sounds": service.sounds}
    else:
        return plain({"error": f"cannot {verb} {json.dumps(how)}"}, 400)
    return plain(told)
