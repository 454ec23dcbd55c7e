"""Trunks as chains of convolutions and pools in a table, and wrappers of other modules."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import get_ident
from typing import TYPE_CHECKING, Any, ClassVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from msds.checks import is_recorded
from msds.errors import InputError, WeightsError

if TYPE_CHECKING:
    from typing_extensions import Self

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Conv:
    """A convolution with zero padding kernel // 2, followed by a ReLU."""

    name: str
    channels: int
    kernel: int = 3
    stride: int = 1
    groups: int = 1

    @property
    def padding(self) -> int:
        return self.kernel // 2


@dataclass(frozen=True)
class Pool:
    """A max pool, 2 x 2 of stride 2 by default; an odd last row or column is dropped."""

    kernel: int = 2
    stride: int = 2
    padding: ClassVar[int] = 0


Layer = Conv | Pool


class Trunk(nn.Module):
    """A frozen network from images to feature maps.

    Always in evaluation mode; its parameters never receive gradients, while its input does.

    Attributes
    ----------
    name : what the trunk is called in model ids.
    channels : number of feature maps C.
    stride : input pixels per feature position.
    halo : pixels around a tile (a multiple of `stride`) that make its features equal to those of
        the whole image, or None if the trunk cannot be tiled.
    whole_layers : layers whose maps are in memory as a whole, or None where they are not known;
        with `maps_at_once`, the copies of the widest map alive at a time, the memory it needs.
    """

    name: str
    channels: int
    stride: int
    halo: int | None = None
    precision = "float32"
    """Of engines, see `msds.engines`; "float32" here, whatever type the parameters have."""

    maps_at_once = 4
    """A layer's input, that with its border, its output, and what the convolution itself takes."""

    @property
    def whole_layers(self) -> tuple[Layer, ...] | None:
        return None

    def freeze(self) -> Self:
        """Switch gradients of all parameters off, and evaluation mode on."""
        self.requires_grad_(False)
        return self.train(False)

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode whatever is asked for: the trunk is frozen."""
        del mode
        return super().train(False)

    def forward(self, images: Tensor, mask: Tensor | None = None) -> Tensor:
        """Feature maps of images.

        Parameters
        ----------
        images : (N, 3, H, W) tensor, RGB in [0, 1].
        mask : (N, 1, H, W) tensor of 0 and 1 for DeepSSIM's saliency calibration, multiplied onto
            the first convolution's output.

        Returns
        -------
        (N, channels, h, w) tensor.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define forward().")

    def architecture(self) -> str:
        """Text that tells this trunk from another with the same parameters."""
        return self.name

    def revision(self) -> tuple[Any, ...]:
        """Something that differs once a parameter has changed: where each is, and how often torch
        has seen it written to."""
        values = (*self.parameters(), *self.buffers())
        return tuple((v.data_ptr(), v.dtype, v.is_inference() or v._version) for v in values)

    @property
    def digest(self) -> str:
        """`parameter_digest`, computed again only when a parameter has changed."""
        kept: tuple[Any, str] | None = self.__dict__.get("_digest")
        # What is compiled cannot look, and the replicas of DataParallel have no parameters.
        if kept and (torch.compiler.is_compiling() or hasattr(self, "_is_replica")):
            return kept[1]
        revision = self.revision()
        if kept is None or kept[0] != revision:
            self._digest = kept = (revision, self.parameter_digest())
        return kept[1]

    def parameter_digest(self) -> str:
        """SHA-256 over the architecture and the names, shapes and values of all parameters."""
        digest = hashlib.sha256(self.architecture().encode())
        for key, value in sorted(self.state_dict().items()):
            digest.update(f"{key} {value.dtype} {tuple(value.shape)}\n".encode())
            data = value.detach().cpu().contiguous()
            digest.update(data.reshape(-1).view(torch.uint8).numpy().tobytes())
        return digest.hexdigest()


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
        self.layers = tuple(layers)
        # Plain numbers and not buffers: half() would round these.
        self.mean, self.std = tuple(mean), tuple(std)
        check_tensors(name, expected_shapes(layers), weights)
        self.convolutions = nn.ModuleDict()
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
        self.stride = math.prod(layer.stride for layer in self.layers)
        self.halo = chain_halo(self.layers)
        self.freeze()
        _let_memory_be_kept()

    @property
    def whole_layers(self) -> tuple[Layer, ...]:
        return self.layers

    def forward(self, images: Tensor, mask: Tensor | None = None) -> Tensor:
        return self.layers_of(self.normalise(images), mask)

    def layers_of(self, normalised: Tensor, mask: Tensor | None = None) -> Tensor:
        """Feature maps of images that `normalise` has been applied to."""
        x = normalised
        for layer in self.layers:
            if isinstance(layer, Pool):
                x = F.max_pool2d(x, layer.kernel, layer.stride)
                continue
            # In place: a new map costs more time than its ReLU, and no gradient needs the old one.
            x = F.relu_(self._convolve(layer, x))
            if mask is not None:
                if mask.shape[-2:] != x.shape[-2:]:
                    mask = F.interpolate(mask, x.shape[-2:], mode="nearest-exact")
                x, mask = x * mask.to(x), None
        return x

    def _convolve(self, layer: Conv, x: Tensor) -> Tensor:
        module = cast(nn.Conv2d, self.convolutions[layer.name])
        # Detached: `requires_grad_` of a model around this one would make the trunk trainable.
        weight, bias = (v.detach() for v in (module.weight, cast(Tensor, module.bias)))
        return F.conv2d(x, weight, bias, layer.stride, layer.padding, groups=layer.groups)

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


