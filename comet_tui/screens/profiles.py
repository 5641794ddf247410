"""The profiles: which there are, every value of one with where it comes from; another one is used, or added."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult, SuspendNotSupported
from textual.widget import Widget

from comet.core import ini
from comet.core.errors import CometError
from comet.core.profiles import LISTS, UNNAMED
from comet.core.text import _, _n, safe
from comet_tui import keys
from comet_tui.background import in_thread
from comet_tui.keys import Key
from comet_tui.profiles import Listed, Listing
from comet_tui.screens.base import explain, reason
from comet_tui.screens.paired import Paired
from comet_tui.session import Session
from comet_tui.widgets.columns import Cell, line, tail
from comet_tui.widgets.lines import Heading
from comet_tui.widgets.rows import Rows
from comet_tui.widgets.typed import Typed


class ProfilesScreen(Paired[Listing]):
    """A list of profiles, and the values of the one under the cursor."""

    KEYS: ClassVar[tuple[Key, ...]] = keys.PROFILES
    BINDINGS = keys.bindings(keys.PROFILES)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._listing = Listing("", [], ())
        self._added = ""
        """The name of a profile that was just added, on which the cursor shall stand."""
        self._draft = ""
        """What came back from the editor and is not written."""
        self._before = ""
        """The text that the draft was made of."""
        self._typing = ("", "", "")
        """Whose value is being typed: of which profile, which key, and what it was."""
        self._of = ""
        """The profile whose values are listed."""
        self._wrong = ""
        """What was said to be wrong with the profile under the cursor."""

    @property
    def called(self) -> str:
        """What the screen is called."""
        return _("1 Profiles")

    def one(self) -> ComposeResult:
        """Make the list of profiles, and the lines in which a new one is typed."""
        yield Heading(id="file")
        yield Rows(self._draw_profile, id="profiles")
        yield Typed(_("name of the new profile, then Enter; Esc leaves it"), id="name")
        yield Typed(_("the folder that its music lies in, then Enter"), id="folder")

    def other(self) -> ComposeResult:
        """Make the list of values."""
        yield Heading(id="which")
        yield Rows(self._draw_value, id="values")
        yield Typed(_("the value, then Enter; Esc leaves it as it is"), id="value")

    def lists(self) -> tuple[Widget, Widget]:
        """Return both lists."""
        return self._profiles, self.query_one("#values", Rows)

    def ask(self) -> Listing:
        """Ask for the profiles."""
        return self.session.profiles()

    def show(self, answer: Listing) -> None:
        """List the profiles; the cursor stays where it was, at first on the one that is in use."""
        here = self._here
        wanted = self._added or (here.name if here else self.session.profile_name)
        self._listing, self._added = answer, ""
        names = [each.name for each in answer.profiles]
        count = len(names) + len(answer.errors)
        self.instead(None)
        self.query_one("#file", Heading).words = _("{profiles} · {file}").format(
            profiles=_n("{n} profile", "{n} profiles", len(names)), file=safe(answer.file)
        )
        self._profiles.fill(count, names.index(wanted) if wanted in names else 0)
        self._show_values()
        if not count:
            self.say(_("there is no profile yet: a adds one"))

    def fail(self, error: CometError) -> None:
        """Say why the profiles cannot be read."""
        self._listing = Listing("", [], ())
        self.instead(explain(error))

    def action_use(self) -> None:
        """Work with the profile under the cursor."""
        here = self._here
        if here is None:
            return
        if here.name == self.session.profile_name:
            self.say(_("profile `{name}` is in use: 2 scans, 3 reviews").format(name=safe(here.name)))
            return
        try:
            self.session.switch(here.name)
        except CometError as error:
            self.refuse(error)
            return
        self.entitle()
        self.say(_("profile `{name}` is in use now: 2 scans, 3 reviews").format(name=safe(here.name)))
        self.read()

    def action_add(self) -> None:
        """Ask for a name and a folder."""
        self.go(0)
        self._new.ask()

    def action_edit(self) -> None:
        """Type another value of the profile, in the place of the one under the cursor."""
        here, at = self._here, self.query_one("#values", Rows).cursor
        if here is None or here.errors or at >= len(self._details):
            self.say(_("what is wrong in a file is mended in your editor: E"))
        elif not self.inside:
            self.go(1)
        else:
            key, _shown, _origin, given = self._details[at]
            if key in LISTS:
                self.say(_("a list of folders is edited in the file: E"))
            elif safe(given) != given or "\n" in given:
                self.say(_("a value of several lines, or with letters that cannot be shown, is edited in the file: E"))
            else:
                self._typing = here.name, key, given
                self.query_one("#value", Typed).ask(given)

    def action_editor(self) -> None:
        """Open the file of profiles in the user's editor; what is not written is there again next time.

        An emptied text leaves the file as it is.
        """
        from comet.collection import edited  # noqa: PLC0415 - nothing is loaded before somebody asks

        try:
            before = self._before if self._draft else ini.text(self._listing.file)
            with self.app.suspend():
                typed = edited.by_hand(self._draft or before)
            if not typed.strip():
                self._draft = ""
            elif self._draft or typed != before:
                self._draft, self._before = typed, before
                self.session.rewrite(typed, before)
        except SuspendNotSupported:
            self.say(_("this terminal cannot be left for an editor"))
        except CometError as error:
            again = _("nothing was written, E opens it again: {reason}") if self._draft else "{reason}"
            self.say(f"! {again.format(reason=reason(error))}")
        else:
            self._draft = ""
            told = _("`{file}` is as you left it") if typed.strip() else _("`{file}` stays as it is")
            self.say(told.format(file=safe(self._listing.file)))
            self.read()

    def action_default(self) -> None:
        """Let the profile under the cursor be the default one."""
        here = self._here
        if here is None or here.name == UNNAMED:
            self.say(_("only a profile with a name can be the default one"))
            return
        try:
            self.session.make_default(here.name)
        except CometError as error:
            self.refuse(error)
        else:
            self.say(_("profile `{name}` is meant from now on where none is named").format(name=safe(here.name)))
            self.read()

    def action_other(self) -> None:
        """Give the keys to the other list, or to the line that asks."""
        if self._new.display:
            self.set_focus(self._folder if self._folder.display else self._new)
        else:
            super().action_other()

    def action_back(self) -> None:
        """Leave what was begun to be typed, or go back to the list."""
        typing = self.query_one("#value", Typed)
        where = 1 if typing.has_focus else 0
        for line_of in (self._new, self._folder, typing):
            line_of.close()
        self.go(where)

    @on(Typed.Submitted, "#value")
    def _changed(self, event: Typed.Submitted) -> None:
        event.stop()
        (name, key, before), text = self._typing, event.value.strip()
        if text == before:
            self.action_back()
            return
        try:
            file = self.session.set(key, text, name)
        except CometError as error:
            self.refuse(error)
            return
        self.action_back()
        self.say(_("`{key}` stands in `{file}` now").format(key=key, file=safe(file)))
        self.read()

    @on(Typed.Submitted, "#name")
    def _named(self) -> None:
        try:
            self.session.check_name(self._new.value.strip())
        except CometError as error:
            self.refuse(error)
        else:
            self._folder.ask()

    @on(Typed.Submitted, "#folder")
    @work(group="add")
    async def _add(self) -> None:
        name, folder = self._new.value.strip(), self._folder.value
        try:
            told = await in_thread(lambda: self.session.add(name, folder))
        except CometError as error:
            self.refuse(error)
            return
        self.action_back()
        self._added = name
        self.say(_("profile `{name}` is added, {told}; Enter uses it").format(name=safe(name), told=told))
        self.read()

    @property
    def _here(self) -> Listed | None:
        """The profile under the cursor."""
        at = self._profiles.cursor
        return self._listing.profiles[at] if at < len(self._listing.profiles) else None

    @property
    def _profiles(self) -> Rows:
        return self.query_one("#profiles", Rows)

    @property
    def _new(self) -> Typed:
        return self.query_one("#name", Typed)

    @property
    def _folder(self) -> Typed:
        return self.query_one("#folder", Typed)

    @on(Rows.Moved, "#profiles")
    def _show_values(self) -> None:
        here = self._here
        self.query_one("#which", Heading).words = _called(here.name) if here else ""
        values, before, self._of = self.query_one("#values", Rows), self._of, here.name if here else ""
        values.fill(len(self._details), values.cursor if before == self._of else 0)
        wrong = here.errors if here else self._listing.errors[self._profiles.cursor - len(self._listing.profiles) :]
        if wrong or self._wrong:
            self._wrong = f"! {wrong[0]}" if wrong else ""
            self.say(self._wrong)
        self._leave_typing()

    @on(Rows.Moved, "#values")
    def _leave_typing(self) -> None:
        """Close the line in which a value is typed if the cursor stands on another one."""
        typing, at = self.query_one("#value", Typed), self.query_one("#values", Rows).cursor
        on_it = at < len(self._details) and (self._of, self._details[at][0]) == self._typing[:2]
        if typing.display and not on_it:
            if typing.has_focus:
                self.go(1)
            typing.close()

    @property
    def _details(self) -> list[tuple[str, str, str, str]]:
        """What is told of the profile under the cursor: what is wrong, or every value with where it comes from."""
        here = self._here
        if here is None:
            return []
        return [(_("! wrong"), "", error, "") for error in here.errors] or list(here.values)

    def _draw_profile(self, index: int, width: int) -> Text:
        if index >= len(self._listing.profiles):
            return Text(f"! {self._listing.errors[index - len(self._listing.profiles)]}")
        here = self._listing.profiles[index]
        words = [
            _("● in use") if here.name == self.session.profile_name else "",
            _("default") if here.default else "",
            _("a job runs") if here.works else "",
        ]
        cells = (
            Cell("!" if here.errors else "", 1, style="bold red"),
            Cell(_called(here.name), 20 if width >= 70 else 12),
            Cell(_n("{n} folder", "{n} folders", len(here.roots)) if here.roots else _("no music"), 10),
        )
        last = here.errors[0] if here.errors else ", ".join(word for word in words if word)
        return line(cells, last, width)

    def _draw_value(self, index: int, width: int) -> Text:
        key, value, origin, _given = self._details[index]
        if not value:
            return line((Cell(key, 8, style="bold red"),), origin, width)
        return line(
            (Cell(key, 22), Cell(value, max(12, (width - 24) // 2), rank=0)), tail(origin, (width - 24) // 2), width
        )


def _called(name: str) -> str:
    return _("without set-up") if name == UNNAMED else safe(name)
