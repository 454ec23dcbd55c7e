"""Train a leaner compact trunk: fewer layers than version 3, which is where it starts.

    python -m training.lean --pool DIR --out DIR --steps 6000

DIR holds `train` and `validation` of `training.mixture`. The convolutions are those of version 3
that are left, on the channels that are left. What they give is brought back to what version 3 gives
at the same places (`dense`, without labels), and then the scores to what the mixture of teachers
says (`scores`). One batch normalisation holds for all levels of the pyramid; its running
statistics, averaged like the weights, are folded into those that ship: trained on with these held,
ranks became worse, even where the rate is a tenth of the highest. The state is saved every 150
steps, and an interrupted run goes on where it was.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from scipy.stats import spearmanr
from torch import Tensor, nn
from torch.nn import functional as F

from msds.method.pyramid import pyramid
from msds.trunks.chain import IMAGENET_MEAN, IMAGENET_STD
from msds.trunks.compact import VERSIONS
from msds.trunks.layers import Conv

from .mixture import Mixture
from .objectives import OUTLIER, one_minus_correlation, ranking, spread, within_groups
from .similarity import LEVELS, level_scores
from .train import rate_at, save

LAYERS = tuple(layer for layer in VERSIONS[4].layers if isinstance(layer, Conv))
"""Of the lean trunk: 0.50 GMAC at 384 x 512, 345,376 parameters."""

SOURCES = ("conv1", "conv2", "conv3", "conv4", "conv6", "conv7", "conv9")
"""Of version 3, the convolution that each of the lean trunk starts from."""

ANCHORS = {"conv4": "conv5", "conv6": "conv8", "conv7": "conv9"}
"""Where the lean trunk gives what version 3 gives, and where that does."""

UNUSED_GROUPS = (11, 20, 23, 28, 29, 39, 43, 45)
"""Groups of four of version 3's channels that are left out: one at a time, that whose blocks add
least to the rank agreement with the mixture, on crops of the pool."""

KEPT = tuple(4 * g + k for g in range(48) if g not in UNUSED_GROUPS for k in range(4))
GROUPS = 4
SCORES = (0.05, 0.3)
"""Weight of the scores' loss before 0.7 of the steps and after 0.95; that of the maps is 1. With 1
at the end and less for the maps, and with 0.16 at the highest rate, ranks became worse."""

EVERY = 150


def normalised(image: Tensor) -> Tensor:
    """An image as the first convolution wants it."""
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
    return ((image - mean) / std).contiguous(memory_format=torch.channels_last)


class Before:
    """Version 3 as a teacher: its maps at the anchors, those of the kept channels at the last."""

    def __init__(self) -> None:
        self.weights = {key: value.float() for key, value in load_file(VERSIONS[3].weights).items()}

    @torch.inference_mode()
    def __call__(self, image: Tensor) -> list[Tensor]:
        x, found = normalised(image), []
        for layer in VERSIONS[3].layers:
            if isinstance(layer, Conv):
                weight, bias = (self.weights[f"{layer.name}.{part}"] for part in ("weight", "bias"))
                x = F.relu(F.conv2d(x, weight, bias, layer.stride, layer.padding))
                if layer.name in ANCHORS.values():
                    found.append(x)
        found[-1] = found[-1][:, KEPT]
        return found


class Lean(nn.Module):
    """The lean trunk in training: a pyramid in, the maps at the anchors of every level out."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions, self.norms, inputs = nn.ModuleDict(), nn.ModuleDict(), 3
        for layer in LAYERS:
            self.convolutions[layer.name] = nn.Conv2d(
                inputs, layer.channels, layer.kernel, layer.stride, layer.padding, bias=False
            )
            self.norms[layer.name] = nn.BatchNorm2d(layer.channels, momentum=0.03)
            inputs = layer.channels
        self.to(memory_format=torch.channels_last)

    def forward(self, levels: list[Tensor]) -> list[list[Tensor]]:
        maps, found = [normalised(level) for level in levels], [[] for _ in levels]
        for name, convolution in self.convolutions.items():
            maps = [F.relu(x) for x in self._normalise(name, [convolution(x) for x in maps])]
            if name in ANCHORS:
                for kept, x in zip(found, maps, strict=True):
                    kept.append(x)
        return found

    def _normalise(self, name: str, maps: list[Tensor]) -> list[Tensor]:
        """Batch normalisation with the statistics of all levels together."""
        norm = self.norms[name]
        mean, variance = norm.running_mean, norm.running_var
        if self.training:
            count = sum(x.numel() // x.shape[1] for x in maps)
            mean = sum(x.sum((0, 2, 3)) for x in maps) / count
            centred = (x - mean.view(-1, 1, 1) for x in maps)
            variance = sum(x.square().sum((0, 2, 3)) for x in centred) / count
            norm.running_mean.lerp_(mean.detach(), norm.momentum)
            norm.running_var.lerp_(variance.detach(), norm.momentum)
        gain = norm.weight / (variance + norm.eps).sqrt()
        offset = norm.bias - mean * gain
        return [torch.addcmul(offset.view(-1, 1, 1), x, gain.view(-1, 1, 1)) for x in maps]

    @torch.no_grad()
    def take_over(self, before: Before, levels: list[Tensor]) -> None:
        """Start as what is left of version 3, normalised by the statistics of these images."""
        scores = before.weights["conv7.weight"].square().sum((0, 2, 3))
        scores = scores * before.weights["conv6.weight"].square().sum((1, 2, 3))
        width = self.convolutions["conv5"].out_channels
        outputs = {"conv6": scores.topk(width).indices.sort().values, "conv9": torch.tensor(KEPT)}
        maps = [normalised(level) for level in levels]
        for (name, convolution), source in zip(self.convolutions.items(), SOURCES, strict=True):
            weight, bias = (before.weights[f"{source}.{part}"] for part in ("weight", "bias"))
            chosen = outputs.get(source, torch.arange(len(weight)))
            weight = weight[chosen]
            convolution.weight.copy_(weight[:, outputs["conv6"]] if source == "conv7" else weight)
            norm, found = self.norms[name], [convolution(x) for x in maps]
            flat = torch.cat([x.transpose(0, 1).flatten(1) for x in found], 1)
            scale = flat.std(1).clamp_min(1e-3)
            norm.running_mean.copy_(flat.mean(1) / scale)
            norm.running_var.fill_(1)
            norm.weight.copy_(scale)
            norm.bias.copy_(bias[chosen] + flat.mean(1))
            convolution.weight.div_(scale.view(-1, 1, 1, 1))
            maps = [F.relu(x + bias[chosen].view(-1, 1, 1)) for x in found]

    def exported(self) -> dict[str, Tensor]:
        """The weights that ship: normalisation folded away, in float16."""
        tensors = {}
        for name, convolution in self.convolutions.items():
            norm = self.norms[name]
            gain = norm.weight / (norm.running_var + norm.eps).sqrt()
            tensors[f"{name}.weight"] = convolution.weight * gain.view(-1, 1, 1, 1)
            tensors[f"{name}.bias"] = norm.bias - norm.running_mean * gain
        return {key: value.detach().half().contiguous() for key, value in tensors.items()}


class Examples:
    """All groups of a folder of `training.mixture`."""

    def __init__(self, folder: Path) -> None:
        self.files = [dict(np.load(path)) for path in sorted(folder.glob("*.npz"))]
        self.groups = [(file, i) for file in self.files for i in range(len(file["gmsd"]))]

    def mixture(self) -> Mixture:
        """The mixture on the scale of these examples."""
        return Mixture(
            *(np.concatenate([f[key] for f in self.files]) for key in ("levels", "gmsd"))
        )

    def batch(self, picks: list[int]) -> tuple[Tensor, np.ndarray, np.ndarray]:
        """Images (G (1 + V), 3, S, S), levels (G, V, 4) and MS-GMSD (G, V) of these groups."""
        chosen = [self.groups[i] for i in picks]
        images = np.concatenate([file["images"][i] for file, i in chosen])
        levels, others = (np.stack([f[key][i] for f, i in chosen]) for key in ("levels", "gmsd"))
        return torch.from_numpy(images).float().div_(255), levels, others


def score_loss(found: Tensor, each: Tensor, fused: Tensor) -> Tensor:
    """Scores (G, V, K) against spread targets of the levels and of their mean (G, V)."""
    mean = spread(found.mean(-1))
    order = within_groups(mean, fused)
    a, b, c, d = spread(found).flatten(0, 1), each.flatten(0, 1), mean.flatten(), fused.flatten()
    return (
        F.mse_loss(a, b)
        + F.mse_loss(c, d)
        + one_minus_correlation(a, b)
        + one_minus_correlation(c[:, None], d[:, None])
        + 0.5 * (ranking(c, d) + ranking(a[:, 0], b[:, 0]))
        + order
    )


def dense_loss(
    found: list[list[Tensor]], wanted: list[list[Tensor]], units: list[Tensor]
) -> Tensor:
    """Huber loss of the maps in units of their deviations; the last anchor counts most."""
    shares = (0.25, 0.25, 1.0)
    parts = [
        share * F.huber_loss(a / unit, b / unit, delta=OUTLIER)
        for ours, theirs in zip(found, wanted, strict=True)
        for share, a, b, unit in zip(shares, ours, theirs, units, strict=True)
    ]
    return torch.stack(parts).sum() / len(wanted)


@torch.inference_mode()
def evaluate(lean: Lean, examples: Examples, mixture: Mixture) -> dict[str, float]:
    """Rank agreement with the mixture, and with GoogLeNet alone."""
    lean.eval()
    found, mixed, alone = [], [], []
    for first in range(0, len(examples.groups), GROUPS):
        picks = list(range(first, min(first + GROUPS, len(examples.groups))))
        images, levels, others = examples.batch(picks)
        maps = [level[-1] for level in lean(pyramid(images, LEVELS))]
        found.append(level_scores(maps, levels.shape[1]).mean(-1).flatten())
        mixed.append(mixture(levels, others)[1].flatten())
        alone.append(torch.from_numpy(levels.mean(-1)).flatten())
    a, b, c = (torch.cat(values).numpy() for values in (found, mixed, alone))
    return {
        "mixture": round(float(spearmanr(a, b)[0]), 4),
        "googlenet": round(float(spearmanr(a, c)[0]), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--scores", type=float, nargs=2, default=SCORES, metavar=("A", "B"))
    parser.add_argument("--start", type=Path, help="the lean.pt of a run to begin with")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    train(parser.parse_args())


def train(options: argparse.Namespace) -> Lean:
    """Train, and return the network with averaged weights."""
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    examples, checks = (Examples(options.pool / name) for name in ("train", "validation"))
    mixture, before, lean = examples.mixture(), Before(), Lean()
    first_images = examples.batch(list(range(min(8, len(examples.groups)))))[0]
    if options.start:
        lean.load_state_dict(torch.load(options.start, weights_only=True)["average"])
    else:
        lean.take_over(before, pyramid(first_images, LEVELS))
    units = deviations([before(level) for level in pyramid(first_images, LEVELS)[:-1]])
    optimiser = torch.optim.AdamW(
        lean.parameters(), lr=options.rate, weight_decay=1e-4, betas=(0.9, 0.99)
    )
    average = {key: value.clone() for key, value in lean.state_dict().items()}
    checkpoint, first = options.out / "lean.pt", 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        lean.load_state_dict(state["lean"])
        optimiser.load_state_dict(state["optimiser"])
        average, first = state["average"], state["step"]
    for step in range(first, options.steps):
        rng, part = np.random.default_rng([options.seed, step]), step / options.steps
        for group in optimiser.param_groups:
            group["lr"] = rate_at(
                step, options.steps, round(0.35 * options.steps), options.rate, 100
            )
        images, levels, others = examples.batch(
            rng.integers(len(examples.groups), size=GROUPS).tolist()
        )
        sizes = pyramid(images.flip(3) if rng.random() < 0.5 else images, LEVELS)
        lean.train()
        found = lean(sizes)
        dense = dense_loss(found[:-1], [before(level) for level in sizes[:-1]], units)
        scores = level_scores([maps[-1] for maps in found], levels.shape[1])
        wanted = score_loss(scores, *mixture(levels, others))
        share = float(np.interp(part, (0.7, 0.95), options.scores))
        optimiser.zero_grad()
        (dense + share * wanted).backward()
        nn.utils.clip_grad_norm_(lean.parameters(), 1.0)
        optimiser.step()
        for key, value in lean.state_dict().items():
            if value.is_floating_point():
                average[key].lerp_(value, 1 - min(0.995, (step + 1) / (step + 10)))
        if (step + 1) % EVERY == 0 or step + 1 == options.steps:
            averaged = Lean()
            averaged.load_state_dict(average)
            entry = {"step": step + 1, "dense": dense.item(), "scores": wanted.item()}
            print(json.dumps(entry | evaluate(averaged, checks, mixture)), flush=True)
            state = {"lean": lean.state_dict(), "optimiser": optimiser.state_dict()}
            save(checkpoint, state | {"average": average, "step": step + 1})
    final = Lean()
    final.load_state_dict(average)
    save_file(final.exported(), options.out / "lean.safetensors")
    return final


def deviations(levels: list[list[Tensor]]) -> list[Tensor]:
    """Standard deviation of each channel at each anchor, over all levels."""
    flat = [
        torch.cat([maps[k].transpose(0, 1).flatten(1) for maps in levels], 1)
        for k in range(len(levels[0]))
    ]
    return [values.std(1).clamp_min(1e-3).view(-1, 1, 1) for values in flat]


if __name__ == "__main__":
    main()
