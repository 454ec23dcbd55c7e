"""Metrics as ONNX files that need neither Python nor torch, checked against torch when written."""

from __future__ import annotations

import copy
import json
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from msds.engines.libraries import library
from msds.errors import InputError, MSDSError, require
from msds.files import atomic_write
from msds.method.pyramid import pyramid
from msds.method.similarity import gram, normalized
from msds.metric.modules import MSDS
from msds.version import __version__

TOLERANCE = 1e-5
"""Greatest difference between a file and torch: absolute for scores, relative for encodings."""


@dataclass(frozen=True)
class OnnxFile:
    """What was exported.

    Attributes
    ----------
    path : the file.
    graph : "score" or "encode".
    model, fingerprint : of the metric; the file's metadata hold them too.
    size : of the file, in bytes.
    checked : (N, height, width) of the batches on which it was compared with torch.
    difference : the greatest one found, at most `TOLERANCE`.
    """

    path: str
    graph: str
    model: str
    fingerprint: str
    size: int
    checked: tuple[tuple[int, int, int], ...]
    difference: float


def export_onnx(
    metric: MSDS, path: str | os.PathLike[str], *, encode_only: bool = False
) -> OnnxFile:
    """Write a metric as an ONNX file for any image size and batch, once it agrees with torch.

    The graph takes float32 (N, 3, H, W) RGB in [0, 1]: `reference` and `distorted`, whose sizes may
    differ, to `score` (N,); or, with `encode_only`, `images` to `gram_1` ... `gram_K` (N, C, C),
    divided as the metric's settings say. An image that is out of range or too small for the levels
    gives NaN, or an error of the runtime where nothing is left of it. Metadata: `model_id`,
    `fingerprint`, `settings`, `graph`, `minimum_side`, `msds_version`.

    Raises
    ------
    MissingExtraError
        Without onnx, onnxscript and onnxruntime.
    InputError
        If the metric computes in a reduced precision.
    MSDSError
        If the trunk cannot be exported, or the file and torch differ by more than `TOLERANCE`;
        nothing is written then.
    """
    for module in ("onnx", "onnxscript", "onnxruntime"):
        library(module, "onnx")
    if metric.trunk.precision != "float32":
        raise InputError(
            f"Graphs are of float32, and this metric computes in {metric.trunk.precision}: call "
            "set_engine('torch') first."
        )
    metric = copy.deepcopy(metric).set_engine("torch").cpu().float()
    graph: _Encode = (_Encode(metric) if encode_only else _PairScore(metric)).eval()
    content = _described(_converted(graph), graph)
    checked, difference = _compare_with_torch(content, graph)
    with atomic_write(path) as file:
        file.write(content)
    return OnnxFile(
        path=os.fspath(path),
        graph=graph.kind,
        model=metric.model_id,
        fingerprint=metric.fingerprint,
        size=len(content),
        checked=checked,
        difference=difference,
    )


class _Encode(nn.Module):
    """Images to the Gram matrices that are compared, on a fixed number of levels."""

    kind = "encode"
    inputs: tuple[str, ...] = ("images",)

    def __init__(self, metric: MSDS) -> None:
        super().__init__()
        self.metric = metric
        self.outputs = tuple(f"gram_{k + 1}" for k in range(metric.levels))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        usable = self.usable(images)[:, None, None]
        return tuple(torch.where(usable, matrix, torch.nan) for matrix in self.grams(images))

    def grams(self, images: Tensor) -> Iterator[Tensor]:
        """Gram matrix of every level, divided as the metric divides it."""
        for level in pyramid(images, self.metric.levels, self.metric.filter):
            features = self.metric.trunk(level)
            positions = features.shape[-2] * features.shape[-1]
            yield normalized(gram(features), positions, self.metric.gram_normalization)

    def usable(self, images: Tensor) -> Tensor:
        """Which of the N images are in range and large enough: a graph cannot raise errors."""
        values = images.flatten(1)
        side = torch.scalar_tensor(torch.sym_min(*images.shape[-2:]))  # type: ignore[no-untyped-call]
        large_enough = side >= self.metric.minimum_side
        return (values.amin(1) >= 0) & (values.amax(1) <= 1) & large_enough


class _PairScore(_Encode):
    """Two batches of images to their scores."""

    kind = "score"
    inputs = ("reference", "distorted")

    def __init__(self, metric: MSDS) -> None:
        super().__init__(metric)
        self.outputs = ("score",)

    def forward(self, reference: Tensor, distorted: Tensor) -> Tensor:  # type: ignore[override]
        # In double: runtimes add the C x C entries one by one, which costs float32 its sixth digit.
        a, b = (torch.stack(list(self.grams(x)), 1).double() for x in (reference, distorted))
        score = self.metric.fuse(self.metric.compare_grams(a, b).float())
        return torch.where(self.usable(reference) & self.usable(distorted), score, torch.nan)


