"""What may be written down of what the service says and of what the libraries log."""

from __future__ import annotations

import logging

import pytest

from comet.backup import redact

SECRET = "y0_AgAAAAbcdef0123456789"  # noqa: S105 - of nobody


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("session-expired", "session-expired"),
        (f"who is {SECRET}?", "who is ***?"),
        ("see https://host.example/get-mp3/5f2a/abc?sign=1 now", "see https://host.example/*** now"),
        ("Max retries with url: /get-file-info?ts=1&sign=x (Caused by", "Max retries with url: /*** (Caused by"),
    ],
)
def test_texts_lose_secrets_and_addresses(text: str, clean: str) -> None:
    """The host stays, for one wants to know who did not answer."""
    redact.keep(SECRET)
    assert redact.clean(text) == clean


def test_texts_are_cut_to_a_line() -> None:
    """A page of a captcha fills no screen."""
    assert len(redact.clean("a" * 6000)) == 200


def test_the_libraries_log_no_answers(caplog: pytest.LogCaptureFixture) -> None:
    """What is logged between entering and leaving a call is what the service answered."""
    with caplog.at_level(logging.DEBUG):
        for name in ("yandex_music._client.tracks", "yandex_music.utils.request_base", "yandex_music"):
            logging.getLogger(name).warning("Entering: %s", "tracks")
            logging.getLogger(name).warning({"access_token": "abcdefg"})
            logging.getLogger(name).warning("body %r", b"abcdefg", exc_info=ValueError("abcdefg"))
        logging.getLogger("urllib3.connectionpool").warning('%s "GET %s HTTP/1.1" %s', "https://h:1", "/m/abcdefg", 200)
        logging.getLogger("comet").warning("what Comet %s", "says itself")
    assert "abcdefg" not in caplog.text
    assert caplog.text.count("Entering: tracks") == 3
    assert "https://h:1" in caplog.text
    assert "what Comet says itself" in caplog.text
