"""The shape of the house: who may import whom, what a start costs, how long a file may be."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from comet.core import places

TOP = Path(__file__).parents[2]
SOURCES = sorted([*TOP.glob("comet/**/*.py"), *TOP.glob("comet_tui/**/*.py")])
HEAVY = ("numpy", "numba", "textual", "av", "PIL", "mutagen")
LINT = Path(sys.executable).with_name("lint-imports")


def name(path: Path) -> str:
    """Return a file's name from the top of the project."""
    return path.relative_to(TOP).as_posix()


def modules(*command: str) -> set[str]:
    """Return which packages a start of `comet` with these arguments loads."""
    code = (
        "import sys\nfrom comet.cli.main import main\n"
        f"sys.argv = ['comet', *{command!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('loaded', *{m.partition('.')[0] for m in sys.modules}, file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=TOP)
    return set(run.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("command", [("--help",), ("--version",), ("scan", "--help")], ids=" ".join)
def test_a_start_loads_nothing_heavy(command: tuple[str, ...]) -> None:
    """Help answers at once on a slow machine: no array, decoder, compiler or screen library is loaded for it."""
    loaded = modules(*command)
    assert "argparse" in loaded
    assert not loaded & set(HEAVY)


def test_a_heavy_library_would_be_seen() -> None:
    """The probe above sees what is loaded: it finds numpy where the core needs it."""
    code = "import comet.listen.encode, sys; sys.exit(0 if {'numpy', 'av'} <= set(sys.modules) else 1)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=TOP).returncode == 0


def lint(top: Path) -> subprocess.CompletedProcess[str]:
    """Check the import contracts of a tree."""
    env = {**os.environ, "PYTHONPATH": str(top)}
    return subprocess.run(
        [LINT, "--no-cache", "--no-logo"], capture_output=True, text=True, check=False, cwd=top, env=env
    )


def test_the_contracts_hold() -> None:
    """Every import of the project goes the way that `pyproject.toml` says."""
    run = lint(TOP)
    assert run.returncode == 0, run.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what the contracts speak of."""
    top = tmp_path_factory.mktemp("tree")
    for package in ("comet", "comet_tui"):
        shutil.copytree(TOP / package, top / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(TOP / "pyproject.toml", top)
    return top


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("comet/core/job.py", "from comet.library import scan", "Imports run one way"),
        ("comet/library/scan.py", "from comet.listen import kernels", "rooms of one height"),
        ("comet/act/actions.py", "from comet import collection", "Imports run one way"),
        ("comet/collection/opened.py", "def late():\n    from comet import pipeline", "Imports run one way"),
        ("comet/extra.py", "", "a new module"),
        ("comet/cli/main.py", "import comet_tui", "Nothing imports a face"),
        ("comet_tui/app.py", "from comet.cli import main as other", "Two faces"),
        ("comet_tui/app.py", "from comet.library import cache", "A face asks"),
        ("comet/cli/main.py", "from comet.listen import audio", "A face asks"),
        ("comet/judge/threshold.py", "from comet.core import places", "reach no file"),
        ("comet/judge/kernels.py", "import numba", "reach no file"),
        ("comet/decide/keeper.py", "import os", "ask the system themselves"),
        ("comet/library/cache.py", "import numba", "One door"),
        ("comet/pipeline.py", "from rich.progress import track", "One door"),
        ("comet/jobs.py", "import textual", "One door"),
        ("comet/exchange.py", "import ijson", "One door"),
        ("comet/exchange.py", "from comet import pipeline", "Imports run one way"),
        ("comet/lookup.py", "import acoustid", "One door"),
        ("comet/cli/identify.py", "import requests", "One door"),
        ("comet/collection/state.py", "import sqlite3", "One door"),
        ("comet/pipeline.py", "from comet.act import vault", "Only act"),
        ("comet/changes.py", "from comet.act import posix", "Only act"),
        ("comet/tagging.py", "from comet.act import staging", "Only backup puts"),
        ("comet/pipeline.py", "from comet import changes", "Imports run one way"),
        ("comet/act/journal.py", "import sqlite3", "One door"),
        ("comet/cli/apply.py", "from comet.decide import plan as planned", "A face asks"),
        ("comet/decide/proposal.py", "from comet.core import settings", "reach no file"),
        ("comet/core/settings.py", "from comet.core import profiles", "no cycles"),
    ],
    ids=lambda value: value.replace("\n", " ") if isinstance(value, str) else None,
)
def test_a_forbidden_import_is_caught(tree: Path, file: str, line: str, contract: str) -> None:
    """Each contract has teeth: one bad line anywhere breaks the one that speaks of it."""
    path = tree / file
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.write_text((before or "") + f"\n{line}\n", encoding="utf-8")
    try:
        run = lint(tree)
    finally:
        path.write_text(before, encoding="utf-8") if before is not None else path.unlink()
    words = " ".join(run.stdout.split())
    assert run.returncode == 1
    assert re.search(rf"{contract}[^.]*? BROKEN", words), words


def bodies(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each function of a file with the lines of its body, without the docstring."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            yield node.name, (body[-1].end_lineno or 0) - body[0].lineno + 1


def test_files_and_functions_are_short() -> None:
    """A file has under 400 lines, a function's body under 40, a kernel's under 80."""
    long = [name(path) for path in SOURCES if path.read_text(encoding="utf-8").count("\n") > 400]
    for path in SOURCES:
        limit = 80 if path.name in {"kernels.py", "slopes.py", "ready.py", "postings.py", "candidates.py"} else 40
        long += [f"{name(path)} {function}: {lines}" for function, lines in bodies(path) if lines > limit]
    assert long == []


def compiled(path: Path) -> Iterator[tuple[str, ast.expr]]:
    """Yield each function of a file that Numba compiles, with what says so."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                if ast.unparse(called).rpartition(".")[2] in {"njit", "jit", "vectorize", "guvectorize"}:
                    yield node.name, decorator


def test_every_kernel_lets_go_of_pythons_lock() -> None:
    """`nogil=True` on each: without it a stop, a signal and the screen wait until the kernel is done."""
    found = {(name(path), kernel): ast.unparse(text) for path in SOURCES for kernel, text in compiled(path)}
    inlined = {key for key, text in found.items() if "inline='always'" in text}
    assert found
    assert [key for key, text in found.items() if "nogil=True" not in text and key not in inlined] == []
    assert {file for file, _ in found if not file.endswith("kernels.py")} == set()


def test_it_is_known_what_kernels_are_compiled_from() -> None:
    """The files with kernels and those that they import: where one is changed, all are compiled anew."""
    found = set()
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        if {"kernel", "njit"} & {ast.unparse(each).partition("(")[0] for f in functions for each in f.decorator_list}:
            imported = [node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)]
            modules = [module.split(".")[1:] for module in imported if module.startswith("comet.")]
            found |= {name(path).removeprefix("comet/"), *("/".join(parts) + ".py" for parts in modules)}
    assert found == set(places.KERNELS)


# in pieces, so that this file does not hold what it looks for
FORBIDDEN = "|".join(
    (
        r"\b(?:this|my|the|an?) (?:coding )?ses" + r"sion (?:of the )?(?:agent|model|developer)",
        r"/(?:work|farm|root|old_root)/[a-z.]",
        "py" + r"pi\.org|python" + "hosted|deb" + r"\.debian\.org|registry\.npm" + "js",
        r"\bTO" + r"DO\b|\bFIX" + r"ME\b|\bX{3}\b",
    )
)


def tracked() -> list[Path]:
    """Return the files of the project: those in git, or all where it is not a checkout."""
    if (TOP / ".git").exists() and shutil.which("git"):
        run = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True, cwd=TOP)
        return [TOP / file for file in run.stdout.split("\0") if file]
    kept = ("comet", "comet_tui", "docs", "tests", ".ci")
    return [*TOP.glob("*.*"), *(path for top in kept for path in (TOP / top).rglob("*"))]


def test_the_project_speaks_of_itself_alone() -> None:
    """No tracked text names a machine, a registry's host, or work that is left for later."""
    found = []
    for path in tracked():
        if (
            path.is_file()
            and path.suffix in {".py", ".md", ".toml", ".ini", ".tcss", ".po", ""}
            and "LICENSE" not in path.name
        ):
            text = path.read_text(encoding="utf-8")
            found += [f"{name(path)}: {match[0]}" for match in re.finditer(FORBIDDEN, text)]
    assert found == []


def test_each_reason_stands_beside_its_ignore() -> None:
    """A rule of the linter that is switched off says why on its line."""
    section = (TOP / "pyproject.toml").read_text(encoding="utf-8").partition("\nignore = [\n")[2].partition("\n]")[0]
    rules = tomllib.loads(f"ignore = [\n{section}\n]")["ignore"]
    assert len(re.findall(r'^  ".+", +# \w', section, re.MULTILINE)) == len(rules) > 0
