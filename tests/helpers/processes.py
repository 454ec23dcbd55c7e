"""Programs in processes of their own, without the seconds in which each would import torch.

A server imports it once and forks itself for every program, as `multiprocessing` does by its
method "forkserver": what one program does to its process is not seen by the next. Where a test is
about how a process starts or ends, `subprocess` is the right tool.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from multiprocessing.context import BaseContext
from pathlib import Path
from subprocess import CompletedProcess

IMPORTED = ["torch", "PIL.Image", "typer", "rich.progress", "msds.models", "msds.scoring.run"]


def run_command(
    *arguments: str, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> CompletedProcess[str]:
    """`msds` with these arguments: its status, and what it wrote."""
    return _run(_command, ("msds", *arguments), cwd, environment)


def run_code(
    code: str, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> CompletedProcess[str]:
    """A piece of Python, as by `python -c`."""
    return _run(_code, ("-c", code), cwd, environment)


def run_script(
    path: Path,
    *arguments: str,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> CompletedProcess[str]:
    """A script, as by `python PATH`."""
    return _run(_script, (str(path), *arguments), cwd, environment)


def _command() -> None:
    from importlib.metadata import entry_points

    (installed,) = entry_points(group="console_scripts", name="msds")
    installed.load()()


def _code() -> None:
    code = sys.argv.pop()
    exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})


def _script() -> None:
    import runpy

    sys.path.insert(0, str(Path(sys.argv[0]).parent))
    runpy.run_path(sys.argv[0], run_name="__main__")


def _run(
    main: Callable[[], None],
    argv: tuple[str, ...],
    cwd: Path | None,
    environment: Mapping[str, str] | None,
) -> CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as written:
        process = _context().Process(  # type: ignore[attr-defined]
            target=_work,
            args=(main, argv, cwd or Path.cwd(), {**os.environ, **(environment or {})}, written),
        )
        process.start()
        process.join()
        out, err = (Path(written, name).read_text("utf-8") for name in ("out", "err"))
        return CompletedProcess(argv, process.exitcode, out, err)


@cache
def _context() -> BaseContext:
    if "forkserver" not in multiprocessing.get_all_start_methods():  # on Windows
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    return context


def _work(
    main: Callable[[], None],
    argv: tuple[str, ...],
    cwd: Path,
    environment: dict[str, str],
    written: str,
) -> None:
    for stream, name in ((1, "out"), (2, "err")):
        file = os.open(Path(written, name), os.O_WRONLY | os.O_CREAT)
        os.dup2(file, stream)
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    sys.argv = list(argv)
    main()
