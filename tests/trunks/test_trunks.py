"""Trunks as tables, and their registry."""

from __future__ import annotations

import copy
import math
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from helpers.small_trunk import small_trunk
from msds.engines import open_engine
from msds.errors import InputError, WeightsError
from msds.trunks import ChainTrunk, Conv, ModuleTrunk, Pool, load_trunk, registry
from msds.trunks.chain import IMAGENET_MEAN, IMAGENET_STD
from msds.trunks.compact import COMPACT_VERSION, COMPACT_WEIGHTS, VERSIONS
from msds.trunks.layers import expected_shapes, multiply_accumulates, random_weights
from msds.trunks.vgg import vgg_layers

PUBLISHED_INDEX = {
    "conv1_1": 0, "conv1_2": 2, "conv2_1": 5, "conv2_2": 7, "conv3_1": 10, "conv3_2": 12,
    "conv3_3": 14, "conv4_1": 17, "conv4_2": 19, "conv4_3": 21, "conv5_1": 24,
}  # fmt: skip
"""Positions of VGG16's convolutions in the published `features` sequence."""


def test_vgg16_has_the_published_number_of_parameters_and_operations() -> None:
    layers = vgg_layers("vgg16")
    assert sum(math.prod(shape) for shape in expected_shapes(layers).values()) == 9_995_072
    assert multiply_accumulates(layers, 384, 512) == pytest.approx(56.5e9, rel=1e-3)


def test_vgg16_is_the_published_sequence_up_to_the_relu_of_conv5_1() -> None:
    trunk = load_trunk("vgg16", "random")
    modules: list[nn.Module] = []
    for layer in vgg_layers("vgg16"):
        if isinstance(layer, Conv):
            assert len(modules) == PUBLISHED_INDEX[layer.name]
            modules += [trunk.convolutions[layer.name], nn.ReLU()]
        else:
            modules.append(nn.MaxPool2d(2, 2))
    assert len(modules) == 26
    x = torch.rand(1, 3, 50, 67)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
    expected = nn.Sequential(*modules)((x - mean) / std)
    assert expected.shape == (1, 512, 3, 4)
    torch.testing.assert_close(trunk(x), expected, rtol=1e-4, atol=1e-5)


def test_vgg19_has_four_convolutions_in_its_last_three_stages() -> None:
    names = [layer.name for layer in vgg_layers("vgg19", "relu5_4") if isinstance(layer, Conv)]
    assert len(names) == 16
    assert names[-1] == "conv5_4"