def _converted(graph: _Encode) -> Any:
    """The onnx.ModelProto of a graph."""
    side = graph.metric.minimum_side
    count = torch.export.Dim("N")
    images, shapes = [], []
    for i, name in enumerate(graph.inputs):
        # Sizes that differ from each other and from 1, of the features on the last level too, so
        # that no dimension is taken as fixed.
        height, width = (2 * i + 2) * side + 3, (2 * i + 3) * side + 7
        images.append(torch.rand(2, 3, height, width))
        size = {2: torch.export.Dim(f"{name}_height"), 3: torch.export.Dim(f"{name}_width")}
        shapes.append({0: count, **size})
    try:
        with _quiet_exporter():
            program = torch.onnx.export(
                graph,
                tuple(images),
                dynamo=True,
                dynamic_shapes=tuple(shapes),
                input_names=graph.inputs,
                output_names=graph.outputs,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        reason = str(error).strip().splitlines()[0]
        raise MSDSError(
            f"Trunk {graph.metric.trunk.name!r} cannot be exported to ONNX: {reason}"
        ) from error
    if program is None:  # only where the exporter itself writes the file
        raise MSDSError("torch.onnx.export returned no program.")
    return program.model_proto


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Without the exporter's remarks about itself: none of them is about the model."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _described(model: Any, graph: _Encode) -> bytes:
    """The file's bytes, with the metric's metadata in place of the exporter's."""
    metric = graph.metric
    for part in (model.graph, *model.functions):
        # The exporter's notes hold stack traces with the paths of this machine.
        things = [part, *part.node, *getattr(part, "value_info", ())]
        if part is model.graph:
            things += [*part.input, *part.output, *part.initializer]
        for thing in things:
            del thing.metadata_props[:]
            thing.doc_string = ""
    metadata = {
        "model_id": metric.model_id,
        "fingerprint": metric.fingerprint,
        "settings": json.dumps(metric.settings, sort_keys=True),
        "graph": graph.kind,
        "minimum_side": str(metric.minimum_side),
        "msds_version": __version__,
    }
    del model.metadata_props[:]
    for key, value in metadata.items():
        model.metadata_props.add(key=key, value=value)
    model.producer_name, model.producer_version = "msds", __version__
    model.doc_string = "Float32 (N, 3, H, W) RGB images in [0, 1]; NaN for images it cannot take."
    require("onnx", "onnx").checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString()
    return content


def _compare_with_torch(
    content: bytes, graph: _Encode
) -> tuple[tuple[tuple[int, int, int], ...], float]:
    """Sizes on which the file was run, and its greatest difference from torch."""
    runtime = library("onnxruntime", "onnx")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    checked, worst = [], 0.0
    for batches in _trial_images(graph):
        expected = _torch_says(graph.metric, batches)
        names = (i.name for i in session.get_inputs())
        found = session.run(None, {n: x.numpy() for n, x in zip(names, batches, strict=True)})
        for want, got in zip(expected, found, strict=True):
            scale = max(1.0, float(want.abs().max()))
            difference = float(np.abs(want.numpy() - got).max()) / scale
            if not difference <= TOLERANCE:
                raise MSDSError(
                    f"The ONNX file of {graph.metric.model_id} differs from torch by "
                    f"{difference:.2g} on images of {tuple(batches[0].shape)}; expected at most "
                    f"{TOLERANCE:g}."
                )
            worst = max(worst, difference)
        checked.append((batches[0].shape[0], *batches[0].shape[-2:]))
    return tuple(checked), worst


def _trial_images(graph: _Encode) -> Iterator[tuple[Tensor, ...]]:
    """Noise, pairs that are nearly the same, smooth and flat images, of even and odd sizes."""
    side = graph.metric.minimum_side
    generator = torch.Generator().manual_seed(0)
    two = len(graph.inputs) == 2
    for count, height, width in (
        (1, side, side),
        (2, side + 1, side + 13),
        (3, side + 27, side + 6),
        (1, 2 * side + 5, side + 32),
    ):
        noise = torch.rand(count, 3, height, width, generator=generator)
        smooth = nn.functional.interpolate(noise[..., :5, :6], (height, width), mode="bilinear")
        nearly = (smooth + 0.02 * (noise - 0.5)).clamp(0, 1)
        larger = torch.rand(count, 3, height + 9, width + 2, generator=generator)
        for pair in ((smooth, nearly), (smooth, larger), (noise, torch.full_like(noise, 0.5))):
            yield pair if two else pair[:1]


@torch.inference_mode()
def _torch_says(metric: MSDS, batches: tuple[Tensor, ...]) -> list[Tensor]:
    """The same from the metric itself, by the way every other user takes."""
    if len(batches) == 2:
        return [metric(*batches)]
    encoding = metric.encode(batches[0])
    return [
        normalized(matrix, positions, metric.gram_normalization)
        for matrix, positions in zip(encoding.grams, encoding.positions, strict=True)
    ]
