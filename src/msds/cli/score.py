"""`msds score`: how close distorted images are to their references."""

from __future__ import annotations

import json
import math
import os
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msds.errors import InputError
from msds.files import same_file

if TYPE_CHECKING:
    import torch

    from msds.metric.modules import MSDS

BELOW_THRESHOLD = 3
DEFAULT_TOLERANCE = 0.001

EXAMPLES = """
[bold]Examples[/bold]

  msds score photo.png photo.jpg --explain

  msds score photo.png photo.jpg --fail-under 0.9 --quiet

  msds score originals/ encoded/ --out scores.csv

  msds score originals/ encoded/ --pattern '{stem}_q{quality}.webp'

  msds score --manifest pairs.csv --out scores.parquet --resume

  msds score golden/ rendered/ --baseline scores.csv

[bold]Exit status[/bold]

  0: done

  1: some pairs failed, or files are not paired

  2: wrong call or unusable input

  3: a score is below --fail-under, or worse than the --baseline
"""

PAIRING = "Many pairs"
MODEL = "Model and images"
OUTPUT = "Output"
GATES = "Conditions"
ENGINE = "Engine"


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(epilog=EXAMPLES)(score)


def score(
    reference: Annotated[
        Path | None, typer.Argument(help="The undistorted image, or a folder.", show_default=False)
    ] = None,
    distorted: Annotated[
        Path | None, typer.Argument(help="The image to judge, or a folder.", show_default=False)
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Table of pairs (.csv, .jsonl, .parquet) with columns reference and distorted; "
            "paths are relative to it.",
            rich_help_panel=PAIRING,
        ),
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="How distorted images are named, as in '{stem}_q{quality}.webp'; fields become "
            "columns.",
            rich_help_panel=PAIRING,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the pairs only.", rich_help_panel=PAIRING)
    ] = False,
    allow_unmatched: Annotated[
        bool,
        typer.Option(
            "--allow-unmatched",
            help="Files without a partner do not change the exit status.",
            rich_help_panel=PAIRING,
        ),
    ] = False,
    model: Annotated[
        str,
        typer.Option(
            "--model", "-m", help="Id of a model, or a model file.", rich_help_panel=MODEL
        ),
    ] = "msds-compact",
    trunk_weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The trunk's weights, instead of the usual ones.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    levels: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            max=12,
            help="Levels of the pyramid; the weights are those learned for the trunk, else equal.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    small: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="Images too small for all levels: error, or fewer-levels.",
            rich_help_panel=MODEL,
        ),
    ] = "error",
    background: Annotated[
        str,
        typer.Option(
            metavar="COLOUR",
            help="What transparency is shown on: white, black, #rrggbb.",
            rich_help_panel=MODEL,
        ),
    ] = "white",
    transfer: Annotated[
        str | None,
        typer.Option(
            metavar="HOW",
            help="How HDR samples are meant: pq, hlg, linear:PEAK, srgb.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    same_size: Annotated[
        bool,
        typer.Option(
            "--same-size",
            help="A pair of images of different size is an error.",
            rich_help_panel=MODEL,
        ),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print whole records, as JSON Lines.", rich_help_panel=OUTPUT),
    ] = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Show every level of one pair, and what was done.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", help="Print scores only.", rich_help_panel=OUTPUT),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Write whole records: .jsonl, .csv, .parquet.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with --out where a run was stopped.", rich_help_panel=OUTPUT
        ),
    ] = False,
    fail_under: Annotated[
        float | None,
        typer.Option(metavar="X", help="Exit with 3 if a score is lower.", rich_help_panel=GATES),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Exit with 3 if a score is worse than in these earlier results, or is missing.",
            rich_help_panel=GATES,
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            metavar="T",
            help=f"How much worse than the baseline is still good ({DEFAULT_TOLERANCE:g}).",
            rich_help_panel=GATES,
        ),
    ] = None,
    annotations: Annotated[
        str | None,
        typer.Option(
            metavar="github",
            help="Print annotations for GitHub Actions as well.",
            rich_help_panel=GATES,
        ),
    ] = None,
    device: Annotated[
        str,
        typer.Option(metavar="NAME", help="cpu, cuda, cuda:1, mps.", rich_help_panel=ENGINE),
    ] = "cpu",
    engine: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What computes the features: torch, winograd, ncnn, openvino, onnxruntime, or "
            "auto, the fastest here whose scores agree with torch.",
            rich_help_panel=ENGINE,
        ),
    ] = "torch",
    precision: Annotated[
        str,
        typer.Option(
            metavar="TYPE",
            help="float32, or bfloat16, which changes scores a little.",
            rich_help_panel=ENGINE,
        ),
    ] = "float32",
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Memory for images and features, such as 4G; decides batches and pieces.",
            rich_help_panel=ENGINE,
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Threads that read images.", rich_help_panel=ENGINE),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Keep the encodings of references here for later runs.",
            rich_help_panel=ENGINE,
        ),
    ] = None,
) -> None:
    """Score distorted images against their references: 1 is identical, lower is worse.

    Two images, two folders, one image against a folder, or the pairs of a table. In folders,
    images belong together that have the same relative path but for the suffix.
    """
    if as_json + explain + quiet > 1:
        raise InputError("Choose one of --json, --explain and --quiet.")
    if manifest is not None and (reference is not None or pattern is not None):
        raise InputError("--manifest names the pairs: leave out paths and --pattern.")
    if manifest is None and (reference is None or distorted is None):
        raise InputError("Give a reference and a distorted image or folder, or --manifest FILE.")
    if resume and out is None:
        raise InputError("--resume goes on with the results of --out FILE: give that too.")
    if tolerance is not None and baseline is None:
        raise InputError("--tolerance says how much worse than --baseline FILE is still good.")
    if annotations not in (None, "github"):
        raise InputError(f"Unknown annotations {annotations!r}: expected github.")
    _check_conditions(fail_under, tolerance)
    if as_json and out is not None:
        raise InputError("Choose one of --json, which prints the records, and --out.")
    inputs = (manifest, baseline, reference, distorted, trunk_weights, Path(model))
    _refuse_overwriting(out, *(path for path in inputs if path is not None))

    many = {
        "--manifest": manifest,
        "--pattern": pattern,
        "--dry-run": dry_run,
        "--out": out,
        "--baseline": baseline,
        "--annotations": annotations,
        "--cache": cache,
    }
    given = [name for name, value in many.items() if value]
    folders = any(path is not None and path.is_dir() for path in (reference, distorted))
    if explain and (given or folders):
        found = ", ".join(given) or "a folder"
        raise InputError(f"--explain shows one pair of images and nothing else; found {found}.")
    if reference is not None and distorted is not None and not (given or folders):
        from msds.results import size_difference
        from msds.scoring import score_images
        from msds.scoring.memory import parse_size
        from msds.scoring.pair import load_or_open
        from msds.text import one_line

        if memory is not None:
            parse_size(memory)  # not used for one pair, but a wrong amount is a wrong call
        place = choose_device(device)
        images = [
            load_or_open(path, background=background, transfer=transfer)
            for path in (reference, distorted)
        ]
        difference = size_difference(*((image.width, image.height) for image in images))
        if same_size and difference:
            raise InputError(f"{distorted}: {difference}.")
        metric = _load(model, trunk_weights, levels, small).to(place)
        result = score_images(metric.set_engine(engine, precision), *images)
        if as_json:
            typer.echo(json.dumps(result.as_dict(), ensure_ascii=False))
        elif explain:
            from msds.cli.explain import show

            show(result)
        elif quiet:
            typer.echo(f"{result.score:.6f}")
        else:
            typer.echo(one_line(f"{result.score:.6f}  {result.model}"))
        if difference and not quiet:
            typer.echo(f"msds: {difference}; nothing was resized", err=True)
        if fail_under is not None and not result.score >= fail_under:
            typer.echo(f"msds: {result.score:.6f} is below {fail_under:g}", err=True)
            raise typer.Exit(BELOW_THRESHOLD)
        return

    from msds.cli.score_many import Display, Gates, make_plan, score_many
    from msds.cli.score_many import dry_run as show_plan
    from msds.results import check_output

    plan = make_plan(reference, distorted, manifest, pattern)
    if dry_run:
        raise typer.Exit(show_plan(plan, allow_unmatched, as_json, levels or 1))
    if out is not None:
        check_output(out)
        images_read = ((pair.reference_path, pair.distorted_path) for pair in plan.pairs)
        _refuse_overwriting(out, *dict.fromkeys(chain.from_iterable(images_read)))

    from msds.scoring import Options, Reading
    from msds.scoring.memory import parse_size

    reading = Reading(background, transfer)
    options = Options(
        memory=None if memory is None else parse_size(memory),
        threads=threads or min(4, os.cpu_count() or 1),
        cache=cache,
    )
    metric = _load(model, trunk_weights, levels, small).to(choose_device(device))
    status = score_many(
        plan,
        metric.set_engine(engine, precision),
        reading=reading,
        options=options,
        output=out,
        resume=resume,
        allow_unmatched=allow_unmatched,
        demands=Gates(
            fail_under,
            baseline,
            DEFAULT_TOLERANCE if tolerance is None else tolerance,
            same_size,
        ),
        display=Display(as_json, quiet, annotations is not None),
    )
    if status:
        raise typer.Exit(status)


def _load(model: str, trunk_weights: Path | None, levels: int | None, small: str) -> MSDS:
    from msds.models import load_model

    return load_model(model, trunk_weights=trunk_weights, levels=levels, small=small)


def _check_conditions(fail_under: float | None, tolerance: float | None) -> None:
    if fail_under is not None and not -1 <= fail_under <= 1:
        raise InputError(f"--fail-under is a score, so from -1 to 1; found {fail_under:g}.")
    if tolerance is not None and not 0 <= tolerance < math.inf:
        raise InputError(f"--tolerance is a difference of scores, 0 or more; found {tolerance:g}.")


def _refuse_overwriting(out: Path | None, *inputs: Path) -> None:
    if out is not None and out.is_file() and any(same_file(out, path) for path in inputs):
        raise InputError(f"{out}: --out would replace a file that is read; give another name.")


def choose_device(name: str) -> torch.device:
    """A device by name, or an `InputError` if torch does not have it."""
    import torch

    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        found = str(error).strip().splitlines()[0].rstrip(".")
        raise InputError(f"Device {name!r} cannot be used: {found}.") from error
    return device
