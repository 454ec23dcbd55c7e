"""The paper's own network with its real weights: scores, engines, tiles, graphs.

Skipped where the weights are not at hand. What is expected comes from `helpers.paper_network`,
a float64 transcription that shares no code with the package.
"""

from __future__ import annotations

import copy
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import msds
from helpers import paper_network
from helpers.paper_scores import PARTS, WHOLE
from msds.encoding import Encoding
from msds.encoding.levels import Levels
from msds.encoding.plan import Tile
from msds.encoding.streamed import encode_streamed
from msds.encoding.whole import encode_whole
from msds.engines import installed, open_engine
from msds.method.pyramid import pyramid
from msds.metric import MSDS
from msds.models import load_model
from msds.places import hub_folder
from msds.trunks import ChainTrunk, load_trunk
from msds.trunks.weights.published import PUBLISHED
from msds.trunks.weights.stored import load_published

FOUR = Levels(4)
CLOSE = 5e-6
"""Twice the largest difference seen on any level, pair and engine in float32."""

DIGEST = "cbfed6e629972439f9813d17f4c57b3dec8d93e370ac270978c84550da56a3f9"
"""Of the trunk: part of the fingerprint of every encoding and model that was made with it."""

Pair = tuple[Tensor, Tensor]


def part(path: Path) -> Tensor:
    """The part of a photograph whose scores are known."""
    values = paper_network.pixels(path, paper_network.CROP)
    return torch.from_numpy(values.transpose(2, 0, 1)).float()[None]


def pair(folder: Path, name: str) -> Pair:
    """The part of a reference and of its distorted version."""
    found = {
        d.name: (part(r), part(d)) for r, d in paper_network.example_pairs(folder) if d.name == name
    }
    return found[name]


def scores(metric: MSDS, encodings: tuple[Encoding, Encoding]) -> list[float]:
    """Level scores of two encodings."""
    return [float(s) for s in metric.level_scores(*encodings)[0]]


@pytest.fixture(scope="module")
def metric(paper_trunk: ChainTrunk) -> MSDS:
    return MSDS(paper_trunk)


def test_the_network_is_the_one_that_results_were_published_with(paper_trunk: ChainTrunk) -> None:
    assert (paper_trunk.name, paper_trunk.digest) == ("vgg16", DIGEST)
    first = paper_trunk.convolutions["conv1_1"].weight[0, 0, 0]
    # The first row of the published network's first kernel.
    torch.testing.assert_close(first, torch.tensor([-0.5537, 0.1427, 0.5290]), atol=5e-5, rtol=0)


def test_the_published_file_holds_the_same_tensors(
    paper_trunk: ChainTrunk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = PUBLISHED["vgg16"]
    known = [
        hub_folder() / published.file,
        Path(os.environ.get("MSDS_WEIGHTS", "")) / published.file,
    ]
    file = next((path for path in known if path.is_file()), None)
    if file is None:
        pytest.skip(f"{published.file} is not on this machine")
    monkeypatch.setenv("MSDS_CACHE", str(tmp_path))
    state = {f"convolutions.{k}": v for k, v in load_published("vgg16", file).items()}
    assert state.keys() == paper_trunk.state_dict().keys()
    assert all(torch.equal(value, state[key]) for key, value in paper_trunk.state_dict().items())


@pytest.mark.parametrize("size", [(64, 80), (67, 51)])
def test_features_are_those_of_the_float64_transcription(
    paper_trunk: ChainTrunk, examples_dir: Path, size: tuple[int, int]
) -> None:
    height, width = size
    image = paper_network.pixels(examples_dir / "coffee.png", (90, 50, 90 + width, 50 + height))
    expected = paper_network.features(image).transpose(2, 0, 1)
    images = torch.from_numpy(image.transpose(2, 0, 1))[None]
    wide = copy.deepcopy(paper_trunk).double()(images)[0].numpy()
    np.testing.assert_allclose(wide, expected, rtol=0, atol=1e-12 * expected.max())
    found = paper_trunk(images.float())[0].numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * expected.max())


def test_the_scores_of_parts_of_the_examples_are_those_of_the_transcription(
    metric: MSDS, examples_dir: Path
) -> None:
    known: dict[Path, Encoding] = {}
    assert len(PARTS) == 11
    for reference, distorted in paper_network.example_pairs(examples_dir):
        if reference not in known:
            known[reference] = metric.encode(part(reference))
        found = scores(metric, (known[reference], metric.encode(part(distorted))))
        assert found == pytest.approx(PARTS[distorted.name], abs=CLOSE), distorted.name


