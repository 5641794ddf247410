"""`comet review`: walk through the groups; on a terminal that cannot show screens, one question at a time."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

from comet import changes
from comet.changes import Outcome
from comet.cli import acting, beside, console, context, out, pairs, rule, settling, why
from comet.cli.context import Context
from comet.cli.main import become_screens, can_show_screens
from comet.collection import decisions, edited, groups, merging
from comet.collection.merging import Editor, Merged
from comet.core import answers
from comet.core.errors import CometError, UsageError
from comet.core.job import Job
from comet.core.merged import Settled
from comet.core.model import Choice, Decision, Proposal
from comet.core.text import N_, _, _n, clock, grouped, safe, size

_QUESTION = N_(
    "Enter does that. Or: numbers of the tracks to keep, t all tags, e edit them, o each file keeps its own tags,"
    " a they are no duplicates, s leave for later, w why, u undo the last answer, q quit"
)


def run(arguments: argparse.Namespace) -> int:
    """Review in the terminal application, or by line; or let rules decide."""
    if arguments.rule is not None:
        return rule.run(arguments)
    here = context.of(arguments)
    if arguments.json:
        raise UsageError(_("a review has no JSON"), hint=_("`comet plan` and `comet apply` are for scripts"))
    if not arguments.plain and can_show_screens():
        become_screens(arguments)
    with Editor() as editor:
        review = _Review(here, editor)
        out.note(_("looking for folders that hold the same tracks, and for groups"))
        found = beside.ask(here, _read, review.folders_done)
        if found is not None:
            review.begin(found)
            while review.ask():
                pass
        review.end()
    return 0


class _Review:
    """One walk through the groups that were open when it began, largest saving first."""

    def __init__(self, here: Context, editor: Editor) -> None:
        """Take the context, and what finds out what formats cannot hold: starting it anew takes longer than asking."""
        self._here = here
        self._editor = editor
        self._groups: list[Proposal] = []
        self._at = 0
        self._asked: Merged
        """The group that is asked about, with what was settled about its tags."""
        self._before: list[Merged] = []
        """The same before each answer about its tags: what `u` takes back first."""
        self._done: list[tuple[int, Outcome | Decision]] = []
        """What `u` takes back: the group's number, and what was done with it."""
        self._folders: list[Outcome] = []
        """What was done with whole folders before."""

    def folders_done(self, outcome: Outcome) -> None:
        """Tell what was done with two folders."""
        self._folders.append(outcome)
        _tell(outcome, _("{files} moved into quarantine"))
        command = self._here.next("undo", str(outcome.run))
        print(_("`{command}` takes it back").format(command=command))

    def begin(self, proposals: Sequence[Proposal]) -> None:
        """Find those that are open, and say how many there are and what can be answered."""

        def work(job: Job) -> list[Proposal]:
            with self._here.collection() as collection:
                idle = [each for each in proposals if answers.takes_part(each) and not answers.waits(each)]
                asks = {each.proposal.group.id for each in merging.each(collection, idle, job=job) if each.writes}
                return [each for each in proposals if answers.waits(each) or each.group.id in asks]

        self._groups = found = console.asked(work)
        print(
            _("{groups} to review, {size} to move into quarantine").format(
                groups=_n("{n} group", "{n} groups", len(found)), size=size(sum(each.frees for each in found))
            )
        )
        if found:
            print(_(_QUESTION))

    def ask(self) -> bool:
        """Ask about the group that is next; return whether to go on."""
        if self._at >= len(self._groups):
            return False
        with self._here.collection() as collection:
            proposal = groups.proposal(collection, self._groups[self._at])
        self._asked, self._before = self._tags(proposal), []
        for line in (*self._told(proposal), *settling.told(self._asked, self._editor)):
            print(line)
        while (typed := _read()) is not None and (typed := typed.lower()) != "q":
            try:
                if self._answered(typed):
                    return True
            except CometError as error:
                print(_("error: {message}").format(message=error))
                if error.hint:
                    print(_("hint: {hint}").format(hint=error.hint))
        return False

    def end(self) -> None:
        """Say what was done."""
        outcomes = [*self._folders, *(what for _at, what in self._done if not isinstance(what, Decision))]
        moved = [entry for outcome in outcomes for entry in outcome.done if "held" in entry.after]
        print(
            _("{files} moved into quarantine ({size})").format(
                files=_n("{n} file", "{n} files", len(moved)), size=size(sum(each.before.file.size for each in moved))
            )
        )

    def _told(self, proposal: Proposal) -> Iterator[str]:
        group = proposal.group
        yield ""
        yield _("Group {number} of {all}: {files}, frees {size}{check}").format(
            number=grouped(self._at + 1),
            all=grouped(len(self._groups)),
            files=_n("{n} file", "{n} files", len(group.tracks)),
            size=size(proposal.frees),
            check="" if group.clear else _("; to check: listen before you decide"),
        )
        if proposal.albums:
            yield proposal.albums
        for at, track in enumerate(group.tracks):
            check = pairs.doubt(proposal.doubtful[at]) if at in proposal.doubtful else ""
            why = (
                proposal.barred.get(at)
                or proposal.whole.get(at)
                or (check and _("to check: {doubt}").format(doubt=check))
            )
            unsaid = proposal.doubtful.keys() | proposal.whole.keys()
            kept = at == proposal.keep[0] or (at in proposal.keep and at not in unsaid)
            stays = at in proposal.barred or at in unsaid
            word = _("keep") if kept else _("stays") if stays else _("remove")
            yield _("{n}. {word}: {length}, {rate} {codec}, {size}, {path}{why}").format(
                n=at + 1,
                word=word,
                length=clock(track.audio.duration),
                rate=out.rate(track.audio.bitrate),
                codec=safe(track.audio.codec),
                size=size(track.file.size),
                path=safe(track.path),
                why=_(" ({reason})").format(reason=why) if why else "",
            )

    def _answered(self, typed: str) -> bool:
        """Do what was typed; return whether to ask about another group."""
        shown = self._asked.proposal
        if typed == "w":
            with self._here.collection() as collection:
                for line in why.group(collection, shown):
                    print(line)
            return False
        if typed == "u":
            return self._undo()
        if typed in ("t", "e", "o"):
            self._look_at_tags(typed)
            return False
        if typed in ("a", "s"):
            self._decide(shown, Choice.APART if typed == "a" else Choice.SKIP)
            print(_("they are no duplicates") if typed == "a" else _("left for later"))
        else:
            wished = self._asked
            if typed:
                kept = self._keeping(shown, _numbers(typed, len(shown.group.tracks)))
                wished = self._tags(kept, wished.settled)
            settled = settling.settle(wished, _read)
            if settled is None:
                print(_("nothing was done with this group yet"))
                return False
            changed = settled != (self._before or [self._asked])[0].settled
            touched = answers.touched(wished.proposal, chosen=bool(typed), settled=changed)
            self._apply(replace(wished, settled=settled), touched=touched)
        self._at += 1
        return True

    def _decide(self, proposal: Proposal, choice: Choice) -> None:
        with self._here.collection() as collection:
            self._done.append((self._at, decisions.decide(collection, proposal.group, choice)))

    def _keeping(self, proposal: Proposal, keep: Sequence[int]) -> Proposal:
        """Return the proposal with these tracks to keep."""
        with self._here.collection() as collection:
            return groups.keeping(collection, proposal, keep)

    def _tags(self, proposal: Proposal, settled: Settled | None = None) -> Merged:
        """Return the group with its tags, which may have to be read."""

        def work(job: Job) -> Merged:
            with self._here.collection() as collection:
                return merging.of(collection, proposal, settled, job)

        return console.quietly(work)

    def _look_at_tags(self, typed: str) -> None:
        """Show all tags, let them be edited, or let each file keep its own, or not."""
        merged = self._asked
        settled = merged.settled
        if typed == "o":
            settled = replace(settled, own=not settled.own)
        elif typed == "e" and not settled.own:
            text = edited.text(merged.merge, settled)
            settled = replace(settled, fields=edited.parse(edited.by_hand(text), merged.merge).fields)
        if settled != merged.settled:
            self._before.append(merged)
        self._show(replace(self._tags(merged.proposal, settled), settled=settled), all_fields=typed == "t")

    def _show(self, merged: Merged, *, all_fields: bool = False) -> None:
        """Ask about a group with these tags from now on."""
        self._asked = merged
        for line in settling.told(merged, self._editor, all_fields=all_fields):
            print(line)

    def _apply(self, merged: Merged, *, touched: bool) -> None:
        """Do what is proposed, and remember it where that decides the group."""

        def work(job: Job) -> tuple[Outcome | None, Decision | None]:
            with self._here.collection() as collection:
                plan = changes.plan(collection, [merged])
                outcome = changes.apply(collection, plan, job) if plan.steps else None
                return outcome, changes.confirmed(collection, merged.proposal, outcome, merged.settled, touched=touched)

        outcome, decided = console.quietly(work)
        what = outcome or decided  # a decision goes with the undoing of what it did
        if what is not None:
            self._done.append((self._at, what))
        if outcome is None:
            print(_("all of them stay"))
        else:
            _tell(outcome, _("{files} moved into quarantine"))

    def _undo(self) -> bool:
        """Take back what was settled about the tags; else what was done with the last group, and go back to that."""
        if self._before:
            self._show(self._before.pop())
            return False
        if not self._done:
            print(_("nothing to undo"))
            return False
        at = self._done[-1][0]
        while self._done and self._done[-1][0] == at:
            _at, what = self._done.pop()
            if isinstance(what, Decision):
                with self._here.collection() as collection:
                    decisions.forget(collection, what.id)
                print(_("decision {id} is taken back").format(id=what.id))
            else:
                _tell(self._taken_back(what), _("{files} moved back"))
        self._at = at
        return True

    def _taken_back(self, outcome: Outcome) -> Outcome:
        def work(job: Job) -> Outcome:
            with self._here.collection() as collection:
                return changes.undo(collection, [entry.id for entry in outcome.done], job)

        return console.quietly(work)


