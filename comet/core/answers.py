"""What an answer about a group means, for all faces: which groups wait for one, and when confirming one decides it."""

from __future__ import annotations

from comet.core.model import Proposal, Standing


def takes_part(proposal: Proposal, *, clean_only: bool = False) -> bool:
    """Tell whether a group is worked on with all others: nobody has settled or skipped it.

    Also one of which nothing goes: its files may get tags from each other.
    """
    return proposal.standing is Standing.OPEN and (proposal.group.clear or not clean_only)


def waits(proposal: Proposal) -> bool:
    """Tell whether a group waits for an answer: it is open, and something of it is removed or may be.

    What stays for its album's sake asks nothing; what was chosen to stay before others came into the group does.
    """
    return takes_part(proposal) and bool(proposal.remove or set(proposal.keep[1:]) - proposal.whole.keys())


def touched(proposal: Proposal, *, chosen: bool, settled: bool) -> bool:
    """Tell whether somebody decided something about a group before it is confirmed.

    Args:
        proposal: what would become of it.
        chosen: somebody said who stays.
        settled: somebody settled something about its tags, which says nothing of what stays only till somebody chooses.
    """
    return chosen or (settled and not _left(proposal))


def decides(proposal: Proposal, *, touched: bool, done: bool) -> bool:
    """Tell whether a group that was confirmed by itself is decided: who looked at it and let it be done has chosen.

    What was done with many groups at once decides none of them.

    Args:
        proposal: what was confirmed.
        touched: as above.
        done: something came of it.
    """
    return touched or (done and not _left(proposal))


def _left(proposal: Proposal) -> bool:
    """Tell whether something stays beside what goes only until somebody chooses: to check, or for its album's sake."""
    return bool(proposal.doubtful or (proposal.whole and proposal.remove))
