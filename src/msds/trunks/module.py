"""`ModuleTrunk`: any module of the user's own as a trunk."""

from __future__ import annotations

import re
from threading import get_ident
from typing import Any

import torch
from torch import Tensor, nn

from msds.errors import InputError
from msds.trunks.base import Trunk


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
        self.channels: int = features.shape[1]
        self.stride: int = stride or max(1, round(probe / features.shape[-1]))

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
