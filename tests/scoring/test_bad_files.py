"""A bad file costs its own rows and nothing else, whatever is wrong with it."""

from __future__ import annotations

import hashlib
import os
import struct
import sys
from pathlib import Path

import PIL.Image
import pytest

from helpers.engine_runs import pair, run
from helpers.scoring_files import write_image
from msds.errors import InputError, require
from msds.metric import MSDS
from msds.pairs import ImageFile, Pair
from msds.scoring import engine, inputs, memory, score, sources
from msds.scoring.inputs import UNKNOWN_BYTES, explain, pixel_bytes


def test_a_bad_file_costs_its_own_rows_and_says_why(
    metric: MSDS, files: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    (tmp_path / "empty.png").touch()
    write_image(tmp_path / "small.png", 0, (20, 50))
    good = files / "r0.png"
    cases = {
        "broken.png": "broken.png",
        "empty.png": "the file is empty",
        "gone.png": "no such file",
        "small.png": "too small",
        "": "this is a folder",
    }
    made = [pair(files, "r0.png", "d0_5.jpg")]
    for name in cases:
        made.append(Pair("good", name, good, tmp_path / name))
        made.append(Pair(name, "good", tmp_path / name, good))
    made.append(pair(files, "r0.png", "d0_90.jpg"))
    outcomes = run(metric, made)
    assert outcomes[0].error is None
    assert outcomes[-1].error is None
    for k, (name, reason) in enumerate(cases.items()):
        for outcome in outcomes[1 + 2 * k : 3 + 2 * k]:
            assert outcome.score is None
            assert outcome.error is not None
            assert reason in outcome.error
            assert str(tmp_path / name) in outcome.error
    assert outcomes[-1].reference_sha256 == hashlib.sha256(good.read_bytes()).hexdigest()


def test_whatever_a_decoder_raises_costs_its_own_row(
    metric: MSDS, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = engine.read_input

    def failing(file: ImageFile, *rest: object) -> object:
        if file.path.name == "d0_5.jpg":
            raise ZeroDivisionError("decoder")
        return real(file, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "read_input", failing)
    outcomes = run(metric, [pair(files, "r0.png", name) for name in ("d0_5.jpg", "d0_40.jpg")])
    assert outcomes[0].error is not None
    assert "ZeroDivisionError: decoder" in outcomes[0].error
    assert outcomes[1].error is None


def test_a_damaged_header_of_any_format_costs_its_own_row(
    metric: MSDS, files: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.png"
    PIL.Image.new("RGB", (8, 8)).save(damaged, "DDS")
    data = bytearray(damaged.read_bytes())
    data[80:84] = bytes(4)  # the flags that say what the pixels are
    damaged.write_bytes(data)
    assert pixel_bytes(damaged) == UNKNOWN_BYTES
    bad = Pair("good", "damaged", files / "r0.png", damaged)
    outcomes = run(metric, [bad, pair(files, "r0.png", "d0_5.jpg")])
    assert str(outcomes[0].error).startswith(str(damaged))
    assert outcomes[1].error is None


def test_a_header_of_more_pixels_than_pillow_warns_of_is_believed(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    PIL.Image.new("L", (8, 8)).save(tmp_path / "large.bmp")
    data = bytearray((tmp_path / "large.bmp").read_bytes())
    data[18:26] = struct.pack("<ii", 20000, 10000)
    (tmp_path / "large.bmp").write_bytes(data)
    assert pixel_bytes(tmp_path / "large.bmp") == 20000 * 10000 * 12
    assert not recwarn.list


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_and_a_device_cost_their_own_rows_and_are_not_waited_for(
    metric: MSDS, files: Path, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    made = [Pair("r", str(path), files / "r0.png", path) for path in (pipe, Path("/dev/zero"))]
    for outcome in run(metric, made):
        assert "this is not a regular file" in str(outcome.error)
    with pytest.raises(InputError, match="pipe.png: this is not a regular file"):
        score(pipe, files / "r0.png", model=metric)


def test_a_library_that_is_missing_costs_the_rows_that_need_it_and_is_told_in_one_sentence(
    metric: MSDS, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object, **__: object) -> None:
        require("no_such_library", "formats")

    made = [pair(files, "r0.png", "d0_5.jpg"), pair(files, "r1.png", "r1.png")]
    start = f"{made[0].distorted_path}: This needs no_such_library, which is not installed"
    real = engine.read_input

    def failing(file: ImageFile, *rest: object) -> object:
        if file.path.name == "d0_5.jpg":
            missing()
        return real(file, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(engine, "read_input", failing)
        whole = run(metric, made)
    with monkeypatch.context() as patch:
        size = 12 * 48 * 40
        patch.setattr(sources, "pixel_bytes", lambda p: size + (p.name == "d0_5.jpg"))
        patch.setattr(memory, "PARTS_BYTES", size)
        patch.setattr(inputs, "open_regions", missing)
        parts = run(metric, made)
    for outcomes in (whole, parts):
        assert str(outcomes[0].error).startswith(start)
        assert not str(outcomes[0].error).endswith("..")
        assert outcomes[1].error is None


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_errors_can_be_stored_whatever_bytes_are_in_a_file_s_name(
    metric: MSDS, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = os.fsencode(tmp_path)
    small, broken = (Path(os.fsdecode(folder + b"/" + n)) for n in (b"small\xff.png", b"b\xff.png"))
    write_image(tmp_path / "small.png", 0, (8, 8)).rename(small)
    broken.write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    made = [Pair("r", "d", files / "r0.png", path) for path in (small, broken)]
    outcomes = run(metric, made)
    monkeypatch.setattr(memory, "PARTS_BYTES", 1)
    for outcome in (*outcomes, *run(metric, made)):
        assert outcome.error is not None
        assert rb"\udcff.png: " in outcome.error.encode("utf-8")
    assert explain(OSError(f"no {small}"), small).encode("utf-8")


def test_explanations_end_in_one_full_stop() -> None:
    text = explain(OSError("broken data."), Path("a.png"))
    assert text == "a.png: cannot be read (OSError: broken data)."


def test_a_row_with_a_problem_is_a_row_with_an_error(metric: MSDS, files: Path) -> None:
    made = [
        pair(files, "r0.png", "d0_5.jpg"),
        Pair("r0.png", "", files / "r0.png", files, {}, "the manifest names no distorted image"),
    ]
    outcomes = run(metric, made)
    assert outcomes[0].error is None
    assert outcomes[1].error == "the manifest names no distorted image."


def test_whatever_is_raised_while_a_file_is_read_in_parts_costs_its_row_only(
    metric: MSDS, pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> object:
        raise TypeError("'float' object cannot be interpreted as an integer")

    bad = pairs[0].distorted_path
    size = 12 * 64 * 40
    monkeypatch.setattr(sources, "pixel_bytes", lambda path: size + (path == bad))
    monkeypatch.setattr(memory, "PARTS_BYTES", size)
    monkeypatch.setattr(inputs, "open_regions", broken)
    outcomes = run(metric, pairs)
    assert str(outcomes[0].error).startswith(f"{bad}: cannot be read (TypeError: 'float' object")
    assert all(
        o.error is None for p, o in zip(pairs, outcomes, strict=True) if p.distorted_path != bad
    )
