"""Runs `msds` again and again and kills it each time, by a signal that no program can catch.

Called as a program with the path of the journal, the moment of each kill, "--", and the arguments
of `msds`. A moment is a number of seconds, or "+N" for when N more pairs are in the journal.
The package is imported once and each run is a fork, so that many fit into a few seconds; nothing is
computed before the fork. Prints how each run ended: "killed", or its exit status.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import msds.cli.score_many
import msds.images
import msds.models
import msds.scoring  # noqa: F401
from msds.cli.main import main


def run(arguments: list[str], journal: Path, moment: str) -> str:
    """One run, killed at this moment if it has not ended."""
    child = os.fork()
    if child == 0:
        sys.argv = ["msds", *arguments]
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        try:
            main()
        except SystemExit as end:
            os._exit(int(end.code or 0))
        os._exit(0)
    begun, lines = time.monotonic(), lines_of(journal)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return str(os.waitstatus_to_exitcode(status))
        if moment.startswith("+"):
            come = lines_of(journal) >= lines + int(moment)
        else:
            come = time.monotonic() >= begun + float(moment)
        if come:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "killed"
        time.sleep(0.001)


def lines_of(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


if __name__ == "__main__":
    split = sys.argv.index("--")
    for when in sys.argv[2:split]:
        print(run(sys.argv[split + 1 :], Path(sys.argv[1]), when), flush=True)