@pytest.mark.parametrize(("layer", "channels", "stride"), [("relu1_1", 64, 1), ("relu3_3", 256, 4)])
def test_a_layer_can_be_chosen_by_name(layer: str, channels: int, stride: int) -> None:
    trunk = load_trunk(f"vgg16:{layer}", "random")
    assert (trunk.channels, trunk.stride) == (channels, stride)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("vgg16:relu6_1", "vgg16 has no layer 'relu6_1': expected relu1_1 to relu5_3"),
        ("vgg16:conv5_1", "has no layer 'conv5_1'"),
        ("vgg11", "Unknown trunk 'vgg11'"),
        ("compact:conv1", "no layers to choose from"),
    ],
)
def test_unknown_trunks_and_layers_are_refused(spec: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_trunk(spec, "random")


@pytest.mark.parametrize(("version", "most_gmac"), [(3, 1.2), (4, 0.6)])
def test_the_shipped_weights_fit_the_table_and_are_small(version: int, most_gmac: float) -> None:
    shipped = VERSIONS[version]
    shapes = {key: tuple(value.shape) for key, value in load_file(shipped.weights).items()}
    assert shapes == expected_shapes(shipped.layers)
    assert shipped.weights.stat().st_size <= 2e6
    assert multiply_accumulates(shipped.layers, 384, 512) <= most_gmac * 1e9


def test_every_version_is_loaded_by_name_and_compact_is_one_of_them() -> None:
    names = {version: load_trunk(f"compact-v{version}").name for version in VERSIONS}
    assert names == {version: f"compact-v{version}" for version in VERSIONS}
    assert load_trunk("compact").name in names.values()
    assert load_trunk("compact-v4", "random").channels == 160


def test_multiply_accumulates_are_those_of_the_convolutions() -> None:
    layers = (Conv("a", 8, kernel=5, stride=2), Pool(), Conv("b", 16, groups=4))
    # 5 x 5 x 3 x 8 on 16 x 32 outputs, then 3 x 3 x (8 / 4) x 16 on 8 x 16.
    assert multiply_accumulates(layers, 32, 64) == 600 * 16 * 32 + 288 * 8 * 16


def test_parameters_never_require_gradients_and_training_mode_cannot_be_entered() -> None:
    trunk = load_trunk("compact", "random").train()
    assert not trunk.training
    assert not any(p.requires_grad for p in trunk.parameters())


def test_weights_that_do_not_fit_are_refused() -> None:
    layers = (Conv("a", 8), Conv("b", 4))
    weights = random_weights(layers)
    with pytest.raises(WeightsError, match=r"missing \['b.bias'\], unexpected \['c.bias'\]"):
        ChainTrunk(
            "t",
            layers,
            {**{k: v for k, v in weights.items() if k != "b.bias"}, "c.bias": weights["b.bias"]},
        )
    with pytest.raises(WeightsError, match=r"b.bias is \(5,\), expected \(4,\)"):
        ChainTrunk("t", layers, {**weights, "b.bias": torch.zeros(5)})
    with pytest.raises(WeightsError, match="a.bias is not finite"):
        ChainTrunk("t", layers, {**weights, "a.bias": torch.full((8,), float("nan"))})


def test_a_damaged_file_of_compact_weights_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    file.write_bytes(COMPACT_WEIGHTS.read_bytes()[:1000])
    with pytest.raises(WeightsError, match="not a whole safetensors file"):
        load_trunk("compact", file)
    with pytest.raises(WeightsError, match="Cannot read the weights file"):
        load_trunk("compact", tmp_path / "absent.safetensors")


def test_one_changed_bit_in_the_shipped_weights_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bytearray(COMPACT_WEIGHTS.read_bytes())
    for place in (20, len(data) // 2, len(data) - 1):
        data[place] ^= 1
        (tmp_path / "compact.safetensors").write_bytes(data)
        data[place] ^= 1
        shipped = VERSIONS[COMPACT_VERSION]
        monkeypatch.setitem(
            registry.VERSIONS,
            COMPACT_VERSION,
            replace(shipped, weights=tmp_path / "compact.safetensors"),
        )
        with pytest.raises(WeightsError, match=r"compact\.safetensors is damaged: its SHA-256 is"):
            load_trunk("compact")


def test_the_digest_changes_with_the_architecture_and_with_the_weights() -> None:
    same = (Conv("a", 8, stride=2), Conv("b", 8))
    moved = (Conv("a", 8), Conv("b", 8, stride=2))
    weights = random_weights(same)
    digests = {
        ChainTrunk("t", same, weights).parameter_digest(),
        ChainTrunk("t", moved, weights).parameter_digest(),
        ChainTrunk("t", same, random_weights(same, seed=1)).parameter_digest(),
    }
    assert len(digests) == 3
    assert ChainTrunk("other", same, weights).parameter_digest() in digests


def test_a_module_without_feature_maps_is_refused() -> None:
    with pytest.raises(InputError, match=r"feature maps of shape \(N, C, h, w\); got \(1, 3\)"):
        ModuleTrunk(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), "pooled")
    with pytest.raises(InputError, match="no layer 'head'; its parts are: 0"):
        ModuleTrunk(nn.Sequential(nn.Conv2d(3, 4, 1)), "mine", layer="head")
    with pytest.raises(InputError, match="cannot be calibrated by saliency"):
        ModuleTrunk(nn.Conv2d(3, 4, 1), "mine")(torch.rand(1, 3, 8, 8), torch.ones(1, 1, 8, 8))


def test_a_module_in_training_mode_is_frozen_too() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Dropout(0.5)).train()
    trunk = ModuleTrunk(module, "mine")
    x = torch.rand(2, 3, 8, 8)
    assert torch.equal(trunk(x), trunk(x))
    assert torch.equal(F.relu(trunk(x)), F.relu(trunk.train()(x)))


