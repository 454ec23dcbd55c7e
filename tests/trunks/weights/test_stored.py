"""Published weights: where they are looked for, and that nothing but the published is loaded."""

from __future__ import annotations

import io
import json
import os
import pickle
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from helpers.weights_fixtures import *  # noqa: F403
from helpers.weights_fixtures import Publish
from helpers.weights_server import KEPT, VGG16, WeightsServer, checkpoint, saved
from msds.errors import InputError, WeightsError
from msds.places import hub_folder, weights_folder
from msds.trunks import load_trunk
from msds.trunks.weights.published import PUBLISHED
from msds.trunks.weights.stored import (
    import_file,
    load_published,
    resolve,
    tensors_digest,
    verify_file,
)

VGG16_FILE = "vgg16-397923af.pth"


def _edit(path: Path, change: Callable[[dict[str, torch.Tensor], dict[str, str]], None]) -> Path:
    """Rewrite a converted file with other contents and a digest that fits them."""
    data = path.read_bytes()
    tensors = safetensors.torch.load(data)
    length = int.from_bytes(data[:8], "little")
    metadata = json.loads(data[8 : 8 + length])["__metadata__"]
    change(tensors, metadata)
    if "tensors_sha256" in metadata:
        metadata["tensors_sha256"] = tensors_digest(tensors)
    path.write_bytes(safetensors.torch.save(tensors, metadata))
    return path


def test_the_kept_layers_of_vgg16_have_9995072_parameters(converted: Path) -> None:
    tensors = load_published("vgg16", converted)
    # Simonyan and Zisserman, configuration D: sum of 3 * 3 * in * out + out up to conv5_1.
    assert sum(tensor.numel() for tensor in tensors.values()) == 9_995_072


@pytest.mark.parametrize("legacy", [True, False])
def test_each_layer_gets_the_values_of_its_place_in_the_published_file(
    machine: Path, publish: Publish, legacy: bool
) -> None:
    data = saved(checkpoint(), legacy=legacy)
    publish(data)
    (machine / VGG16_FILE).write_bytes(data)
    tensors = load_published("vgg16", machine / VGG16_FILE)
    assert sorted(tensors) == sorted(f"{n}.{kind}" for n in KEPT for kind in ("weight", "bias"))
    for index, (name, inputs, outputs) in VGG16.items():
        if name in KEPT:
            weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
            assert weight.dtype == bias.dtype == torch.float32
            assert weight.shape == (outputs, inputs, 3, 3)
            assert bias.shape == (outputs,)
            assert (weight == index).all()
            assert (bias == -index).all()


def test_parameters_are_accepted_where_the_published_file_holds_them(
    machine: Path, publish: Publish
) -> None:
    state = OrderedDict(
        (key, torch.nn.Parameter(value) if "conv" not in key else value)
        for key, value in checkpoint().items()
    )
    publish(data := saved(state))
    (machine / VGG16_FILE).write_bytes(data)
    assert not any(t.requires_grad for t in load_published("vgg16", machine / VGG16_FILE).values())


def test_the_converted_file_says_where_it_comes_from(
    converted: Path, published_bytes: bytes
) -> None:
    with safetensors.safe_open(converted, framework="pt") as file:
        metadata = file.metadata()
    assert metadata["source_file"] == VGG16_FILE
    assert metadata["source_sha256"] == PUBLISHED["vgg16"].sha256
    assert metadata["layers"].split() == KEPT
    assert metadata["converted_by"].startswith("msds ")
    assert metadata["licence"]


def test_the_digest_changes_with_any_value_name_shape_or_type() -> None:
    tensors = {"a": torch.zeros(2, 3), "b": torch.ones(2)}
    digests = {
        tensors_digest(variant)
        for variant in (
            tensors,
            tensors | {"b": torch.tensor([1.0, np.nextafter(np.float32(1), np.float32(2))])},
            tensors | {"a": torch.zeros(3, 2)},
            tensors | {"b": torch.ones(2, dtype=torch.float64)},
            {"a": tensors["a"], "c": tensors["b"]},
        )
    }
    assert len(digests) == 5
    assert tensors_digest(dict(reversed(tensors.items()))) == tensors_digest(tensors)


# Where weights are looked for.


