"""A score as a small bar chart, for people."""

from __future__ import annotations

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from msds.models.levels import level_words
from msds.pairs.saliency import COLUMNS
from msds.scoring import Score
from msds.scoring.maps import Places
from msds.scoring.words import words_of
from msds.text import one_line

BAR_CELLS = 30
LEAST_BAR = 10
WIDE, NARROW = 72, 60
"""Columns of a terminal from which on a bar has more than its least width, and below which what a
level shows is left out: numbers come first."""

EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(value: float, cells: int = BAR_CELLS, ascii_only: bool = False) -> str:
    """A horizontal bar for a value in [0, 1], to an eighth of a character, or to a whole one."""
    part = max(0.0, min(1.0, value)) * cells
    if ascii_only:
        return ("#" * round(part)).ljust(cells)
    full, rest = divmod(round(part * 8), 8)
    return ("█" * full + (EIGHTHS[rest] if rest else "")).ljust(cells)


class _Bar:
    """A bar that is as wide as its column."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(bar(self.value, options.max_width, options.ascii_only), "cyan", no_wrap=True)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(1, BAR_CELLS)


def explain(score: Score, places: Places | None = None, console: Console | None = None) -> None:
    """Print the score of each level as a bar, what it means, what was done, and who made it.

    Parameters
    ----------
    places : what was found on where the parts of the images are, if it was looked for.
    """
    console = console or Console(highlight=False)
    console.print(f"[bold]{score.score:.6f}[/bold]  {escape(one_line(score.model))}")
    console.print(_levels(score, console.width))
    console.print(_facts(score, places or Places()))


def _levels(score: Score, room: int) -> Table:
    """A line for each level, as wide as there is room for."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("level", justify="right", no_wrap=True)
    worded = room >= NARROW
    if worded:
        table.add_column("shows")
    table.add_column("pixels", justify="right", no_wrap=True)
    cells = BAR_CELLS if room >= WIDE else LEAST_BAR
    table.add_column("similarity", overflow="fold", min_width=LEAST_BAR, max_width=cells)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("weight", justify="right", no_wrap=True)
    sizes = dict.fromkeys(size for size in (score.reference_size, score.distorted_size) if size)
    shows = level_words(len(score.levels))
    for k, (value, weight) in enumerate(zip(score.levels, score.weights, strict=True)):
        table.add_row(
            str(k + 1),
            *([shows[k]] if worded else []),
            "\n".join(f"{width >> k} x {height >> k}" for width, height in sizes),
            _Bar(value),
            f"{value:.4f}",
            f"{weight:.3f}",
        )
    return table


def _facts(score: Score, places: Places) -> Table:
    """What the score means, of which files it is, and what was done to them."""
    words = words_of(score, places.note)
    facts = {
        "means": words.meaning,
        "position": words.position or places.unknown,
        "reference": _sized(score.reference, score.reference_size),
        "distorted": _sized(score.distorted, score.distorted_size),
        "saliency": _saliency(score),
        "done": "; ".join(words.done) or "nothing was changed",
        "fingerprint": score.fingerprint[:16],
        "time": f"{score.seconds * 1000:.0f} ms",
    }
    rows = Table.grid(padding=(0, 2))
    rows.add_column(no_wrap=True)
    rows.add_column(overflow="fold")
    for name, said in facts.items():
        if said:
            rows.add_row(name, escape(one_line(said)))
    return rows


def _sized(path: str, size: tuple[int, int] | None) -> str:
    return path + (f", {size[0]} x {size[1]}" if size else "")


def _saliency(score: Score) -> str | None:
    """Which parts of the images count, if not all of them do."""
    method = score.settings.get("saliency")
    if method is None:
        return None
    maps = [str(score.columns[name]) for name in COLUMNS if score.columns.get(name)]
    above = f"above {score.settings.get('saliency_threshold', 0):g}"
    return f"{method} {above}" + (f": {', '.join(maps)}" if maps else "")
