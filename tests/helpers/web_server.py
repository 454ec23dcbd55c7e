"""`msds serve` as a process of its own, on a port that was free."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def serving(*options: str, **environment: str) -> Iterator[str]:
    """The address of a server, which ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "msds", "serve", "--port", "0", *options],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        assert "serving at" in line, line + process.stderr.read()
        yield line.split()[-1]
    finally:
        process.terminate()
        process.communicate()
