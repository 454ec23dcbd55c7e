"""The `msds` command."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from msds import __version__
from msds.cli import bench, datasets, export, fit, score, study, weights
from msds.errors import MSDSError

USAGE_ERROR = 2

app = typer.Typer(
    name="msds",
    help="MSDS: deep structural similarity with multiscale representation. "
    "A full-reference image quality metric: 1 means identical, lower means worse.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
score.register(app)
export.register(app)
bench.register(app)
fit.register(app)
app.add_typer(study.app, name="study")
app.add_typer(datasets.app, name="datasets")
app.add_typer(weights.app, name="weights")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"msds {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere.")
    ] = False,
) -> None:
    del version, debug


def main() -> None:
    """Run the command line; errors a user can act on are one line on standard error."""
    arguments = [a for a in sys.argv[1:] if a != "--debug"]
    try:
        app(args=arguments)
    except MSDSError as error:
        if len(arguments) < len(sys.argv) - 1:
            raise
        typer.echo(f"msds: error: {error}", err=True)
        sys.exit(USAGE_ERROR)
    except KeyboardInterrupt:
        typer.echo("msds: interrupted", err=True)
        sys.exit(130)
