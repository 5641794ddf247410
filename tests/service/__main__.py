"""`python -m tests.service`: run the service until it is stopped, and say on one line of JSON where it is."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import threading
from pathlib import Path

from tests.service import certificates, sounds
from tests.service.catalogue import TOKENS, UID
from tests.service.listening import Listening
from tests.service.server import Service


def main() -> None:
    """Listen; a `--child` ends when its standard input does."""
    parser = argparse.ArgumentParser(prog="python -m tests.service", description=__doc__)
    parser.add_argument("--folder", type=Path, help="where its certificates are put (default: a new one)")
    parser.add_argument("--sounds", type=Path, default=sounds.folder(), help="where its sound is kept")
    parser.add_argument("--likes", type=int, default=0, metavar="N", help="add as many likes, of tracks without sound")
    parser.add_argument("--child", action="store_true", help="end when standard input does")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="comet-service-"))
    folder.mkdir(parents=True, exist_ok=True)
    service = Service(given.sounds, given.likes)
    ca, context = certificates.make(folder)
    plain, secure = Listening(service), Listening(service, context)
    service.covers = secure.host
    for server in (plain, secure):
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    tokens = {"token": next(token for token, uid in TOKENS.items() if uid == UID)}
    where = {"http": f"http://{plain.host}", "https": f"https://{secure.host}", "ca": ca, "folder": str(folder)}
    print(json.dumps(where | tokens), flush=True)  # noqa: T201 - that is its answer
    if given.child:
        sys.stdin.read()
    else:
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
