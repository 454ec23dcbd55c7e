"""Features by ONNX Runtime."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor

from msds.engines.base import EngineTrunk
from msds.engines.libraries import library
from msds.errors import require
from msds.trunks import ChainTrunk, Conv

_OPSET = 17


class OnnxRuntimeTrunk(EngineTrunk):
    """Features by ONNX Runtime on the CPU."""

    engine = "onnxruntime"
    forks = False

    def __init__(self, chain: ChainTrunk, precision: str = "float32") -> None:
        super().__init__(chain, precision)
        library("onnxruntime", "onnxruntime")

    @property
    def version(self) -> str:
        return f"onnxruntime {version('onnxruntime')}"

    def _open(self, threads: int) -> Any:
        runtime: Any = library("onnxruntime", "onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        return runtime.InferenceSession(self._model(), options, providers=["CPUExecutionProvider"])

    def _model(self) -> bytes:
        """The chain as an ONNX file."""
        onnx: Any = require("onnx", "onnxruntime")
        helper, numpy_helper = onnx.helper, onnx.numpy_helper
        nodes, tensors = [], []
        for i, layer in enumerate(self.chain.layers):
            places: dict[str, Any] = {
                "kernel_shape": [layer.kernel] * 2,
                "strides": [layer.stride] * 2,
                "pads": [layer.padding] * 4,
            }
            if not isinstance(layer, Conv):
                nodes.append(helper.make_node("MaxPool", [f"x{i}"], [f"x{i + 1}"], **places))
                continue
            names = [f"{layer.name}.weight", f"{layer.name}.bias"]
            for name, tensor in zip(names, self.chain.weights_of(layer), strict=True):
                tensors.append(numpy_helper.from_array(tensor.contiguous().numpy(), name))
            places["group"] = layer.groups
            nodes.append(helper.make_node("Conv", [f"x{i}", *names], [f"c{i}"], **places))
            nodes.append(helper.make_node("Relu", [f"c{i}"], [f"x{i + 1}"]))
        float32 = onnx.TensorProto.FLOAT
        graph = helper.make_graph(
            nodes,
            "trunk",
            [helper.make_tensor_value_info("x0", float32, ["n", 3, "height", "width"])],
            [
                helper.make_tensor_value_info(
                    f"x{len(self.chain.layers)}", float32, ["n", self.channels, "rows", "columns"]
                )
            ],
            tensors,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
        model.ir_version = 9  # the least one that all supported versions of the runtime read
        return bytes(model.SerializeToString())

    def _features(self, session: Any, normalised: Tensor) -> Tensor:
        (output,) = session.run(None, {"x0": normalised.numpy()})
        return torch.from_numpy(output)
