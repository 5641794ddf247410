"""HTTP and HTTPS on loopback: requests read, answers sent as they are meant to be, every byte of them counted."""

from __future__ import annotations

import contextlib
import json
import re
import select
import socket
import ssl
import struct
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.service.asked import Answer, Asked
from tests.service.server import Service, control

_BLOCK = 16_384


class Listening(ThreadingHTTPServer):
    """One address of the service; with `context` it speaks TLS."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, service: Service, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.service, self.context = service, context
        self.scheme = "https" if context else "http"
        self.host = f"127.0.0.1:{self.server_address[1]}"

    def finish_request(self, request: socket.socket, client_address: object) -> None:
        """Shake hands in the connection's own thread, for a client that does not must not hold up others."""
        if self.context:
            with self.context.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)
        else:
            super().finish_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:
        """Close it at once: a polite end first would make a reset none."""
        self.close_request(request)

    def handle_error(self, request: socket.socket, client_address: object) -> None:
        """Say nothing of clients that went away; everything else is a mistake here and is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # what was sent before a reset has to arrive
    server: Listening

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        """Say nothing: what was asked is written down."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        service = self.server.service
        if self.path.startswith("/_control/"):
            with service.lock:
                answer = control(service, self.path.removeprefix("/_control/"), json.loads(body or "{}"))
            self._send(answer, Asked(0, 0, "", "", "", "", {}))
            return
        headers = {name.lower(): text for name, text in self.headers.items()}
        with service.lock:
            asked = service.take(self.server.scheme, self.command, self.path, headers, body)
            answer = service.answer(asked)
        time.sleep(answer.late)
        if answer.end == "reset" and answer.stop == 0:
            self._reset()
            return
        if answer.ranges:
            _take_part(answer, headers)
        self._send(answer, asked)

    def _send(self, answer: Answer, asked: Asked) -> None:
        self.send_response(answer.status)
        asked.status = answer.status
        if not answer.bare:
            self.send_header("Content-Length", str(len(answer.body)))
        for name, text in {"Content-Type": answer.type, **answer.headers}.items():
            self.send_header(name, text)
        if answer.bare:
            self.send_header("Connection", "close")
        self.end_headers()
        stop = len(answer.body) if answer.stop is None else answer.stop
        self._pour(memoryview(answer.body)[: len(answer.body) // 2 if stop < 0 else stop], answer.rate, asked)
        if answer.stop is not None:
            self.close_connection = True
            if answer.end == "stall":
                select.select([self.connection], [], [], answer.seconds)  # until the other side goes away
            elif answer.end == "reset":
                self._reset()

    def _pour(self, body: memoryview, rate: float, asked: Asked) -> None:
        """Send the body and count what the system takes, block by block."""
        most = min(_BLOCK, int(rate / 10) + 1) if rate else _BLOCK
        while body:
            if rate:
                time.sleep(min(most, len(body)) / rate)
            taken = self.connection.send(body[:most])
            asked.sent += taken
            body = body[taken:]

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            self.connection.close()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the time by the service's clock."""
        return super().date_time_string(self.server.service.now() if timestamp is None else timestamp)


def _take_part(answer: Answer, headers: dict[str, str]) -> None:
    """Make of a whole answer the part that was asked for, unless the whole is another one by now."""
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("range", ""))
    if not found or headers.get("if-range", answer.headers.get("ETag")) != answer.headers.get("ETag"):
        return
    size = len(answer.body)
    start, end = int(found[1]) + answer.shift, min(int(found[2] or size - 1), size - 1)
    if start >= size:
        answer.status, answer.body = 416, b""
        answer.headers["Content-Range"] = f"bytes */{size}"
        return
    answer.status, answer.body = 206, answer.body[start : end + 1]
    answer.headers["Content-Range"] = f"bytes {start}-{end}/{size}"
