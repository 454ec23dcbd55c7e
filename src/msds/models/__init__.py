"""Models by id or file, and their export.

`catalogue` lists them, `file` reads and writes model files, `load` builds their metrics, and `onnx`
exports these.
"""

from msds.models.catalogue import DEFAULT_MODEL, MODELS, Model
from msds.models.file import read_model, write_model
from msds.models.load import find_model, learned_on, load_model

__all__ = [
    "DEFAULT_MODEL",
    "MODELS",
    "Model",
    "find_model",
    "learned_on",
    "load_model",
    "read_model",
    "write_model",
]
