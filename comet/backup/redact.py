"""What may be written down: no token, no link, no answer of the service, whoever wants to log or show it.

The library logs every answer at DEBUG, tokens and signed links among them, and urllib3 every address. Records of both
are cut to what is harmless when they are made, whatever handlers there are.
"""

from __future__ import annotations

import logging
import re
from typing import Any, Final

_LONGEST: Final = 200
"""Letters of a text of the service that are shown; a captcha's page has 6,000."""

_SPOKEN: Final = ("Entering: %s", "Exiting: %s")
"""All that the library says of its calls beside their answers."""

_PLACE: Final = re.compile(r"(https?://[^/\s'\"]+)(?:/[^\s'\"]*)?|(?<!HTTP)/[^\s'\"]*", re.IGNORECASE)
_KEPT: Final[set[str]] = set()


def keep(*secrets: str) -> None:
    """Let texts that are passed to `clean` never hold these."""
    _KEPT.update(secret for secret in secrets if len(secret) > 3)


def clean(text: str) -> str:
    """Return a text from outside with no secret and no address but its host, cut to a line."""
    for secret in _KEPT:
        text = text.replace(secret, "***")
    text = _PLACE.sub(lambda found: f"{found[1] or ''}/***", text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


_make = logging.getLogRecordFactory()


def _record(*args: Any, **kwargs: Any) -> logging.LogRecord:  # noqa: ANN401 - of any record
    record = _make(*args, **kwargs)
    library = record.name.partition(".")[0]
    if library == "yandex_music":
        if record.msg not in _SPOKEN:
            record.msg, record.args = "(not logged: it may hold secrets)", ()
    elif library in ("urllib3", "requests"):
        record.msg, record.args = clean(record.getMessage()), ()
    else:
        return record
    record.exc_info = record.exc_text = None  # a traceback holds the texts of errors
    return record


logging.setLogRecordFactory(_record)
