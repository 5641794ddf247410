"""Settings: declared once, in range, written out with their defaults."""

from __future__ import annotations

import pytest

from comet.core import ini, settings
from comet.core.errors import SettingsError
from comet.core.ini import Value
from comet.core.sections import Settings
from comet.core.settings import Declared

_ALL = list(settings.declared())
_NUMBERS = [item for item in _ALL if item.kind is not str]
_TEXTS = {item.name: item for item in _ALL if item.kind is str}


def value(item: Declared, text: str) -> Value:
    """Return a value of a setting as it would stand in main.ini."""
    return Value(text, "main.ini", item.section, item.key, 1)


def test_the_template_is_the_defaults() -> None:
    """A main.ini that setup wrote changes nothing, and names every setting."""
    sections = ini.parse(settings.template().splitlines(), "main.ini")
    found = settings.from_main(sections, "main.ini")
    assert set(found) == {item.name for item in _ALL}
    values = {item.name: settings.parse(item, found[item.name]) for item in _ALL}
    assert settings.build(values) == Settings()


def test_the_template_explains_each_setting() -> None:
    """Above each value stands what it is for and what it may be."""
    lines = settings.template().splitlines()
    for item in _ALL:
        above = lines[lines.index(f"{item.key} = {settings.show(item.default)}".rstrip()) - 1]
        assert above.startswith("# ")
        assert item.help in above
        assert item.expected in above
    assert "[fingerprint]" in lines


@pytest.mark.parametrize("item", _NUMBERS, ids=lambda item: item.name)
def test_a_value_out_of_range_is_refused(item: Declared) -> None:
    """The lowest and highest value are taken, what lies beyond is not, and words never."""
    assert settings.parse(item, value(item, settings.show(item.low))) == item.low
    beyond = [settings.show(item.low - 1), "much", "", "nan"]
    if item.high is not None:
        assert settings.parse(item, value(item, settings.show(item.high))) == item.high
        beyond.append(settings.show(item.high * 2))
    for text in beyond:
        with pytest.raises(SettingsError, match="must be"):
            settings.parse(item, value(item, text))


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("identify.key", ["", "aZ9", "x" * 64], ["x" * 65, "a-b", "a b", "a\nb", "\u00e9"]),
        (
            "identify.url",
            ["http://127.0.0.1:80/", "https://[::1]/v2/", "https://here"],
            ["", "ftp://here", "https://", "https:///v2", "https://me:secret@here/", "https://here/?a", "https://a b/"],
        ),
    ],
)
def test_a_text_of_another_form_is_refused(name: str, good: list[str], bad: list[str]) -> None:
    """All of a text has the form that is asked for; what is given comes back as it is."""
    item = _TEXTS[name]
    assert [settings.parse(item, value(item, text)) for text in good] == good
    for text in bad:
        with pytest.raises(SettingsError, match="must be") as caught:
            settings.parse(item, value(item, text))
        assert item.expected in str(caught.value)


def test_a_secret_is_not_repeated() -> None:
    """A wrong one is refused without its letters, and a right one does not show in a value's text."""
    item = _TEXTS["identify.key"]
    with pytest.raises(SettingsError, match=r"not `\*\*\*`$"):
        settings.parse(item, value(item, "s3cret-key"))
    built = settings.build({"identify.key": "s3cret"})
    assert built.identify.key == "s3cret"
    assert "s3cret" not in repr(built)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://me:s3cret@host/", "http://***@host/"),
        ("http://me:s3/cr@et@host/", "http://***@host/"),
        ("me:s3cret@host", "***@host"),
        ("ftp://host/", "ftp://host/"),
    ],
)
def test_a_password_in_an_address_is_not_repeated(text: str, shown: str) -> None:
    """An address with a name and a password is refused, and shown without them."""
    item = _TEXTS["identify.url"]
    with pytest.raises(SettingsError) as caught:
        settings.parse(item, value(item, text))
    assert str(caught.value).endswith(f"not `{shown}`")


def test_the_default_is_in_range() -> None:
    """No setting has a default that a file could not hold."""
    for item in _ALL:
        assert settings.parse(item, value(item, settings.show(item.default))) == item.default


def test_an_unknown_key_names_those_that_there_are() -> None:
    """A slip in a name is answered with the names of its section."""
    sections = ini.parse(["[scan]", "worker = 2"], "main.ini")
    with pytest.raises(SettingsError, match=r"line 2: unknown key `worker`") as caught:
        settings.from_main(sections, "main.ini")
    assert "workers" in caught.value.hint
    assert "sample" not in caught.value.hint


def test_a_home_folder_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    """A path may begin with ~."""
    monkeypatch.setenv("HOME", "/home/me")
    assert settings.expand("~/Music/") == "/home/me/Music"
