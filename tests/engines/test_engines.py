"""Every engine gives the reference's scores at any size, and refuses what it cannot do."""

from __future__ import annotations

import copy
import importlib.util
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from helpers.engine_chains import pair
from helpers.pieces import encode_tiled
from helpers.small_trunk import small_trunk
from msds.encoding.plan import Tile
from msds.engines import (
    ENGINES,
    EngineTrunk,
    choice,
    installed,
    open_engine,
    openvino,
    winograd,
)
from msds.engines.base import SESSIONS
from msds.errors import InputError, MissingExtraError
from msds.method.similarity import deepssim
from msds.metric import MSDS
from msds.trunks import ChainTrunk, ModuleTrunk, load_trunk

OTHERS = tuple(name for name in ENGINES if name not in ("auto", "torch"))
SIZES = [(16, 16), (17, 33), (96, 131), (129, 256), (161, 193)]


def opened(trunk: ChainTrunk, engine: str, precision: str = "float32") -> EngineTrunk:
    if engine not in installed():
        pytest.skip(f"{engine} is not installed")
    result = open_engine(trunk, engine, precision)
    assert isinstance(result, EngineTrunk)
    return result


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("engine", OTHERS)
def test_an_engine_gives_the_features_of_the_reference(
    mixed: ChainTrunk, engine: str, size: tuple[int, int]
) -> None:
    images = pair(*size)
    expected, found = mixed(images), opened(mixed, engine)(images)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4 * float(expected.abs().max()))


@pytest.mark.slow
@pytest.mark.parametrize("size", [(16, 16), (64, 128), (65, 129), (255, 83)])
@pytest.mark.parametrize("engine", OTHERS)
def test_an_engine_gives_the_score_of_the_reference_with_vgg16(
    vgg16: ChainTrunk, engine: str, size: tuple[int, int]
) -> None:
    images = pair(*size)
    with torch.inference_mode():
        expected = deepssim(*vgg16(images).split(1))
        found = deepssim(*opened(vgg16, engine)(images).split(1))
    assert float((found - expected).abs()) <= choice.TOLERANCE


@pytest.mark.parametrize("engine", OTHERS)
def test_an_identical_pair_scores_exactly_one(mixed: ChainTrunk, engine: str) -> None:
    features = opened(mixed, engine)(pair(96, 80)[:1])
    assert deepssim(features, features) == 1


@pytest.mark.parametrize("engine", OTHERS)
def test_an_engine_can_be_copied_and_sent_to_other_processes(
    mixed: ChainTrunk, engine: str
) -> None:
    trunk = opened(mixed, engine)
    images = pair(64, 64)
    expected = trunk(images)
    for twin in (copy.deepcopy(trunk), pickle.loads(pickle.dumps(trunk))):
        torch.testing.assert_close(twin(images), expected)


@pytest.mark.parametrize("engine", OTHERS)
def test_an_engine_refuses_gradients(mixed: ChainTrunk, engine: str) -> None:
    with pytest.raises(InputError, match="gradients"):
        opened(mixed, engine)(pair(32, 32).requires_grad_())


def test_an_engine_refuses_another_device_or_type_than_it_was_opened_for(
    mixed: ChainTrunk,
) -> None:
    trunk = open_engine(copy.deepcopy(mixed), "winograd")
    with pytest.raises(InputError, match="CPU"):
        trunk(torch.empty(1, 3, 32, 32, device="meta"))
    with pytest.raises(InputError, match="float32"):
        trunk.double()(pair(32, 32))


def test_a_mask_goes_through_the_reference(mixed: ChainTrunk) -> None:
    images = pair(48, 48)
    mask = (torch.rand(2, 1, 48, 48, generator=torch.Generator().manual_seed(5)) > 0.5).float()
    assert torch.equal(open_engine(mixed, "winograd")(images, mask), mixed(images, mask))


def test_float32_keeps_the_digest_and_bfloat16_does_not(mixed: ChainTrunk) -> None:
    same, other = open_engine(mixed, "winograd"), open_engine(mixed, "torch", "bfloat16")
    assert (same.name, same.parameter_digest()) == (mixed.name, mixed.parameter_digest())
    assert (other.name, other.precision) == ("mixed", "bfloat16")
    assert other.parameter_digest() != mixed.parameter_digest()


def test_bfloat16_is_near_the_reference(mixed: ChainTrunk) -> None:
    images = pair(96, 96)
    found = open_engine(mixed, "torch", "bfloat16")(images).float()
    expected = mixed(images)
    assert float((found - expected).abs().max() / expected.abs().max()) < 0.03  # 8 bits of mantissa


