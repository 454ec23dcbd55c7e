"""The student in training: the compact trunk with batch normalisation, folded away at the end."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from msds.trunks.chain import IMAGENET_MEAN, IMAGENET_STD
from msds.trunks.compact import VERSIONS
from msds.trunks.layers import Conv

LAYERS = VERSIONS[3].layers
"""Of the trunk that is trained here: version 3. `training.lean` makes version 4 from it."""


class Student(nn.Module):
    """The chain of `LAYERS`; what it gives imitates the teacher's chosen channels.

    The last convolution works in units of each channel's deviation; `scale`, set by `calibrate`,
    brings its output to the teacher's proportions and is folded away at the end.

    Parameters
    ----------
    normalised : whether each convolution is followed by batch normalisation.
    """

    def __init__(self, normalised: bool = True) -> None:
        super().__init__()
        self.normalised = normalised
        self.names = [layer.name for layer in LAYERS if isinstance(layer, Conv)]
        self.convolutions = nn.ModuleDict()
        self.norms = nn.ModuleDict()
        inputs = 3
        for layer in LAYERS:
            if not isinstance(layer, Conv):
                raise TypeError("The compact trunk is a chain of convolutions only.")
            convolution = nn.Conv2d(
                inputs,
                layer.channels,
                layer.kernel,
                layer.stride,
                layer.padding,
                groups=layer.groups,
            )
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            nn.init.zeros_(convolution.bias)
            self.convolutions[layer.name] = convolution
            if normalised:
                self.norms[layer.name] = nn.BatchNorm2d(layer.channels, momentum=0.02)
            inputs = layer.channels
        self.register_buffer("scale", torch.ones(inputs, 1, 1))
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(3, 1, 1))
        self.to(memory_format=torch.channels_last)

    def calibrate(self, deviations: Tensor) -> None:
        """Give the channels the proportions of the teacher's deviations (C,), 1 on average."""
        self.scale = (deviations / deviations.mean()).view(-1, 1, 1)

    def unscaled(self, images: Tensor) -> Tensor:
        """Features in units of each channel's deviation."""
        x = (images - self.mean) / self.std
        x = x.contiguous(memory_format=torch.channels_last)
        for name in self.names:
            x = self.convolutions[name](x)
            if self.normalised:
                x = self.norms[name](x)
            x = F.relu(x, inplace=True)
        return x

    def forward(self, images: Tensor) -> Tensor:
        """Features (N, C, H/16, W/16) of images (N, 3, H, W) in [0, 1]."""
        return self.unscaled(images) * self.scale

    def folded(self) -> Student:
        """The same function without batch normalisation."""
        plain = Student(normalised=False)
        with torch.no_grad():
            for name in self.names:
                source, target = self.convolutions[name], plain.convolutions[name]
                gain, offset = torch.ones(source.out_channels), torch.zeros(source.out_channels)
                if self.normalised:
                    norm = self.norms[name]
                    gain = norm.weight / (norm.running_var + norm.eps).sqrt()
                    offset = norm.bias - norm.running_mean * gain
                if name == self.names[-1]:
                    gain, offset = gain * self.scale.flatten(), offset * self.scale.flatten()
                target.weight.copy_(source.weight * gain.view(-1, 1, 1, 1))
                target.bias.copy_(source.bias * gain + offset)
        return plain

    def exported(self) -> dict[str, Tensor]:
        """Tensors of the shipped file: float16, `NAME.weight` and `NAME.bias`."""
        plain = self.folded()
        return {
            f"{name}.{kind}": value.detach().half().contiguous()
            for name in self.names
            for kind, value in plain.convolutions[name].named_parameters()
        }
