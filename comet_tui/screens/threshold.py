"""The line on the evidence: what random pairs show, what moving the line would do, and the pairs nearest to it."""

from __future__ import annotations

import asyncio
import os
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Static

from comet.core.errors import CometError
from comet.core.text import _, _n, grouped, safe, size
from comet_tui import keys, threshold
from comet_tui.background import in_thread
from comet_tui.keys import Key
from comet_tui.screens.base import explain
from comet_tui.screens.pair import PairScreen
from comet_tui.screens.paired import Paired
from comet_tui.session import Session
from comet_tui.threshold import Line, Near, Step
from comet_tui.widgets.columns import Cell, line, tail
from comet_tui.widgets.lines import Heading
from comet_tui.widgets.rows import Rows

_TALL = 22
"""Lines from which on there is room for the picture above the lists."""
_RESTS = 0.6
"""Seconds that the cursor has to rest on a line before the pairs near it are asked for: that takes a process."""


class ThresholdScreen(Paired[Line]):
    """Lines to choose among, strictest first, and the pairs nearest to the one under the cursor."""

    KEYS: ClassVar[tuple[Key, ...]] = keys.THRESHOLD
    BINDINGS = keys.bindings(keys.THRESHOLD)
    DEFAULT_CSS = """
    ThresholdScreen {
        #picture { height: auto; }
        &.-wide #one, &.-wide #other { width: 1fr; }
    }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._line: Line | None = None
        self._near: tuple[Near, ...] = ()
        self._of = 0.0
        """Which line these pairs are near to, by the false pairs that it accepts."""

    @property
    def called(self) -> str:
        """What the screen is called."""
        return _("5 Threshold")

    def body(self) -> ComposeResult:
        """Make the picture, and the lists below it."""
        yield Static(id="picture")
        yield from super().body()

    def one(self) -> ComposeResult:
        """Make the list of lines."""
        yield Heading(id="now")
        yield Rows(self._draw_step, id="steps")

    def other(self) -> ComposeResult:
        """Make the list of pairs."""
        yield Heading(id="nearest")
        yield Rows(self._draw_near, id="pairs")

    def lists(self) -> tuple[Widget, Widget]:
        """Return both lists."""
        return self._steps, self._pairs

    def ask(self) -> Line:
        """Ask for the line as it is, which judges the pairs near it."""
        return threshold.of(self.session)

    def show(self, answer: Line) -> None:
        """List the lines, with the cursor on the one of now."""
        self._line, self._near, self._of = answer, answer.near, answer.now.accepted
        self.instead(None)
        self._steps.fill(len(answer.steps), answer.steps.index(answer.now))
        self._pairs.fill(len(self._near), self._middle())
        self._show_step()

    def fail(self, error: CometError) -> None:
        """Say why there is no line yet."""
        self._line = None
        self.query_one("#picture", Static).display = False
        self.instead(explain(error, [_("2 shows what to do next.")]))

    def action_looser(self, step: int) -> None:
        """Move the line, whichever list has the keys."""
        self._steps.action_move(step)

    def action_keep(self) -> None:
        """Keep the line under the cursor in the profile."""
        chosen = self._chosen
        if chosen and self._line and chosen.accepted == self._line.now.accepted:
            self.say(_("the line is there already"))
        elif chosen:
            self._keep(chosen)

    def action_open(self) -> None:
        """Show where the pair under the cursor differs; with the keys at the lines, go to the pairs."""
        if not self.inside:
            self.go(1)
        elif self._near:
            near = self._near[self._pairs.cursor]
            self.app.push_screen(PairScreen(self.session, near.a, near.b))

    def on_resize(self) -> None:
        """Draw the picture as wide as there is room."""
        super().on_resize()
        self._draw_picture()

    @property
    def _steps(self) -> Rows:
        return self.query_one("#steps", Rows)

    @property
    def _pairs(self) -> Rows:
        return self.query_one("#pairs", Rows)

    @property
    def _chosen(self) -> Step | None:
        found = self._line
        return found.steps[self._steps.cursor] if found and self._steps.cursor < len(found.steps) else None

    def _middle(self) -> int:
        """Return the last pair that counts: the line runs under it."""
        return max(0, sum(each.above for each in self._near) - 1)

    @on(Rows.Moved, "#steps")
    def _show_step(self) -> None:
        self._draw_picture()
        found, chosen = self._line, self._chosen
        if found is None or chosen is None:
            return
        self.query_one("#now", Heading).words = _("{audios} · false pairs accepted in all of them").format(
            audios=_n("{n} track", "{n} tracks", found.audios)
        )
        self._show_near()
        if chosen.accepted != self._of:
            self._look(chosen)

    def _show_near(self) -> None:
        chosen = self._chosen
        waits = chosen is not None and chosen.accepted != self._of
        words = _("nearest pairs · reading …") if waits else _("nearest pairs · ✓ counts, - does not")
        self.query_one("#nearest", Heading).words = words

    @work(exclusive=True, group="near")
    async def _look(self, chosen: Step) -> None:
        """Ask for the pairs near another line, once the cursor rests there."""
        await asyncio.sleep(_RESTS)
        try:
            found = await in_thread(lambda: threshold.of(self.session, chosen.accepted))
        except CometError as error:
            self.refuse(error)
            self.query_one("#nearest", Heading).words = _("nearest pairs")
            return
        if self._chosen and self._chosen.accepted == chosen.accepted:
            self._near, self._of = found.near, chosen.accepted
            self._pairs.fill(len(self._near), self._middle())
            self._show_near()

    @work(group="acts")
    async def _keep(self, chosen: Step) -> None:
        try:
            file = await in_thread(lambda: threshold.keep(self.session, chosen.accepted))
        except CometError as error:
            self.refuse(error)
        else:
            self.say(_("kept in `{file}`; 3 shows the groups under this line").format(file=safe(file)))
            self.read()

    def _draw_picture(self) -> None:
        picture, chosen = self.query_one("#picture", Static), self._chosen
        width, height = self.app.size
        picture.display = bool(
            self._line and chosen and self._line.shape["sampled"] and height >= _TALL and width >= 80
        )
        if self._line and chosen and picture.display:
            ascii_only = not self.app.console.encoding.startswith("utf") or os.environ.get("TERM") == "linux"
            rows = threshold.drawn(self._line, chosen, width, ascii_only=ascii_only)
            picture.update(Text("\n".join(rows), no_wrap=True), layout=True)

    def _draw_step(self, index: int, width: int) -> Text:
        found = self._line
        step = found.steps[index] if found else None
        if found is None or step is None:
            return Text()
        groups = step.groups - found.now.groups
        cells = (
            Cell("▸" if step == found.now else "", 1),
            Cell(f"{step.accepted:g}", 5, right=True),
            Cell(_("line {z}").format(z=f"{'=' if step.floored else ''}{step.evidence:.1f}"), 11, rank=2),
            Cell(_n("{n} pair", "{n} pairs", step.pairs), 13, right=True, rank=3),
            Cell(_n("{n} group", "{n} groups", step.groups), 14, right=True),
            Cell(f"{'+' if groups > 0 else ''}{grouped(groups)}" if groups else "", 7, right=True, rank=1),
        )
        return line(cells, size(step.saving), width)

    def _draw_near(self, index: int, width: int) -> Text:
        near = self._near[index]
        cells = (
            Cell("✓" if near.above else "-", 1),
            Cell(f"{near.evidence:.1f}", 5, right=True),
            Cell(f"{100 * near.similarity:.1f} %", 6, right=True, rank=1),
            Cell(f"{near.expected_false:.1g}", 6, right=True, rank=2),
        )
        room = width - line(cells, "", width).cell_len
        same = os.path.commonprefix((near.a, near.b)).rfind("/") + 1  # noqa: RUF071 - cut at a slash; imported ones are relative
        names = (tail(safe(path[same:]), (room - 5) // 2) for path in (near.a, near.b))
        return line(cells, "  /  ".join(names), width)
