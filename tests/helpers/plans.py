"""Empty files to be paired, and the names of the pairs of a plan."""

from __future__ import annotations

from pathlib import Path

from msds.pairs import Plan


def touch(folder: Path, *names: str) -> Path:
    """Empty files: pairing looks at names only."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def names(plan: Plan, root: Path) -> list[tuple[str, str]]:
    """Reference and distorted image of every pair, from the folder `root` on."""
    return [
        (
            pair.reference_path.relative_to(root).as_posix(),
            pair.distorted_path.relative_to(root).as_posix(),
        )
        for pair in plan.pairs
    ]
