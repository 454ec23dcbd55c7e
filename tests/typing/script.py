"""A user's script, which is read by type checkers and never run.

Every line that ends in "# wrong" must be refused, and no other.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import torch
from typing_extensions import assert_type

import msds
from msds.torchmetrics import DeepStructuralSimilarity

images = torch.rand(2, 3, 256, 256)

metric = msds.MSDS("vgg16", levels=3, fusion="geometric", filter="gaussian", normalize="positions")
assert_type(metric(images, images), torch.Tensor)
assert_type(metric.set_engine("ncnn").set_engine("torch", "bfloat16"), msds.MSDS)
assert_type(metric.model_id, str)
assert_type(metric.encode(images), msds.Encoding)
msds.MSDS(fusion="sum")  # wrong
msds.MSDS(filter="box")  # wrong
msds.MSDS(normalize="pixels")  # wrong
msds.MSDS(levels="3")  # wrong
msds.MSDS(level=3)  # wrong
msds.DeepSSIM(levels=2)  # wrong
metric.set_engine("onnx")  # wrong
metric.set_engine("torch", "float16")  # wrong
metric(images)  # wrong
metric("a.png", "b.png")  # wrong

loss = msds.MSDSLoss("compact", fusion="geometric", reduction="none", out_of_range="error")
assert_type(loss(images, loss.encode(images)), torch.Tensor)
assert_type(loss(images, images[:1]).mean(), torch.Tensor)
msds.MSDSLoss(reduction="max")  # wrong
msds.MSDSLoss(fusion="sum")  # wrong
loss(images)  # wrong

assert_type(msds.score("a.png", Path("b.png")), msds.Score)
assert_type(msds.score(images[0], np.zeros((8, 8, 3), np.uint8), device="cuda:1"), msds.Score)
assert_type(msds.score("a.png", ["b.png", "c.png"]), list[msds.Score])
assert_type(msds.score(["a.png"], ["b.png"], model=metric, frame=0), list[msds.Score])
assert_type(msds.score([b"..."], PIL.Image.new("RGB", (8, 8))), list[msds.Score])
assert_type(msds.score("a.png", "b.png").score, float | None)
msds.score("a.png", 3)  # wrong
msds.score("a.png")  # wrong
msds.score("a.png", "b.png", modle="msds-vgg16")  # wrong
msds.score("a.png", "b.png", device=1)  # wrong
msds.score("a.png", [1, 2])  # wrong

assert_type(msds.load_model("msds-vgg16", small="fewer-levels"), msds.MSDS)
assert_type(msds.load_image("a.png").pixels, torch.Tensor)
assert_type(msds.map_pair("a.png", "b.png", kind="attribution"), msds.QualityMap)
msds.load_model(small="fewer")  # wrong
msds.load_image(3)  # wrong
msds.map_pair("a.png", "b.png", kind="heat")  # wrong

gathered = DeepStructuralSimilarity(metric, reduction="sum")
gathered.update(images, images)
assert_type(gathered.compute(), torch.Tensor)
DeepStructuralSimilarity(reduction="max")  # wrong
