"""Programs that `tests.benchmarks.screens` measures, in a module that loads nothing else: `list FILE`, `table ROWS`."""

from __future__ import annotations

import sys
from dataclasses import replace


def application(path: str) -> None:
    """Run the application with a list that was written."""
    from comet.core.places import places  # noqa: PLC0415
    from comet_tui.app import CometApp  # noqa: PLC0415 - the other program shall not load it
    from comet_tui.found import Found  # noqa: PLC0415
    from comet_tui.listed import load  # noqa: PLC0415
    from comet_tui.session import Session  # noqa: PLC0415

    class Many(Session):
        def review(self) -> Found:
            with open(path, "rb") as stream:
                return replace(super().review(), proposals=load(stream))

    CometApp(Many(places())).run()


def table(count: int) -> None:
    """Run Textual's own table with so many rows; with none, nothing but a word."""
    from textual.app import App, ComposeResult  # noqa: PLC0415 - the other programs shall not load it
    from textual.widgets import DataTable, Static  # noqa: PLC0415

    class Table(App[None]):
        def compose(self) -> ComposeResult:
            yield DataTable[str](cursor_type="row") if count else Static("here it is")

        def on_mount(self) -> None:
            if count:
                shown = self.query_one(DataTable)
                shown.add_columns("saving", "copies", "name")
                shown.add_rows(
                    (f"{number / 10:.1f} MB", "2 x", f"here it is: {number:07}.flac") for number in range(count)
                )

    Table().run()


if __name__ == "__main__":
    if sys.argv[1] == "list":
        application(sys.argv[2])
    else:
        table(int(sys.argv[2]))
