"""Models by id and by file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from msds.errors import InputError
from msds.models import MODELS, find_model, load_model, write_model
from msds.trunks.compact import COMPACT_VERSION

CONTENT = {
    "format": "msds-model-1",
    "id": "msds-mine",
    "trunk": "compact",
    "levels": 3,
    "weights": [0.2, 0.3, 0.5],
    "provenance": {"dataset": "tests"},
}


def write(folder: Path, **changes: object) -> Path:
    file = folder / "model.json"
    file.write_text(json.dumps({k: v for k, v in {**CONTENT, **changes}.items() if v is not None}))
    return file


def test_a_model_file_decides_the_settings_and_the_id(tmp_path: Path) -> None:
    metric = load_model(write(tmp_path))
    assert metric.model_id == "msds-mine"
    assert metric.level_weights == pytest.approx((0.2, 0.3, 0.5))


def test_other_levels_than_the_models_are_equally_weighted_and_named(tmp_path: Path) -> None:
    metric = load_model(write(tmp_path), levels=2)
    assert metric.level_weights == (0.5, 0.5)
    assert metric.model_id == "msds-mine(levels=2)"


def test_every_setting_that_differs_from_a_model_file_is_named(tmp_path: Path) -> None:
    file = write(tmp_path)
    assert load_model(file, levels=3, normalize="none").model_id == "msds-mine"
    metric = load_model(file, normalize="positions", trunk_weights="random")
    assert metric.model_id == "msds-mine(normalize=positions,trunk=compact-random)"
    with pytest.raises(InputError, match="deepssim-lite-compact divides its Gram matrices"):
        load_model("deepssim-lite-compact", normalize="positions")


def test_a_folder_of_a_saved_metric_is_a_model(tmp_path: Path) -> None:
    saved = load_model(write(tmp_path), trunk_weights="random")
    saved.save_pretrained(tmp_path / "saved")
    metric = load_model(tmp_path / "saved")
    assert (metric.model_id, metric.fingerprint) == (saved.model_id, saved.fingerprint)
    with pytest.raises(InputError, match="which has its own levels"):
        load_model(tmp_path / "saved", levels=2)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_of_the_package_can_be_built(name: str) -> None:
    metric = load_model(name, trunk_weights="random")
    assert metric.kind == MODELS[name].settings.metric
    assert metric.levels == MODELS[name].settings.levels


def test_the_compact_model_is_found_with_its_version_and_no_other() -> None:
    assert find_model(f"msds-compact-v{COMPACT_VERSION}").id == "msds-compact"
    with pytest.raises(InputError, match="Unknown model 'msds-compact-v999'"):
        find_model("msds-compact-v999")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "other"}, "expected an object with format 'msds-model-1'"),
        ({"id": None}, "no 'id' or no 'trunk'"),
        ({"colour": "red"}, r"unknown entries \['colour'\]"),
        ({"weights": [0.5, 0.5]}, "3 levels need 3 weights"),
        ({"weights": ["a", "b", "c"]}, r"weights must be numbers; found \['a', 'b', 'c'\]"),
        ({"levels": "three"}, "levels must be a whole number; found 'three'"),
        ({"levels": True}, "levels must be a whole number"),
        ({"metric": "ssim"}, "Unknown metric 'ssim': expected one of msds, deepssim"),
        ({"filter": []}, "filter must be text"),
        ({"trunk": 5}, "trunk must be text"),
        ({"metric": "deepssim"}, "levels is no setting of deepssim and must be 1"),
        ({"metric": "deepssim", "levels": 1}, "weights is no setting of deepssim"),
    ],
)
def test_files_that_are_not_models_are_refused(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        load_model(write(tmp_path, **changes), trunk_weights="random")


def test_a_file_that_is_not_json_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "model.json"
    file.write_bytes(b"\xff\xfe{")
    with pytest.raises(InputError, match=r"model\.json is not a model file"):
        load_model(file)


def test_more_levels_of_a_single_level_model_are_refused() -> None:
    with pytest.raises(InputError, match="deepssim-compact has one level"):
        load_model("deepssim-compact", levels=3, trunk_weights="random")


def test_ids_come_before_folders_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("msds-compact", "mine"):
        load_model(write(tmp_path), trunk_weights="random").save_pretrained(name)
    assert load_model("msds-compact", trunk_weights="random").model_id == "msds-compact-random"
    assert load_model("./msds-compact").model_id.startswith("msds-mine")
    with pytest.raises(InputError, match=r"There is no model 'mine'; .* write \./mine"):
        load_model("mine")
    assert load_model(Path("mine")).model_id.startswith("msds-mine")


@pytest.mark.parametrize(
    ("name", "message"),
    [("msds-compat", "did you mean msds-compact"), ("nofile.json", "no model file nofile.json")],
)
def test_a_name_that_is_nearly_right_is_recognised(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_model(name)


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        '{"format": 1' + "0" * 5000 + "}",
        json.dumps({**CONTENT, "weights": [10**400, 0, 0]}),
    ],
)
def test_json_that_python_cannot_hold_is_one_sentence(tmp_path: Path, content: str) -> None:
    file = tmp_path / "model.json"
    file.write_text(content)
    with pytest.raises(InputError, match=r"model\.json is not a model file"):
        load_model(file)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    model = find_model(write(tmp_path))
    write_model(tmp_path / "again.json", model)
    assert find_model(tmp_path / "again.json") == model
