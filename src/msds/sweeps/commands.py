"""Encoders that are programs: a command with places for the picture, the file and the setting."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import PIL.Image

from msds.errors import InputError
from msds.sweeps.codec import Codec
from msds.text import one_line, printable

if TYPE_CHECKING:
    from msds.sweeps.codec import Raster

COMMAND_HINT = "a command such as 'cjxl {in} {out}.jxl -q {q}'"
_NAMED = re.compile(r"([\w.-]+)=(.*)", re.DOTALL)
_PLACE = re.compile(r"\{(in|out|q)\}(\.\w+)?")
_SUFFIXES = {
    "cjxl": ".jxl",
    "avifenc": ".avif",
    "cwebp": ".webp",
    "cjpeg": ".jpg",
    "cjpegli": ".jpg",
    "heif-enc": ".heic",
    "opj_compress": ".jp2",
}
"""Of the files that well-known programs make, where a template does not say."""

_VERSION_FLAGS = ("--version", "-V", "-version")
_VERSION_SECONDS = 10.0
_WORDS = 200
"""So much of what a program says is repeated."""


def is_command(text: str) -> bool:
    """Whether a text is a command template and not a name."""
    return "{in}" in text or "{out}" in text


@dataclass(frozen=True, eq=False)
class CommandCodec(Codec):
    """A program that reads a picture's file and writes another.

    It is run without a shell; its files lie in a folder that is removed afterwards.

    Attributes
    ----------
    arguments : the command, with places {in}, {out} and {q}; behind {in} and {out} there may stand
        the suffix of the file, by default .png and what the program is known for.
    time_limit : seconds after which it is ended.
    running : programs at work.
    version : the command, the first line of what it says of its version, and a digest of its file.
    """

    name: str
    suffix: str
    arguments: tuple[str, ...]
    time_limit: float
    version: str
    running: set[subprocess.Popen[bytes]] = field(default_factory=set, init=False, repr=False)

    @classmethod
    def parse(cls, text: str, time_limit: float) -> CommandCodec:
        """A template, with "NAME=" in front or named after its program.

        Raises
        ------
        InputError
            If a place is missing, or the program is not there.
        """
        named = _NAMED.fullmatch(text.strip())
        template = named[2] if named else text
        try:
            arguments = tuple(shlex.split(template))
        except ValueError as error:
            raise InputError(f"{one_line(text)!r} is no command ({error}).") from error
        places = [match for one in arguments for match in _PLACE.finditer(one)]
        missing = [f"{{{name}}}" for name in ("in", "out", "q") if name not in _names(places)]
        if missing:
            raise InputError(
                f"{one_line(text)!r} has no place for {' and '.join(missing)}; expected "
                f"{COMMAND_HINT}."
            )
        program = shutil.which(arguments[0])
        if program is None:
            raise InputError(f"{one_line(arguments[0])}: no such program; {one_line(text)!r}.")
        name = named[1] if named else Path(arguments[0]).stem
        suffixes = [match[2] for match in places if match[1] == "out" and match[2]]
        suffix = suffixes[0] if suffixes else _SUFFIXES.get(Path(arguments[0]).name, "")
        digest = hashlib.sha256(Path(program).read_bytes()).hexdigest()[:12]
        version = _version(program)
        described = f"{one_line(template)} ({version + ', ' if version else ''}sha256 {digest})"
        command = (os.path.abspath(program), *arguments[1:])  # noqa: PTH100 (links stay)
        return cls(name, suffix, command, time_limit, described)

    def described(self) -> str:
        return self.version

    def encode(self, raster: Raster, quality: float) -> bytes:
        with tempfile.TemporaryDirectory(prefix="msds-encode-") as name:
            folder = Path(name)
            arguments = [self._filled(one, folder, quality) for one in self.arguments]
            for suffix in _suffixes(self.arguments, "in") or {".png"}:
                _save(raster, folder / f"in{suffix}")
            self._run(arguments)
            outputs = [path for path in folder.glob("out*") if path.is_file()]
            if not outputs or not outputs[0].stat().st_size:
                raise InputError(f"{self.name} ended well and wrote no file at {quality:g}.")
            return outputs[0].read_bytes()

    def stop(self) -> None:
        for process in tuple(self.running):
            _end(process)

    def _filled(self, argument: str, folder: Path, quality: float) -> str:
        def place(match: re.Match[str]) -> str:
            if match[1] == "q":
                return f"{quality:g}{match[2] or ''}"
            usual = ".png" if match[1] == "in" else self.suffix
            return str(folder / f"{match[1]}{match[2] or usual}")

        return _PLACE.sub(place, argument)

    def _run(self, arguments: list[str]) -> None:
        with tempfile.TemporaryFile() as said:
            try:
                process = subprocess.Popen(
                    arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise InputError(f"{self.name} cannot be run ({error.strerror}).") from error
            self.running.add(process)
            try:
                status = process.wait(self.time_limit)
            except subprocess.TimeoutExpired as error:
                raise InputError(
                    f"{self.name} was ended after {self.time_limit:g} seconds, its time limit."
                ) from error
            finally:
                self.running.discard(process)
                _end(process)
            if status:
                said.seek(0)
                text = one_line(said.read(_WORDS).decode(errors="replace").strip())
                raise InputError(f"{self.name} failed with status {status}: {text or 'no word'}.")


def _names(places: list[re.Match[str]]) -> set[str]:
    return {match[1] for match in places}


def _suffixes(arguments: tuple[str, ...], name: str) -> set[str]:
    """The suffixes that a template gives to a place; the usual one where it gives none."""
    found = [match for one in arguments for match in _PLACE.finditer(one) if match[1] == name]
    return {match[2] or ".png" for match in found}


def _save(raster: Raster, path: Path) -> None:
    try:
        PIL.Image.fromarray(raster).save(path)
    except ValueError as error:
        raise InputError(
            f"{printable(path.name)}: pictures cannot be given to a program as {path.suffix} "
            "files; expected {in}, {in}.ppm or another suffix that Pillow writes."
        ) from error


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is left of a program, with whatever it has started."""
    if process.poll() is not None:
        return
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):  # it has just ended
            os.killpg(process.pid, signal.SIGKILL)
    else:  # Windows
        process.kill()
    process.wait()


def _version(program: str) -> str:
    """The first line that a program says of itself, "" if it says none."""
    for flag in _VERSION_FLAGS:
        try:
            said = subprocess.run(
                [program, flag],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_VERSION_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        lines = (said.stdout or said.stderr).decode(errors="replace").strip().splitlines()
        if said.returncode == 0 and lines:
            return one_line(lines[0].strip())[:_WORDS]
    return ""
