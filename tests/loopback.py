"""A service on this machine that answers as a test says: real HTTP, no network."""

from __future__ import annotations

import gzip
import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs


class Service:
    """Answers with `replies` in turn, and with the last of them from then on."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v2/"
        self.replies: deque[tuple[int, dict[str, str], bytes]] = deque()
        self.paths: list[str] = []
        """What was asked for, in order."""
        self.forms: list[dict[str, str]] = []
        """What was sent with it."""

    def reply(self, body: object, status: int = 200, **headers: str) -> None:
        """Add a reply; bytes are sent as they are, everything else as JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.replies.append((status, {name.replace("_", "-"): text for name, text in headers.items()}, raw))

    def error(self, code: int, message: str = "no", status: int = 400, **headers: str) -> None:
        """Add a reply that is an error as AcoustID has them."""
        self.reply({"status": "error", "error": {"code": code, "message": message}}, status, **headers)


@contextmanager
def service() -> Iterator[Service]:
    """Run a service as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Content-Encoding") == "gzip":
                raw = gzip.decompress(raw)
            made.paths.append(self.path)
            made.forms.append({key: values[0] for key, values in parse_qs(raw.decode()).items()})
            status, headers, body = made.replies.popleft() if len(made.replies) > 1 else made.replies[0]
            self.send_response(status)
            for name, text in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815 - its own name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Service(server.server_address[1])
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


def found(title: str = "Northern Lights", artist: str = "Anna", album: str = "Winter", score: float = 0.98) -> object:
    """Return an answer with one recording."""
    group = {"id": "album-id", "type": "Album", "title": album}
    artists = [{"id": "artist-id", "name": artist}]
    recording = {"id": "recording-id", "title": title, "artists": artists, "releasegroups": [group]}
    return {"status": "ok", "results": [{"id": "acoust-id", "score": score, "recordings": [recording]}]}