def _plainly_computed(images: Tensor) -> bool:
    """Whether nobody records what is done to these images, and a CPU does it."""
    differentiated = images.requires_grad and torch.is_grad_enabled()
    return images.device.type == "cpu" and not (differentiated or is_recorded())


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


class ModuleTrunk(Trunk):
    """Any module of the user's as a trunk.

    Parameters
    ----------
    module : maps (N, 3, H, W) RGB images in [0, 1] to (N, C, h, w) feature maps; normalisation is
        its own affair. It is not copied: its parameters are frozen and it is set to evaluation
        mode, so give `copy.deepcopy(module)` of one that is to be trained further.
    name : what to call it in model ids.
    layer : dotted name of a submodule whose output is taken instead of the module's own.
    stride : input pixels per feature position; found by trying when not given.

    Raises
    ------
    InputError
        If the module does not give four-dimensional feature maps.
    """

    def __init__(
        self, module: nn.Module, name: str, layer: str | None = None, stride: int | None = None
    ) -> None:
        super().__init__()
        if not isinstance(module, nn.Module):
            raise InputError(f"ModuleTrunk takes an nn.Module; got {type(module).__name__}.")
        self.module = module
        self.name = name
        self._layer = layer
        if layer is not None and layer not in dict(module.named_modules()):
            known = ", ".join(key for key, _ in module.named_children())
            raise InputError(f"Trunk {name!r} has no layer {layer!r}; its parts are: {known}.")
        self.freeze()
        probe = 256
        parameter = next(self.module.parameters(), torch.zeros(()))
        with torch.no_grad():
            features = self(torch.zeros(1, 3, probe, probe, device=parameter.device))
        self.channels = features.shape[1]
        self.stride = stride or max(1, round(probe / features.shape[-1]))

    def forward(self, images: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is not None:
            raise InputError(
                f"Trunk {self.name!r} cannot be calibrated by saliency: its first convolution is "
                "not known."
            )
        if self.module.training:  # by a call of the user's: it would change the scores
            self.module.eval()
        parameter = next(self.module.parameters(), None)
        if parameter is not None and parameter.is_floating_point():
            images = images.to(parameter.dtype)
        features = self._layer_output(images) if self._layer else self.module(images)
        if not isinstance(features, Tensor) or features.ndim != 4:
            found = (
                tuple(features.shape) if isinstance(features, Tensor) else type(features).__name__
            )
            raise InputError(
                f"Trunk {self.name!r} must give feature maps of shape (N, C, h, w); got {found}."
            )
        return features

    def architecture(self) -> str:
        # Where in memory a part is may stand in its text.
        module = re.sub(r" at 0x[0-9a-f]+", "", str(self.module))
        return f"{self.name} {self._layer} {self.stride} {module}"

    def _layer_output(self, images: Tensor) -> Tensor:
        outputs: list[Tensor] = []
        thread = get_ident()

        def keep(_module: nn.Module, _args: Any, output: Tensor) -> None:
            if get_ident() == thread:  # others may be running the same module
                outputs.append(output.clone())  # what follows may write into it

        target = self.module.get_submodule(self._layer or "")
        handle = target.register_forward_hook(keep)
        try:
            self.module(images)
        finally:
            handle.remove()
        return outputs[-1]


def chain_halo(layers: Sequence[Layer]) -> int:
    """Pixels around a tile that its features depend on, rounded up to the stride.

    Follows one output cell back to the input rows it sees, beyond its own `stride` rows.
    """
    first, last = 0, 0
    for layer in reversed(layers):
        first = first * layer.stride - layer.padding
        last = last * layer.stride - layer.padding + layer.kernel - 1
    stride = math.prod(layer.stride for layer in layers)
    reach = max(-first, last - (stride - 1))
    return math.ceil(reach / stride) * stride


def expected_shapes(layers: Sequence[Layer]) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors a table of layers needs."""
    shapes: dict[str, tuple[int, ...]] = {}
    inputs = 3
    for layer in layers:
        if isinstance(layer, Conv):
            kernel = (layer.kernel, layer.kernel)
            shapes[f"{layer.name}.weight"] = (layer.channels, inputs // layer.groups, *kernel)
            shapes[f"{layer.name}.bias"] = (layer.channels,)
            inputs = layer.channels
    return shapes


def check_tensors(
    name: str, expected: Mapping[str, tuple[int, ...]], found: Mapping[str, Tensor]
) -> None:
    """Raise `WeightsError` unless `found` is exactly what is expected, and finite."""
    missing = sorted(expected.keys() - found.keys())
    unexpected = sorted(found.keys() - expected.keys())
    if missing or unexpected:
        raise WeightsError(
            f"Weights of trunk {name!r} do not fit: missing {missing or 'nothing'}, "
            f"unexpected {unexpected or 'nothing'}."
        )
    for key, shape in expected.items():
        if tuple(found[key].shape) != shape:
            raise WeightsError(
                f"Weights of trunk {name!r} do not fit: {key} is {tuple(found[key].shape)}, "
                f"expected {shape}."
            )
        if not torch.isfinite(found[key]).all():
            raise WeightsError(f"Weights of trunk {name!r} are damaged: {key} is not finite.")


def multiply_accumulates(layers: Sequence[Layer], height: int, width: int) -> int:
    """Multiply-accumulate operations of a chain's convolutions on one image of this size."""
    total, inputs = 0, 3
    for layer in layers:
        height = (height + 2 * layer.padding - layer.kernel) // layer.stride + 1
        width = (width + 2 * layer.padding - layer.kernel) // layer.stride + 1
        if isinstance(layer, Conv):
            total += height * width * layer.channels * inputs // layer.groups * layer.kernel**2
            inputs = layer.channels
    return total


def random_weights(layers: Sequence[Layer], seed: int = 0) -> dict[str, Tensor]:
    """He-initialised weights for a table of layers: for speed and tests, never for scores."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for key, shape in expected_shapes(layers).items():
        if key.endswith(".bias"):
            weights[key] = torch.zeros(shape)
        else:
            weights[key] = torch.randn(shape, generator=generator) * math.sqrt(
                2 / math.prod(shape[1:])
            )
    return weights
