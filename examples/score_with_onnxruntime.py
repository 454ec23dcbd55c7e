"""Score two images with onnxruntime, NumPy and Pillow alone: no torch, no msds.

msds export --onnx msds-compact.onnx
python examples/score_with_onnxruntime.py msds-compact.onnx reference.png distorted.png
"""

import sys

import numpy as np
import onnxruntime
from PIL import Image

model, *files = sys.argv[1:]
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
images = [np.asarray(Image.open(file).convert("RGB"), np.float32) / 255 for file in files]
reference, distorted = (image.transpose(2, 0, 1)[None] for image in images)
(score,) = session.run(None, {"reference": reference, "distorted": distorted})
print(f"{score[0]:.6f}  {session.get_modelmeta().custom_metadata_map['model_id']}")