def test_the_cache_is_used_without_the_network(
    converted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MSDS_OFFLINE", "1")
    assert resolve("vgg16") == converted == weights_folder() / "vgg16-397923af.safetensors"


def test_a_published_file_in_torch_hub_is_converted_and_left_in_place(
    server: WeightsServer, published_bytes: bytes
) -> None:
    hub_folder().mkdir(parents=True)
    (hub_folder() / VGG16_FILE).write_bytes(published_bytes)
    assert resolve("vgg16").parent == weights_folder()
    assert (hub_folder() / VGG16_FILE).read_bytes() == published_bytes
    assert server.requests == []


def test_a_damaged_file_in_torch_hub_is_named_and_passed_over(
    server: WeightsServer, published_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    hub_folder().mkdir(parents=True)
    (hub_folder() / VGG16_FILE).write_bytes(published_bytes[:-1])
    verify_file(resolve("vgg16"), "vgg16")
    assert len(server.requests) == 1
    assert f"Passed over in torch hub: {hub_folder() / VGG16_FILE}" in caplog.text


def test_a_cache_that_cannot_be_written_is_an_error_that_names_the_setting(
    machine: Path, published_bytes: bytes, publish: Publish
) -> None:
    publish(published_bytes)
    (machine / VGG16_FILE).write_bytes(published_bytes)
    (machine / "cache").write_text("a file where the folder should be")
    with pytest.raises(WeightsError, match=r"cannot be written .* set MSDS_CACHE"):
        resolve("vgg16", machine / VGG16_FILE)


# What is refused.


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    with pytest.raises(WeightsError, match="'vgg11': expected vgg16 or vgg19"):
        resolve("vgg11")


def test_files_named_by_the_user_must_exist(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WeightsError, match=r"absent\.pth are not a file"):
        resolve("vgg16", machine / "absent.pth")
    with pytest.raises(WeightsError, match=r"absent\.pth is not a file"):
        import_file(machine / "absent.pth")
    monkeypatch.setenv("MSDS_WEIGHTS", str(machine / "absent"))
    with pytest.raises(WeightsError, match=r"MSDS_WEIGHTS names .*absent, which is neither"):
        resolve("vgg16")


def test_a_pipe_or_an_unknown_home_folder_is_refused_and_never_waited_for(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(machine / VGG16_FILE)
    os.mkfifo(machine / "pipe.safetensors")
    for pipe in (machine / VGG16_FILE, machine / "pipe.safetensors"):
        with pytest.raises(WeightsError, match="not a file"):
            resolve("vgg16", pipe)
        with pytest.raises(WeightsError, match="is not a file"):
            import_file(pipe)
        with pytest.raises(WeightsError, match="is not a regular file"):
            verify_file(pipe, "vgg16")
        with pytest.raises(WeightsError, match="is not a regular file"):
            load_trunk("compact", pipe)
        monkeypatch.setenv("MSDS_WEIGHTS", str(pipe))
        with pytest.raises(WeightsError, match="neither a file nor a folder"):
            resolve("vgg16")
    monkeypatch.setenv("MSDS_WEIGHTS", "~nosuchuser/x")
    with pytest.raises(InputError, match="~nosuchuser/x: the home folder .* is not known"):
        resolve("vgg16")
    monkeypatch.delenv("MSDS_WEIGHTS")
    monkeypatch.setenv("MSDS_CACHE", "~nosuchuser/x")
    with pytest.raises(InputError, match="~nosuchuser/x: the home folder .* is not known"):
        resolve("vgg16")


def test_a_file_named_by_the_user_with_another_hash_is_an_error_and_not_passed_over(
    converted: Path, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (machine / "other.pth").write_bytes(b"something else")
    monkeypatch.setenv("MSDS_WEIGHTS", str(machine / "other.pth"))
    with pytest.raises(WeightsError, match=r"other\.pth is not vgg16-397923af\.pth") as caught:
        resolve("vgg16")
    assert PUBLISHED["vgg16"].sha256 in str(caught.value)


def test_the_file_of_another_trunk_is_called_by_its_name(
    converted: Path, machine: Path, published_bytes: bytes
) -> None:
    (machine / "fetched.pth").write_bytes(published_bytes)
    with pytest.raises(WeightsError, match=r"fetched\.pth is vgg16-397923af\.pth: .*dcbb"):
        resolve("vgg19", machine / "fetched.pth")
    with pytest.raises(WeightsError, match=r"does not hold the vgg19 weights: .* vgg16-397923af"):
        resolve("vgg19", converted)


def test_an_unpublished_file_cannot_be_imported(machine: Path) -> None:
    (machine / "other.pth").write_bytes(b"something else")
    with pytest.raises(WeightsError, match=r"none of vgg16-397923af\.pth, .* vgg19-"):
        import_file(machine / "other.pth")


def test_a_safetensors_file_of_unknown_origin_is_refused(machine: Path) -> None:
    file = machine / "other.safetensors"
    safetensors.torch.save_file({"conv1_1.weight": torch.zeros(1)}, file)
    with pytest.raises(WeightsError, match="was not made by this package"):
        import_file(file)
    with pytest.raises(WeightsError, match="made from an unnamed file"):
        resolve("vgg16", file)
    file.write_bytes(b"not a header")
    for use in (import_file, lambda path: resolve("vgg16", path)):
        with pytest.raises(WeightsError, match="is not a readable safetensors file"):
            use(file)


def test_a_file_is_not_opened_before_its_hash_is_checked(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "load", lambda *_args, **_options: pytest.fail("was opened"))
    (machine / VGG16_FILE).write_bytes(saved(checkpoint()))
    with pytest.raises(WeightsError, match="expected 397923af"):
        resolve("vgg16", machine / VGG16_FILE)


class _Attack:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.trace),)


@pytest.mark.parametrize("form", ["pickle", "legacy", "zip"])
def test_a_file_that_would_run_code_is_refused_and_runs_nothing(
    machine: Path, publish: Publish, form: str
) -> None:
    attack = checkpoint() | {"features.0.weight": _Attack(machine / "trace")}
    if form == "pickle":
        data = pickle.dumps(attack, protocol=2)
    else:
        data = saved(attack, legacy=form == "legacy")
    publish(data)  # even if its hash were the published one
    (machine / VGG16_FILE).write_bytes(data)
    with pytest.raises(WeightsError, match="was refused: it is not a file of tensors alone"):
        resolve("vgg16", machine / VGG16_FILE)
    assert not (machine / "trace").exists()
    torch.load(io.BytesIO(data), weights_only=False) if form != "pickle" else pickle.loads(data)
    assert (machine / "trace").exists(), "the attack is a real one"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("features.10.bias"), r"missing \['conv3_1\.bias'\]"),
        (lambda s: s.pop("features.28.weight"), r"missing \['conv5_3\.weight'\]"),
        (lambda s: s.update({"features.31.weight": torch.zeros(1)}), r"\['features\.31\.weight'\]"),
        (lambda s: s.update({"epoch": 3}), "epoch is int"),
        (lambda s: s.update({"features.0.bias": torch.zeros(65)}), r"is \(65,\), expected \(64,\)"),
        (lambda s: s.update({"features.0.bias": torch.zeros(64).half()}), "torch.float16"),
        (lambda s: s.update({"features.0.bias": torch.full((64,), torch.nan)}), "not finite"),
    ],
)
def test_a_published_file_with_another_layout_is_refused(
    machine: Path,
    publish: Publish,
    change: Callable[[OrderedDict[str, object]], object],
    message: str,
) -> None:
    change(state := OrderedDict(checkpoint()))
    publish(data := saved(state))
    (machine / VGG16_FILE).write_bytes(data)
    with pytest.raises(WeightsError, match=message):
        resolve("vgg16", machine / VGG16_FILE)


