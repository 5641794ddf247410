"""`comet` commands in processes forked off one that has everything imported, and watched by strace from outside.

The thread that works waits at its start until strace has hold of it, so that each of its calls is counted, and no call
of the others. Nothing of Comet's is replaced, and nothing in it knows that it is watched.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import subprocess
import sys
import threading
import time
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

from tests.campaign.forks import Parent, answer

CHANGING = (
    "openat,write,pwrite64,pwritev,writev,sendfile,copy_file_range,ftruncate,fallocate,fsync,fdatasync,rename,"
    "renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,mkdir,mkdirat,utimensat,chmod,fchmod,"
    "fchown,setxattr,fsetxattr"
)
"""The calls that change a disk."""
WORDS = ("setup", "scan", "correlate", "apply", "undo", "purge", "tags")
REFUSED = 77
"""Exit code where nobody may trace."""
_PR_SET_PTRACER, _ANYBODY = 0x59616D61, -1


class Commands(Parent):
    """A process that forks a child for each command."""

    def __init__(self) -> None:
        super().__init__("tests.campaign.attached")

    def run(self, folder: Path, *words: str, thread: int = 0, inject: str = "") -> tuple[int, str]:
        """Run `comet` in `folder/music` with the home `folder/home`; return its exit code and stderr.

        Ended by a signal, it has minus that for a code.

        Args:
            folder: Where.
            words: What is typed.
            thread: Which working thread of the command strace watches; its calls go to `folder/log`. 0 for none.
            inject: What happens to it: `fsync:error=EIO:when=3`.
        """
        code = self.ask(folder=str(folder), words=words, thread=thread, inject=inject)
        return code, (folder / "stderr").read_text(errors="replace")


def _hold(folder: str, inject: str) -> None:
    """Let strace attach to this thread, and return when it has."""
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_long(_ANYBODY))  # where only parents may trace
    thread = threading.get_native_id()
    calls = ",".join([CHANGING, *([inject.partition(":")[0]] if inject else [])])
    command = ["strace", "-qq", "-y", "-s0", "-p", str(thread), "-o", f"{folder}/log", "-e", f"trace={calls}"]
    tracer = subprocess.Popen([*command, *(["-e", f"inject={inject}"] if inject else [])])
    while not _is_traced(thread):
        if tracer.poll() is not None:
            os._exit(REFUSED)
        time.sleep(0.001)


def _is_traced(thread: int) -> bool:
    with open(f"/proc/self/task/{thread}/status", encoding="ascii") as stream:
        return not any(line.split() == ["TracerPid:", "0"] for line in stream)


def _command(asked: dict[str, Any]) -> int:
    from comet.cli.main import main  # noqa: PLC0415 - it is imported already

    folder, real, numbers = asked["folder"], threading.Thread.run, iter(range(1, 99))

    def held(thread: threading.Thread) -> None:
        if thread.name == "comet-job" and next(numbers) == asked["thread"]:
            _hold(folder, asked["inject"])
        real(thread)

    threading.Thread.run = held  # type: ignore[method-assign]
    forkserver._forkserver.ensure_running = lambda: None  # type: ignore[method-assign] # it is the parent's, and runs
    os.environ["COMET_HOME"] = f"{folder}/home"
    os.chdir(f"{folder}/music")
    for number, name in enumerate((os.devnull, f"{folder}/stdout", f"{folder}/stderr")):
        handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(handle, number)
    return main(asked["words"])


def _fork(asked: dict[str, Any]) -> int:
    if not (child := os.fork()):
        code = 1
        try:
            code = _command(asked)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _serve() -> None:
    commands = [f"cli.{name}" for name in ("main", *WORDS)]
    for module in (*commands, "tagging", "pipeline", "scanning", "collection.groups"):
        importlib.import_module(f"comet.{module}")
    forkserver.set_forkserver_preload(["comet.listen.work", "comet.tags.work", "psutil"])
    forkserver.ensure_running()
    answer(_fork)


if __name__ == "__main__":
    _serve()
