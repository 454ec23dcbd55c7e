"""Arrays are read out of pickles, and nothing else a pickle can ask for is done."""

from __future__ import annotations

import os
import pickle
import pickletools
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from msds.errors import WeightsError
from msds.trunks.weights.arrays import pickled_arrays, saved_arrays


def refused(data: bytes) -> str:
    """Read a pickle that must be refused; the reason."""
    with pytest.raises(WeightsError, match="was refused: it is not a pickle of NumPy") as caught:
        pickled_arrays(data, "a.ckpt")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("protocol", [3, 4])
def test_arrays_are_read_as_numpy_reads_them(protocol: int) -> None:
    random = np.random.default_rng(0)
    tree = {
        "net": {
            "conv": {"kernel": random.random((3, 2, 4), np.float32), "bias": np.zeros(0, "f4")},
            "wide": random.random(5),
        },
        "counts": np.arange(6).reshape(2, 3),
    }
    found = pickled_arrays(pickle.dumps(tree, protocol), "a.ckpt")
    assert list(found) == ["net/conv/kernel", "net/conv/bias", "net/wide", "counts"]
    expected = [*tree["net"]["conv"].values(), tree["net"]["wide"], tree["counts"]]
    for tensor, array in zip(found.values(), expected, strict=True):
        np.testing.assert_array_equal(tensor.numpy(), array)
        assert tensor.numpy().dtype == array.dtype
    found["counts"] += 1  # the memory is its own


