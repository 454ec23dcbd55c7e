"""ONNX files and saved folders."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from typer.testing import CliRunner

import msds
from helpers.small_trunk import small_trunk
from msds.cli.main import app
from msds.errors import InputError, MissingExtraError, MSDSError, WeightsError
from msds.models import onnx as export
from msds.trunks import ChainTrunk, Conv, ModuleTrunk, Pool
from msds.trunks.layers import random_weights

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def metric() -> msds.MSDS:
    return msds.MSDS(small_trunk(), levels=2, weights=(0.75, 0.25))


@pytest.fixture(scope="module")
def scorer(metric: msds.MSDS, tmp_path_factory: pytest.TempPathFactory) -> export.OnnxFile:
    pytest.importorskip("onnxruntime")
    return export.export_onnx(metric, tmp_path_factory.mktemp("onnx") / "score.onnx")


@pytest.fixture(scope="module")
def encoder(metric: msds.MSDS, tmp_path_factory: pytest.TempPathFactory) -> export.OnnxFile:
    pytest.importorskip("onnxruntime")
    path = tmp_path_factory.mktemp("onnx") / "encode.onnx"
    return export.export_onnx(metric, path, encode_only=True)


def session(file: export.OnnxFile) -> Any:
    import onnxruntime

    return onnxruntime.InferenceSession(file.path, providers=["CPUExecutionProvider"])


def images(seed: int, n: int, height: int, width: int) -> torch.Tensor:
    return torch.rand(n, 3, height, width, generator=torch.Generator().manual_seed(seed))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "size", "other"),
    [(1, (4, 4), (4, 4)), (1, (5, 7), (33, 18)), (3, (31, 64), (31, 64)), (2, (100, 47), (9, 101))],
)
def test_the_file_scores_as_torch_at_any_size_and_batch(
    metric: msds.MSDS,
    scorer: export.OnnxFile,
    count: int,
    size: tuple[int, int],
    other: tuple[int, int],
) -> None:
    a, b = images(1, count, *size), images(2, count, *other)
    (found,) = session(scorer).run(None, {"reference": a.numpy(), "distorted": b.numpy()})
    np.testing.assert_allclose(found, metric(a, b).numpy(), atol=1e-5)


@pytest.mark.slow
def test_a_trunk_of_one_position_on_its_smallest_images_is_exported_for_any_size(
    tmp_path: Path,
) -> None:
    pytest.importorskip("onnxruntime")
    layers = (Conv("a", 8), Pool(), Pool())
    metric = msds.MSDS(ChainTrunk("pools", layers, random_weights(layers)), levels=2)
    file = export.export_onnx(metric, tmp_path / "score.onnx")
    assert metric.minimum_side == 8
    for size in ((8, 8), (11, 15), (40, 23)):
        a, b = images(1, 2, *size), images(2, 2, *size)
        (found,) = session(file).run(None, {"reference": a.numpy(), "distorted": b.numpy()})
        np.testing.assert_allclose(found, metric(a, b).numpy(), atol=1e-5)


@pytest.mark.slow
def test_the_export_reports_its_own_check(metric: msds.MSDS, scorer: export.OnnxFile) -> None:
    assert scorer.difference <= export.TOLERANCE
    sides = {side for _, height, width in scorer.checked for side in (height, width)}
    assert {side % 2 for side in sides} == {0, 1}
    assert len({n for n, _, _ in scorer.checked}) > 1
    assert scorer.size == Path(scorer.path).stat().st_size


@pytest.mark.slow
def test_identical_images_score_exactly_one(scorer: export.OnnxFile) -> None:
    a = images(1, 2, 21, 30).numpy()
    (found,) = session(scorer).run(None, {"reference": a, "distorted": a})
    assert found.tolist() == [1.0, 1.0]


@pytest.mark.slow
def test_images_out_of_range_give_nan_and_spare_the_others(
    scorer: export.OnnxFile, encoder: export.OnnxFile
) -> None:
    good = images(1, 2, 8, 9).numpy()
    bad = good.copy()
    bad[1] *= 255
    run = session(scorer).run
    (found,) = run(None, {"reference": good, "distorted": bad})
    assert np.isnan(found).tolist() == [False, True]
    (found,) = run(None, {"reference": 2 * good - 1, "distorted": good})
    assert np.isnan(found).all()
    grams = session(encoder).run(None, {"images": bad})
    assert all(np.isnan(g[1]).all() and np.isfinite(g[0]).all() for g in grams)


@pytest.mark.slow
def test_metadata_say_which_model_made_the_file(
    metric: msds.MSDS, scorer: export.OnnxFile, encoder: export.OnnxFile
) -> None:
    for file, graph in ((scorer, "score"), (encoder, "encode")):
        found = session(file).get_modelmeta().custom_metadata_map
        assert found["model_id"] == metric.model_id
        assert found["fingerprint"] == metric.fingerprint
        assert json.loads(found["settings"]) == metric.settings
        assert found["minimum_side"] == "4"
        assert found["graph"] == graph


@pytest.mark.slow
def test_the_file_holds_no_paths_of_the_machine_that_made_it(scorer: export.OnnxFile) -> None:
    content = Path(scorer.path).read_bytes()
    assert b".py" not in content
    assert str(ROOT).encode() not in content


def similarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """DeepSSIM of Gram matrices in NumPy, as docs/onnx.md gives it."""
    n, c, _ = a.shape
    x, y = (g.astype(np.float64).reshape(n, c // 4, 4, c // 4, 4) for g in (a, b))
    x, y = (g - g.mean((2, 4), keepdims=True) for g in (x, y))
    top, bottom = 2 * (x * y).mean((2, 4)), (x * x + y * y).mean((2, 4))
    return np.asarray(((top + 1e-6) / (bottom + 1e-6)).mean((1, 2)))


@pytest.mark.slow
def test_encodings_compare_in_numpy_as_in_torch(
    metric: msds.MSDS, encoder: export.OnnxFile
) -> None:
    a, b = images(1, 2, 21, 30), images(2, 2, 25, 16)
    run = session(encoder).run
    levels = [
        similarity(x, y)
        for x, y in zip(
            run(None, {"images": a.numpy()}), run(None, {"images": b.numpy()}), strict=True
        )
    ]
    np.testing.assert_allclose(0.75 * levels[0] + 0.25 * levels[1], metric(a, b), atol=1e-5)


@pytest.mark.slow
def test_the_example_scores_with_onnxruntime_alone(
    metric: msds.MSDS, scorer: export.OnnxFile, tmp_path: Path
) -> None:
    turned, transparent = tmp_path / "turned.jpg", tmp_path / "transparent.png"
    pixels = (images(1, 1, 24, 31)[0] * 255).byte().permute(1, 2, 0).numpy()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(turned, exif=exif)
    Image.fromarray(np.dstack([pixels, pixels[..., 0]])).save(transparent)
    profiled = ROOT / "examples" / "photos" / "rocket.jpg"
    script = ROOT / "examples" / "score_with_onnxruntime.py"
    code = script.read_text()
    assert "import torch" not in code
    assert "import msds" not in code
    for pair in ((turned, transparent), (profiled, turned)):
        command = [sys.executable, str(script), scorer.path, *map(str, pair)]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        expected = msds.score(*pair, model=metric)
        assert float(shown[0]) == pytest.approx(expected.score, abs=1e-5)
        assert shown[1] == metric.model_id


def test_an_engine_is_left_out_of_the_graph_and_a_reduced_precision_refused(
    metric: msds.MSDS, tmp_path: Path
) -> None:
    pytest.importorskip("onnxruntime")
    other = copy.deepcopy(metric).set_engine("winograd")
    made = export.export_onnx(other, tmp_path / "score.onnx")
    assert made.fingerprint == metric.fingerprint
    assert other.engine.startswith("winograd")
    with pytest.raises(InputError, match="computes in bfloat16"):
        export.export_onnx(other.set_engine("torch", "bfloat16"), tmp_path / "low.onnx")


def test_a_file_that_disagrees_with_torch_is_not_written(
    metric: msds.MSDS, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("onnxruntime")
    from onnx import TensorProto, helper

    def wrong(graph: Any) -> Any:
        value = helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])
        shape = ["N", 3, "H", "W"]
        body = helper.make_graph(
            [helper.make_node("Constant", [], ["score"], value=value)],
            "wrong",
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n in graph.inputs],
            [helper.make_tensor_value_info("score", TensorProto.FLOAT, [1])],
        )
        return helper.make_model(body, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)

    monkeypatch.setattr(export, "_converted", wrong)
    with pytest.raises(MSDSError, match="differs from torch"):
        export.export_onnx(metric, tmp_path / "wrong.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_onnx_names_the_extra(
    metric: msds.MSDS, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"msds-iqa\[onnx\]"):
        export.export_onnx(metric, tmp_path / "x.onnx")


@pytest.mark.slow
def test_the_command_writes_a_file_that_knows_its_model(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    path = tmp_path / "lite.onnx"
    result = CliRunner().invoke(app, ["export", "-m", "deepssim-lite-compact", "--onnx", str(path)])
    assert result.exit_code == 0, result.output
    metric = msds.DeepSSIMLite()
    assert metric.model_id in result.output
    import onnxruntime

    run = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run
    a, b = images(1, 1, 40, 37), images(2, 1, 17, 50)
    (found,) = run(None, {"reference": a.numpy(), "distorted": b.numpy()})
    np.testing.assert_allclose(found, metric(a, b).numpy(), atol=1e-5)
    (found,) = run(None, {"reference": a.numpy(), "distorted": b.numpy()[:, :, :15]})
    assert np.isnan(found).all(), "15 pixels are too few"


@pytest.mark.parametrize("arguments", [[], ["--onnx", "a.onnx", "--folder", "b"]])
def test_the_command_wants_one_thing_to_write(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["export", *arguments])
    assert isinstance(result.exception, InputError)
    assert str(result.exception) == "Say what to write: --onnx FILE or --folder DIR."


METRICS = {
    "msds": lambda: msds.MSDS(
        small_trunk(), levels=3, weights=(0.1, 0.2, 0.7), fusion="geometric", small="fewer-levels"
    ),
    "deepssim": lambda: msds.DeepSSIM(small_trunk(), normalize="positions"),
    "deepssim-lite": lambda: msds.DeepSSIMLite(small_trunk()).double(),
    "compact": lambda: msds.MSDS(trunk_weights="random"),
}


@pytest.mark.parametrize("kind", METRICS)
def test_a_saved_metric_comes_back_the_same(kind: str, tmp_path: Path) -> None:
    metric = METRICS[kind]()
    metric.save_pretrained(tmp_path / "saved")
    found = msds.MSDS.from_pretrained(tmp_path / "saved")
    assert type(found) is type(metric)
    assert found.fingerprint == metric.fingerprint
    assert found.model_id == metric.model_id
    assert found.small == metric.small
    a, b = images(1, 1, 130, 131), images(2, 1, 130, 131)
    assert torch.equal(found(a, b), metric(a, b))


def test_a_class_of_ones_own_comes_back_as_itself(tmp_path: Path) -> None:
    class Mine(msds.MSDS):
        pass

    Mine(small_trunk(), levels=2).save_pretrained(tmp_path)
    assert type(Mine.from_pretrained(tmp_path)) is Mine
    assert type(msds.MSDS.from_pretrained(tmp_path)) is msds.MSDS


@pytest.mark.parametrize(
    "options", [{"levels": "x"}, {"levels": 2, "weights": "ab"}, {"levels": 2, "filter": []}]
)
def test_settings_that_make_no_sense_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    msds.MSDS(small_trunk(), levels=2).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "options": options}))
    with pytest.raises(InputError):
        msds.MSDS.from_pretrained(tmp_path)


def test_a_folder_loads_only_as_what_it_is(tmp_path: Path) -> None:
    METRICS["msds"]().save_pretrained(tmp_path)
    with pytest.raises(InputError, match="holds a MSDS, not a DeepSSIM"):
        msds.DeepSSIM.from_pretrained(tmp_path)


def test_changed_weights_and_changed_settings_are_noticed(tmp_path: Path) -> None:
    METRICS["msds"]().save_pretrained(tmp_path)
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    config["options"]["fusion"] = "linear"
    path.write_text(json.dumps(config))
    with pytest.raises(WeightsError, match="fingerprint"):
        msds.MSDS.from_pretrained(tmp_path)

    msds.MSDS(small_trunk(), levels=3).save_pretrained(tmp_path / "a")
    msds.MSDS(small_trunk(seed=1), levels=3).save_pretrained(tmp_path / "b")
    (tmp_path / "a" / "model.safetensors").replace(tmp_path / "b" / "model.safetensors")
    with pytest.raises(WeightsError, match="fingerprint"):
        msds.MSDS.from_pretrained(tmp_path / "b")


def test_damaged_folders_are_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing is downloaded"):
        msds.MSDS.from_pretrained("someone/some-model")
    METRICS["msds"]().save_pretrained(tmp_path)
    content = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(content[:-8])
    with pytest.raises(WeightsError, match="not a whole safetensors file"):
        msds.MSDS.from_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match="Cannot read"):
        msds.MSDS.from_pretrained(tmp_path)
    for config, message in (("{", "Cannot read"), ("{}", "not a saved metric")):
        (tmp_path / "config.json").write_text(config)
        with pytest.raises(InputError, match=message):
            msds.MSDS.from_pretrained(tmp_path)


def test_a_half_written_configuration_is_refused(tmp_path: Path) -> None:
    METRICS["msds"]().save_pretrained(tmp_path)
    path = tmp_path / "config.json"
    whole = json.loads(path.read_text())
    for key in ("metric", "trunk", "options", "model_id", "fingerprint"):
        path.write_text(json.dumps({k: v for k, v in whole.items() if k != key}))
        with pytest.raises(InputError, match=f"not a whole configuration.*{key}"):
            msds.MSDS.from_pretrained(tmp_path)


def test_a_users_own_module_cannot_be_saved_as_data(tmp_path: Path) -> None:
    trunk = ModuleTrunk(nn.Conv2d(3, 8, 3, stride=2, padding=1), name="mine")
    with pytest.raises(InputError, match="'mine'"):
        msds.DeepSSIM(trunk).save_pretrained(tmp_path)
