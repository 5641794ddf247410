#!/usr/bin/env python3
"""Run Comet, or all of its checks, straight from a checkout: needs Python 3.11 and pip, and changes nothing outside it.

python3 start.py             make a small demo library and find its duplicates
python3 start.py DIR ...     find the duplicates in these folders; nothing in them is changed
python3 start.py -- ARGS     call `comet ARGS` as it was installed here
python3 start.py --test      run every check of the project

All that is installed and all that Comet remembers stays in `.comet-env` beside this file.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOME = HERE / ".comet-env"
ENVIRONMENT = HOME / "python"
BIN = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
STAMP = ENVIRONMENT / "installed.json"
CHECKS = {
    "style": ("ruff", "check", "."),
    "format": ("ruff", "format", "--check", "."),
    "types": ("mypy",),
    "imports": ("lint-imports", "--no-logo"),
    "tests": ("pytest", "-q", "-n", "auto", "--dist", "worksteal"),
}
KERNELS = "from comet.core import places; places.prepare(); from comet import pipeline; pipeline.warm()"
"""Importing compiles, for minutes on a small machine; else each process of the tests would do it for itself."""


class StartError(Exception):
    """Something that the user has to know; `hint` says what to do about it."""

    def __init__(self, message: str, hint: str = "", details: str = "") -> None:
        """Keep the sentence, what to do, and what the program that failed said."""
        super().__init__(message)
        self.hint = hint
        self.details = details


def say(text: str) -> None:
    """Print a line of progress; standard output stays free for results."""
    print(f"comet: {text}", file=sys.stderr, flush=True)


def environment() -> dict[str, str]:
    """Return the environment for all that is started: this checkout's own programs, packages and state only."""
    env = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX"}}
    env["PATH"] = os.pathsep.join([str(BIN), env.get("PATH", "")])
    env["VIRTUAL_ENV"] = str(ENVIRONMENT)
    env["COMET_HOME"] = str(HOME / "home")
    env.update(
        PYTHONNOUSERSITE="1", PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1", PIP_USER="0", PIP_NO_CACHE_DIR="1"
    )
    return env


