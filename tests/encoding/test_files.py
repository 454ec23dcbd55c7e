"""Files read in parts give the encoding of the file loaded whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.pieces import encode_tiled
from msds.encoding.plan import Tile
from msds.encoding.streamed import READ_ROWS
from msds.images import load_image, open_regions
from msds.metric import MSDS


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("depth", [8, 16])
def test_a_file_in_parts_is_encoded_as_the_same_file_whole(
    tmp_path: Path, suffix: str, depth: int
) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    tifffile = pytest.importorskip("tifffile")
    pytest.importorskip("pyvips")
    path = tmp_path / f"größe {depth}.{suffix}"
    values = np.random.default_rng(7).integers(0, 2**depth, (2 * READ_ROWS + 77, 131, 3))
    samples = values.astype(np.uint8 if depth == 8 else np.uint16)
    if suffix == "png":
        path.write_bytes(imagecodecs.png_encode(samples))
    else:
        tifffile.imwrite(path, samples, tile=(64, 64), compression="zlib", photometric="rgb")
    metric = MSDS(levels=3, trunk_weights="random").double()
    whole = metric.encode(load_image(path).pixels[None])
    with open_regions(path) as regions:
        assert not regions.in_memory
        parts = encode_tiled(metric, regions, tile=Tile(64, 48))
    assert parts.positions == whole.positions
    for a, b in zip(parts.grams, whole.grams, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9 * b.abs().max().item())
