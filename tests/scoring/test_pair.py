"""`msds.score`: pairs from whatever source, alone and in lists."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from helpers.scoring_files import write_folders
from msds.errors import InputError
from msds.metric import MSDS
from msds.scoring import pair, score


@pytest.fixture(scope="module")
def metric() -> MSDS:
    return MSDS("compact", levels=2, trunk_weights="random")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_folders(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


NAMES = ["dist/a0_q10.jpg", "dist/a0_q80.jpg", "dist/a1_q10.jpg"]


def test_a_list_is_compared_with_one_image_in_its_order(here: Path, metric: MSDS) -> None:
    alone = [score("refs/a0.png", name, model=metric) for name in NAMES]
    many = score("refs/a0.png", NAMES, model=metric)
    assert [one.distorted for one in many] == NAMES
    assert [one.score for one in many] == pytest.approx([one.score for one in alone], abs=1e-5)
    turned = score(NAMES, "refs/a0.png", model=metric)
    assert [one.reference for one in turned] == NAMES


def test_two_lists_are_compared_pair_by_pair(here: Path, metric: MSDS) -> None:
    references = ["refs/a0.png", "refs/a1.png"]
    many = score(references, NAMES[:2], model=metric)
    assert [(one.reference, one.distorted) for one in many] == list(
        zip(references, NAMES[:2], strict=True)
    )
    with pytest.raises(InputError, match="2 references and 3 distorted images were given"):
        score(references, NAMES, model=metric)


def test_a_list_may_hold_anything_that_an_image_can_be_read_from(here: Path, metric: MSDS) -> None:
    expected = score("refs/a0.png", NAMES[0], model=metric).score
    picture = PIL.Image.open(NAMES[0])
    sources = [NAMES[0], Path(NAMES[0]).read_bytes(), picture, np.asarray(picture)]
    assert [one.score for one in score("refs/a0.png", sources, model=metric)] == pytest.approx(
        [expected] * 4, abs=1e-5
    )
    assert score("refs/a0.png", [], model=metric) == []


def test_what_cannot_be_scored_in_a_list_has_an_error_and_costs_nothing_else(
    here: Path, metric: MSDS
) -> None:
    for sources in (
        [NAMES[0], "gone.png", NAMES[1]],
        [np.zeros((40, 40, 3), np.uint8), "gone.png", NAMES[1]],
    ):
        first, gone, last = score("refs/a0.png", sources, model=metric)
        assert gone.score is None
        assert gone.error == "gone.png: no such file."
        assert gone.distorted == "gone.png"
        assert first.error is last.error is None


def test_videos_are_sent_to_what_scores_them(here: Path, metric: MSDS) -> None:
    said = "film.mp4: this is a video; msds.video.score_clips scores two of them."
    with pytest.raises(InputError, match=said):
        score("film.mp4", "film.mkv", model=metric)
    for sources in ([NAMES[0], "film.mp4"], [np.zeros((40, 40, 3), np.uint8), "film.mp4"]):
        image, video = score("refs/a0.png", sources, model=metric)
        assert image.error is None
        assert video.error == said


def test_a_frame_can_be_named_and_a_limit_of_pixels(here: Path, metric: MSDS) -> None:
    frames = [PIL.Image.open(name).resize((40, 36)) for name in NAMES]
    frames[0].save("pages.tif", save_all=True, append_images=frames[1:])
    for k, frame in enumerate(frames):
        found = score("pages.tif", "pages.tif", model=metric, frame=k)
        assert found.score == 1.0
        assert found.settings["frame"] == k
        assert score(frame, frame, model=metric).score == 1.0
    with pytest.raises(InputError, match="1440 pixels; at most 1000 are read"):
        score("refs/a0.png", NAMES[0], model=metric, max_pixels=1000)


def test_a_failed_call_leaves_the_kept_model_where_it_was(here: Path) -> None:
    model = {"format": "msds-model-1", "id": "own", "trunk": "compact", "levels": 2}
    (here / "own.json").write_text(json.dumps(model))
    expected = score("refs/a0.png", NAMES[0], model="own.json").score
    with pytest.raises(InputError, match="Device 'meta' holds no numbers"):
        score("refs/a0.png", NAMES[0], model="own.json", device="meta")
    assert score("refs/a0.png", NAMES[0], model="own.json").score == expected


def test_every_device_has_a_model_of_its_own_that_stays_there(here: Path) -> None:
    model = {"format": "msds-model-1", "id": "own", "trunk": "compact", "levels": 1}
    (here / "own.json").write_text(json.dumps(model))
    first = pair._metric("own.json", None)
    assert pair._metric("own.json", "cpu") is first
    assert pair._metric("own.json", "cpu:0") is not first


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("gpu", "no such device; expected one of cpu.*; did you mean cuda?"),
        ("abacus", "no such device; expected one of cpu"),
        ("cuda:77", "Device 'cuda:77' cannot be used: .*; expected one of cpu"),
    ],
)
def test_a_device_that_is_not_there_is_named_with_those_that_are(
    here: Path, metric: MSDS, device: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        score("refs/a0.png", NAMES[0], model=metric, device=device)
