"""Features by ncnn: Winograd convolution with kernels written for many processors."""

from __future__ import annotations

import struct
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from msds.engines.base import EngineTrunk
from msds.errors import MSDSError, require
from msds.trunks import ChainTrunk, Conv

# Numbers of parameters in ncnn's text format: docs/developer-guide/operators.md of its repository.
_MAGIC = 7767517


def describe(chain: ChainTrunk) -> tuple[str, bytes]:
    """A chain in ncnn's own form: the text of its layers, and the weights in float32."""
    lines = ["Input image 0 1 b0"]
    weights = b""
    for i, layer in enumerate(chain.layers):
        if not isinstance(layer, Conv):
            # 0: maximum; 1, 2: kernel and stride; 5=1: an odd last row or column is dropped
            lines.append(
                f"Pooling pool{i} 1 1 b{i} b{i + 1} 0=0 1={layer.kernel} 2={layer.stride} 5=1"
            )
            continue
        weight, bias = (v.contiguous().numpy() for v in chain.weights_of(layer))
        kind = "Convolution" if layer.groups == 1 else "ConvolutionDepthWise"
        groups = "" if layer.groups == 1 else f" 7={layer.groups}"
        # 0: outputs; 1, 3, 4: kernel, stride, padding; 5: bias; 6: weights; 9=1: ReLU
        lines.append(
            f"{kind} {layer.name} 1 1 b{i} b{i + 1} 0={layer.channels} 1={layer.kernel} "
            f"3={layer.stride} 4={layer.padding} 5=1 6={weight.size}{groups} 9=1"
        )
        weights += struct.pack("<I", 0) + weight.astype("<f4").tobytes()  # 0: not compressed
        weights += bias.astype("<f4").tobytes()
    blobs = len(chain.layers) + 1
    return "\n".join([str(_MAGIC), f"{len(lines)} {blobs}", *lines, ""]), weights


class NcnnTrunk(EngineTrunk):
    """Features by ncnn on the CPU."""

    engine = "ncnn"

    def __init__(self, chain: ChainTrunk, precision: str = "float32") -> None:
        super().__init__(chain, precision)
        require("ncnn", "ncnn")

    @property
    def version(self) -> str:
        return f"ncnn {version('ncnn')}"

    def _open(self, threads: int) -> Any:
        net: Any = require("ncnn", "ncnn").Net()
        net.opt.num_threads = threads
        # Maps stored as bfloat16 rank a little otherwise (SRCC 0.9993): not offered.
        net.opt.use_bf16_storage = net.opt.use_fp16_packed = False
        net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
        text, weights = describe(self.chain)
        with tempfile.TemporaryDirectory() as folder:
            model = Path(folder) / "weights.bin"
            model.write_bytes(weights)
            if net.load_param_mem(text) or net.load_model(str(model)):
                raise MSDSError(f"{self.version} refused the layers of trunk {self.chain.name!r}.")
        return net

    def _features(self, session: Any, normalised: Tensor) -> Tensor:
        library: Any = require("ncnn", "ncnn")
        results = []
        for image in normalised.numpy():
            extractor = session.create_extractor()
            extractor.input("b0", library.Mat(image))
            status, output = extractor.extract(f"b{len(self.chain.layers)}")
            if status:
                raise MSDSError(f"{self.version} failed with status {status}.")
            results.append(torch.from_numpy(np.array(output)))
        return torch.stack(results)