def quiet(*command: str) -> tuple[bool, str]:
    """Run a command without its output; return whether it went well and the end of what it said."""
    with subprocess.Popen(
        command, env=environment(), cwd=HERE, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as run:
        started = time.monotonic()
        while True:
            try:
                output = run.communicate(timeout=20)[0]
            except subprocess.TimeoutExpired:
                say(f"still at it, {time.monotonic() - started:.0f} s")
            else:
                return run.returncode == 0, "\n".join(output.strip().splitlines()[-12:])


def wanted() -> dict[str, str]:
    """Return what the environment depends on: with any of it changed, it is installed anew."""
    digest = hashlib.sha256((HERE / "pyproject.toml").read_bytes()).hexdigest()
    return {"project": digest, "python": sys.version, "place": str(HERE)}


def installed() -> dict[str, object]:
    """Return what stands installed, and with which extras; empty where nothing is or it cannot run."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) and PYTHON.exists() and quiet(str(PYTHON), "-c", "")[0] else {}


def make_environment() -> None:
    """Create an empty environment; Debian's Python has no `ensurepip`, so `virtualenv` steps in there."""
    say("making an environment in `.comet-env`")
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    HOME.mkdir(exist_ok=True)
    if quiet(sys.executable, "-m", "venv", str(ENVIRONMENT))[0]:
        return
    if not quiet(sys.executable, "-m", "pip", "--version")[0]:
        raise StartError(
            "this Python has no pip, so nothing can be installed",
            "`apt install python3-pip` (Debian, Ubuntu), `dnf install python3-pip` (Fedora), or `python3 -m ensurepip`",
        )
    boot = HOME / "boot"
    fetch(sys.executable, "--upgrade", "--target", str(boot), "virtualenv")
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from virtualenv import cli_run; cli_run(sys.argv[1:])"
    options = ("--quiet", "--app-data", str(boot / "data"))
    done, output = quiet(sys.executable, "-c", code, str(boot), *options, str(ENVIRONMENT))
    shutil.rmtree(boot, ignore_errors=True)
    if not done:
        raise StartError("no environment could be made in `.comet-env`", "is the disk full?", output)


def fetch(python: str, *packages: str) -> None:
    """Install packages with pip."""
    done, output = quiet(python, "-m", "pip", "install", "--quiet", "--prefer-binary", *packages)
    if not done:
        hint = "is the network there? pip reads a proxy from `https_proxy` and another index from `PIP_INDEX_URL`"
        raise StartError("pip could not install what Comet needs", hint, output)


def install(*, test: bool) -> None:
    """Bring the environment up to date; does nothing when it is."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what an older Python is given
        raise StartError(f"Comet needs Python 3.11 or newer, and this is {sys.version.split()[0]}")
    stamp, want = installed(), wanted()
    fits = all(stamp.get(key) == value for key, value in want.items())
    if fits and (stamp.get("test") or not test):
        return
    if stamp.get("python") != want["python"] or stamp.get("place") != want["place"]:
        make_environment()
    say(f"installing Comet, its libraries{' and the test tools' if test else ''}: a minute or two, the first time")
    started = time.monotonic()
    fetch(str(PYTHON), "--editable", f"{HERE}[test]" if test else str(HERE))
    STAMP.write_text(json.dumps({**want, "test": test}), encoding="utf-8")
    say(f"installed in {time.monotonic() - started:.0f} s")


def comet(*arguments: str) -> int:
    """Call `comet` and return its exit code; Ctrl-C is for Comet, which keeps what is done."""
    with subprocess.Popen([str(BIN / "comet"), *arguments], env=environment()) as run:
        while True:
            try:
                return run.wait()
            except KeyboardInterrupt:
                continue


def find(folders: list[str]) -> int:
    """Find the duplicates in folders, or in a demo library."""
    if not folders:
        folders = [str(HOME / "demo")]
        say("making a small demo library in `.comet-env/demo`")
        code = comet("demo", *folders)
        if code:
            return code
    code = comet("-f", *folders)
    if code == 0:
        say("next: `python3 start.py DIR` looks through your own music; here `comet ...` is `python3 start.py -- ...`")
    return code


def check() -> int:
    """Run every check, also after one that failed, and return 1 if any did; the tests find all kernels compiled."""
    failed = []
    with subprocess.Popen([str(PYTHON), "-c", KERNELS], env=environment(), cwd=HERE) as kernels:
        for name, (program, *arguments) in CHECKS.items():
            say(f"{name} ...")
            started = time.monotonic()
            if name == "tests":
                kernels.wait()
            code = subprocess.run([str(BIN / program), *arguments], env=environment(), cwd=HERE, check=False).returncode
            say(f"{name}: {'failed' if code else 'passed'} in {time.monotonic() - started:.0f} s")
            if code:
                failed.append(name)
    say(f"failed: {', '.join(failed)}" if failed else "every check passed")
    return 1 if failed else 0


def main() -> int:
    """Read the command line and do what it asks."""
    words = sys.argv[1:]
    at = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", metavar="DIR", nargs="*", help="folders with music; without any, a demo library")
    parser.add_argument("--test", action="store_true", help="run every check of the project")
    asked = parser.parse_args(words[:at])
    if at < len(words) and (asked.test or asked.folders):
        parser.error("nothing may stand before `--`")
    try:
        install(test=asked.test)
        if asked.test:
            return check()
        return comet(*words[at + 1 :]) if at < len(words) else find(asked.folders)
    except StartError as error:
        details = f"{error.details}\n" if error.details else ""
        hint = f"\nhint: {error.hint}" if error.hint else ""
        print(f"{details}error: {error}{hint}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error}\nhint: `.comet-env` must be writable and its disk not full", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
