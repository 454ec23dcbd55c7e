"""A chain in int8 after training, with ranges from photographs, for OpenVINO and ONNX Runtime.

It is no engine of the package, as its ranking was found too far off; it is measured here.

Weights are symmetric, with a scale for each output channel; maps, which a ReLU makes non-negative,
have one scale in 0 to 255 and zero at 0. The first layer stays in float32, since its input has
signs and a border, and so does what a `Recipe` names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from msds.engines.libraries import library
from msds.engines.onnxruntime import OnnxRuntimeTrunk
from msds.engines.openvino import OpenVinoTrunk
from msds.errors import require
from msds.method.pyramid import pyramid
from msds.trunks import ChainTrunk, Conv
from msds.trunks.layers import run_layer

LEVELS = 4
MOST = 255
"""Steps of a map's range."""

SAMPLES = 600
"""Values that are drawn from each channel of a map to find ranges."""

SIDE = 256
"""Of the middle of photographs on which weights are rounded."""

DAMPING = 1e-3
"""Weight of the original kernels against what fits the photographs, of their mean square."""


@dataclass(frozen=True)
class Recipe:
    """How ranges are found and kernels rounded.

    Attributes
    ----------
    equalise : how much of the differences between channels of a map goes into the kernels: 0 to 1.
    quantile : share of a map's values within its range; None for the least mean square error.
    fitted : whether kernels are rounded one after the other, each making up for the errors of those
        before it (as in GPTQ), so that maps of photographs come out nearest, biases with them.
    floating : numbers of convolutions, counted from 1, that stay in float32 besides the first; -1
        is the last.
    """

    equalise: float = 0.0
    quantile: float | None = None
    fitted: bool = False
    floating: tuple[int, ...] = ()


@dataclass(frozen=True)
class Rounded:
    """A convolution in int8: kernels, their scale by output channel, the scale of its input."""

    kernel: Tensor
    scale: Tensor
    bias: Tensor
    input_scale: float


@dataclass(frozen=True)
class Quantised:
    """A chain, equal to the original in float32, and by name what is computed in int8 of it."""

    chain: ChainTrunk
    rounded: Mapping[str, Rounded]


def maps(chain: ChainTrunk, photographs: Sequence[Tensor]) -> Iterator[tuple[int, Tensor]]:
    """Number and output of every layer, for all levels of photographs (1, 3, H, W)."""
    with torch.inference_mode():
        for photograph in photographs:
            for image in pyramid(photograph, LEVELS):
                x = chain.normalise(image)
                for index, (layer, weights) in enumerate(chain.steps()):
                    x = run_layer(layer, x, weights)
                    yield index, x


