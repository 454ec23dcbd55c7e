"""One thread runs the model: what waits is encoded together, and an error costs its own images."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest
import torch

from msds.encoding import Encoding
from msds.errors import InputError
from msds.images import Image
from msds.metric.modules import MSDS
from msds.web.studio import Studio


@pytest.fixture
def studio(metric: MSDS) -> Iterator[Studio]:
    made = Studio(metric)
    yield made
    made.close()


def image(seed: int, side: int = 160, note: str = "") -> Image:
    pixels = torch.rand(3, side, side, generator=torch.Generator().manual_seed(seed))
    return Image(pixels, (note,) if note else (), f"{seed}.png")


class Held:
    """An encoder that does not begin until it may, and remembers the sizes of its batches."""

    def __init__(self, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        self.go_on = threading.Event()
        self._begun = threading.Event()
        self._encode = studio._encoder.encode
        monkeypatch.setattr(studio._encoder, "encode", self.encode)
        studio.encode(image(99, side=128), "first")
        self._begun.wait()

    def encode(self, images: Sequence[torch.Tensor]) -> list[Encoding]:
        self._begun.set()
        self.go_on.wait()
        self.sizes.append(len(images))
        return self._encode(images)


def test_what_waits_is_encoded_in_batches_and_equal_pixels_once(
    studio: Studio, metric: MSDS, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(studio, monkeypatch)
    waiting = [studio.encode(image(k % 3, note=f"note {k}"), str(k % 3)) for k in range(6)]
    held.go_on.set()
    found = [one.result() for one in waiting]
    assert held.sizes == [1, 3]
    assert [one.notes for one in found] == [(f"note {k}",) for k in range(6)]
    for k, one in enumerate(found):
        alone = metric.encode(image(k % 3).pixels[None])
        assert float(metric.compare(one.encoding, alone)) == pytest.approx(1, abs=1e-5)


def test_bytes_and_floats_of_one_size_are_encoded_alike(
    studio: Studio, metric: MSDS, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = image(1).pixels.mul(255).round().byte()
    held = Held(studio, monkeypatch)
    one = studio.encode(Image(codes, (), "a"), "a")
    other = studio.encode(Image(codes.float() / 255, (), "b"), "b")
    held.go_on.set()
    assert float(metric.compare(one.result().encoding, other.result().encoding)) == 1


def test_an_image_that_cannot_be_encoded_costs_itself(studio: Studio) -> None:
    small = studio.encode(image(1, side=8), "a")
    fine = studio.encode(image(1), "b")
    with pytest.raises(InputError):
        small.result()
    assert fine.result().size == (160, 160)


def test_bytes_that_are_taken_in_pieces_are_the_same_image(
    studio: Studio, metric: MSDS, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = image(1, side=256).pixels.mul(255).round().byte()
    monkeypatch.setattr(studio._encoder, "budget", 1 << 20)
    found = studio.encode(Image(codes, (), "a"), "a").result()
    expected = metric.encode(codes[None].float() / 255)
    assert float(metric.compare(found.encoding, expected)) == pytest.approx(1, abs=1e-6)
