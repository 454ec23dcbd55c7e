"""The engine: the same scores as one pair at a time, whatever is done to make it fast."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import random
import struct
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

from helpers.scoring_files import write_image
from msds.encoding import Encoding
from msds.encoding.whole import encode_whole
from msds.errors import InputError, require
from msds.images.formats.pillow import decode_pillow
from msds.metric import MSDS
from msds.models import load_model
from msds.pairs import ImageFile, Pair
from msds.results import Score
from msds.scoring import Options, Reading, engine, inputs, memory, score, score_pairs, sources
from msds.scoring import pair as single
from msds.scoring.cache import DiskCache
from msds.scoring.inputs import UNKNOWN_BYTES, explain, pixel_bytes
from msds.scoring.memory import Memory
from msds.scoring.readers import Readers
from msds.scoring.sources import Source
from msds.trunks import Trunk

TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def metric() -> MSDS:
    return MSDS("compact", levels=2, trunk_weights="random")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four references of two sizes, and three distorted images of each."""
    root = tmp_path_factory.mktemp("files")
    for k in range(4):
        size = [(48, 40), (64, 36)][k % 2]
        write_image(root / f"r{k}.png", k, size)
        for quality in (5, 40, 90):
            write_image(root / f"d{k}_{quality}.jpg", k, size, quality=quality)
    return root


def pair(root: Path, reference: str, distorted: str) -> Pair:
    return Pair(reference, distorted, root / reference, root / distorted)


@pytest.fixture(scope="module")
def pairs(files: Path) -> list[Pair]:
    """Every reference with its own images, with another's, with itself, and with a reference."""
    made = [
        pair(files, f"r{k}.png", f"d{j}_{quality}.jpg")
        for quality in (5, 40, 90)
        for k in range(4)
        for j in {k, (k + 1) % 4}
    ]
    made += [pair(files, f"r{k}.png", f"r{k}.png") for k in range(4)]
    return [*made, pair(files, "r0.png", "r2.png"), pair(files, "r2.png", "r0.png")]


def run(metric: MSDS, pairs: list[Pair], **options: object) -> list[Score]:
    """Outcomes in the order of the pairs, each of them once."""
    outcomes = list(score_pairs(metric, pairs, options=Options(**options)))  # type: ignore[arg-type]
    assert sorted(row for row, _ in outcomes) == list(range(len(pairs)))
    return [outcome for _, outcome in sorted(outcomes, key=lambda item: item[0])]


def scores(outcomes: list[Score]) -> list[float]:
    assert [outcome.error for outcome in outcomes] == [None] * len(outcomes)
    return [outcome.score for outcome in outcomes if outcome.score is not None]


@pytest.fixture(scope="module")
def alone(metric: MSDS, pairs: list[Pair]) -> list[float]:
    """Scores of the pairs, one at a time."""
    return [score(p.reference_path, p.distorted_path, model=metric).score for p in pairs]


def test_many_pairs_have_the_scores_they_have_alone(
    metric: MSDS, pairs: list[Pair], alone: list[float]
) -> None:
    assert scores(run(metric, pairs)) == pytest.approx(alone, abs=TOLERANCE)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_scores_do_not_depend_on_order_or_threads(
    metric: MSDS, pairs: list[Pair], alone: list[float], threads: int
) -> None:
    order = random.Random(threads).sample(range(len(pairs)), len(pairs))
    shuffled = scores(run(metric, [pairs[k] for k in order], threads=threads))
    assert shuffled == pytest.approx([alone[k] for k in order], abs=TOLERANCE)


@pytest.mark.parametrize("torch_threads", [1, 2])
def test_scores_do_not_depend_on_the_trunk_s_threads(
    metric: MSDS, pairs: list[Pair], alone: list[float], torch_threads: int
) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(torch_threads)
    try:
        assert scores(run(metric, pairs)) == pytest.approx(alone, abs=TOLERANCE)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("memory", [1, 60_000, 2**30])
def test_scores_do_not_depend_on_memory_so_batches_and_pieces(
    metric: MSDS, pairs: list[Pair], alone: list[float], memory: int
) -> None:
    assert scores(run(metric, pairs, memory=memory)) == pytest.approx(alone, abs=TOLERANCE)


