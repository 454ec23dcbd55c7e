"""What every trunk is: a frozen network from images to feature maps."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from msds.errors import InputError
from msds.trunks.recording import is_recorded
from msds.trunks.rows import OverlapRows, RowOperation

if TYPE_CHECKING:
    from typing_extensions import Self

    from msds.trunks.chain import ChainTrunk

UNKNOWN_CHANNELS = 64
"""Channels at full size that are reckoned with where a trunk's layers are not known."""

_Samples = list[np.ndarray[Any, Any]]
_INTEGERS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
"""Types as which values of any type are looked at, by their size: a NaN differs from itself."""

WATCHED = 16
"""Values of each parameter that are looked at to see whether it has changed."""


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
    """

    name: str
    channels: int
    stride: int
    halo: int | None = None
    precision = "float32"
    """Of engines, see `msds.engines`; "float32" here, whatever type the parameters have."""

    reduced = ""
    """What model ids say of a reduced precision: it, and what computes in it where that matters."""

    maps_at_once = 4
    """Copies of the widest map alive at a time: a layer's input, that with its border, its output,
    and what the convolution itself takes."""

    stands_in = False
    """Whether this is an engine, which computes the features of another trunk."""

    _is_replica = False
    """Of a copy that DataParallel makes: it has no parameters."""

    @property
    def reference_chain(self) -> ChainTrunk | None:
        """The table of layers whose features these are, or None where there is no such table.

        It is the trunk itself, or what an engine stands in for.
        """
        return None

    @property
    def streams(self) -> bool:
        """Whether `rows` takes pieces of an image without computing anything twice."""
        return False

    @property
    def device(self) -> torch.device:
        """Where the parameters are; the CPU if there are none."""
        return self._parameter.device

    @property
    def description(self) -> str:
        """What computes the features, and in which precision, as results name it."""
        precision = str(self._parameter.dtype).removeprefix("torch.")
        return f"torch {precision} (torch {torch.__version__})"

    @property
    def value_size(self) -> int:
        """Bytes of a value of the features, at least."""
        return max(self._parameter.element_size(), 2)

    @property
    def _parameter(self) -> Tensor:
        return next(self.parameters(), torch.empty(0))

    def bytes_per_pixel(self) -> float:
        """Working memory per input pixel in bytes, estimated from the widest layer."""
        return float(self.maps_at_once * UNKNOWN_CHANNELS * self.value_size)

    def rows(self, mask: Tensor | None = None, start: int = 0) -> RowOperation:
        """A stream that takes one batch of images in rows, from top to bottom, to feature maps.

        Its results together are the features of the whole images; `halo` must be known.

        Parameters
        ----------
        mask : what `first_mask` gives, where the images have a saliency mask.
        start : which column of it is the first of those that are streamed, a multiple of `stride`.

        Raises
        ------
        InputError
            If there is a mask, and the first convolution is not known.
        """
        if mask is None:
            return OverlapRows(self, self.stride, self.halo or 0)
        return self._masked_chain().rows(mask, start)

    def first_mask(self, mask: Tensor) -> Tensor:
        """A saliency mask of whole images, at the size of the first convolution's output.

        Raises
        ------
        InputError
            If that convolution is not known.
        """
        return self._masked_chain().first_mask(mask)

    def _masked_chain(self) -> ChainTrunk:
        chain = self.reference_chain
        if chain is None or chain is self:
            raise InputError(
                f"Trunk {self.name!r} cannot be calibrated by saliency in pieces: its first layer "
                "is no convolution that is known."
            )
        return chain

    def freeze(self) -> Self:
        """Switch gradients of all parameters off, and evaluation mode on."""
        self.requires_grad_(False)
        return self.train(False)

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode whatever is asked for: the trunk is frozen."""
        del mode
        return super().train(False)

    if TYPE_CHECKING:  # torch says of calling a module that it gives anything

        def __call__(self, images: Tensor, mask: Tensor | None = None) -> Tensor:
            """As `forward`."""
            ...

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
        """Something that differs once a parameter has changed.

        It holds where each parameter is, how often torch has seen it written to and, for what is
        not counted (writing through `.data`, or through a NumPy array that shares the memory), a
        few of its values. These are looked at on the CPU only: an accelerator would have to wait.
        Whoever changes single values there calls `parameters_changed`.
        """
        values = (*self.parameters(), *self.buffers())
        places = tuple((v.data_ptr(), v.dtype, v.is_inference() or v._version) for v in values)
        kept: tuple[Any, list[_Samples]] | None = self.__dict__.get("_watched")
        if kept is None or kept[0] != places:
            self._watched = kept = (places, _samples(values))
        return places, *(np.concatenate(views).tobytes() for views in kept[1])

    def parameters_changed(self) -> None:
        """Have the digest computed again when it is next asked for."""
        self.__dict__.pop("_digest", None)

    def __getstate__(self) -> dict[str, Any]:
        # Views of parameters: sent to another process they would take all of the memory with them.
        return {key: value for key, value in self.__dict__.items() if key != "_watched"}

    @property
    def digest(self) -> str:
        """`parameter_digest`, computed again only when a parameter has changed."""
        kept: tuple[Any, str] | None = self.__dict__.get("_digest")
        # What is recorded cannot look, and the replicas of DataParallel have no parameters.
        if kept and (is_recorded() or self._is_replica):
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


def _samples(values: Iterable[Tensor]) -> list[_Samples]:
    """Views of a few values, evenly spread, of each parameter on the CPU; a list for each size."""
    groups: dict[int, _Samples] = {}
    for value in values:
        size = value.element_size()
        if value.device.type != "cpu" or value.layout != torch.strided or size not in _INTEGERS:
            continue
        if not value.numel():
            continue
        strides = zip(value.shape, value.stride(), strict=True)
        span = 1 + sum((length - 1) * stride for length, stride in strides)
        count = min(span, WATCHED)
        view = value.detach().as_strided((count,), (span // count,)).view(_INTEGERS[size])
        groups.setdefault(size, []).append(view.numpy())  # NumPy looks ten times faster
    return list(groups.values())
