"""`msds map`: where two images differ."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from msds.cli import completion
from msds.cli.options import (
    DEFAULT_MODEL,
    Background,
    Frame,
    OneModel,
    SmallImages,
    Transfer,
    TrunkWeights,
)
from msds.errors import InputError
from msds.files import check_writable, same_file
from msds.text import one_line

if TYPE_CHECKING:
    from msds.encoding.levels import Small
    from msds.metric.maps import Kind

EXAMPLES = """
[bold]Examples[/bold]

  msds map photo.png photo.jpg -o map.png

  msds map photo.png photo.jpg -o map.png --each-level --npy

  msds map photo.png photo.jpg -o map.png --kind attribution

  msds map photo.png photo.jpg -o map.png --top 0.5
"""


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(name="map", epilog=EXAMPLES)(draw)


def draw(
    reference: Annotated[Path, typer.Argument(help="The undistorted image.", show_default=False)],
    distorted: Annotated[
        Path, typer.Argument(help="The image to judge, of the same size.", show_default=False)
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="Picture to write: .png.")
    ] = Path("map.png"),
    kind: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="local: 1 - DeepSSIM of small windows. attribution: what each place adds to "
            "1 - score.",
            autocompletion=completion.one_of("local", "attribution"),
        ),
    ] = "local",
    window: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="Feature positions along a window's side, odd."),
    ] = 3,
    each_level: Annotated[
        bool, typer.Option("--each-level", help="Also a picture of each level, NAME-level1.png.")
    ] = False,
    npy: Annotated[
        bool, typer.Option("--npy", help="Also the numbers, beside each picture.")
    ] = False,
    top: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="Value of the strongest colour; set it to compare pictures."
        ),
    ] = None,
    model: OneModel = DEFAULT_MODEL,
    trunk_weights: TrunkWeights = None,
    small: SmallImages = "error",
    background: Background = "white",
    transfer: Transfer = None,
    frame: Frame = None,
) -> None:
    """Draw where two images differ, over the distorted image in grey.

    The bar beside it has the map's own unit; docs/maps.md says what each kind means and what not.
    """
    check_writable(out)
    for path in (reference, distorted):
        if same_file(out, path):
            raise InputError(f"{out}: --out would replace an image that is read.")

    from msds.models import load_model
    from msds.report.maps import write_map
    from msds.scoring import Reading
    from msds.scoring.maps import open_images

    reading = Reading(background, transfer, frame=frame)
    metric = load_model(model, trunk_weights=trunk_weights, small=cast("Small", small))
    with open_images(reference, distorted, reading=reading) as images:
        found = metric.map(*images, kind=cast("Kind", kind), window=window)
        files = write_map(out, found, images[1], each_level=each_level, arrays=npy, top=top)
    for file in files:
        typer.echo(one_line(str(file)))
    typer.echo(f"msds: score {found.score:.6f}, {one_line(found.model)}", err=True)