def test_a_layer_beyond_the_kept_weights_is_refused_before_anything_is_fetched() -> None:
    with pytest.raises(InputError, match="'relu5_3' of vgg16 lies beyond relu5_1"):
        load_trunk("vgg16:relu5_3")


@pytest.mark.parametrize("size", [(1, 1), (131, 257), (384, 512)])
def test_images_are_normalised_alike_with_and_without_gradients(size: tuple[int, int]) -> None:
    trunk = load_trunk("compact", "random")
    images = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0))
    mean = torch.tensor(trunk.mean, dtype=torch.float64).view(3, 1, 1)
    std = torch.tensor(trunk.std, dtype=torch.float64).view(3, 1, 1)
    expected = (images.double() - mean) / std
    for layout in (torch.contiguous_format, torch.channels_last):
        plain = images.contiguous(memory_format=layout)
        found, recorded = (trunk.normalise(x) for x in (plain, plain.clone().requires_grad_()))
        assert found.is_contiguous(memory_format=torch.channels_last)
        assert torch.allclose(found.double(), expected, rtol=0, atol=1e-6)
        assert torch.equal(found, recorded)


def test_a_changed_parameter_changes_the_digest() -> None:
    trunk, other = load_trunk("compact"), load_trunk("compact", "random")
    before = trunk.digest
    assert trunk.digest == before == trunk.parameter_digest()
    with torch.no_grad():
        trunk.convolutions["conv1"].bias.add_(1)
    assert trunk.digest not in (before, other.digest)
    trunk.load_state_dict(other.state_dict())
    assert trunk.digest == trunk.parameter_digest() != before
    assert trunk.half().digest != trunk.float().digest


@pytest.mark.parametrize("engine", ["torch", "winograd"])
def test_parameters_written_behind_the_back_of_torch_are_seen(engine: str) -> None:
    trunk = open_engine(small_trunk(), engine)
    images = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    digest, features = trunk.digest, trunk(images).clone()
    parameter = next(trunk.parameters())
    for change in (
        lambda: parameter.data.mul_(2),
        lambda: parameter.detach().numpy().__imul__(np.float32(0.25)),
        lambda: parameter.data.copy_(torch.zeros(parameter.shape)),
    ):
        change()
        assert trunk.digest == trunk.parameter_digest() != digest
        assert not torch.allclose(trunk(images), features)
        digest, features = trunk.digest, trunk(images).clone()


def test_a_single_value_written_so_is_seen_once_it_is_said() -> None:
    trunk = open_engine(small_trunk(), "winograd")
    before = trunk.digest
    next(trunk.parameters()).data[1, 2, 0, 1] += 1
    trunk.parameters_changed()
    assert trunk.digest == trunk.parameter_digest() != before


def test_copies_see_their_own_parameters_and_are_no_larger_than_these() -> None:
    trunk = load_trunk("compact")
    _ = trunk.digest
    size = sum(value.numel() * value.element_size() for value in trunk.parameters())
    assert len(pickle.dumps(trunk)) < 1.1 * size + 100_000
    for twin in (copy.deepcopy(trunk), pickle.loads(pickle.dumps(trunk))):
        assert twin.digest == trunk.digest
        next(twin.parameters()).data.mul_(2)
        assert twin.digest != trunk.digest == trunk.parameter_digest()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_parameters_of_any_type_and_layout_are_watched(dtype: torch.dtype) -> None:
    module = nn.Conv2d(3, 4, 1).to(dtype)
    module.register_buffer("odd", torch.arange(3).expand(5, 3))
    module.register_buffer("none", torch.zeros(0, dtype=torch.complex64))
    module.register_buffer("flag", torch.tensor([float("nan")]))
    trunk = ModuleTrunk(module, "mine", stride=1)
    before = trunk.digest
    assert trunk.revision() == trunk.revision()
    module.weight.data.neg_()
    assert trunk.digest == trunk.parameter_digest() != before


def test_parameters_get_no_gradient_even_if_they_are_asked_to() -> None:
    trunk = load_trunk("compact")
    around = nn.Sequential(trunk).requires_grad_(True)
    images = torch.rand(1, 3, 32, 32, requires_grad=True)
    around(images).sum().backward()
    assert images.grad is not None
    assert all(parameter.grad is None for parameter in around.parameters())
