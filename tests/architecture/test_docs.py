"""The docs say what the program is: every command, setting, error and module, and no link leads nowhere."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from comet.cli import commands

TOP = Path(__file__).parents[2]
COMMANDS = ("info", "scan", "correlate", "full", "pair", "identify", "check", "groups", "pairs", "problems")
COMMANDS += ("review", "folders", "why", "decide", "decisions", "plan", "apply", "undo", "history", "quarantine")
COMMANDS += ("purge", "profiles", "setup", "demo", "doctor", "jobs", "threshold", "explain", "import", "export")
COMMANDS += ("bench", "tags", "selftest", "backup", "cover", "covers")
PAGES = sorted([*TOP.glob("*.md"), *TOP.glob("docs/**/*.md")])


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """Load the script that makes the reference."""
    spec = importlib.util.spec_from_file_location("generate", TOP / "docs" / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["commands.md", "settings.md", "errors.md"])
def test_the_reference_is_what_the_program_declares(generate: ModuleType, name: str) -> None:
    """`python docs/generate.py` was run after the last change of a command, setting or error."""
    assert (TOP / "docs" / "reference" / name).read_text(encoding="utf-8") == generate.PAGES[name]()


def test_every_setting_and_error_is_in_the_reference(generate: ModuleType) -> None:
    """Nothing that is declared is left out."""
    reference = "".join((TOP / "docs" / "reference" / name).read_text(encoding="utf-8") for name in generate.PAGES)
    words = [f"| `{item.key}` |" for item in generate.settings.declared()]
    words += [
        f"| `{name}` |"
        for name, value in vars(generate.errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    ]
    assert len(words) > 15
    assert [word for word in words if word not in reference] == []


def test_every_command_is_in_the_reference() -> None:
    """Each command that `comet --help` lists has a heading."""
    assert set(COMMANDS) == {command.name for command in commands.commands()}
    run = subprocess.run([sys.executable, "-m", "comet", "--help"], capture_output=True, text=True, check=True, cwd=TOP)
    reference = (TOP / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    for command in COMMANDS:
        assert re.search(rf"\b{command}\b", run.stdout)
        assert f"## `comet {command}`" in reference


def test_an_option_that_nobody_described_is_seen(generate: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison has teeth: with one more option the page differs."""
    parser = generate.command_line()
    before = generate.commands()
    parser.add_argument("--new", help="something new")
    monkeypatch.setattr(generate, "command_line", lambda: parser)
    assert "`--new NEW`" in generate.commands()
    assert generate.commands() != before


def modules() -> list[str]:
    """Return every module with its package: `core/errors`, `pipeline`, `comet_tui/app`."""
    found = []
    for package in ("comet", "comet_tui"):
        for path in sorted((TOP / package).rglob("*.py")):
            if not path.name.startswith("__"):
                place = path.relative_to(TOP / "comet" if package == "comet" else TOP)
                found.append(place.with_suffix("").as_posix())
    return found


def test_the_guide_to_the_code_names_every_module() -> None:
    """Who looks for a thing finds the module's name in `docs/architecture.md`, in the row of its room."""
    text = (TOP / "docs" / "architecture.md").read_text(encoding="utf-8")
    missing = []
    for module in modules():
        room, _, name = module.rpartition("/")
        rows = [line for line in text.splitlines() if line.startswith(f"| `{room}/`" if room else "| beside them")]
        if not any(f"`{name}`" in row for row in rows):
            missing.append(module)
    assert missing == []


def test_the_guide_to_the_code_names_no_module_that_is_gone() -> None:
    """A name in the first words of a room's row is a module that is there."""
    text = (TOP / "docs" / "architecture.md").read_text(encoding="utf-8")
    known = set(modules())
    gone = []
    for line in text.splitlines():
        row = re.match(r"\| (?:`(\S+)/`|beside them) \| (.*?) \|", line)
        if row:
            room = f"{row[1]}/" if row[1] else ""
            gone += [room + name for name in re.findall(r"(?:^|; )`(\w+)`", row[2]) if room + name not in known]
    assert gone == []


def anchors(page: Path) -> set[str]:
    """Return what `#...` may follow a link to a page."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(TOP).as_posix())
def test_no_link_leads_nowhere(page: Path) -> None:
    """Each link inside the project names a file that is there, and a heading in it."""
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        target, _, anchor = link.partition("#")
        if "://" in target:
            continue
        file = page.parent / target if target else page
        assert file.exists(), link
        assert not anchor or anchor in anchors(file), link


def test_the_readme_gives_the_two_commands() -> None:
    """Each stands on a line of its own, to be pasted as it is."""
    lines = [line.strip() for line in (TOP / "README.md").read_text(encoding="utf-8").splitlines()]
    assert "python3 start.py" in lines
    assert "python3 start.py --test" in lines
    assert "exec python3 start.py --test" in (TOP / ".ci" / "run").read_text(encoding="utf-8")


def test_the_readme_tells_every_exit_code(generate: ModuleType) -> None:
    """Scripts are made from its table: each code that an error ends with has a row."""
    text = (TOP / "README.md").read_text(encoding="utf-8")
    codes = {kind.exit_code for kind in vars(generate.errors).values() if hasattr(kind, "exit_code")}
    assert {3, 13, 130} <= codes
    assert [code for code in sorted(codes) if f"\n| {code} | " not in text] == []
