"""Draw the rooms of the package and what imports what, from the code itself.

    python -m benchmarks.rooms docs/images/rooms.svg

Each row is a floor; a room imports from floors below its own. Arrows that follow from others are
left out, and so is the ground floor, from which everything imports.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from helpers.rooms import FLOORS, PACKAGE, arrows

WIDTH, ROW, BOX_HEIGHT, MARGIN = 760, 78, 34, 24
Place = tuple[float, float, float]

STYLE = """<style>
  text { font: 14px system-ui, sans-serif; text-anchor: middle; fill: #1d2733 }
  rect { fill: #eef3f8; stroke: #6b7f95 } .ground rect { fill: #e4e4e4 }
  path { fill: none; stroke: #6b7f95; stroke-width: 1.3; marker-end: url(#head) }
  @media (prefers-color-scheme: dark) {
    text { fill: #e3e9f0 } rect { fill: #22303d; stroke: #8ba0b5 } .ground rect { fill: #333 }
    path { stroke: #8ba0b5 } marker path { fill: #8ba0b5 }
  }
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"
 orient="auto"><path d="M0 0L8 4L0 8z" style="fill: #6b7f95; marker-end: none"/></marker></defs>"""


def floors() -> list[list[str]]:
    """The floors from the top down, with the rooms that are there."""
    there = {path.stem for path in PACKAGE.iterdir()}
    return [[room for room in rooms if room in there] for rooms in reversed(FLOORS)]


def reduced() -> list[tuple[str, str]]:
    """Which room imports from which, without arrows that follow from others."""
    below: dict[str, set[str]] = {}
    for here, there in arrows():
        if there not in FLOORS[0]:
            below.setdefault(here, set()).add(there)
    return [
        (room, other)
        for room, others in sorted(below.items())
        for other in sorted(others - set().union(*(_reached(o, below) for o in others)))
    ]


def _reached(room: str, below: dict[str, set[str]]) -> set[str]:
    """Everything that a room stands on, itself not among it."""
    found: set[str] = set()
    pending = list(below.get(room, ()))
    while pending:
        other = pending.pop()
        if other not in found:
            found.add(other)
            pending += below.get(other, ())
    return found


def places() -> dict[str, Place]:
    """Centre and width of every room's box."""
    found = {}
    for row, rooms in enumerate(floors()):
        step = (WIDTH - 2 * MARGIN) / max(1, len(rooms))
        for k, room in enumerate(rooms):
            found[room] = (MARGIN + (k + 0.5) * step, MARGIN + row * ROW + BOX_HEIGHT / 2, 110.0)
    return found


def picture() -> str:
    """The SVG."""
    at = places()
    height = MARGIN * 2 + (len(FLOORS) - 1) * ROW + BOX_HEIGHT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'role="img" aria-label="The rooms of the package, and what imports what">',
        STYLE,
    ]
    for here, there in reduced():
        (x, y, _), (u, v, _) = at[here], at[there]
        start, end = y + BOX_HEIGHT / 2, v - BOX_HEIGHT / 2
        bend = (end - start) / 2
        lines.append(
            f'<path d="M{x:.0f} {start:.0f}C{x:.0f} {start + bend:.0f} {u:.0f} {end - bend:.0f} '
            f'{u:.0f} {end - 1:.0f}"/>'
        )
    for room, (x, y, width) in at.items():
        kind = ' class="ground"' if room in FLOORS[0] else ""
        lines.append(
            f'<g{kind}><rect x="{x - width / 2:.0f}" y="{y - BOX_HEIGHT / 2:.0f}" '
            f'width="{width:.0f}" height="{BOX_HEIGHT}" rx="6"/>'
            f'<text x="{x:.0f}" y="{y + 5:.0f}">{room}</text></g>'
        )
    return "\n".join([*lines, "</svg>", ""])


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(picture(), encoding="utf-8")
