"""What a driver writes down of a run is what its workers find when they begin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from helpers.small_trunk import small_trunk
from msds.cluster import Workers
from msds.cluster.child import setup_of
from msds.engines import Engine, Precision, installed
from msds.engines.openvino import multiplies_bfloat16
from msds.metric import MSDS
from msds.scoring import Job


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("engine", "precision", "suffix"),
    [
        ("winograd", "float32", ""),
        ("torch", "bfloat16", "+bfloat16"),
        ("auto", "bfloat16", "+bfloat16"),
        ("openvino", "bfloat16", "+bfloat16-openvino"),
    ],
)
def test_workers_find_the_model_that_the_driver_named(
    engine: Engine, precision: Precision, suffix: str
) -> None:
    if engine == "openvino" and not ("openvino" in installed() and multiplies_bfloat16()):
        pytest.skip("no OpenVINO that computes in bfloat16")
    metric = MSDS(small_trunk(), levels=2)
    name = metric.model_id
    setup = setup_of(metric, Workers(1, 1, engine=engine, precision=precision), Job())
    assert setup.metric.model_id == name
    assert setup.settled().model_id == name + suffix