def samples(chain: ChainTrunk, photographs: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """Values (C, samples) of every layer's output, and the largest of each channel (C,)."""
    generator = torch.Generator().manual_seed(0)
    drawn: list[list[Tensor]] = [[] for _ in chain.layers]
    largest: list[list[Tensor]] = [[] for _ in chain.layers]
    for index, x in maps(chain, photographs):
        flat = x.transpose(0, 1).flatten(1)
        places = torch.randint(flat.shape[1], (SAMPLES,), generator=generator)
        drawn[index].append(flat[:, places].clone())
        largest[index].append(flat.amax(1))
    return [torch.cat(x, 1) for x in drawn], [torch.stack(x).amax(0) for x in largest]


def best_scale(values: Tensor, largest: Tensor, most: int, least: int = 0) -> Tensor:
    """Scales (C,) at which rows (C, n) rounded to integers have the least mean square error."""
    error = torch.full_like(largest, float("inf"))
    best = torch.ones_like(largest)
    for share in np.linspace(0.1, 1.0, 46):
        scale = (float(share) * largest / most).clamp_min(1e-9)
        steps = scale[:, None]
        found = ((values / steps).round().clamp(least, most) * steps - values).square().sum(1)
        best = torch.where(found < error, scale, best)
        error = torch.minimum(error, found)
    return best


def kernel_scale(kernel: Tensor) -> Tensor:
    """Scales of symmetric int8 by output channel."""
    flat = kernel.flatten(1)
    return best_scale(flat, flat.abs().amax(1), 127, -127)


def input_scale(values: Tensor, largest: Tensor, quantile: float | None) -> float:
    """The one scale of a map."""
    flat = values.flatten()
    if quantile is None:
        return float(best_scale(flat[None], largest.amax()[None], MOST))
    if quantile == 1:
        return float(largest.amax()) / MOST
    return float(np.quantile(flat.numpy(), quantile)) / MOST


def equalised(chain: ChainTrunk, photographs: Sequence[Tensor], share: float) -> ChainTrunk:
    """A chain that computes the same, the channels of its maps brought to similar ranges.

    A ReLU and a maximum commute with a positive factor, so that a layer's kernels are divided by
    it, and the next layer's multiplied.
    """
    values, largest = samples(chain, photographs)
    weights = {key.removeprefix("convolutions."): v for key, v in chain.state_dict().items()}
    weights = {key: value.clone() for key, value in weights.items()}
    convolutions = [(i, x) for i, x in enumerate(chain.layers) if isinstance(x, Conv)]
    for (index, layer), (_, after) in pairwise(convolutions):
        if after.groups > 1:
            continue
        ranges = (MOST * best_scale(values[index], largest[index], MOST)).clamp_min(1e-3)
        kernels = chain.weights_of(after)[0].abs().amax((0, 2, 3)).clamp_min(1e-6)
        factor = ranges**share / kernels ** (1 - share)
        weights[f"{layer.name}.weight"] /= factor.view(-1, 1, 1, 1)
        weights[f"{layer.name}.bias"] /= factor
        weights[f"{after.name}.weight"] *= factor.view(1, -1, 1, 1)
    return ChainTrunk(chain.name, chain.layers, weights, chain.mean, chain.std)


def quantise(chain: ChainTrunk, photographs: Sequence[Tensor], recipe: Recipe) -> Quantised:
    """A chain in int8 by a recipe."""
    if recipe.equalise:
        chain = equalised(chain, photographs, recipe.equalise)
    values, largest = samples(chain, photographs)
    rounded: dict[str, Rounded] = {}
    count = sum(isinstance(layer, Conv) for layer in chain.layers)
    floating = [number % (count + 1) for number in recipe.floating]
    number = 0
    for index, layer in enumerate(chain.layers):
        if not isinstance(layer, Conv):
            continue
        number += 1
        if index and layer.groups == 1 and number not in floating:
            kernel, bias = chain.weights_of(layer)
            scale = kernel_scale(kernel)
            steps = (kernel / scale.view(-1, 1, 1, 1)).round().clamp(-127, 127)
            before = input_scale(values[index - 1], largest[index - 1], recipe.quantile)
            rounded[layer.name] = Rounded(steps, scale, bias, before)
    found = Quantised(chain, rounded)
    return fitted(found, photographs) if recipe.fitted else found


def fitted(model: Quantised, photographs: Sequence[Tensor]) -> Quantised:
    """The same, kernels rounded so that maps come nearest to those in float32."""
    chain, found = model.chain, dict(model.rounded)
    middles = [_middle(photograph) for photograph in photographs]
    with torch.inference_mode():
        exact = [chain.normalise(x) for middle in middles for x in pyramid(middle, LEVELS - 1)]
        other = list(exact)
        for layer, weights in chain.steps():
            used = weights
            if isinstance(layer, Conv) and weights is not None and layer.name in found:
                old = found[layer.name]
                other = [_rounded_map(x, old.input_scale) for x in other]
                new = found[layer.name] = _fit(layer, weights, old, exact, other)
                used = (new.kernel * new.scale.view(-1, 1, 1, 1), new.bias)
            exact = [run_layer(layer, x, weights) for x in exact]
            other = [run_layer(layer, x, used) for x in other]
    return replace(model, rounded=found)


def _middle(photograph: Tensor) -> Tensor:
    top, left = (max(0, (side - SIDE) // 2) for side in photograph.shape[-2:])
    return photograph[..., top : top + SIDE, left : left + SIDE]


def _rounded_map(x: Tensor, scale: float) -> Tensor:
    return (x / scale).round().clamp(0, MOST) * scale


def _fit(
    layer: Conv, weights: tuple[Tensor, Tensor], old: Rounded, exact: list[Tensor], x: list[Tensor]
) -> Rounded:
    """Kernels of one layer: the least squares, rounded entry by entry (Frantar et al., 2022)."""
    kernel, bias = weights
    size = kernel[0].numel()
    square = torch.zeros(size + 1, size + 1, dtype=torch.float64)
    mixed = torch.zeros(size + 1, layer.channels, dtype=torch.float64)
    for wanted, given in zip(exact, x, strict=True):
        columns = _columns(given, layer)
        target = kernel.flatten(1).double() @ _columns(wanted, layer)[:size] + bias[:, None]
        square += columns @ columns.T
        mixed += columns @ target.T
    damping = DAMPING * square.diagonal()[:size].mean()
    square += damping * torch.eye(size + 1, dtype=torch.float64)
    prior = torch.cat([kernel.flatten(1), bias[:, None]], 1).double()
    best = torch.linalg.solve(square, mixed + damping * prior.T).T
    scale = kernel_scale(best[:, :size].float().view_as(kernel)).double()[:, None]
    # Entries with the largest inputs first; the bias last, so that it makes up for all of them.
    order = torch.cat([square.diagonal()[:size].argsort(descending=True), torch.tensor([size])])
    factor = torch.linalg.cholesky(torch.linalg.inv(square)[order][:, order], upper=True)
    best = best[:, order].clone()
    for k in range(size):
        nearest = (best[:, k : k + 1] / scale).round().clamp(-127, 127) * scale
        best[:, k:] -= (best[:, k : k + 1] - nearest) / factor[k, k] * factor[k : k + 1, k:]
        best[:, k : k + 1] = nearest
    back = torch.empty_like(best)
    back[:, order] = best
    steps = (back[:, :size] / scale).round().float().view_as(kernel)
    return Rounded(steps, scale[:, 0].float(), back[:, size].float(), old.input_scale)


def _columns(x: Tensor, layer: Conv) -> Tensor:
    """What each output position sees, and a one for the bias: (inputs * k * k + 1, positions)."""
    seen = F.unfold(x, layer.kernel, padding=layer.padding, stride=layer.stride)[0].double()
    return torch.cat([seen, torch.ones_like(seen[:1])])


class Int8OpenVino(OpenVinoTrunk):
    """OpenVINO, told by `FakeQuantize` where to compute in int8."""

    precisions = ("int8",)

    def __init__(self, model: Quantised) -> None:
        super().__init__(model.chain, "int8")
        self.rounded = model.rounded

    def _model(self) -> Any:
        ops: Any = library("openvino.opset13", "openvino")
        x = image = ops.parameter([-1, 3, -1, -1], np.float32, name="image")
        for layer in self.chain.layers:
            window, padding = [layer.kernel] * 2, [layer.padding] * 2
            if not isinstance(layer, Conv):
                x = ops.max_pool(x, [layer.stride] * 2, [1, 1], padding, padding, window).output(0)
                continue
            kernel, bias = self.chain.weights_of(layer)
            weight: Any = kernel.contiguous().numpy()
            if layer.name in self.rounded:
                step = self.rounded[layer.name]
                low, high = np.float32(0), np.float32(MOST * step.input_scale)
                x = ops.fake_quantize(x, low, high, low, high, MOST + 1)
                integers = ops.constant(step.kernel.to(torch.int8).contiguous().numpy())
                scale = step.scale.view(-1, 1, 1, 1).numpy()
                weight, bias = ops.multiply(ops.convert(integers, "f32"), scale), step.bias
            x = ops.convolution(x, weight, [layer.stride] * 2, padding, padding, [1, 1])
            x = ops.relu(ops.add(x, bias.view(1, -1, 1, 1).numpy()))
        return library("openvino", "openvino").Model([x], [image], self.chain.name)


class Int8OnnxRuntime(OnnxRuntimeTrunk):
    """ONNX Runtime, told by pairs of QuantizeLinear and DequantizeLinear (QDQ)."""

    precisions = ("int8",)

    def __init__(self, model: Quantised) -> None:
        super().__init__(model.chain, "int8")
        self.rounded = model.rounded

    def _model(self) -> bytes:
        onnx: Any = require("onnx", "onnxruntime")
        model = onnx.load_from_string(super()._model())
        graph, node = model.graph, onnx.helper.make_node
        replaced = {f"{name}.{kind}" for name in self.rounded for kind in ("weight", "bias")}
        kept = [tensor for tensor in graph.initializer if tensor.name not in replaced]
        del graph.initializer[:]
        graph.initializer.extend(kept)

        def constant(name: str, values: Any) -> str:
            graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(values), name))
            return name

        def per_channel(name: str, values: Any, scales: Any) -> list[str]:
            zeros = constant(f"{name}.zero", np.zeros(len(scales), values.dtype))
            return [constant(name, values), constant(f"{name}.scale", scales), zeros]

        nodes = list(graph.node)
        del graph.node[:]
        for operation in nodes:
            inputs = operation.input
            name = inputs[1].removesuffix(".weight") if len(inputs) > 1 else ""
            if name in self.rounded:
                step = self.rounded[name]
                scale, zero = np.float32(step.input_scale), np.uint8(0)
                of_map = [constant(f"{name}.scale", scale), constant(f"{name}.zero", zero)]
                graph.node.append(node("QuantizeLinear", [inputs[0], *of_map], [f"{name}.in"]))
                scales = step.scale.numpy()
                bias = np.round(step.bias.numpy() / (scales * scale)).astype(np.int32)
                back = [
                    [f"{name}.in", *of_map],
                    per_channel(f"{name}.kernel", step.kernel.numpy().astype(np.int8), scales),
                    per_channel(f"{name}.offset", bias, scales * scale),
                ]
                for place, given in enumerate(back):
                    inputs[place] = f"{given[0]}.back"
                    graph.node.append(node("DequantizeLinear", given, [inputs[place]], axis=0))
            graph.node.append(operation)
        return bytes(model.SerializeToString())
