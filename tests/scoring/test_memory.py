"""The engine where memory is short, and images that are read in parts."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from helpers.engine_runs import Counting, run, scores
from msds.images.formats.pillow import decode_pillow
from msds.metric import MSDS
from msds.pairs import ImageFile, Pair
from msds.scoring import engine, inputs, memory
from msds.scoring.memory import Memory
from msds.scoring.readers import Readers
from msds.scoring.sources import Source

TOLERANCE = 1e-5


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
