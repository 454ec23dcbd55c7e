"""`msds score`: how close a distorted image is to its reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msds.errors import InputError

if TYPE_CHECKING:
    import torch

BELOW_THRESHOLD = 3

EXAMPLES = """
[bold]Examples[/bold]

  msds score photo.png photo.jpg

  msds score photo.png photo.jpg --explain

  msds score photo.png photo.jpg --fail-under 0.9 --quiet

  msds score photo.png photo.jpg --model msds-vgg16 --json
"""


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(epilog=EXAMPLES)(score)


def score(
    reference: Annotated[Path, typer.Argument(help="The undistorted image.")],
    distorted: Annotated[Path, typer.Argument(help="The image to judge.")],
    model: Annotated[
        str, typer.Option("--model", "-m", help="Id of a model, or a model file.")
    ] = "msds-compact",
    trunk_weights: Annotated[
        Path | None, typer.Option(help="File of the trunk's weights, instead of the usual ones.")
    ] = None,
    levels: Annotated[
        int | None, typer.Option(min=1, max=12, help="Levels of the pyramid, equally weighted.")
    ] = None,
    small: Annotated[
        str, typer.Option(help="Images too small for all levels: 'error' or 'fewer-levels'.")
    ] = "error",
    background: Annotated[
        str, typer.Option(help="What transparency is shown on: white, black or #rrggbb.")
    ] = "white",
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:1, mps.")] = "cpu",
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole record.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show every level, and what was done.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the score only.")] = False,
    fail_under: Annotated[
        float | None, typer.Option(metavar="X", help="Exit with 3 if the score is lower.")
    ] = None,
) -> None:
    """Score a distorted image against its reference: 1 is identical, lower is worse."""
    if as_json + explain + quiet > 1:
        raise InputError("Choose one of --json, --explain and --quiet.")

    from msds.images import load_image
    from msds.models import load_model
    from msds.scoring import score_images

    place = choose_device(device)
    images = [load_image(path, background=background) for path in (reference, distorted)]
    metric = load_model(model, trunk_weights=trunk_weights, levels=levels, small=small)
    result = score_images(metric.to(place), *images)
    if as_json:
        typer.echo(json.dumps(result.as_dict(), ensure_ascii=False))
    elif explain:
        from msds.cli.explain import show

        show(result)
    elif quiet:
        typer.echo(f"{result.score:.6f}")
    else:
        typer.echo(f"{result.score:.6f}  {result.model}")
    if fail_under is not None and not result.score >= fail_under:
        typer.echo(f"msds: {result.score:.6f} is below {fail_under:g}", err=True)
        raise typer.Exit(BELOW_THRESHOLD)


def choose_device(name: str) -> torch.device:
    """A device by name, or an `InputError` if torch does not have it."""
    import torch

    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"Device {name!r} cannot be used: {reason}.") from error
    return device
