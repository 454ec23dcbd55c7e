"""What `msds models` says: against the networks themselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from helpers.weights_fixtures import *  # noqa: F403
from msds.models import DEFAULT_MODEL, MODELS, load_model
from msds.models.listing import list_models
from msds.trunks import load_trunk
from msds.trunks.compact import COMPACT_LAYERS, COMPACT_WEIGHTS
from msds.trunks.layers import multiply_accumulates


def test_every_model_is_listed_and_says_what_it_is_for(machine: Path) -> None:
    listed = list_models()
    assert len(listed) == len(MODELS)
    assert all(model.good_for for model in listed)
    assert [model.id for model in listed if model.default] == [load_model(DEFAULT_MODEL).model_id]


def test_costs_are_those_of_the_network() -> None:
    (compact,) = (model for model in list_models() if model.default)
    trunk = load_trunk("compact")
    assert compact.parameters == sum(p.numel() for p in trunk.parameters())
    assert compact.megabytes == pytest.approx(COMPACT_WEIGHTS.stat().st_size / 1e6, abs=0.06)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        trunk(torch.zeros(1, 3, 96, 128))
    expected = counter.get_total_flops() / 2e9
    found = multiply_accumulates(COMPACT_LAYERS, 96, 128) / 1e9
    assert found == pytest.approx(expected, rel=1e-6)
    assert compact.speed == "fast"


def test_published_weights_are_found_or_said_how_to_get(machine: Path, converted: Path) -> None:
    places = {model.id: (model.weights, model.how) for model in list_models()}
    assert places["msds-vgg16"][0] == str(converted)
    assert places["msds-vgg19"] == (None, "not here: run `msds weights fetch vgg19`")
    assert places["msds-vgg16"] == places["deepssim-vgg16"]


def test_the_list_is_read_by_people_and_by_programs(
    machine: Path, msds: Callable[..., object]
) -> None:
    shown = msds("models").out
    for part in ("msds-compact-v3", "(default)", "higher is better", "msds weights fetch vgg16"):
        assert part in shown
    records = json.loads(msds("models", "--json").out)
    assert records[0]["direction"] == "higher is better"
    assert {record["id"] for record in records} >= {"msds-vgg16", "deepssim-vgg16"}
