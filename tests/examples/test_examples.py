"""The examples run, print their tables and save their pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from helpers.processes import run_code, run_script

ROOT = Path(__file__).resolve().parents[2]


def run(script: str, *arguments: str | Path) -> str:
    """What an example prints, with random weights and as little work as it allows."""
    result = run_script(
        ROOT / "examples" / script,
        *map(str, arguments),
        "--trunk-weights",
        "random",
        environment={"COLUMNS": "120"},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two small photographs."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("chelsea.png", "coffee.png"):
        with Image.open(ROOT / "examples" / "photos" / name) as photo:
            photo.convert("RGB").crop((100, 50, 260, 210)).save(folder / name)
    return folder


@pytest.mark.slow
def test_recover_image_compares_the_losses_from_both_starts(tmp_path: Path) -> None:
    out = tmp_path / "recovered.png"
    shown = run(
        "recover_image.py", "--steps", "2", "--size", "128", "--only", "SSIM", "MSDS", "--out", out
    )
    assert "From noise, 2 steps" in shown
    assert "From blur, 2 steps" in shown
    assert "MS-SSIM" in shown
    with Image.open(out) as sheet:
        assert sheet.size == (4 * (128 + 4), 2 * (128 + 4 + 16))


@pytest.mark.slow
def test_train_restoration_judges_networks_trained_with_three_losses(
    photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "restored.png"
    shown = run(
        "train_restoration.py", "--steps", "1", "--side", "64", "--photos", photos, "--out", out
    )
    for text in ("super-resolution: 1 photographs, 1 held out", "denoise", "L1 + MSDS"):
        assert text in shown
    assert out.is_file()


@pytest.mark.parametrize("script", ["recover_image.py", "train_restoration.py"])
def test_an_example_without_what_it_compares_with_says_what_to_install(script: str) -> None:
    hidden = f"""
import importlib.util, runpy, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "pytorch_msssim" else found(name)
sys.path.insert(0, {str(ROOT / "examples")!r})
runpy.run_path({str(ROOT / "examples" / script)!r}, run_name="__main__")
"""
    result = run_code(hidden)
    assert result.returncode == 1
    assert "pip install pytorch-msssim" in result.stderr
    assert len(result.stderr.splitlines()) == 1