def _tell(outcome: Outcome, moved: str) -> None:
    dos = {entry.before.do for entry in (*outcome.done, *outcome.failed)}
    print(acting.account(outcome, dos, moved, _("tags of {files} written")) + acting.refused(outcome))
    for entry in outcome.failed:
        print(_("`{path}`: {reason}").format(path=safe(entry.before.file.path), reason=safe(entry.error)))
    for warning in outcome.warnings:
        print(_("warning: {text}").format(text=warning))


def _numbers(typed: str, count: int) -> list[int]:
    """Return the indices that were typed as numbers from 1 on.

    Raises:
        UsageError: that is no answer.
    """
    words = typed.replace(",", " ").split()
    if not words or not all(word.isdecimal() and len(word) < 9 and 1 <= int(word) <= count for word in words):
        raise UsageError(
            _("`{typed}` is no answer").format(typed=safe(typed)),
            hint=_("Enter, numbers from 1 to {n}, or one of t, e, o, a, s, w, u, q").format(n=count),
        )
    return [int(word) - 1 for word in words]


def _read() -> str | None:
    """Return the next answer, None at the end of the input."""
    sys.stdout.write("> ")
    sys.stdout.flush()
    line = sys.stdin.readline()
    if not line.endswith("\n"):  # an answer that was cut off is none
        print()
        return None
    return line.strip()