class _Runs:
    """Makes a folder when it is unpickled, by one of the ways to call something."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.trace),)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_would_run_code_is_refused_and_runs_nothing(
    tmp_path: Path, protocol: int
) -> None:
    for tree in (_Runs(tmp_path / "t"), {"a": np.zeros(3), "b": _Runs(tmp_path / "t")}):
        data = pickle.dumps(tree, protocol)
        refused(data)
        assert not (tmp_path / "t").exists()
    pickle.loads(data)
    assert (tmp_path / "t").exists(), "the attack is a real one"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("builtins exec", "(Vx = 1\ntR."),
        ("builtins getattr", "(cnumpy\nndarray\nVtofile\ntR."),
        ("posix system", "(Vfalse\ntR."),
        ("numpy.core.multiarray scalar", "(tR."),
        ("numpy load", "(Vx.npy\ntR."),
        ("numpy.core.multiarray _reconstruct.__globals__", "."),
        ("_codecs encode", "(Vx\ntR."),
        ("torch._utils _rebuild_tensor_v2", "(tR."),
    ],
)
def test_only_the_three_names_of_an_array_are_known(name: str, arguments: str) -> None:
    module, function = name.split()
    refused(f"c{module}\n{function}\n{arguments}".encode())
    # The same with no other operation than those an array needs.
    by_name = b"\x80\x04" + b"".join(
        b"\x8c" + bytes([len(part)]) + part.encode() for part in (module, function)
    )
    assert f"it asks for {module}.{function}" in refused(by_name + b"\x93)R.")


@pytest.mark.parametrize(
    "tree",
    [
        [np.zeros(3)],
        {"a": [np.zeros(3)]},
        {"a": 3},
        {"a": None},
        {3: np.zeros(3)},
        {"a/b": np.zeros(3)},
        {"a": np.float32(3)},
        {"a": np.array(["text"])},
        {"a": np.array([{}], dtype=object)},
        {"a": np.zeros(3, dtype=[("x", "f4")])},
        {"a": np.zeros(3, "datetime64[s]")},
        {"a": np.zeros(3, ">f4")},
        {"a": np.zeros(3, np.complex64)},
        {"a": np.zeros((3, 4), order="F")},
        {"a": np.ma.masked_array([1.0])},
        {"a": set()},
        {"a": bytearray(3)},
        {"a": 2**80},
    ],
    ids=repr,
)
def test_whatever_is_no_mapping_of_text_to_plain_arrays_is_refused(tree: object) -> None:
    refused(pickle.dumps(tree, 4))


def _edited(old: bytes, new: bytes) -> bytes:
    """A pickle of one array with some of its bytes changed, still a pickle."""
    data = pickle.dumps({"a": np.zeros((2, 3), np.float32)}, 3)
    assert data.count(old) == 1
    data = data.replace(old, new)
    list(pickletools.genops(data))
    return data


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"K\x02K\x03", b"K\x02K\x04"),  # more than there is
        (b"K\x02K\x03", b"J\xff\xff\xff\xffK\x03"),  # -1
        (b"K\x02K\x03", b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f"),  # 2 ** 62 numbers
        (b"K\x02K\x03", b"\x88K\x03"),  # True
        (b"f4", b"O8"),
        (b"f4", b"V4"),
        (b"<", b">"),
    ],
)
def test_an_array_that_is_not_what_its_bytes_are_is_refused(old: bytes, new: bytes) -> None:
    refused(_edited(old, new))


def test_nothing_is_allocated_for_numbers_that_the_pickle_only_names() -> None:
    huge = struct.pack("<I", 2**32 - 1)
    for data in (
        b"\x80\x03}r" + huge + b".",  # a memo of 2 ** 32 places
        b"\x80\x03B" + huge + b"abc.",  # bytes that are not there
        b"\x80\x04\x8e" + b"\xff" * 8 + b"abc.",
        b"\x80\x04\x95" + b"\xff" * 7 + b"\x7f}.",  # a frame that is not there
        b"\x80\x03X" + huge + b"abc.",
        b"\x80\x05\x96" + b"\xff" * 7 + b"\x7f.",  # a bytearray
    ):
        refused(data)


def test_shared_branches_and_circles_do_not_grow_without_end() -> None:
    branch: dict[str, Any] = {}
    for _ in range(40):
        branch = {"a": branch, "b": branch}
    assert "deep" in refused(pickle.dumps(branch, 4))
    circle: dict[str, Any] = {}
    circle["a"] = circle
    assert "deep" in refused(pickle.dumps(circle, 4))
    many = {str(k): {} for k in range(100_000)}
    assert "more than 100,000 operations" in refused(pickle.dumps(many, 4))


def test_what_one_pickle_does_to_the_stand_ins_is_not_seen_by_the_next() -> None:
    whole = pickle.dumps({"a": np.ones(3)}, 4)
    # GLOBAL numpy.ndarray and .dtype, changed by BUILD.
    for name in (b"ndarray", b"dtype"):
        changed = b"\x80\x03cnumpy\n" + name + b"\n}X\x04\x00\x00\x00nameX\x01\x00\x00\x00xsb."
        refused(changed)
    assert torch.equal(pickled_arrays(whole, "a")["a"], torch.ones(3).double())


def test_every_cut_and_changed_byte_gives_arrays_or_a_refusal() -> None:
    data = pickle.dumps({"a": np.ones((2, 2), np.float32), "b": {"c": np.zeros(1)}}, 3)
    for place in range(len(data)):
        refused(data[:place])
        for change in (1, 0x20, 0x80, 0xFF):
            damaged = bytearray(data)
            damaged[place] ^= change
            try:
                found = pickled_arrays(bytes(damaged), "a")
            except WeightsError:
                continue
            assert all(isinstance(value, torch.Tensor) for value in found.values())


def test_a_file_of_torch_save_is_a_mapping_of_tensors(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save({"a": torch.ones(2)}, path)
    assert torch.equal(saved_arrays(path, "w")["a"], torch.ones(2))
    assert torch.equal(saved_arrays(path.read_bytes(), "w")["a"], torch.ones(2))
    torch.save({"a": _Runs(tmp_path / "t")}, path)
    with pytest.raises(WeightsError, match="not a file of tensors alone"):
        saved_arrays(path, "w")
    assert not (tmp_path / "t").exists()
