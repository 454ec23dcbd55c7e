"""`msds models`: what there is to choose from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from msds.text import one_line

if TYPE_CHECKING:
    from msds.models.listing import Listed


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(name="models")(list_)


def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array instead.")] = False,
) -> None:
    """List the models: what each is good for, what it costs, and where its weights are."""
    from msds.models.listing import list_models

    listed = list_models()
    if as_json:
        typer.echo(json.dumps([model.to_dict() for model in listed], indent=2))
        return
    _show(listed)


def _show(listed: list[Listed]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from msds.models.listing import HEIGHT, WIDTH

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("Model", style="bold", no_wrap=True)
    table.add_column("Good for")
    for name in ("Levels", "MB", "GMAC"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Speed", no_wrap=True)
    for model in listed:
        table.add_row(
            model.id,
            model.good_for + (" (default)" if model.default else ""),
            str(model.levels),
            f"{model.megabytes:.1f}",
            f"{model.gmac:.1f}",
            model.speed,
        )
    console = Console(highlight=False)
    console.print(table)
    first = listed[0]
    lines = [
        f"Scores: {first.direction}; {first.range}. Those of two models are different numbers.",
        f"GMAC: billions of multiplications for an image of {HEIGHT} x {WIDTH} pixels.",
        "",
        "Weights",
    ]
    lines += dict.fromkeys(f"  {model.how}: {model.weights}" for model in listed if model.weights)
    lines += dict.fromkeys(f"  {model.how}" for model in listed if not model.weights)
    for line in lines:
        console.print(one_line(line), soft_wrap=True, markup=False)
