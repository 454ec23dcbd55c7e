"""Engines in a process that was forked after they were used."""

from __future__ import annotations

import os

import pytest
import torch

from helpers.small_trunk import small_trunk
from msds.engines import open_engine
from msds.errors import InputError


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_an_engine_whose_threads_are_gone_is_refused_and_does_not_hang(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(engine)
    trunk, image = open_engine(small_trunk(), engine), torch.rand(1, 3, 16, 16)
    trunk(image)
    here = os.getpid()
    monkeypatch.setattr("msds.engines.base.os.getpid", lambda: here + 1)
    with pytest.raises(InputError, match="forked after its first use: start workers by 'spawn'"):
        trunk(image)


def test_one_without_a_library_is_prepared_again(monkeypatch: pytest.MonkeyPatch) -> None:
    trunk, image = open_engine(small_trunk(), "winograd"), torch.rand(1, 3, 16, 16)
    expected = trunk(image)
    here = os.getpid()
    monkeypatch.setattr("msds.engines.base.os.getpid", lambda: here + 1)
    torch.testing.assert_close(trunk(image), expected)
