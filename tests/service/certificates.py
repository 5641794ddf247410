"""A certificate authority of our own, and a certificate for loopback that it signed: made anew at every start.

`openssl` does it; wherever Python can check a certificate, the package `ca-certificates` has brought it along.
"""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
_NAMES = "subjectAltName=IP:127.0.0.1,DNS:localhost"


def make(folder: Path) -> tuple[str, ssl.SSLContext]:
    """Return the path of the authority's certificate (PEM) and what a server needs that shows ours."""
    ca, ca_key, ours, key = (folder / name for name in ("ca.pem", "ca.key", "server.pem", "server.key"))
    _request("-x509", "-subj", "/CN=Comet test authority", "-keyout", ca_key, "-out", ca)
    signed = ("-CA", ca, "-CAkey", ca_key, "-addext", _NAMES, "-addext", "basicConstraints=critical,CA:FALSE")
    _request("-x509", *signed, "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", ours)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ours, key)
    return str(ca), context


def _request(*arguments: object) -> None:
    line = ["openssl", "req", *_KEY, *map(str, arguments)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"openssl failed: {done.stderr}")
