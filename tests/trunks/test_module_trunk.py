"""Modules of the user's own as trunks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor, nn

from msds.errors import InputError
from msds.metric import MSDS
from msds.trunks import ModuleTrunk


def network(activation: type[nn.Module] = nn.ReLU, **options: bool) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1),
        activation(**options),
        nn.Conv2d(8, 8, 3, 2, 1),
        activation(**options),
    )


def images(seed: int, size: int = 64) -> Tensor:
    return torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(seed))


def test_layer_stride_and_kind_of_layers_are_part_of_the_digest() -> None:
    trunks = [
        ModuleTrunk(network(), "mine"),
        ModuleTrunk(network(), "mine", layer="1"),
        ModuleTrunk(network(), "mine", layer="2"),
        ModuleTrunk(network(), "mine", stride=16),
        ModuleTrunk(network(nn.Tanh), "mine"),
    ]
    assert len({trunk.digest for trunk in trunks}) == len(trunks)
    assert ModuleTrunk(network(), "mine", layer="1").digest == trunks[1].digest
    a, b = (MSDS(trunk, levels=2) for trunk in trunks[1:3])
    with pytest.raises(InputError, match="another trunk"):
        a.compare(a.encode(images(1)), b.encode(images(1)))


def test_what_follows_a_layer_does_not_write_into_its_output() -> None:
    module = network(nn.ReLU, inplace=True)
    found = ModuleTrunk(module, "mine", layer="2")(images(1))
    torch.testing.assert_close(found, module[:3](images(1)))
    assert found.min() < 0


def test_threads_do_not_mix_the_outputs_of_a_layer() -> None:
    trunk = ModuleTrunk(network(), "mine", layer="1")
    inputs = [images(seed) for seed in range(4)]
    expected = [trunk(x) for x in inputs]

    def differing(k: int) -> int:
        return sum(not torch.equal(trunk(inputs[k]), expected[k]) for _ in range(50))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(differing, range(4))) == [0, 0, 0, 0]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_images_are_given_the_type_of_the_parameters(dtype: torch.dtype) -> None:
    metric = MSDS(ModuleTrunk(network(), "mine"), levels=2)
    expected = metric(images(1), images(2))
    found = metric.to(dtype)(images(1), images(2))
    torch.testing.assert_close(found.float(), expected, rtol=0, atol=2e-2)


def test_a_module_that_is_set_to_train_is_set_back() -> None:
    module = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.Dropout(0.5))
    trunk = ModuleTrunk(module, "mine")
    expected = trunk(images(1))
    module.train()
    assert torch.equal(trunk(images(1)), expected)


def test_what_is_no_module_is_refused() -> None:
    with pytest.raises(InputError, match="takes an nn.Module; got function"):
        ModuleTrunk(lambda x: x, "mine")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="wrap it in msds.trunks.ModuleTrunk"):
        MSDS(nn.Conv2d(3, 8, 3))  # type: ignore[arg-type]
