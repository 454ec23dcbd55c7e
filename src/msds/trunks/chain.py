"""`ChainTrunk`: one chain of convolutions, ReLUs and pools from a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from msds.trunks.base import Trunk
from msds.trunks.layers import (
    Conv,
    Layer,
    Weights,
    chain_halo,
    chain_stride,
    check_tensors,
    expected_shapes,
    run_layer,
    widest_map,
)
from msds.trunks.recording import is_recorded, is_transformed
from msds.trunks.rows import ChainRows, RowOperation

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class ChainTrunk(Trunk):
    """A trunk that is one chain of convolutions, ReLUs and pools.

    Parameters
    ----------
    name : name of the trunk.
    layers : its table; convolutions carry the names of their weights.
    weights : tensors `NAME.weight` and `NAME.bias` for every convolution, exactly these.
    mean, std : normalisation of the RGB input, applied before the first layer's zero padding.
    """

    def __init__(
        self,
        name: str,
        layers: Sequence[Layer],
        weights: Mapping[str, Tensor],
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
    ) -> None:
        super().__init__()
        self.name = name
        self.layers: tuple[Layer, ...] = tuple(layers)
        # Plain numbers and not buffers: half() would round these.
        self.mean: tuple[float, ...] = tuple(mean)
        self.std: tuple[float, ...] = tuple(std)
        check_tensors(name, expected_shapes(layers), weights)
        self.convolutions: nn.ModuleDict = nn.ModuleDict()
        inputs = 3
        for layer in self.layers:
            if isinstance(layer, Conv):
                self.convolutions[layer.name] = _convolution(
                    layer,
                    inputs,
                    weights[f"{layer.name}.weight"],
                    weights[f"{layer.name}.bias"],
                )
                inputs = layer.channels
        self.channels = inputs
        self.stride: int = chain_stride(self.layers)
        self.halo: int = chain_halo(self.layers)
        self.freeze()
        _let_memory_be_kept()

    @property
    def reference_chain(self) -> ChainTrunk | None:
        # A subclass may compute its features in another way than its table says.
        return self if type(self).forward is ChainTrunk.forward else None

    @property
    def streams(self) -> bool:
        return self.reference_chain is not None

    def rows(self, mask: Tensor | None = None, start: int = 0) -> RowOperation:
        if not self.streams:
            return super().rows(mask, start)
        first = self.layers[0]
        if mask is None or not isinstance(first, Conv):
            return ChainRows(self) if mask is None else super().rows(mask, start)
        return ChainRows(self, mask[..., start // first.stride :])

    def first_mask(self, mask: Tensor) -> Tensor:
        first = self.layers[0]
        if not isinstance(first, Conv):
            return super().first_mask(mask)
        size = [
            (side + 2 * first.padding - first.kernel) // first.stride + 1
            for side in mask.shape[-2:]
        ]
        return _resized(mask, size)

    def bytes_per_pixel(self) -> float:
        return self.maps_at_once * widest_map(self.layers) * self.value_size

    def forward(self, images: Tensor, mask: Tensor | None = None) -> Tensor:
        return self.layers_of(self.normalise(images), mask)

    def layers_of(self, normalised: Tensor, mask: Tensor | None = None) -> Tensor:
        """Feature maps of images that `normalise` has been applied to."""
        x = normalised
        for layer, weights in self.steps():
            x = run_layer(layer, x, weights)
            if mask is not None and weights is not None:
                x, mask = x * _resized(mask, x.shape[-2:]).to(x), None
        return x

    def weights_of(self, layer: Conv) -> Weights:
        """The kernel and the bias of a convolution, as they are now."""
        module = cast(nn.Conv2d, self.convolutions[layer.name])
        # Detached: `requires_grad_` of a model around this one would make the trunk trainable.
        return module.weight.detach(), cast(Tensor, module.bias).detach()

    def steps(self) -> Iterator[tuple[Layer, Weights | None]]:
        """The layers in order, each with its weights; a pool has none."""
        for layer in self.layers:
            yield layer, self.weights_of(layer) if isinstance(layer, Conv) else None

    def normalise(
        self, images: Tensor, layout: torch.memory_format = torch.channels_last
    ) -> Tensor:
        """Images as the first convolution wants them: zero mean, unit deviation, in this layout."""
        dtype = cast(nn.Conv2d, next(iter(self.convolutions.values()))).weight.dtype
        if dtype == images.dtype == torch.float32 and _plainly_computed(images):
            return self._normalised_by_channel(images, layout)
        wide = images.to(torch.promote_types(dtype, torch.float32))
        mean, std = (wide.new_tensor(values).view(3, 1, 1) for values in (self.mean, self.std))
        return ((wide - mean) / std).to(dtype).contiguous(memory_format=layout)

    def _normalised_by_channel(self, images: Tensor, layout: torch.memory_format) -> Tensor:
        """The same on a CPU, without maps in between: these cost more time than the arithmetic."""
        result = torch.empty_like(images, memory_format=layout)
        for k, (mean, std) in enumerate(zip(self.mean, self.std, strict=True)):
            torch.div(images[:, k].sub(mean), std, out=result[:, k])
        return result

    def architecture(self) -> str:
        return f"{self.layers} {self.mean} {self.std}"


def _resized(mask: Tensor, size: Sequence[int]) -> Tensor:
    """A mask at the size of feature maps."""
    if tuple(mask.shape[-2:]) == tuple(size):
        return mask
    return F.interpolate(mask, tuple(size), mode="nearest-exact")


def _plainly_computed(images: Tensor) -> bool:
    """Whether nobody records what is done to these images, and a CPU does it."""
    differentiated = images.requires_grad and torch.is_grad_enabled()
    return images.device.type == "cpu" and not (
        differentiated or is_recorded() or is_transformed(images)
    )


def _let_memory_be_kept() -> None:
    """Make the C library keep the memory of maps between calls.

    To hand it back and to be given fresh pages again took a third of a pair's time. glibc keeps
    twice as much free memory as the largest block below 32 MiB that has been freed so far: this
    frees one. Nothing is written to it, so it costs nothing; elsewhere it does nothing.
    """
    torch.empty(31 << 20, dtype=torch.uint8)


def _convolution(layer: Conv, inputs: int, weight: Tensor, bias: Tensor) -> nn.Conv2d:
    """The module of one layer, its kernel stored channels last, which CPUs and GPUs run fastest."""
    # On the meta device nothing is drawn at random only to be replaced.
    module = nn.Conv2d(
        inputs,
        layer.channels,
        layer.kernel,
        layer.stride,
        layer.padding,
        groups=layer.groups,
        device="meta",
    )
    kernel = weight.clone(memory_format=torch.channels_last)
    module.weight = nn.Parameter(kernel, requires_grad=False)
    module.bias = nn.Parameter(bias.clone(), requires_grad=False)
    return module
