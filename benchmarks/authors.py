"""DeepSSIM's authors' own programs beside this package, on the same images and the same weights.

    git clone https://github.com/kekezhang112/DeepSSIM
    python -m benchmarks.authors --code DeepSSIM

Nothing of their code is in this repository: it is imported from the clone you name. Their programs
import torchvision, for one conversion of a Pillow image, and h5py, for nothing; where these are
missing, empty modules stand in. Their weights come from a download; here they are given the tensors
that the trunk `vgg16` of this package holds (their classifier, whose result they do not use, gets
zeros).

Prints, per program and precision, pairs, the largest difference, and the sizes tried, and what both
do with images that are very small.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

import msds
from msds.metric.loss import DeepSSIMLiteLoss
from msds.trunks import load_trunk

SIZES = (
    ((32, 32), (32, 32)),
    ((64, 64), (64, 64)),
    ((96, 128), (96, 128)),
    ((127, 129), (127, 129)),
    ((161, 243), (161, 243)),
    ((256, 256), (256, 256)),
    ((256, 256), (256, 192)),
    ((321, 200), (160, 100)),
    ((384, 512), (384, 512)),
    ((700, 1024), (700, 1024)),
)
"""Height and width of the reference and of the distorted image."""

TOO_SMALL = (31, 31)
POOLS = 5
FEATURES = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
"""Where the thirteen convolutions stand in their list of layers."""

CLASSIFIER = {0: (4096, 25088), 3: (4096, 4096), 6: (1000, 4096)}
Program = Callable[[Tensor, Tensor], Tensor]


def stand_ins() -> None:
    """Modules their programs import and, for a comparison of tensors, do not need."""
    for name in ("torchvision", "h5py"):
        if name not in sys.modules and importlib.util.find_spec(name) is None:
            module = types.ModuleType(name)
            module.models = module.transforms = types.ModuleType(name)  # type: ignore[attr-defined]
            sys.modules[name] = module


def published_names() -> dict[str, Tensor]:
    """The tensors of our trunk under the names that the published file gives them."""
    tensors = list(load_trunk("vgg16").state_dict().items())
    weights = [t for n, t in tensors if n.endswith("weight")]
    biases = [t for n, t in tensors if n.endswith("bias")]
    state = {}
    for index, place in enumerate(FEATURES):
        known = index < len(weights)  # they run, and do not use, layers after conv5_1
        state[f"features.{place}.weight"] = weights[index] if known else torch.zeros(512, 512, 3, 3)
        state[f"features.{place}.bias"] = biases[index] if known else torch.zeros(512)
    for place, shape in CLASSIFIER.items():
        state[f"classifier.{place}.weight"] = torch.zeros(shape)
        state[f"classifier.{place}.bias"] = torch.zeros(shape[0])
    return state


@contextmanager
def their_folder(folder: Path) -> Iterator[Any]:
    """Their modules of one folder, as `import` finds them from within it."""
    names = ("vgg_v16s5c1", "vgg_v16s5c1sal", "DeepSSIM_demo", "DeepSSIM_lite_loss")
    for name in names:
        sys.modules.pop(name, None)
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module
    finally:
        sys.path.remove(str(folder))


def theirs(code: Path, state: dict[str, Tensor]) -> dict[str, torch.nn.Module]:
    """Their metric and their Lite loss, with these weights."""
    stand_ins()
    found = {}
    for name, folder, module in (
        ("DeepSSIM", "DeepSSIM_pytorch", "DeepSSIM_demo"),
        ("DeepSSIM-Lite", "DeepSSIM-Lite", "DeepSSIM_lite_loss"),
    ):
        if not (code / folder).is_dir():
            raise SystemExit(
                f"{code} has no folder {folder}: is it a clone of kekezhang112/DeepSSIM?"
            )
        with their_folder(code / folder) as import_module:
            network = import_module("vgg_v16s5c1")
            network.load_state_dict_from_url = lambda *_, **__: state
            program = import_module(module)
            program.device = torch.device("cpu")
            found[name] = cast(torch.nn.Module, program.DeepSSIM().eval())
    return found


def their_saliency(code: Path, state: dict[str, Tensor], metric: Any) -> Program:
    """Their metric with their network that takes a saliency map, as their comments turn it on."""
    with their_folder(code / "DeepSSIM_pytorch") as import_module:
        network = import_module("vgg_v16s5c1sal")
        network.load_state_dict_from_url = lambda *_, **__: state
        calibrated = network.vgg16(pretrained=True).eval()
    plain = metric.vgg_pretrained_features

    def score(a: Tensor, b: Tensor) -> Tensor:
        metric.vgg_pretrained_features = Masked(calibrated.to(a.dtype), (a, b))
        try:
            return cast(Tensor, metric(a, b))
        finally:
            metric.vgg_pretrained_features = plain

    return score


class Masked(torch.nn.Module):
    """Their calibrated network, given the masks of two images in the order they are passed."""

    def __init__(self, network: torch.nn.Module, images: tuple[Tensor, Tensor]) -> None:
        super().__init__()
        self.network = network
        self.masks = iter([mask_of(image)[:, 0] for image in images])

    def forward(self, image: Tensor) -> Tensor:
        """Features of the next of the two images."""
        return cast(Tensor, self.network(image, next(self.masks)))


def mask_of(image: Tensor) -> Tensor:
    """A map of 0 and 1 that looks like one of saliency: what is brighter than the mean."""
    grey = image.mean(1, keepdim=True)
    return (grey > grey.mean()).to(image.dtype)


def pairs(seed: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
    """Images with structure at all scales, and the same with noise, in float64."""
    generator = torch.Generator().manual_seed(seed)
    for reference, distorted in SIZES:
        image = octaves(reference, generator)
        other = torch.nn.functional.interpolate(image, distorted, mode="bilinear")
        noise = torch.randn(other.shape, generator=generator, dtype=other.dtype)
        yield image, (other + 0.1 * noise).clip(0, 1)


def octaves(size: tuple[int, int], generator: torch.Generator) -> Tensor:
    """Noise of every scale added up, in [0, 1]."""
    total = torch.zeros(1, 3, *size, dtype=torch.float64)
    for octave in range(1, 8):
        coarse = torch.rand(
            1, 3, 2 + 2**octave // 2, 2 + 2**octave // 2, generator=generator, dtype=torch.float64
        )
        total += torch.nn.functional.interpolate(coarse, size, mode="bilinear") / octave
    return (total - total.min()) / (total.max() - total.min())


def ours(state_dtype: torch.dtype) -> dict[str, Program]:
    """The same three programs of this package."""
    metric = msds.DeepSSIM("vgg16").to(state_dtype)
    lite = DeepSSIMLiteLoss("vgg16").to(state_dtype)
    return {
        "DeepSSIM": metric,
        "DeepSSIM, saliency": lambda a, b: metric(
            a, b, reference_mask=mask_of(a), distorted_mask=mask_of(b)
        ),
        "DeepSSIM-Lite": lite,
    }


def compared(code: Path, dtype: torch.dtype, state: dict[str, Tensor]) -> dict[str, list[float]]:
    """Per program, the differences over all pairs."""
    programs: dict[str, Any] = {
        name: model.to(dtype) for name, model in theirs(code, state).items()
    }
    programs["DeepSSIM, saliency"] = their_saliency(code, state, programs["DeepSSIM"])
    mine = ours(dtype)
    found: dict[str, list[float]] = {name: [] for name in mine}
    with torch.no_grad():
        for a, b in pairs():
            for name, program in mine.items():
                if name == "DeepSSIM-Lite" and a.shape != b.shape:
                    continue  # a loss is of one size
                x, y = a.to(dtype), b.to(dtype)
                found[name].append(abs(float(program(x, y).mean()) - float(programs[name](x, y))))
    return found


def outcome(program: Program) -> str:
    """What a program does with images that are very small."""
    image = torch.rand(1, 3, *TOO_SMALL)
    try:
        with torch.no_grad():
            program(image, image)
    except (RuntimeError, ValueError):
        return "fails"
    return "answers"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--code", type=Path, required=True, help="clone of the authors' repository")
    code = parser.parse_args().code
    state = published_names()
    print("| program | precision | pairs | largest difference |\n|---|---|---:|---:|")
    for dtype in (torch.float32, torch.float64):
        for name, differences in compared(code, dtype, state).items():
            shown = str(dtype).removeprefix("torch.")
            print(f"| {name} | {shown} | {len(differences)} | {max(differences):.1e} |")
    sizes = ", ".join(f"{h} x {w} / {g} x {v}" for (h, w), (g, v) in SIZES)
    print(f"\nReference / distorted, in pixels: {sizes}.")
    their = theirs(code, state)["DeepSSIM"]
    print(
        f"{TOO_SMALL[0]} x {TOO_SMALL[1]}: theirs {outcome(their)}, "
        f"ours {outcome(ours(torch.float32)['DeepSSIM'])}."
    )


if __name__ == "__main__":
    main()
