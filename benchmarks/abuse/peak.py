"""The most memory that this process has had; as a program, that of a call of `msds`.

`python -m benchmarks.abuse.peak FILE ARGUMENT...` calls `msds` and writes its peak, in bytes, to a
file.
"""

from __future__ import annotations

import sys
from pathlib import Path


def peak() -> int:
    """Largest resident size of this process so far, in bytes; 0 where it is not told."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    return int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024


if __name__ == "__main__":
    from msds.cli.main import main

    told = Path(sys.argv.pop(1))
    sys.argv[0] = "msds"
    try:
        main()
    finally:
        told.write_text(str(peak()))