def test_a_published_file_that_is_no_mapping_is_refused(machine: Path, publish: Publish) -> None:
    publish(data := saved([torch.zeros(1)]))
    (machine / VGG16_FILE).write_bytes(data)
    with pytest.raises(WeightsError, match="holds a list, expected a mapping"):
        resolve("vgg16", machine / VGG16_FILE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t, m: t.pop("conv5_1.bias"), r"missing \['conv5_1\.bias'\]"),
        (lambda t, m: t.update({"conv6_1.bias": torch.zeros(1)}), r"\['conv6_1\.bias'\]"),
        (lambda t, m: t.update({"conv1_1.bias": torch.zeros(63)}), r"\(63,\), expected \(64,\)"),
        (lambda t, m: t.update({"conv1_1.bias": torch.zeros(64).double()}), "torch.float64"),
        (lambda t, m: t.update({"more": torch.zeros(300_000)}), "expected at most"),
        (lambda t, m: m.pop("tensors_sha256"), "recorded None"),
        (lambda t, m: m.update(source_sha256="0" * 64), "does not hold the vgg16 weights"),
    ],
)
def test_a_converted_file_with_other_contents_is_refused(
    converted: Path,
    change: Callable[[dict[str, torch.Tensor], dict[str, str]], None],
    message: str,
) -> None:
    file = _edit(converted, change)
    with pytest.raises(WeightsError, match=message):
        resolve("vgg16", file)


def test_one_changed_bit_in_a_converted_file_is_noticed(converted: Path) -> None:
    data = bytearray(converted.read_bytes())
    data[-1000] ^= 1
    converted.write_bytes(data)
    with pytest.raises(WeightsError, match="is damaged: the SHA-256 of its tensors"):
        verify_file(converted, "vgg16")


def test_a_damaged_cache_is_named_and_made_again(
    server: WeightsServer, caplog: pytest.LogCaptureFixture
) -> None:
    cached = resolve("vgg16")
    cached.write_bytes(cached.read_bytes()[:-100])
    assert resolve("vgg16") == cached
    verify_file(cached, "vgg16")
    assert len(server.requests) == 2
    assert f"Passed over in cache: {cached}" in caplog.text


def test_a_whole_published_file_repairs_a_damaged_cache(
    converted: Path, machine: Path, published_bytes: bytes
) -> None:
    (machine / "fetched.pth").write_bytes(published_bytes)
    converted.write_bytes(b"")
    verify_file(resolve("vgg16", machine / "fetched.pth"), "vgg16")


def test_a_converted_file_can_be_carried_to_another_machine(
    converted: Path, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MSDS_CACHE", str(machine / "another"))
    copy = import_file(converted)
    assert copy != converted
    verify_file(copy, "vgg16")
