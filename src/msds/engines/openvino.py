"""Features by OpenVINO, told in which precision to compute."""

from __future__ import annotations

import threading
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from torch import Tensor

from msds.engines.base import EngineTrunk
from msds.engines.libraries import library
from msds.errors import InputError
from msds.trunks import ChainTrunk, Conv


def multiplies_bfloat16() -> bool:
    """Whether OpenVINO computes in bfloat16 on this processor when told to."""
    core: Any = library("openvino", "openvino").Core()
    return "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class _Requests(threading.local):
    """A compiled model, and a request of its own for each thread: they write into their memory."""

    def __init__(self, compiled: Any) -> None:
        self.request = compiled.create_infer_request()


class OpenVinoTrunk(EngineTrunk):
    """Features by OpenVINO on the CPU; images of a new size cost some time to prepare."""

    engine = "openvino"
    precisions: tuple[str, ...] = ("float32", "bfloat16")
    forks = False

    def __init__(self, chain: ChainTrunk, precision: str = "float32") -> None:
        super().__init__(chain, precision)
        library("openvino", "openvino")
        # It would compute in float32 and say nothing.
        if precision == "bfloat16" and not multiplies_bfloat16():
            raise InputError(
                "This processor does not multiply bfloat16, and OpenVINO computes in float32 "
                "there: use the engine 'torch' for bfloat16."
            )

    @property
    def version(self) -> str:
        return f"openvino {version('openvino')}"

    def _open(self, threads: int) -> Any:
        core: Any = library("openvino", "openvino").Core()
        settings = {
            "INFERENCE_PRECISION_HINT": "bf16" if self.precision == "bfloat16" else "f32",
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
        }
        return _Requests(core.compile_model(self._model(), "CPU", settings))

    def _model(self) -> Any:
        """The chain as a graph of OpenVINO's own operations."""
        ops: Any = library("openvino.opset13", "openvino")
        x = image = ops.parameter([-1, 3, -1, -1], np.float32, name="image")
        for layer in self.chain.layers:
            if not isinstance(layer, Conv):
                window, none = [layer.kernel] * 2, [layer.padding] * 2
                x = ops.max_pool(x, [layer.stride] * 2, [1, 1], none, none, window).output(0)
                continue
            weight, bias = (v.contiguous().numpy() for v in self.chain.weights_of(layer))
            places = ([layer.stride] * 2, [layer.padding] * 2, [layer.padding] * 2, [1, 1])
            if layer.groups == 1:
                x = ops.convolution(x, weight, *places)
            else:
                shape = (layer.groups, layer.channels // layer.groups, *weight.shape[1:])
                x = ops.group_convolution(x, weight.reshape(shape), *places)
            x = ops.relu(ops.add(x, bias.reshape(1, -1, 1, 1)))
        model: Any = library("openvino", "openvino").Model
        return model([x], [image], self.chain.name)

    def _features(self, session: Any, normalised: Tensor) -> Tensor:
        output = session.request.infer([normalised.numpy()])[0]
        return torch.from_numpy(output.copy())  # the library uses its own memory again
