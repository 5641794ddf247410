"""Ini files: every line is known by its number, and an edit leaves all others as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comet.core import ini
from comet.core.errors import SettingsError

_WORD = st.text("abcdefghij_.", min_size=1, max_size=8)
_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp", "Cs"]), max_size=20).map(str.strip)


def parse(text: str) -> dict[str, ini.Section]:
    """Parse a text as the file `x.ini`."""
    return ini.parse(text.splitlines(), "x.ini")


def test_a_value_knows_its_line() -> None:
    """Comments and empty lines count."""
    sections = parse("# one\n\n[a]\n; two\nkey = value\n")
    assert sections["a"].line == 3
    assert sections["a"].errors == []
    assert sections["a"].values["key"] == ini.Value("value", "x.ini", "a", "key", 5)


def test_indented_lines_go_on() -> None:
    """A list is a value of several lines; comments between them are none of it."""
    value = parse("[a]\nroots =\n    /one\n    # no\n    /two words\nnext = 1\n")["a"].values["roots"]
    assert (value.text, value.line) == ("/one\n/two words", 2)


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("[a]\nno sign\n", 2, "[section]"),
        ("[a]\n  lost\n", 2, "above it"),
        ("[a]\nx = 1\nx = 2\n", 3, "key stands there already"),
        ("[a]\n[b]\n[a]\n", 3, "section stands there already"),
    ],
    ids=["neither", "lost", "key twice", "section twice"],
)
def test_a_mistake_names_its_line(text: str, line: int, expected: str) -> None:
    """A mistake stays with its section, with line and reason."""
    (error,) = parse(text)["a"].errors
    assert f"`x.ini` [a] line {line}" in str(error)
    assert expected in str(error)


@pytest.mark.parametrize(
    ("line", "quoted"),
    [
        ("key s3cret", ": `key`"),
        ("=s3cret", ""),
        ("[b] key = s3cret", ": `[b]`"),
        ("[b]s3cret", ": `[b]`"),
        ("[b key = s3cret", ": `[b`"),
        ("  key = s3cret", ": `key`"),
        ("  s3cret", ""),
    ],
)
def test_a_mistake_repeats_no_value(line: str, quoted: str) -> None:
    """What is meant as a value may be a secret, in whatever way its line is wrong."""
    (error,) = (error for section in parse(f"[a]\n{line}\n").values() for error in section.errors)
    assert "s3cret" not in str(error)
    assert "line 2" in str(error)
    assert str(error).endswith(quoted or ("above it" if line.startswith(" ") else "`key = value`"))


def test_a_mistake_leaves_other_sections_alone() -> None:
    """One profile's slip does not take the others with it."""
    sections = parse("[a]\nnonsense\n[b]\nx = 1\n")
    assert sections["b"].errors == []
    assert sections["b"].values["x"].text == "1"


def test_a_missing_file_has_no_sections(tmp_path: Path) -> None:
    """Nothing is set where there is no file."""
    assert ini.read(str(tmp_path / "none.ini")) == {}


def test_an_unreadable_file_is_a_settings_error(tmp_path: Path) -> None:
    """What is there and cannot be read is not taken for empty."""
    with pytest.raises(SettingsError, match="cannot be read"):
        ini.read(str(tmp_path))


def test_setting_a_value_keeps_every_other_line(tmp_path: Path) -> None:
    """Comments, order and other keys stay, byte for byte."""
    file = tmp_path / "x.ini"
    file.write_text("# mine\n[a]\nx = 1   \n\n; also mine\ny=2\n[b]\n")
    ini.set_value(str(file), "a", "y", "3")
    assert file.read_text() == "# mine\n[a]\nx = 1   \n\n; also mine\ny = 3\n[b]\n"
    ini.set_value(str(file), "c", "z", "4")
    assert file.read_text().endswith("[b]\n\n[c]\nz = 4\n")


def test_a_value_of_several_lines_is_replaced_whole(tmp_path: Path) -> None:
    """None of its lines goes on with the new value, and the comments between them stay."""
    file = tmp_path / "x.ini"
    file.write_text("[a]\nx = 1\n    2\n\n    # mine\n    3\n# next\ny = 4\n")
    ini.set_value(str(file), "a", "x", "5")
    assert file.read_text() == "[a]\nx = 5\n\n    # mine\n# next\ny = 4\n"


@given(pairs=st.dictionaries(_WORD, _TEXT.filter(lambda t: t[:1] not in ("#", ";")), max_size=5))
def test_what_is_written_is_read(pairs: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """A round trip through the file keeps keys and values."""
    file = str(tmp_path_factory.mktemp("ini") / "x.ini")
    ini.write(file, "[s]\n")
    for key, text in pairs.items():
        ini.set_value(file, "s", key, text)
    assert {key: value.text for key, value in ini.read(file)["s"].values.items()} == pairs


def test_an_appended_section_stands_apart(tmp_path: Path) -> None:
    """A new profile goes to the end, also behind a file without a last line break."""
    file = tmp_path / "x.ini"
    ini.append_section(str(file), "[a]\n")
    file.write_text("[a]\nx = 1")
    ini.append_section(str(file), "[b]\n")
    assert file.read_text() == "[a]\nx = 1\n\n[b]\n"


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    """A file is replaced whole or not at all, and nothing is left beside it."""
    file = tmp_path / "x.ini"
    file.write_text("old")
    with pytest.raises(TypeError):
        ini.write(str(file), None)  # type: ignore[arg-type]
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.ini"]


def test_what_cannot_be_written_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    """Settings tell it as what a person can mend; what may be lost leaves it to the one who writes."""
    (tmp_path / "folder").touch()
    file = str(tmp_path / "folder/x.ini")
    with pytest.raises(SettingsError, match=r"folder/x\.ini` cannot be written: "):
        ini.write(file, "new")
    with pytest.raises(OSError, match="folder"):
        ini.write(file, "new", durable=False)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """Settings that live elsewhere, behind a link, are changed there."""
    (tmp_path / "real.ini").write_text("")
    (tmp_path / "x.ini").symlink_to("real.ini")
    ini.write(str(tmp_path / "x.ini"), "new")
    assert (tmp_path / "x.ini").is_symlink()
    assert (tmp_path / "real.ini").read_text() == "new"
