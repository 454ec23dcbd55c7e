"""A file that ends every process that opens it, as a fault in a decoder would."""

from __future__ import annotations

import os
from pathlib import Path

NAME = "fatal"
"""What the names of such files begin with."""

_HOOK = f"""
import os, signal, sys

def _end(event, arguments):
    if event == "open" and os.path.basename(str(arguments[0])).startswith({NAME!r}):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(_end)
"""


def fatal_path(folder: Path) -> str:
    """A PYTHONPATH for processes in which these files are fatal."""
    (folder / "sitecustomize.py").write_text(_HOOK)
    return os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH", ""))))
