"""Encoders by name and by command, and their settings as people write them."""

from __future__ import annotations

import io
import os
import shlex
import stat
import sys
import threading
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from msds.errors import InputError
from msds.sweeps import open_codec
from msds.sweeps.codecs import split_codecs
from msds.sweeps.qualities import parse_all, parse_qualities

SAVING = (
    "import sys; from PIL import Image;"
    "Image.open(sys.argv[1]).save(sys.argv[2], quality=int(sys.argv[3]))"
)
"""A program that encodes: Pillow in a process of its own."""


def command(code: str, rest: str = "{in} {out}.jpg {q}") -> str:
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(code)} {rest}"


@pytest.fixture(scope="module")
def raster(examples_dir: Path) -> np.ndarray:
    with PIL.Image.open(examples_dir / "chelsea.png") as picture:
        return np.asarray(picture.convert("RGB").crop((100, 40, 228, 136)))


@pytest.mark.parametrize("name", ["jpeg", "webp", "avif", "jxl"])
def test_a_better_setting_costs_more_bytes_and_errs_less(name: str, raster: np.ndarray) -> None:
    codec = open_codec(name)
    sizes, errors = [], []
    for quality in (20, 50, 90):
        data = codec.encode(raster, quality)
        if name == "jxl":
            decoded = pytest.importorskip("imagecodecs").jpegxl_decode(data)
        else:
            decoded = np.asarray(PIL.Image.open(io.BytesIO(data)).convert("RGB"))
        sizes.append(len(data))
        errors.append(np.mean((decoded.astype(float) - raster) ** 2))
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)
    assert codec.described().split()[1][0].isdigit(), "the version of the library is told"


def test_jpeg_is_what_pillow_writes(raster: np.ndarray) -> None:
    buffer = io.BytesIO()
    PIL.Image.fromarray(raster).save(buffer, "JPEG", quality=60, optimize=True)
    assert open_codec("jpeg").encode(raster, 60) == buffer.getvalue()


def test_a_command_gives_the_file_that_its_program_writes(raster: np.ndarray) -> None:
    codec = open_codec("mine=" + command(SAVING))
    assert (codec.name, codec.suffix) == ("mine", ".jpg")
    buffer = io.BytesIO()
    PIL.Image.fromarray(raster).save(buffer, "JPEG", quality=70)
    assert codec.encode(raster, 70) == buffer.getvalue()
    assert f"Python {sys.version.split()[0]}" in codec.described()
    assert "sha256" in codec.described()


def test_a_command_is_run_without_a_shell(raster: np.ndarray, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    codec = open_codec(command(SAVING, "{in} {out}.jpg {q} ; touch " + str(mark)))
    codec.encode(raster, 70)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import sys; print('no licence'); sys.exit(7)", "status 7: no licence"),
        ("pass", "wrote no file"),
    ],
)
def test_a_command_that_fails_says_how(code: str, expected: str, raster: np.ndarray) -> None:
    with pytest.raises(InputError, match=expected):
        open_codec(command(code)).encode(raster, 50)


def test_a_command_that_takes_too_long_is_ended_with_all_it_started(raster: np.ndarray) -> None:
    # The program waits for a child that would wait for ever, which ends only if it is killed too.
    waiting = (
        "import subprocess, sys;"
        "subprocess.run([sys.executable, '-c', 'import threading; threading.Event().wait()'])"
    )
    before = threading.active_count()
    with pytest.raises(InputError, match="ended after 0.5 seconds"):
        open_codec(command(waiting), time_limit=0.5).encode(raster, 50)
    assert threading.active_count() == before


def test_commands_at_work_are_ended_when_a_sweep_is_given_up(raster: np.ndarray) -> None:
    codec = open_codec(command("import threading; threading.Event().wait()"))
    found: list[str] = []

    def encode() -> None:
        try:
            codec.encode(raster, 50)
        except InputError as error:
            found.append(str(error))

    thread = threading.Thread(target=encode)
    thread.start()
    while not codec.running:
        pass
    codec.stop()
    thread.join()
    assert "failed with status -9" in found[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gif", "Unknown encoder 'gif': expected one of jpeg, webp, avif, jxl, mozjpeg, or a comm"),
        ("jpg", r"Unknown encoder 'jpg' \(did you mean jpeg\?\)"),
        ("cat {in} -q {q}", "no place for {out}"),
        ("cat {in} {out}", "no place for {q}"),
        ("no-such-program {in} {out} {q}", "no-such-program: no such program"),
        ("cat '{in} {out} {q}", "is no command"),
    ],
)
def test_what_is_no_encoder_is_refused(text: str, expected: str) -> None:
    with pytest.raises(InputError, match=expected.replace("{", r"\{")):
        open_codec(text)


def test_names_are_divided_by_commas_and_commands_are_not() -> None:
    template = "enc --a=1,2 {in} {out} {q}"
    assert split_codecs(["jpeg,webp", template]) == ["jpeg", "webp", template]


def test_well_known_programs_need_no_suffix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "cjxl"
    program.write_text("#!/bin/sh\necho cjxl v9\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    codec = open_codec("cjxl {in} {out} -q {q}")
    assert (codec.name, codec.suffix) == ("cjxl", ".jxl")
    assert "cjxl v9" in codec.described()


def test_settings_are_numbers_and_ranges_with_their_ends() -> None:
    assert parse_qualities("20:95:25") == (20, 45, 70, 95)
    assert parse_qualities("30,50,30,75") == (30, 50, 75)
    assert parse_qualities("2:0.5:-0.5") == (2, 1.5, 1, 0.5)
    assert parse_qualities("0.1:0.3:0.1") == (0.1, 0.2, 0.3)
    assert parse_all(["20:40:10", "avif=5"]) == ((20, 30, 40), {"avif": (5,)})


@pytest.mark.parametrize("text", ["", "a", "1:2:0", "5:1", "1:100000", "1:2:3:4"])
def test_what_are_no_settings_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="settings"):
        parse_qualities(text)
