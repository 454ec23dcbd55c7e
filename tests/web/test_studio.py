"""One thread runs the model: what waits is encoded together, and an error costs its own images."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

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


def busy(studio: Studio) -> threading.Event:
    """Keep the thread at something until the event is set, so that what comes waits."""
    begun, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        go_on.wait()

    studio.run(wait)
    begun.wait()
    return go_on


def test_what_waits_is_encoded_in_batches_and_equal_pixels_once(
    studio: Studio, metric: MSDS, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    encode = studio._encoder.encode

    def counted(images: list[torch.Tensor]) -> object:
        sizes.append(len(images))
        return encode(images)

    monkeypatch.setattr(studio._encoder, "encode", counted)
    go_on = busy(studio)
    waiting = [studio.encode(image(k % 3, note=f"note {k}"), str(k % 3)) for k in range(6)]
    go_on.set()
    found = [one.result() for one in waiting]
    assert sizes == [3]
    assert [one.notes for one in found] == [(f"note {k}",) for k in range(6)]
    for k, one in enumerate(found):
        alone = metric.encode(image(k % 3).pixels[None])
        assert float(metric.compare(one.encoding, alone)) == pytest.approx(1, abs=1e-5)


def test_bytes_and_floats_of_one_size_are_encoded_alike(studio: Studio, metric: MSDS) -> None:
    codes = image(1).pixels.mul(255).round().byte()
    go_on = busy(studio)
    one = studio.encode(Image(codes, (), "a"), "a")
    other = studio.encode(Image(codes.float() / 255, (), "b"), "b")
    go_on.set()
    assert float(metric.compare(one.result().encoding, other.result().encoding)) == 1


def test_an_image_that_cannot_be_encoded_costs_itself(studio: Studio) -> None:
    small = studio.encode(image(1, side=8), "a")
    fine = studio.encode(image(1), "b")
    with pytest.raises(InputError):
        small.result()
    assert fine.result().size == (160, 160)


def test_other_work_that_fails_is_told_and_the_thread_goes_on(studio: Studio) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        studio.run(fail).result()
    assert studio.run(lambda: 3).result() == 3
