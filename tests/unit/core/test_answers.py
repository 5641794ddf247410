"""What an answer about a group means: which wait for one, and when confirming one decides it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from comet.core import answers
from comet.core.model import Proposal, Standing
from tests.unit.decide.test_albums import group
from tests.unit.judge.made import track

OPEN = Proposal(group(track(1), track(2), track(3)), (0,), {}, Standing.OPEN)
ASKS = {
    "to check": replace(OPEN, keep=(0, 2), doubtful={2: "differs"}),
    "whole": replace(OPEN, keep=(0, 2), whole={2: "it"}),
}
ALL = replace(OPEN, keep=(0, 1, 2), whole={1: "it", 2: "it"})


def test_which_groups_wait_for_an_answer() -> None:
    """Open ones of which something goes, or stays without being asked about; not for an album's sake alone."""
    joined = replace(OPEN, keep=(0, 1, 2), reopened=True)
    assert all(map(answers.waits, (OPEN, *ASKS.values(), joined)))
    assert not any(map(answers.waits, (ALL, *(replace(OPEN, standing=each) for each in Standing if each != "open"))))
    assert answers.takes_part(ALL)
    assert not answers.takes_part(replace(OPEN, group=replace(OPEN.group, clear=False)), clean_only=True)


@pytest.mark.parametrize("settled", [False, True])
def test_when_confirming_is_a_decision(settled: bool) -> None:  # noqa: FBT001
    """Who confirms a group has chosen, but for what stays only until somebody says so: tags say nothing of that."""
    for proposal in (OPEN, ALL):
        touched = answers.touched(proposal, chosen=False, settled=settled)
        assert touched == settled
        assert answers.decides(proposal, touched=touched, done=True)
        assert answers.decides(proposal, touched=touched, done=False) == settled
    for proposal in ASKS.values():
        touched = answers.touched(proposal, chosen=False, settled=settled)
        assert not answers.decides(proposal, touched=touched, done=True)
        assert answers.decides(proposal, touched=answers.touched(proposal, chosen=True, settled=settled), done=False)
