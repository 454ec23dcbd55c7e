"""Score two images with onnxruntime, NumPy and Pillow alone: no torch, no msds.

msds export --onnx msds-compact.onnx
python examples/score_with_onnxruntime.py msds-compact.onnx reference.png distorted.png

Files of 8 bits a sample are shown as `msds score` shows them: turned as their EXIF data say,
through their colour profile, and on white where they are transparent.
"""

import io
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageCms, ImageOps


def pixels(file: str) -> np.ndarray:
    """(1, 3, H, W) sRGB values in [0, 1]."""
    picture = ImageOps.exif_transpose(Image.open(file))
    if picture.mode.startswith(("I", "F")):
        sys.exit(f"{file}: more than 8 bits a sample are not read here.")
    profile = picture.info.get("icc_profile")
    opacity = np.float32(1)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        opacity = np.asarray(picture.getchannel("A"), np.float32)[..., None] / 255
        picture = picture.convert("RGB")
    if profile and picture.mode in ("RGB", "CMYK"):
        picture = ImageCms.profileToProfile(
            picture,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            "RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.HIGHRESPRECALC,
        )
    values = np.asarray(picture.convert("RGB"), np.float32) / 255
    return (values * opacity + (1 - opacity)).transpose(2, 0, 1)[None]


model, *files = sys.argv[1:]
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
reference, distorted = (pixels(file) for file in files)
(score,) = session.run(None, {"reference": reference, "distorted": distorted})
print(f"{score[0]:.6f}  {session.get_modelmeta().custom_metadata_map['model_id']}")
