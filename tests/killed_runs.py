"""Runs `msds` again and again and kills it each time, by a signal that no program can catch.

Called as a program with the seconds to wait before each kill, "--", and the arguments of `msds`.
The package is imported once and each run is a fork, so that many fit into a few seconds; nothing is
computed before the fork. Prints how each run ended: "killed", or its exit status.
"""

from __future__ import annotations

import os
import signal
import sys
import time

import msds.cli.score_many
import msds.images
import msds.models
import msds.scoring  # noqa: F401
from msds.cli.main import main


def run(arguments: list[str], seconds: float) -> str:
    """One run, killed after so many seconds if it has not ended."""
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
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return str(os.waitstatus_to_exitcode(status))
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "killed"


if __name__ == "__main__":
    split = sys.argv.index("--")
    for wait in map(float, sys.argv[1:split]):
        print(run(sys.argv[split + 1 :], wait), flush=True)