def test_openvino_in_bfloat16_is_near_the_reference_and_another_model_than_torch(
    mixed: ChainTrunk,
) -> None:
    if "openvino" not in installed() or not openvino.multiplies_bfloat16():
        pytest.skip("no OpenVINO that computes in bfloat16")
    found, torchs = (open_engine(mixed, engine, "bfloat16") for engine in ("openvino", "torch"))
    images = pair(96, 96)
    expected = mixed(images)
    error = (found(images) - expected).abs().max() / expected.abs().max()
    assert 0 < error < 0.03  # 8 bits of mantissa
    assert len({found.digest, torchs.digest, mixed.digest}) == 3
    metric = MSDS(copy.deepcopy(mixed), levels=2)
    encoding = metric.set_engine("torch", "bfloat16").encode(images[:1])
    metric.set_engine("openvino", "bfloat16")
    assert metric.model_id.endswith("+bfloat16-openvino")
    with pytest.raises(InputError, match="another trunk"):
        metric.compare(encoding, encoding)


def test_openvino_refuses_bfloat16_where_it_would_compute_in_float32(
    mixed: ChainTrunk, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(mixed, "openvino")
    monkeypatch.setattr(openvino, "multiplies_bfloat16", lambda: False)
    with pytest.raises(InputError, match="does not multiply bfloat16.*use the engine 'torch'"):
        open_engine(mixed, "openvino", "bfloat16")


def test_torch_in_float32_is_the_trunk_itself(mixed: ChainTrunk) -> None:
    assert open_engine(mixed, "torch") is mixed
    assert open_engine(open_engine(mixed, "winograd"), "torch") is mixed


def test_auto_takes_the_fastest_and_remembers_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trunk = small_trunk()
    seconds = {"torch": 2.0, "winograd": 1.0}
    measured = []

    def measure(*_: object) -> tuple[str, dict[str, float]]:
        measured.append(1)
        return "winograd", seconds

    monkeypatch.setattr(choice, "_measure", measure)
    for _ in range(2):
        chosen = open_engine(trunk, "auto")
        assert isinstance(chosen, EngineTrunk)
        assert chosen.engine == "winograd"
    assert len(measured) == 1
    assert len(list((tmp_path / "engines").iterdir())) == 1
    for file in (tmp_path / "engines").iterdir():
        file.write_text("damaged")
    open_engine(trunk, "auto")
    assert len(measured) == 2


def test_auto_passes_over_an_engine_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(self: object, session: object, normalised: Tensor) -> Tensor:
        return torch.rand(len(normalised), 16, 128, 128)

    monkeypatch.setattr(choice, "installed", lambda: ("winograd",))
    monkeypatch.setattr(winograd.WinogradTrunk, "_features", wrong)
    trunk = small_trunk()
    assert open_engine(trunk, "auto") is trunk


def test_auto_chooses_some_engine_that_gives_the_reference_score() -> None:
    trunk = small_trunk()
    chosen = open_engine(trunk, "auto")
    images = pair(64, 80)
    expected, found = (deepssim(*t(images).split(1)) for t in (trunk, chosen))
    assert float((found - expected).abs()) <= choice.TOLERANCE


def test_a_module_of_the_user_runs_on_torch_only() -> None:
    trunk = ModuleTrunk(nn.Conv2d(3, 8, 3, padding=1), "mine")
    assert open_engine(trunk, "auto") is trunk
    with pytest.raises(InputError, match="not a chain"):
        open_engine(trunk, "winograd")


@pytest.mark.parametrize(
    ("engine", "precision", "message"),
    [
        ("tensorrt", "float32", "Unknown engine"),
        ("torch", "int4", "Unknown precision"),
        ("winograd", "bfloat16", "no precision"),
    ],
)
def test_unknown_names_are_refused(
    mixed: ChainTrunk, engine: str, precision: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        open_engine(mixed, engine, precision)


@pytest.mark.skipif(importlib.util.find_spec("ncnn") is None, reason="ncnn is not installed")
def test_an_engine_whose_library_is_missing_names_the_extra(
    mixed: ChainTrunk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ncnn", None)
    with pytest.raises(MissingExtraError, match=r"msds-iqa\[ncnn\]"):
        open_engine(mixed, "ncnn")


def test_a_metric_says_which_engine_it_uses_and_scores_the_same(mixed: ChainTrunk) -> None:
    metric = MSDS(copy.deepcopy(mixed), levels=2, filter="average")
    one, two = pair(70, 98).split(1)
    name, fingerprint, expected = metric.model_id, metric.fingerprint, metric(one, two)
    encoding = metric.encode(one)
    assert metric.engine == f"torch float32 (torch {torch.__version__})"
    metric.set_engine("winograd")
    assert metric.engine == f"winograd float32 (torch {torch.__version__})"
    assert (metric.model_id, metric.fingerprint) == (name, fingerprint)
    assert float((metric(one, two) - expected).abs()) <= choice.TOLERANCE
    assert float((metric.compare(encoding, metric.encode(two)) - expected).abs()) <= 1e-4


def test_a_metric_in_lower_precision_is_another_model(mixed: ChainTrunk) -> None:
    metric = MSDS(copy.deepcopy(mixed), levels=2)
    one, two = pair(70, 98).split(1)
    name, fingerprint, expected = metric.model_id, metric.fingerprint, metric(one, two)
    encoding = metric.encode(one)
    metric.set_engine("torch", "bfloat16")
    assert metric.model_id == f"{name}+bfloat16"
    assert metric.fingerprint != fingerprint
    assert float((metric(one, two) - expected).abs()) < 0.01
    with pytest.raises(InputError, match="another trunk"):
        metric.compare(encoding, metric.encode(two))
    metric.set_engine("torch")
    assert (metric.model_id, metric.fingerprint) == (name, fingerprint)


@pytest.mark.parametrize("engine", OTHERS)
@pytest.mark.parametrize(
    ("size", "tile"),
    [
        ((229, 301), Tile(128, 128)),
        ((129, 301), Tile(128, 301)),  # a row over a tile
        ((128, 129), Tile(64, 128)),  # a column over a tile
        ((64, 64), Tile(8, 16)),  # the least size
    ],
)
def test_a_metric_with_an_engine_scores_in_pieces_too(
    mixed: ChainTrunk, engine: str, size: tuple[int, int], tile: Tile
) -> None:
    if engine not in installed():
        pytest.skip(f"{engine} is not installed")
    metric = MSDS(copy.deepcopy(mixed), levels=2)
    image = pair(*size)[:1]
    expected = metric.encode(image)
    found = encode_tiled(metric.set_engine(engine), image, tile=tile)
    assert found.positions == expected.positions
    for a, b in zip(found.grams, expected.grams, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-5 * float(b.abs().max()))


def test_a_metric_with_an_engine_is_saved_as_the_chain_it_stands_for(tmp_path: Path) -> None:
    metric = MSDS(load_trunk("compact", "random"))
    images = torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    expected = metric(images[:1], images[1:])
    metric.set_engine("winograd").save_pretrained(tmp_path)
    loaded = MSDS.from_pretrained(tmp_path)
    assert loaded.fingerprint == metric.fingerprint
    assert loaded(images[:1], images[1:]).item() == pytest.approx(expected.item(), abs=1e-6)
    metric.set_engine("torch", "bfloat16")
    with pytest.raises(InputError, match=r"bfloat16.*set_engine\('torch'\) before saving"):
        metric.save_pretrained(tmp_path)


@pytest.mark.parametrize("engine", OTHERS)
def test_threads_do_not_mix_their_features(engine: str) -> None:
    trunk = opened(small_trunk(), engine)
    inputs = [pair(48, 40 + 8 * k) for k in range(3)]
    expected = [trunk(x).clone() for x in inputs]

    def differing(k: int) -> int:
        return sum(not torch.allclose(trunk(inputs[k]), expected[k]) for _ in range(40))

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(differing, range(3))) == [0, 0, 0]


@pytest.mark.parametrize("engine", OTHERS)
def test_an_engine_stays_prepared_where_numbers_of_threads_alternate(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trunk = opened(small_trunk(), engine)
    images, opening, made = pair(32, 48), type(trunk)._open, []

    def counted(self: EngineTrunk, threads: int) -> object:
        made.append(threads)
        return opening(self, threads)

    monkeypatch.setattr(type(trunk), "_open", counted)
    before = torch.get_num_threads()
    try:
        for threads in (1, 2, 1, 2):
            torch.set_num_threads(threads)
            trunk(images)
        assert made == ([1, 2] if trunk.counts_threads else [1])
        for threads in range(3, 3 + SESSIONS):
            torch.set_num_threads(threads)
            trunk(images)
        assert len(trunk._prepared.sessions) <= SESSIONS  # each holds the weights
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("engine", OTHERS)
def test_changed_weights_are_seen(engine: str) -> None:
    chain = small_trunk()
    trunk = opened(chain, engine)
    trunk(pair(48, 48))
    chain.load_state_dict(small_trunk(1).state_dict())
    images = pair(48, 48)
    torch.testing.assert_close(trunk(images), chain(images), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("engine", OTHERS)
def test_engines_compute_in_float32_under_autocast(mixed: ChainTrunk, engine: str) -> None:
    trunk = opened(mixed, engine)
    images = pair(64, 64)
    expected = trunk(images)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(trunk(images), expected)


def test_what_an_engine_prepares_is_no_part_of_the_module() -> None:
    metric = MSDS(small_trunk(), levels=2).set_engine("torch", "bfloat16")
    keys = set(metric.state_dict())
    images = pair(48, 48).split(1)
    score = metric(*images)
    assert set(metric.state_dict()) == keys
    assert torch.equal(metric.float()(*images), score)


def test_an_engine_given_as_trunk_is_named_like_one_that_was_set() -> None:
    given = MSDS(open_engine(load_trunk("compact"), "torch", "bfloat16"))
    told = MSDS().set_engine("torch", "bfloat16")
    assert (given.model_id, given.fingerprint) == (told.model_id, told.fingerprint)
