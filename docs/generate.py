"""Write the reference pages from what the program itself declares: `python docs/generate.py`.

`--check` writes nothing and fails if a page is out of date.
"""

from __future__ import annotations

import argparse
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ["COMET_LANGUAGE"] = "en"  # the pages are English, whatever the writer's language is
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from comet import explained
from comet.cli.main import parser as command_line
from comet.core import errors, settings

FOLDER = Path(__file__).parent / "reference"
MADE = "<!-- Made by docs/generate.py: change the program, not this page. -->\n"


def commands() -> str:
    """Return the page of every command with its arguments and options; those of all stand once, at the top."""
    lines, top = ["# Commands", "", MADE], command_line()
    common = {option for action in top._actions for option in action.option_strings}  # noqa: SLF001 - no public way
    for name, text, command in walk(top, "comet", top.description or ""):
        own = [a for a in command._actions if shown(a) and (command is top or not common & set(a.option_strings))]  # noqa: SLF001 - likewise
        lines += [f"## `{name}`", "", plain(text), ""]
        lines += ["| | |", "|---|---|", *(row(action, command) for action in own), ""] if own else []
        lines += [plain(command.epilog), ""] if command.epilog else []
    return page(lines)


def walk(parser: argparse.ArgumentParser, name: str, text: str) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    """Yield a parser and, in order, the parsers below it, each with the words that are typed and what it does."""
    yield name, text, parser
    for action in parser._actions:  # noqa: SLF001 - likewise
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
            for choice in action._choices_actions:  # noqa: SLF001 - one for each command, none for an alias
                yield from walk(action.choices[choice.dest], f"{name} {choice.dest}", choice.help or "")


def shown(action: argparse.Action) -> bool:
    """Say whether an argument stands in the table: not help, not hidden, not the list of commands."""
    listed = isinstance(action, (argparse._HelpAction, argparse._SubParsersAction))  # noqa: SLF001 - no public names
    return not listed and action.help is not argparse.SUPPRESS


def row(action: argparse.Action, command: argparse.ArgumentParser) -> str:
    """Return one argument as a row."""
    formatter = argparse.HelpFormatter(command.prog)
    if action.option_strings:
        value = "" if action.nargs == 0 else " " + formatter._format_args(action, metavar(action))  # noqa: SLF001
        name = ", ".join(f"`{option}{value}`" for option in action.option_strings)
    else:
        name = f"`{formatter._format_args(action, metavar(action))}`"  # noqa: SLF001 - no public way to say `[DIR ...]`
    text = formatter._expand_help(action) if action.help else ""  # noqa: SLF001 - fills %(default)s
    return f"| {cell(name)} | {cell(plain(text))} |"


def metavar(action: argparse.Action) -> str:
    """Return how the value of an argument is called."""
    if isinstance(action.metavar, str):
        return action.metavar
    return "{" + ",".join(map(str, action.choices)) + "}" if action.choices else action.dest.upper()


def settings_page() -> str:
    """Return the page of every setting."""
    lines = ["# Settings", "", MADE]
    lines += [
        "`main.ini` holds them for all profiles, a section each. A profile in `profiles.ini` may set any of them for",
        "itself, as `section.key = value`; what is typed beats both. The built-in value holds where nothing is said.",
        "An unknown key or a value out of range is refused, with file, line and what was expected (exit code 2).",
        "",
    ]
    section = ""
    for item in settings.declared():
        if item.section != section:
            section = item.section
            lines += [f"## [{section}]", "", "| key | built in | unit | from | to | |", "|---|---|---|---|---|---|"]
        low, high = "" if item.kind is str else f"{item.low:g}", "" if item.high is None else f"{item.high:g}"
        text = f"{item.help} Expected: {item.expected}." if item.kind is str else item.help
        lines.append(f"| `{item.key}` | {settings.show(item.default)} | {item.unit} | {low} | {high} | {cell(text)} |")
        following = [other for other in settings.declared() if other.section == section]
        lines += [""] if item == following[-1] else []
    return page(lines)


def errors_page() -> str:
    """Return the page of every error with its exit code."""
    lines = ["# Errors and exit codes", "", MADE]
    lines += ["Each error is a sentence on standard error, with `hint:` and what to do about it on the next line.", ""]
    lines += ["| error | exit code | means |", "|---|---|---|"]
    lines += [f"| `{error.__name__}` | {error.exit_code} | {cell(first(error))} |" for error in tree(errors.CometError)]
    lines += [f"| `Stopped` | {errors.Stopped.exit_code} | {cell(first(errors.Stopped))} |", ""]
    lines += ["0 is success: files that could not be used are listed and are no failure.", ""]
    return page(lines)


def tree(error: type[errors.CometError]) -> Iterator[type[errors.CometError]]:
    """Yield an error and all below it, as they are declared."""
    yield error
    for child in error.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child)


def first(thing: type) -> str:
    """Return the first paragraph of a docstring."""
    return plain((inspect.getdoc(thing) or "").split("\n\n")[0])


def plain(text: str) -> str:
    """Return text without rich's markup and with single spaces in a line, so that no terminal's width shows."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(" ".join(part.split()) for part in paragraphs)


def cell(text: str) -> str:
    """Return text that does not end a cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def page(lines: list[str]) -> str:
    """Return lines as a page with one newline at its end."""
    return "\n".join(lines).rstrip() + "\n"


def parameters_page() -> str:
    """Return the page of the parameters of matching and what they are worth."""
    lines = ["# Parameters of matching", "", MADE]
    lines += [
        "What `comet explain` tells too. *a pair*: what comparing one takes, on one core. *q99*: the 99 % point of the",
        "[evidence](../concepts/evidence.md) of unrelated pairs. *easy*: share of the copies that are found which only",
        "have another codec, gain, silence, start or no treble. *hard*: likewise filtered, noisy, at another speed.",
        "",
        f"The figures were {explained.basis()}. The evidence is that at one offset;",
        "the form along a slope, which finds copies at another speed, comes on top of it.",
        "",
    ]
    for item in explained.parameters():
        lines += [f"## {item.name}", "", f"{f'`{item.setting}`' if item.setting else 'No setting'}: {item.what}.", ""]
        lines += [f"{item.advice[:1].upper()}{item.advice[1:]}.", ""]
        if item.measured:
            lines += ["| value | a pair | q99 | easy | hard | |", "|---|---|---|---|---|---|"]
        for each in item.measured:
            figures = f"{each.cost:.0f} us | {each.q99:.2f} | {each.easy:.1%} | {each.hard:.1%}"
            lines.append(f"| {each.value} | {figures} | {'built in' if each.chosen else ''} |")
        lines += [""] if item.measured else []
    return page(lines)


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands,
    "settings.md": settings_page,
    "errors.md": errors_page,
    "parameters.md": parameters_page,
}


def main() -> int:
    """Write the pages that differ, or with `--check` name them."""
    check = "--check" in sys.argv[1:]
    stale = []
    for name, make in PAGES.items():
        path, text = FOLDER / name, make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                FOLDER.mkdir(exist_ok=True)
                path.write_text(text, encoding="utf-8")
    sys.stdout.writelines(f"{'out of date' if check else 'written'}: docs/reference/{name}\n" for name in stale)
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main())
