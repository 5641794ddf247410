"""Settings: declared once, in range, written out with their defaults."""

from __future__ import annotations

import pytest

from comet.core import ini, settings
from comet.core.errors import SettingsError
from comet.core.ini import Value
from comet.core.settings import Declared, Settings

_ALL = list(settings.declared())


def value(item: Declared, text: str) -> Value:
    """Return a value of a setting as it would stand in main.ini."""
    return Value(text, "main.ini", item.section, item.key, 1)


def test_the_template_is_the_defaults() -> None:
    """A main.ini that setup wrote changes nothing, and names every setting."""
    sections = ini.parse(settings.template().splitlines(), "main.ini")
    found = settings.from_main(sections, "main.ini")
    assert set(found) == {item.name for item in _ALL}
    numbers = {item.name: settings.parse(item, found[item.name]) for item in _ALL}
    assert settings.build(numbers) == Settings()


def test_the_template_explains_each_setting() -> None:
    """Above each value stands what it is for and what it may be."""
    lines = settings.template().splitlines()
    for item in _ALL:
        above = lines[lines.index(f"{item.key} = {settings.show(item.default)}") - 1]
        assert above.startswith("# ")
        assert item.help in above
        assert item.expected in above
    assert "[fingerprint]" in lines


@pytest.mark.parametrize("item", _ALL, ids=lambda item: item.name)
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
