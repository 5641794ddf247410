"""An account with very many likes costs little memory, and hardly anything where nothing is new."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.backup.backed import Library

LIKES = 20_000
MOST = 150
"""MB that a pass may take."""

CODE = """
import re, sys
from comet.cli.main import main
code = main(sys.argv[1:])
print(code, int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) // 1000)
"""


@pytest.mark.slow
def test_twenty_thousand_likes_take_little_memory(
    empty: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in the first pass, in which all of them are described; the second asks three questions."""
    empty.service.reset(LIKES)
    empty.service.edit("track", track="many", fields={"available": False, "error": "no-rights"})
    monkeypatch.setenv("COMET_YM_TOKEN", empty.service.token)
    (tmp_path / "home").mkdir()
    (tmp_path / "home/profiles.ini").write_text(f"[music]\nroots = {empty.music}\n", encoding="utf-8")
    for _pass in range(2):
        since = empty.service.last()
        command = [sys.executable, "-c", CODE, "backup", "run", "--most", "1"]
        run = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | {"COLUMNS": "80"})
        code, used = map(int, run.stdout.splitlines()[-1].split())
        assert code == 3  # some that can be had are left
        assert used < MOST
    asked = [each for each in empty.service.log(since) if each["path"].startswith(("/account", "/users", "/tracks"))]
    assert len([each for each in asked if "/lyrics" not in each["path"]]) == 3