@pytest.mark.slow
def test_the_models_give_whole_examples_the_scores_of_the_transcription(
    paper_weights: Path, examples_dir: Path
) -> None:
    files = examples_dir / "chelsea.png", examples_dir / "distorted" / "chelsea_jpeg10.jpg"
    reference, distorted = (msds.load_image(file).pixels[None] for file in files)
    expected = WHOLE["chelsea_jpeg10.jpg"]
    model = load_model("msds-vgg16", trunk_weights=paper_weights)
    encodings = model.encode(reference), model.encode(distorted)
    assert scores(model, encodings) == pytest.approx(expected, abs=CLOSE)
    fused = sum(w * s for w, s in zip(model.level_weights, expected, strict=True))
    assert float(model.compare(*encodings)) == pytest.approx(fused, abs=CLOSE)
    single = load_model("deepssim-vgg16", trunk_weights=paper_weights)
    first = [Encoding(e.grams[:1], e.positions[:1], *_rest(e)) for e in encodings]
    assert float(single.compare(*first)) == pytest.approx(expected[0], abs=CLOSE)


def _rest(encoding: Encoding) -> tuple[int, int, str, str]:
    return encoding.height, encoding.width, encoding.trunk, encoding.filter


@pytest.mark.slow
def test_the_transcription_still_gives_what_is_kept_of_it(examples_dir: Path) -> None:
    files = examples_dir / "chelsea.png", examples_dir / "distorted" / "chelsea_blur2.webp"
    found = paper_network.level_scores(
        *(paper_network.pixels(f, paper_network.CROP) for f in files)
    )
    assert found == pytest.approx(PARTS["chelsea_blur2.webp"], abs=1e-9)


@pytest.mark.parametrize("engine", ["winograd", "ncnn", "openvino", "onnxruntime"])
def test_an_engine_gives_the_scores_of_the_transcription(
    engine: str, metric: MSDS, examples_dir: Path
) -> None:
    if engine not in installed():
        pytest.skip(f"{engine} is not installed")
    trunk = open_engine(metric.trunk, engine)
    for name in ("chelsea_jpeg90.jpg", "coffee_blur4.webp"):
        encodings = [encode_whole(trunk, image, FOUR) for image in pair(examples_dir, name)]
        found = scores(metric, (encodings[0], encodings[1]))
        assert found == pytest.approx(PARTS[name], abs=CLOSE), name


def test_tiles_give_the_scores_of_the_transcription(metric: MSDS, examples_dir: Path) -> None:
    name = "rocket_webp10.webp"
    a, b = (
        encode_streamed(metric.trunk, image, FOUR, Tile(rows, 64))
        for image, rows in zip(pair(examples_dir, name), (16, 50), strict=True)
    )
    assert scores(metric, (a, b)) == pytest.approx(PARTS[name], abs=CLOSE)


def test_bfloat16_moves_the_scores_by_less_than_is_documented(
    metric: MSDS, examples_dir: Path
) -> None:
    """From the second level on, as processors without bfloat16 are slow at it."""
    lower = MSDS(open_engine(metric.trunk, "torch", "bfloat16"), levels=3)
    name = "chelsea_jpeg10.jpg"
    halves = [pyramid(image, 2)[1] for image in pair(examples_dir, name)]
    a, b = (encode_whole(lower.trunk, half, Levels(3)) for half in halves)
    assert scores(lower, (a, b)) == pytest.approx(PARTS[name][1:], abs=5e-3)


@pytest.mark.slow
def test_the_onnx_file_gives_the_scores_of_the_transcription(
    metric: MSDS, examples_dir: Path, tmp_path: Path
) -> None:
    for library in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(library)
    import onnxruntime

    from msds.models.onnx import export_onnx

    file = export_onnx(msds.DeepSSIM(metric.trunk), tmp_path / "deepssim.onnx")
    session = onnxruntime.InferenceSession(file.path, providers=["CPUExecutionProvider"])
    name = "coffee_jpeg30.jpg"
    reference, distorted = (image.numpy() for image in pair(examples_dir, name))
    (found,) = session.run(None, {"reference": reference, "distorted": distorted})
    assert float(found[0]) == pytest.approx(PARTS[name][0], abs=CLOSE)


@pytest.mark.slow
def test_the_captured_metric_gives_the_scores_of_the_transcription(
    metric: MSDS, examples_dir: Path
) -> None:
    torch.compiler.reset()
    captured = torch.compile(msds.DeepSSIM(metric.trunk), fullgraph=True, backend="aot_eager")
    name = "chelsea_noise20.webp"
    with torch.no_grad():
        found = captured(*pair(examples_dir, name))
    assert float(found) == pytest.approx(PARTS[name][0], abs=CLOSE)


@pytest.mark.slow
def test_the_compiled_first_layers_give_the_same_score(
    paper_weights: Path, examples_dir: Path
) -> None:
    """Only the first three of eleven convolutions: a compiler takes a minute for all of them."""
    if not (shutil.which("c++") or shutil.which("g++")):
        pytest.skip("torch.compile needs a compiler of C++ on this machine")
    torch.compiler.reset()
    single = msds.DeepSSIM(load_trunk("vgg16:relu2_1", paper_weights))
    images = [image[..., :64, :64] for image in pair(examples_dir, "chelsea_noise20.webp")]
    with torch.no_grad():
        found = torch.compile(single, fullgraph=True, dynamic=False)(*images)
        expected = single(*images)
    assert float(found) == pytest.approx(float(expected), abs=CLOSE)
