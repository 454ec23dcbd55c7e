"""The engine: the same scores as one pair at a time, whatever is done to make it fast."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections import Counter
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch

from helpers.engine_runs import Counting, pair, run, scores
from helpers.scoring_files import write_image
from msds.metric import MSDS
from msds.models import load_model
from msds.pairs import ImageFile, Pair
from msds.scoring import Reading, engine, score, score_pairs
from msds.scoring import pair as single
from msds.scoring.cache import DiskCache
from msds.scoring.memory import Memory

TOLERANCE = 1e-5


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
