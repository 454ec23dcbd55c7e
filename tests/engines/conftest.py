"""Chains that engines stand in for, and a cache of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.engine_chains import MIXED
from msds.trunks import ChainTrunk, load_trunk
from msds.trunks.layers import random_weights


@pytest.fixture(scope="module")
def mixed() -> ChainTrunk:
    return ChainTrunk("mixed", MIXED, random_weights(MIXED, 1))


@pytest.fixture(scope="module")
def vgg16() -> ChainTrunk:
    return load_trunk("vgg16", "random")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSDS_CACHE", str(tmp_path))
