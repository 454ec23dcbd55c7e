"""Every command and every piece of Python shown in the README and the docs runs as shown.

A fenced block of `sh` or `python` is run, in order, in a folder that holds the files the pages
speak of. A block that cannot be (it needs a network, a data set, a GPU) stands after the comment
`<!-- not run: REASON -->`.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image

from helpers.processes import run_code, run_command

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(
    r"(?P<skip><!-- not run: (?P<reason>[^>]*) -->\s*)?"
    r"^```(?P<language>sh|python)\n(?P<code>.*?)^```",
    re.MULTILINE | re.DOTALL,
)
GATES = (0, 3)
"""Statuses a shown command may end with: done, or a gate that closed, as gates do."""


SETTING_UP = ("make ", "pip install", "git clone", "cd ")
"""Commands that other tests, or continuous integration itself, run."""


class Block(NamedTuple):
    page: str
    line: int
    language: str
    code: str


def blocks() -> list[Block]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            if match["skip"]:
                assert match["reason"].strip(), f"{page}: say why a block is not run"
                continue
            line = text[: match.start()].count("\n") + 1
            name = page.relative_to(ROOT).as_posix()
            found.append(Block(name, line, match["language"], match["code"]))
    return found


def commands(code: str) -> list[str]:
    """Lines of a shell block, continuation lines joined, comments and set-up left out."""
    joined = code.replace("\\\n", " ")
    lines = [line.split("  #")[0].strip() for line in joined.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, examples_dir: Path) -> Path:
    """Files of the names the pages use."""
    folder = tmp_path_factory.mktemp("docs")
    photo = Image.open(examples_dir / "chelsea.png").convert("RGB").crop((100, 40, 356, 232))
    for name in ("reference.png", "reference.tif", "photo.png", "a.png"):
        photo.save(folder / name)
    for name in ("distorted.png", "photo.jpg", "b.png", "photo.webp"):
        photo.save(folder / name, quality=30) if name != "distorted.png" else photo.quantize(
            16
        ).convert("RGB").save(folder / name)
    (folder / "originals").mkdir()
    (folder / "compressed").mkdir()
    for stem, box in (("one", (0, 0, 160, 160)), ("two", (60, 20, 220, 180))):
        part = photo.crop(box)
        part.save(folder / "originals" / f"{stem}.png")
        for quality in (20, 80):
            part.save(folder / "compressed" / f"{stem}_q{quality}.webp", quality=quality)
    (folder / "photos").mkdir()
    for name, box in (("cat", (0, 0, 160, 160)), ("eye", (96, 32, 256, 192))):
        photo.crop(box).save(folder / "photos" / f"{name}.png")
    (folder / "distorted").mkdir()
    for quality in (10, 50, 90):
        photo.save(folder / "distorted" / f"q{quality}.jpg", quality=quality)
    _with_saliency(folder, photo)
    return folder


def _with_saliency(folder: Path, photo: Image.Image) -> None:
    """Retargeted images, and saliency maps of them and of their references."""
    folders = {"retargeted": "originals", "maps-o": "originals", "maps-r": "originals"}
    for name, other in folders.items():
        (folder / name).mkdir()
        for path in (folder / other).iterdir():
            part = Image.open(path)
            size = part.size if name == "maps-o" else (part.width - 24, part.height)
            part = part.resize(size)
            (part if name == "retargeted" else part.convert("L")).save(folder / name / path.name)
    narrow = photo.resize((photo.width - 40, photo.height))
    narrow.save(folder / "retargeted.png")
    for name, image in (("map.png", photo), ("retargeted-map.png", narrow)):
        image.convert("L").save(folder / name)


@pytest.mark.slow
@pytest.mark.parametrize("block", blocks(), ids=lambda block: f"{block.page}:{block.line}")
def test_a_block_of_the_docs_runs_as_shown(block: Block, folder: Path) -> None:
    environment = {"MSDS_OFFLINE": "1", "COLUMNS": "80", "MPLBACKEND": "Agg"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    if block.language == "python":
        runs = [(run_code, [block.code], block.code)]
    else:
        runs = [
            (run_command, shlex.split(line)[1:], line)
            for line in commands(block.code)
            if line.startswith("msds ")
        ]
        others = [line for line in commands(block.code) if not line.startswith("msds ")]
        unknown = [line for line in others if not line.startswith(SETTING_UP)]
        assert not unknown, f"{block.page}:{block.line}: not run by any test: {unknown}"
    for run, arguments, shown in runs:
        result = run(*arguments, cwd=folder, environment=environment)
        assert result.returncode in GATES, f"{shown}\n{result.stdout}\n{result.stderr}"


def test_the_docs_speak_of_no_missing_page() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_readme_shows_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in text
    assert "make test" in text
    assert shutil.which("make")
