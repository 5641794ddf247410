"""What the parameters of matching are worth, as somebody asks it."""

from __future__ import annotations

from comet.core import settings
from tests.integration.cli.conftest import Shell


def test_all_that_matter_are_told_without_any_set_up(comet: Shell) -> None:
    """Each stands with its value, those that are no settings too; the figures have a basis."""
    text = comet("explain").stdout
    assert "sample time (correlate.sample = 120 s)" in text
    assert "minimum overlap (no setting)" in text
    assert "built in" in text
    assert "unrelated music" in text
    assert max(map(len, text.splitlines())) <= 100
    assert not comet.home.exists()


def test_one_is_told_by_its_name_or_its_setting(comet: Shell) -> None:
    """With the value that holds now; another word is refused with what there is."""
    for name in ("span", "correlate.span"):
        (found,) = comet.lines("explain", name, "--set", "correlate.span=20")
        assert (found["setting"], found["now"]) == ("correlate.span", 20)
    assert "there are: sample time, span" in comet("explain", "tempo", code=2).stderr
    assert comet("explain", "", code=2)


def test_what_is_told_is_what_there_is(comet: Shell) -> None:
    """Every setting that it names is one; of the measured values just one is built in, and it loses nothing easy."""
    known = {each.name for each in settings.declared()}
    for each in comet.lines("explain"):
        assert each["setting"] in {"", *known}
        if each["measured"]:
            (chosen,) = [row for row in each["measured"] if row["chosen"]]
            assert chosen["easy"] >= max(row["easy"] for row in each["measured"]) - 0.01
