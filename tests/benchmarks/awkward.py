"""What Comet says of broken and odd files: `python -m tests.benchmarks.awkward DIR TRUTH`.

DIR is a copy of a collection with a folder `Awkward` in it, TRUTH the file that says what each of those is and what is
expected (`groups.json` beside the collection). The folder is scanned by `comet scan`, with a home of its own that is
thrown away; then `comet problems` and `comet info FILE` are asked. The table says it file by file, and the exit code is
1 where one is not as expected.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from comet.core.text import safe

_PATIENCE = 1800.0
"""Seconds after which a command is said to hang."""
_GONE = 2
"""Exit code of `comet info` where nothing is known of a file."""


@dataclass(frozen=True)
class Comet:
    """Commands in a home of their own."""

    home: str

    def __call__(self, *words: str | bytes, codes: Sequence[int] = (0,)) -> list[dict[str, Any]]:
        """Run a command with `--json` and return what it says; ends with its words where it ends otherwise."""
        kept = {key: text for key, text in os.environ.items() if key != "COMET_JOB"}
        env = {**kept, "COMET_HOME": self.home, "LANGUAGE": "C"}
        command = [sys.executable, "-m", "comet", *words, "--json"]
        done = subprocess.run(command, env=env, capture_output=True, timeout=_PATIENCE, check=False)
        if done.returncode not in codes or b"Traceback" in done.stderr:
            sys.exit(f"{safe(os.fsdecode(words[0]))} ended with {done.returncode}: {safe(done.stderr.decode())}")
        return [json.loads(line) for line in done.stdout.splitlines()] if done.returncode == 0 else []


@dataclass(frozen=True)
class Said:
    """What was said of a file."""

    word: str
    """`ok`, `unfingerprintable`, `error`, or `ignore` where nothing was said."""
    text: str
    """For the table."""
    audio: str = ""
    """Its hash, where it has one."""


def said(info: dict[str, Any] | None) -> Said:
    """Return what `comet info` says of a file; None where it knows nothing of it."""
    if info is None:
        return Said("ignore", "nothing")
    problem, audio = info["problem"], info.get("audio", "")
    if not audio:
        return Said("error", problem)
    silent = info["sound_start"] >= info["duration"]
    text = f"{info['codec']} in {info['container']}, {info['duration']:.1f} s, {info['words']} words"
    text += ", silent" if silent else ""
    text += f", {info['decode_errors']} packets refused" if info["decode_errors"] else ""
    word = "ok" if info["words"] or silent else "unfingerprintable"
    return Said(word, f"{text}; {problem}" if problem else text, audio)


def wanted(item: dict[str, Any]) -> set[str]:
    """Return the words that may be said of a file."""
    if item["kind"] in {"chmod_000", "folder_chmod_000"} and os.geteuid() == 0:
        return {"ok"}  # nothing is unreadable to root
    alike = {"same_file": {"ok", "ignore"}, "no_hang": {"ignore", "error"}, "no_endless_walk": {"ignore"}}
    return alike.get(item["expect"]) or set(item["expect"].split("_or_"))


def look(comet: Comet, top: bytes, items: list[dict[str, Any]]) -> dict[str, Said]:
    """Scan the folder and return what is said of each file, by its path."""
    (done,) = comet("scan", os.path.join(top, b"Awkward"))
    sys.stdout.write(f"{done['files']} files, {done['decoded']} decoded, {done['problems']} problems\n\n")
    problems = {problem["path"]: problem["error"] for problem in comet("problems")}
    told = {}
    for item in items:
        path = os.path.join(top, os.fsencode(item["path"]))
        answers = comet("info", path, codes=(0, _GONE))
        told[item["path"]] = said(answers[0] if answers else None)
        known = problems.get(os.fsdecode(path), "")
        if known and known not in told[item["path"]].text:
            sys.exit(f"`comet problems` says of `{safe(path)}`: {safe(known)}, `comet info` does not")
    return told


def right(item: dict[str, Any], told: dict[str, Said]) -> bool:
    """Return whether what was said of a file is what was expected."""
    answer = told[item["path"]]
    twin = item.get("same_audio_as") or ("Awkward/fs/plain.mp3" if item["expect"] == "same_file" else "")
    same = not twin or not answer.audio or answer.audio == told[twin].audio
    return answer.word in wanted(item) and same


def cell(text: str) -> str:
    """Return text from outside so that it stays in its cell."""
    return safe(text).replace("|", "\\|").replace("`", "'")


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dir", metavar="DIR", type=os.fsencode)
    parser.add_argument("truth", metavar="TRUTH")
    arguments = parser.parse_args()
    with open(arguments.truth, encoding="utf-8") as file:
        items = json.load(file)["awkward"]
    out = sys.stdout.write
    with tempfile.TemporaryDirectory(prefix="comet-awkward-") as home:
        told = look(Comet(home), os.path.abspath(arguments.dir), items)
    out("| file | kind | expected | said | |\n|---|---|---|---|---|\n")
    good: Counter[str] = Counter()
    for item in items:
        fine = right(item, told)
        good[item["kind"]] += fine
        name, text = item["path"].removeprefix("Awkward/"), told[item["path"]].text
        cells = (name if len(name) < 80 else name[:30] + "..." + name[-20:], item["kind"], item["expect"], text)
        out("| " + " | ".join(map(cell, cells)) + f" | {'ok' if fine else 'NOT OK'} |\n")
    count = Counter(item["kind"] for item in items)
    out("\n| kind | files | as expected |\n|---|---|---|\n")
    for kind in count:
        out(f"| {cell(kind)} | {count[kind]} | {good[kind]} |\n")
    out(f"| all | {len(items)} | {good.total()} |\n")
    return 0 if good.total() == len(items) else 1


if __name__ == "__main__":
    sys.exit(main())
