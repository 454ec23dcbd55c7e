"""`msds report`: a page of a run, to look at and to hand on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from msds.cli.show import say
from msds.errors import InputError
from msds.text import one_line, printable

if TYPE_CHECKING:
    from msds.gallery import Comparison
    from msds.gallery.making import Place

_SHOWN = 5

EXAMPLES = """
[bold]Examples[/bold]

  msds report scores.csv -o report.html

  msds report scores.csv --against before.csv -o changes.html
"""


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(epilog=EXAMPLES)(report)


def report(
    results: Annotated[Path, typer.Argument(help="Results of msds score --out.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="The page to write, .html.")
    ] = Path("report.html"),
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Earlier results: the page shows what got better and worse."
        ),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(metavar="X", min=0, help="Differences up to this count as none.")
    ] = 0.001,
    images: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            help="Folder that the names in the results are relative to, if it is not this one or "
            "theirs; repeatable.",
        ),
    ] = None,
    pictures: Annotated[
        str | None,
        typer.Option(
            metavar="WHERE",
            help="'inside' the page, 'beside' it in a folder, or 'none'; by default inside for up "
            "to 100 pairs.",
            show_default=False,
        ),
    ] = None,
    maps: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="So many of the worst pairs have a map over their pictures."
        ),
    ] = 8,
    title: Annotated[str, typer.Option(metavar="TEXT", help="Title of the page.")] = "",
) -> None:
    """Write a page of a run: every pair with its score, sorted, searched and looked at."""
    _check(results, out, against, pictures)

    from msds.cli.bars import progress_bar
    from msds.gallery import compared
    from msds.gallery.making import Illustrated, make_gallery
    from msds.results import read_results

    scores = read_results(results)
    comparison = None if against is None else compared(scores, read_results(against), tolerance)
    roots = [*(images or []), Path(), results.parent]
    if against is not None:
        roots.append(against.parent)
    illustrated = Illustrated(roots, cast("Place | None", pictures), maps)
    with progress_bar() as progress:
        told = partial(progress, "pictures")
        problems = make_gallery(out, scores, comparison, illustrated, title=title, progress=told)
    if comparison is not None:
        _say_changes(comparison)
    say_written(out, problems)


def _check(results: Path, out: Path, against: Path | None, pictures: str | None) -> None:
    """Refuse what cannot be made, before anything is read."""
    from msds.files import same_file
    from msds.gallery.making import PLACES, check_page

    if pictures is not None and pictures not in PLACES:
        raise InputError(f"Pictures are {', '.join(PLACES)}; found {pictures!r}.")
    check_page(out)
    if any(same_file(out, path) for path in (results, against) if path is not None):
        raise InputError(f"{printable(out)} is read and would be replaced; give another name.")


def _say_changes(comparison: Comparison) -> None:
    for old, new in sorted(comparison.renamed.items()):
        say(one_line(f"msds: pairs of {old} were found in {new}"))
    counts = ", ".join(f"{n} {change.value}" for change, n in comparison.counts.items())
    say(f"msds: {counts}")


def say_written(page: Path, problems: Sequence[str]) -> None:
    """Say on standard error what has no picture in a page, and that it is there."""
    for problem in problems[:_SHOWN]:
        say(one_line(f"msds: {problem}"))
    if len(problems) > _SHOWN:
        say(f"msds: {len(problems) - _SHOWN} more have no picture or no map")
    say(one_line(f"msds: wrote {printable(page)}"))
