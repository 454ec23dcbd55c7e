"""What the benchmarks compare with computes what it says, and their report holds every row."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from benchmarks.baselines.deepssim_authors import USED, AuthorsSteps
from benchmarks.baselines.perceptual import Dists, Lpips
from benchmarks.speed_contenders import Contender, pair_of
from benchmarks.speed_report import markdown, write_report
from msds.metric import DeepSSIM
from msds.trunks import ChainTrunk
from msds.trunks.vgg import vgg_layers


@pytest.mark.slow
def test_the_authors_steps_give_the_score_of_this_package_for_the_same_weights() -> None:
    steps = AuthorsSteps()
    layers = vgg_layers("vgg16")
    names = [layer.name for layer in layers if hasattr(layer, "name")]
    modules = [m for m in steps.features[:USED] if isinstance(m, torch.nn.Conv2d)]
    weights = {}
    for name, module in zip(names, modules, strict=True):
        module.weight.data *= 4  # the default initialisation lets the features fade away
        weights[f"{name}.weight"], weights[f"{name}.bias"] = module.weight, module.bias
    pair = pair_of(64, 96)
    with torch.no_grad():
        expected = float(steps(*pair))
        found = float(DeepSSIM(ChainTrunk("same", layers, weights))(*pair)[0])
    assert found == pytest.approx(expected, abs=2e-3)  # theirs cancels digits, see docs/method.md


@pytest.mark.slow
@pytest.mark.parametrize("build", [lambda: Lpips("vgg"), lambda: Lpips("alex"), Dists])
def test_an_identical_pair_has_no_distance(build: object) -> None:
    torch.manual_seed(0)  # of the weights
    image, other = pair_of(64, 64)
    with torch.no_grad():
        metric = build()  # type: ignore[operator]
        assert float(metric(image, image)) == pytest.approx(0, abs=1e-8)
        assert abs(float(metric(image, other))) > 1e-4


def test_operations_are_twice_the_multiplications_of_both_images() -> None:
    # Simonyan and Zisserman (2015), table 1, column D: channels in, out, and halvings before.
    table = ((3, 64, 0), (64, 64, 0), (64, 128, 1), (128, 128, 1), (128, 256, 2), (256, 256, 2))
    table += ((256, 256, 2), (256, 512, 3), (512, 512, 3), (512, 512, 3), (512, 512, 4))
    products = sum(9 * i * o * (384 >> k) * (512 >> k) for i, o, k in table)
    assert Contender("", lambda: print, "vgg16").operations(384, 512) == 4 * products


def test_the_report_has_a_row_for_every_measurement(tmp_path: Path) -> None:
    row = {"threads": 2, "size": "384 x 512", "seconds": 0.5, "ratio": 4.0}
    result = {
        "date": "2026-01-01",
        "processor": "Some CPU",
        "torch": "2.0",
        "limits": {"2": {"convolution": 200.0}},
        "pairs": [
            {**row, "name": "vgg16, 1 level, torch", "gflops": 300.0, "share": 1.5},
            {**row, "name": "SSIM", "gflops": None, "share": None},
        ],
        "many": [{"threads": 2, "name": "compact", "seconds": 3.0, "ratio": 7.0}],
        "memory": [{"name": "LPIPS", "size": "1 x 1", "peak_mb": 900.0, "before_mb": 300.0}],
        "folder": {"pairs": 40, "seconds": 8.0, "pairs_per_second": 5.0},
    }
    write_report(result, tmp_path)
    text = (tmp_path / "speed.md").read_text(encoding="utf-8")
    assert text == markdown(result)
    for part in ("| vgg16, 1 level, torch | 500.0 | 4.00 | 300 | 150 % |", "| SSIM |"):
        assert part in text
    for part in (
        "| compact | 3.00 | 7.00 |",
        "| LPIPS | 1 x 1 | 900 | 300 |",
        "5.0 pairs a second",
    ):
        assert part in text
    assert (tmp_path / "speed.png").stat().st_size > 0
