"""`msds export`: a model as an ONNX file, or as a folder that holds all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from msds.cli.options import DEFAULT_MODEL, Levels, OneModel, TrunkWeights
from msds.errors import InputError
from msds.text import one_line

EXAMPLES = """
[bold]Examples[/bold]

  msds export --onnx msds-compact.onnx

  msds export --model msds-vgg16 --onnx encoder.onnx --encode-only

  msds export --model my-model.json --folder my-model
"""


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(epilog=EXAMPLES)(export)


def export(
    model: OneModel = DEFAULT_MODEL,
    onnx: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="ONNX file to write, checked against torch first."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to write for MSDS.from_pretrained.")
    ] = None,
    encode_only: Annotated[
        bool, typer.Option("--encode-only", help="ONNX from images to Gram matrices, not scores.")
    ] = False,
    trunk_weights: TrunkWeights = None,
    levels: Levels = None,
) -> None:
    """Write a model for use without this program: ONNX, or a folder of weights and settings."""
    if (onnx is None) == (folder is None):
        raise InputError("Say what to write: --onnx FILE or --folder DIR.")
    if encode_only and onnx is None:
        raise InputError("--encode-only is for --onnx.")

    from msds.files import check_writable
    from msds.models import load_model

    if folder is not None:
        check_writable(folder, folder=True)
    elif onnx is not None:
        check_writable(onnx)
    metric = load_model(model, trunk_weights=trunk_weights, levels=levels)
    if folder is not None:
        metric.save_pretrained(folder)
        typer.echo(
            f"{one_line(str(folder))}: {metric.model_id}, fingerprint {metric.fingerprint[:12]}"
        )
    elif onnx is not None:
        from msds.models.onnx import export_onnx

        made = export_onnx(metric, onnx, encode_only=encode_only)
        typer.echo(
            f"{one_line(str(onnx))}: {made.model}, fingerprint {made.fingerprint[:12]}, "
            f"{made.size / 1e6:.1f} MB, differs from torch by {made.difference:.1g} at most on "
            f"{len(made.checked)} batches"
        )