def test_an_image_scores_exactly_one_with_itself_and_with_its_copy_in_another_file(
    metric: MSDS, files: Path, tmp_path: Path
) -> None:
    pixels = PIL.Image.open(files / "r0.png")
    pixels.save(tmp_path / "copy.bmp")
    made = [
        pair(files, "r0.png", "r0.png"),
        Pair("r0", "copy", files / "r0.png", tmp_path / "copy.bmp"),
        *(pair(files, f"r{k}.png", f"d{k}_40.jpg") for k in range(4)),
    ]
    assert scores(run(metric, made))[:2] == [1.0, 1.0]


class Counting(MSDS):
    """Counts the images that are encoded whole, and has memory for so many pixels at once only."""

    encoded = 0
    failures = 0
    limit = 10**9

    def whole(self, trunk: Trunk, images: torch.Tensor, *rest: Any, **options: Any) -> Encoding:
        if images.numel() // 3 > self.limit:
            self.failures += 1
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")
        self.encoded += len(images)
        return encode_whole(trunk, images, *rest, **options)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    metric = Counting("compact", levels=2, trunk_weights="random")
    monkeypatch.setattr("msds.encoding.encoder.encode_whole", metric.whole)
    return metric


def test_every_image_is_encoded_once_however_many_pairs_it_is_in(
    counting: Counting, pairs: list[Pair]
) -> None:
    run(counting, random.Random(0).sample(pairs, len(pairs)))
    assert counting.encoded == 4 + 12


