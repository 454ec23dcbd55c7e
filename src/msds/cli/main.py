"""The `msds` command."""

from __future__ import annotations

import inspect
import os
import shlex
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from msds.cli import (
    bench,
    compare,
    datasets,
    export,
    fit,
    models,
    report,
    score,
    serve,
    streams,
    study,
    sweep,
    tune,
    weights,
)
from msds.cli import map as map_verb
from msds.errors import InputError, MSDSError
from msds.status import Status
from msds.text import one_line, printable
from msds.version import __version__


class _Verbs(TyperGroup):
    """The verbs; a file in the place of one, its name or "video" is told where it belongs."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if (
            args
            and not ctx.resilient_parsing
            and args[0] not in self.commands
            and (args[0] == "video" or Path(args[0]).exists() or Path(args[0]).suffix)
        ):
            meant = args[1:] if args[0] == "video" else args
            shown = shlex.join(["msds", "score", *meant])
            raise InputError(f"{printable(args[0])} is no verb; did you mean `{shown}`?")
        return super().resolve_command(ctx, args)


app: typer.Typer = typer.Typer(
    name="msds",
    cls=_Verbs,
    help="MSDS: deep structural similarity with multiscale representation. "
    "A full-reference image quality metric: 1 means identical, lower means worse.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
score.register(app)
map_verb.register(app)
sweep.register(app)
tune.register(app)
compare.register(app)
models.register(app)
report.register(app)
serve.register(app)
export.register(app)
bench.register(app)
fit.register(app)
app.add_typer(study.app, name="study")
app.add_typer(datasets.app, name="datasets")
app.add_typer(weights.app, name="weights")


def _unwrap_help(of: typer.Typer) -> None:
    """Let the help's lines end where the terminal's do, and not where those of docstrings do."""
    for verb in of.registered_commands:
        said = inspect.getdoc(verb.callback) or ""
        verb.help = "\n\n".join(" ".join(part.split()) for part in said.split("\n\n"))
    for group in of.registered_groups:
        if group.typer_instance is not None:
            _unwrap_help(group.typer_instance)


_unwrap_help(app)


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
    _let_threads_sleep()
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, _on_interrupt)
    try:
        streams.open_closed()
        _run()
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _let_threads_sleep() -> None:
    """Have threads of OpenMP sleep while they wait for each other, unless they are told otherwise.

    By default they spin. Where other programs keep the processors busy, they then take the time
    from those they wait for: a score took 70 times as long (docs/performance.md). OpenMP reads it
    when torch is loaded.
    """
    told = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
    if "torch" not in sys.modules and not any(name in os.environ for name in told):
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"


def _on_interrupt(_: int, frame: FrameType | None) -> None:
    """Raise what Ctrl-C raises; during an import end at once, since libraries swallow it there."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            os.write(2, b"msds: interrupted\n")
            os._exit(Status.INTERRUPTED)
        frame = frame.f_back
    raise KeyboardInterrupt


def _run() -> None:
    arguments = [a for a in sys.argv[1:] if a != "--debug"]
    debugging = len(arguments) < len(sys.argv) - 1
    try:
        try:
            app(args=arguments)
        finally:
            print(end="", flush=True)  # Python would do it too late to say what went wrong
    except BrokenPipeError:
        streams.drop_output()
        sys.exit(Status.CLOSED_PIPE)
    except (SystemExit, KeyboardInterrupt) as end:
        # Typer ends the program by itself for these, without a word or with status 1.
        if _came_of(end, BrokenPipeError):
            sys.exit(Status.CLOSED_PIPE)
        if _came_of(end, KeyboardInterrupt):
            typer.echo("msds: interrupted", err=True)
            sys.exit(Status.INTERRUPTED)
        if isinstance(end, SystemExit) and end.code == Status.WRONG_CALL:
            _explain_dashes(arguments)
        raise
    except Exception as error:
        if debugging:
            traceback.print_exc()
        else:
            typer.echo(one_line(f"msds: error: {_sentence(error)}"), err=True)
        streams.drop_output()
        sys.exit(_status(error))


def _explain_dashes(arguments: list[str]) -> None:
    """Say what to do about files whose names were taken for options."""
    for name in arguments:
        if name.startswith("-") and Path(name).is_file():
            typer.echo(one_line(f"msds: {name} is a file here: give it as ./{name}"), err=True)


def _status(error: Exception) -> Status:
    foreseen = isinstance(error, (MSDSError, OSError))
    return Status.WRONG_CALL if foreseen else Status.UNFORESEEN


def _sentence(error: Exception) -> str:
    """What to tell the user of an error."""
    if isinstance(error, MSDSError):
        return str(error)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        if streams.drop_output():
            where = "standard output: "
        return f"{where}{error.strerror or error}."
    what = f"{type(error).__name__}: {error}".strip().rstrip(".:")
    return f"this should not have happened ({what}); the same call with --debug shows where."


def _came_of(error: BaseException | None, kind: type[BaseException]) -> bool:
    """Whether an exception is of this kind, or was raised while one was handled."""
    while error is not None and not isinstance(error, kind):
        error = error.__context__
    return error is not None
