"""A score as a small bar chart, for people."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from msds.scoring import Score

BAR_CELLS = 30
EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(value: float, cells: int = BAR_CELLS) -> str:
    """A horizontal bar for a value in [0, 1], to an eighth of a character."""
    eighths = round(max(0.0, min(1.0, value)) * cells * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (EIGHTHS[rest] if rest else "")).ljust(cells)


def show(score: Score, console: Console | None = None) -> None:
    """Print the score of each level as a bar, what was done to the images, and who made it."""
    console = console or Console(highlight=False)
    console.print(f"[bold]{score.score:.6f}[/bold]  {escape(score.model)}")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("level", justify="right")
    table.add_column("pixels", justify="right")
    table.add_column("similarity", no_wrap=True)
    table.add_column("", justify="right")
    table.add_column("weight", justify="right")
    width, height = score.distorted_size
    for k, (value, weight) in enumerate(zip(score.levels, score.weights, strict=True)):
        table.add_row(
            str(k + 1),
            f"{width >> k} x {height >> k}",
            f"[cyan]{bar(value)}[/cyan]",
            f"{value:.4f}",
            f"{weight:.3f}",
        )
    console.print(table)
    rows = Table.grid(padding=(0, 2))
    for name, path, size in (
        ("reference", score.reference, score.reference_size),
        ("distorted", score.distorted, score.distorted_size),
    ):
        rows.add_row(name, f"{escape(path)}, {size[0]} x {size[1]}")
    rows.add_row("done", escape("; ".join(score.notes)) or "nothing was changed")
    rows.add_row("fingerprint", score.fingerprint[:16])
    rows.add_row("time", f"{score.seconds * 1000:.0f} ms")
    console.print(rows)