def test_every_file_is_read_once(
    metric: MSDS, pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: Counter[Path] = Counter()
    real = engine.read_input

    def counted(file: ImageFile, *rest: object) -> object:
        read[file.path] += 1
        return real(file, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "read_input", counted)
    run(metric, pairs)
    assert set(read.values()) == {1}


def test_encodings_that_do_not_fit_are_made_again_and_scores_stay(
    counting: Counting, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each distorted image meets all four references, so all of them are needed again and again.
    made = [
        pair(files, f"r{k}.png", f"d{j}_{quality}.jpg")
        for k in range(4)
        for j in range(4)
        for quality in (5, 40, 90)
    ]
    monkeypatch.setattr(Memory, "of", lambda *_: Memory(2**28, 10_000, 100_000))
    few = scores(run(counting, made, threads=1))
    assert counting.encoded > 4 + 12
    monkeypatch.undo()
    assert few == pytest.approx(scores(run(counting, made)), abs=TOLERANCE)


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


def test_only_the_rows_asked_for_are_scored(metric: MSDS, pairs: list[Pair]) -> None:
    assert {row for row, _ in score_pairs(metric, pairs, rows=[3, 1])} == {1, 3}


def test_an_outcome_tells_sizes_digests_notes_and_time(metric: MSDS, tmp_path: Path) -> None:
    write_image(tmp_path / "r.png", 1, (50, 40))
    array = np.zeros((36, 44, 4), np.uint8)
    PIL.Image.fromarray(array).save(tmp_path / "d.png")
    begun = time.perf_counter()
    (outcome,) = run(metric, [pair(tmp_path, "r.png", "d.png")])
    most = 2 * (time.perf_counter() - begun)  # both files are read at once
    assert outcome.reference_size == (50, 40)
    assert outcome.distorted_size == (44, 36)
    for name, found in (("r", outcome.reference_sha256), ("d", outcome.distorted_sha256)):
        assert found == hashlib.sha256((tmp_path / f"{name}.png").read_bytes()).hexdigest()
    assert any(note.startswith("distorted: transparency") for note in outcome.notes)
    assert "sizes differ: nothing was resized" in outcome.notes
    assert len(outcome.levels) == 2
    assert 0 < outcome.seconds < most


def test_the_background_is_that_of_the_reading(metric: MSDS, tmp_path: Path) -> None:
    image = PIL.Image.open(write_image(tmp_path / "r.png"))
    image.putalpha(120)
    image.save(tmp_path / "t.png")
    made = [pair(tmp_path, "r.png", "t.png")]
    for background in ("white", "black"):
        ((_, outcome),) = score_pairs(metric, made, reading=Reading(background))
        expected = score(
            made[0].reference_path, made[0].distorted_path, model=metric, background=background
        )
        assert outcome.score == pytest.approx(expected.score, abs=TOLERANCE)
        assert outcome.notes == expected.notes


def test_fewer_levels_of_small_images_are_scored_and_noted(tmp_path: Path) -> None:
    metric = MSDS("compact", levels=3, small="fewer-levels", trunk_weights="random")
    write_image(tmp_path / "small.png", 1, (40, 40))
    write_image(tmp_path / "large.png", 1, (80, 80))
    made = [pair(tmp_path, "large.png", "small.png"), pair(tmp_path, "large.png", "large.png")]
    outcomes = run(metric, made)
    assert [len(outcome.levels) for outcome in outcomes] == [2, 3]
    assert "2 of 3 levels: the images are too small for more" in outcomes[0].notes


def test_encodings_of_references_are_kept_on_disk_and_found_by_content(
    counting: Counting, pairs: list[Pair], alone: list[float], tmp_path: Path
) -> None:
    assert scores(run(counting, pairs, cache=tmp_path / "c")) == pytest.approx(alone, abs=TOLERANCE)
    assert len(list((tmp_path / "c").iterdir())) == 4
    counting.encoded = 0
    again = scores(run(counting, pairs, cache=tmp_path / "c"))
    assert again == pytest.approx(alone, abs=TOLERANCE)
    assert counting.encoded == 12


def test_damaged_or_foreign_encodings_on_disk_are_made_again(
    counting: Counting, files: Path, tmp_path: Path
) -> None:
    made = [pair(files, "r0.png", "d0_5.jpg")]
    expected = scores(run(counting, made, cache=tmp_path))
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    for content in (b"", whole[:-1], whole[:50], b"{}" * 100):
        kept.write_bytes(content)
        assert scores(run(counting, made, cache=tmp_path)) == pytest.approx(expected, abs=TOLERANCE)
        assert len(kept.read_bytes()) == len(whole)


def test_encodings_on_disk_are_those_of_one_trunk_and_its_settings(
    files: Path, tmp_path: Path
) -> None:
    made = [pair(files, "r0.png", "d0_5.jpg")]
    metrics = [
        MSDS("compact", levels=levels, filter=filter, trunk_weights="random")
        for levels, filter in ((2, "average"), (1, "average"), (2, "gaussian"))
    ]
    for metric in metrics:
        without = scores(run(metric, made))
        assert scores(run(metric, made, cache=tmp_path)) == pytest.approx(without, abs=TOLERANCE)
    assert len(list(tmp_path.iterdir())) == 3
    weighted = MSDS("compact", levels=2, weights=[0.2, 0.8], trunk_weights="random")
    run(weighted, made, cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 3, "weights of levels do not change encodings"
    black = DiskCache(tmp_path, metrics[0], Reading("black").settings)
    assert black.find(hashlib.sha256((files / "r0.png").read_bytes()).hexdigest()) is None


def test_batches_are_halved_when_memory_runs_short(
    counting: Counting, pairs: list[Pair], alone: list[float]
) -> None:
    counting.limit = 64 * 40
    assert scores(run(counting, pairs, threads=16)) == pytest.approx(alone, abs=TOLERANCE)


def test_an_image_that_does_not_fit_is_encoded_in_pieces(
    counting: Counting, pairs: list[Pair], alone: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The budget would have to shrink below what real images make useful.
    monkeypatch.setattr("msds.encoding.encoder.LEAST_BUDGET", 100)
    counting.limit = 0
    assert scores(run(counting, pairs)) == pytest.approx(alone, abs=TOLERANCE)
    assert counting.failures > 0
    assert counting.encoded == 0


def test_an_image_that_fits_in_no_way_costs_its_own_rows(
    counting: Counting, pairs: list[Pair]
) -> None:
    counting.limit = 0
    outcomes = run(counting, pairs)
    assert all("not enough memory to encode this image" in str(o.error) for o in outcomes)


def test_other_errors_of_the_trunk_are_not_taken_for_a_lack_of_memory(
    metric: MSDS, pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr("msds.encoding.encoder.encode_whole", broken)
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        run(metric, pairs)


def test_an_image_whose_decoding_ran_out_of_memory_is_tried_again_by_itself(
    metric: MSDS, pairs: list[Pair], alone: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = engine.read_input
    failed: set[Path] = set()

    def short(file: ImageFile, *rest: object) -> object:
        if file.path not in failed:
            failed.add(file.path)
            raise MemoryError
        return real(file, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "read_input", short)
    assert scores(run(metric, pairs)) == pytest.approx(alone, abs=TOLERANCE)


def test_an_image_whose_decoder_ran_out_of_memory_is_tried_again_by_itself(
    metric: MSDS, pairs: list[Pair], alone: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[object] = []

    def short(source: object, *rest: object) -> object:
        if len(failed) < 3:
            failed.append(source)
            raise MemoryError
        return decode_pillow(source, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr("msds.images.formats.decode.decode_pillow", short)
    assert scores(run(metric, pairs, threads=1)) == pytest.approx(alone, abs=TOLERANCE)


def test_images_in_flight_stay_within_their_share_of_memory(
    metric: MSDS, pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 0
    share = 3 * 64 * 40 * 12
    monkeypatch.setattr(Memory, "of", lambda *_: Memory(2**28, share, 2**28))
    real = Readers.ask

    def watched(self: Readers, source: Source) -> None:
        nonlocal most
        real(self, source)
        most = max(most, self.in_flight)

    monkeypatch.setattr(Readers, "ask", watched)
    scores(run(metric, pairs))
    assert 0 < most <= share


def test_large_files_are_read_in_parts_with_the_same_score(
    metric: MSDS, pairs: list[Pair], alone: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = 0
    real = inputs.open_regions

    def counted(*arguments: object, **options: object) -> object:
        nonlocal opened
        opened += 1
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(memory, "PARTS_BYTES", 1)
    monkeypatch.setattr(inputs, "open_regions", counted)
    outcomes = run(metric, pairs)
    assert scores(outcomes) == pytest.approx(alone, abs=TOLERANCE)
    assert opened == 16
    monkeypatch.undo()
    for a, b in zip(outcomes, run(metric, pairs), strict=True):
        plain = {"score": None, "levels": (), "seconds": 0.0}
        assert dataclasses.replace(a, **plain) == dataclasses.replace(b, **plain)


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


def test_a_model_file_is_read_again_when_it_changes_or_another_has_its_name(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []

    def counted(name: str) -> MSDS:
        loaded.append(name)
        return load_model(name)

    def levels() -> int:
        return len(score(files / "r0.png", files / "d0_5.jpg", model="own.json").levels)

    def write(folder: Path, levels: int) -> None:
        model = {"format": "msds-model-1", "id": "own", "trunk": "compact", "levels": levels}
        folder.mkdir(exist_ok=True)
        (folder / "own.json").write_text(json.dumps(model), encoding="utf-8")

    monkeypatch.setattr(single, "load_model", counted)
    write(tmp_path / "a", 1)
    write(tmp_path / "b", 2)
    monkeypatch.chdir(tmp_path / "a")
    assert [levels(), levels()] == [1, 1]
    assert len(loaded) == 1
    monkeypatch.chdir(tmp_path / "b")
    assert levels() == 2
    write(tmp_path / "b", 1)
    assert levels() == 1


def test_stopping_early_ends_the_threads(metric: MSDS, pairs: list[Pair]) -> None:
    import threading

    outcomes = score_pairs(metric, pairs)
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    assert not [t for t in threading.enumerate() if t.name.startswith("msds-read")]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_scores_on_an_accelerator_are_those_of_the_processor(
    pairs: list[Pair], alone: list[float]
) -> None:
    metric = MSDS("compact", levels=2, trunk_weights="random").to("cuda")
    assert scores(run(metric, pairs)) == pytest.approx(alone, abs=1e-4)
