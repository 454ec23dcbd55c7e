"""Every command and every piece of Python shown in the README and the docs runs as shown.

A fenced block of `sh` or `python` is run, in order, in a folder that holds the files the pages
speak of. A block with a title is saved as the file it names; of a workflow in YAML the steps are
run. What stands in a comment before a block says how else it is treated:

- `<!-- needs: PACKAGE, PROGRAM -->`: run where these are, skipped elsewhere;
- `<!-- in small: OPTIONS -->`: run with these options after those shown, to have less to do;
- `<!-- tried by: FILE -->`: what it shows is run by these tests, with less to do;
- `<!-- not run: REASON -->`: it needs a network, a service, hours. What can be said of it without
  running it is in `test_shown.py`.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from helpers import trees
from helpers.clips import remux, scene, write_clip
from helpers.pages import PAGES, ROOT, Block, blocks, commands, in_blocks
from helpers.processes import run_code, run_command
from helpers.web_server import serving

GATES = (0, 3)
"""Statuses a shown command may end with: done, or a gate that closed, as gates do."""


ELSEWHERE = ("make ", "pip install", "pip wheel", "git clone", "cd ", "curl ")
"""Commands that other tests, or continuous integration itself, run."""

PROGRAMS = ("python examples/", "python -m benchmarks.")
"""Where no mark says how they are run, their arguments are tried in `test_shown.py`."""


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
        photo.save(folder / f"q{quality}.jpg", quality=quality)
    _with_saliency(folder, photo)
    _rate(folder, photo)
    _film(folder)
    _sets(folder)
    return folder


def _film(folder: Path) -> None:
    """A short video, a copy, a smaller one, and one that begins later."""
    frames = scene(12, shape=(160, 208))
    film = write_clip(folder / "film.mp4", frames)
    remux(film, folder / "film.mkv")
    small = [[plane[::2, ::2] for plane in planes] for planes in frames]
    write_clip(folder / "small.mkv", small)
    write_clip(folder / "late.mkv", [frames[0]] * 3 + frames)


def _sets(folder: Path) -> None:
    """Miniature rated sets of others with pictures in them, and tables of pairs."""
    pytest.importorskip("scipy")
    trees.filled(trees.tid2013(folder / "iqa" / "tid2013"), 176)
    with (trees.qads(folder / "iqa" / "qads") / "mos_with_names.txt").open("a") as table:
        table.write("0.50000  img01_3_7.bmp\n")
    trees.touch(folder / "iqa" / "qads" / "super-resolved_images" / "img01_3_7.bmp")
    trees.filled(folder / "iqa" / "qads", 176)
    trees.filled(trees.kadid(folder / "iqa" / "kadid10k", references=6), 176)
    trees.filled(trees.csiq(folder / "iqa" / "csiq", table="csv"), 176)
    trees.filled(trees.retargetme(folder / "iqa" / "retargetme"), 64)
    for path in (folder / "iqa" / "retargetme").rglob("*.png"):
        name = path.relative_to(folder / "iqa" / "retargetme")
        trees.save(folder / "gbvs-maps" / name, trees.photograph(1, 64))
    rows = (folder / "rated.csv").read_text().splitlines()
    for name, some in (
        ("pairs.csv", rows[1:]),
        ("mine.csv", rows[1:19]),
        ("theirs.csv", rows[19:]),
    ):
        (folder / name).write_text("\n".join([rows[0], *some]) + "\n")
    (folder / "photographs").mkdir()
    Image.open(folder / "rated" / "r0.png").save(folder / "photographs" / "one.png")
    rows_of_pairs = [
        {"reference": f"originals/{path.name[:3]}.png", "distorted": f"compressed/{path.name}"}
        for path in sorted((folder / "compressed").glob("*.webp"))
    ]
    if _is_here("pyarrow"):
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(rows_of_pairs), folder / "pairs.parquet")


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


def _rate(folder: Path, photo: Image.Image) -> None:
    """Made-up ratings of six references, each blurred and saved as JPEG at three strengths."""
    lines = ["reference,distorted,distortion,mos"]
    random = np.random.default_rng(0)
    (folder / "rated").mkdir()
    for number in range(6):
        left, top = 16 * number, 8 * number
        reference = photo.crop((left, top, left + 128, top + 128))
        reference.save(folder / "rated" / f"r{number}.png")
        for strength in (1, 2, 3):
            for kind, name in (("blur", f"blur{strength}.png"), ("jpeg", f"jpeg{strength}.jpg")):
                path = folder / "rated" / f"r{number}_{name}"
                worse = reference.filter(
                    ImageFilter.GaussianBlur(strength if kind == "blur" else 0)
                )
                worse.save(path, quality=50 >> strength)
                opinion = 5 - strength + random.normal(0, 0.2)
                lines.append(f"rated/r{number}.png,rated/{path.name},{kind},{opinion:.2f}")
    (folder / "rated.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def mixed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with files of several encoders in one folder, as a reader of the README has them."""
    mixed = tmp_path_factory.mktemp("readme") / "files"
    shutil.copytree(folder, mixed)
    for stem in ("one", "two"):
        with Image.open(folder / "originals" / f"{stem}.png") as original:
            original.save(mixed / "compressed" / f"{stem}_q50.jpg", quality=50)
    return mixed


def _lines_of(block: Block) -> list[str]:
    """Commands of a block of shell, or of the steps of a workflow."""
    if block.language == "sh":
        return [f"{line.partition(' > ')[0]} {block.small}" for line in commands(block.code)]
    yaml = pytest.importorskip("yaml")
    jobs = yaml.safe_load(block.code)["jobs"].values()
    steps = [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    return [
        line.replace("$GITHUB_STEP_SUMMARY", "step.md") for step in steps for line in commands(step)
    ]


def _words(line: str, home: Path) -> list[str]:
    """A command as a shell would give it to the program."""
    return [f"{home}{word[1:]}" if word.startswith("~/") else word for word in shlex.split(line)]


def _is_here(name: str) -> bool:
    return importlib.util.find_spec(name) is not None or shutil.which(name) is not None


@pytest.mark.slow
@pytest.mark.parametrize(
    "block",
    [one for one in blocks() if not one.reason and not one.tried],
    ids=lambda block: block.place,
)
def test_a_block_of_the_docs_runs_as_shown(block: Block, folder: Path, mixed: Path) -> None:
    if missing := [name for name in block.needs if not _is_here(name)]:
        pytest.skip(f"not here: {', '.join(missing)}")
    folder = mixed if block.page == "README.md" else folder
    environment = {"MSDS_OFFLINE": "1", "COLUMNS": "80", "MPLBACKEND": "Agg"}
    environment["MSDS_CACHE"] = str(folder / "cache")
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    if block.title:
        (folder / block.title).parent.mkdir(parents=True, exist_ok=True)
        (folder / block.title).write_text(block.code, encoding="utf-8")
    if block.language == "python":
        code = block.code.replace("path/of/this/repository", ROOT.as_posix())
        assert _passed(run_code(code, cwd=folder, environment=environment), code)
        return
    for line in _lines_of(block):
        program, *words = _words(line, folder)
        if line.startswith("msds serve"):
            with serving(*words[1:], **environment) as address:
                assert address.startswith("http://127.0.0.1:")
        elif program == "msds":
            assert _passed(run_command(*words, cwd=folder, environment=environment), line)
        elif block.small:
            code = f"import runpy, sys; sys.argv = {words[1:]!r}; sys.path.insert(0, {str(ROOT)!r})"
            code += f"; runpy.run_module({words[1]!r}, run_name='__main__', alter_sys=True)"
            assert _passed(run_code(code, cwd=folder, environment=environment), line)
        else:
            elsewhere = line.startswith(ELSEWHERE + PROGRAMS)
            assert elsewhere, f"{block.place}: not run by any test: {line}"


def _passed(result: subprocess.CompletedProcess[str], shown: str) -> bool:
    assert result.returncode in GATES, f"{shown}\n{result.stdout}\n{result.stderr}"
    return True


@pytest.mark.parametrize(
    "block", [one for one in blocks() if one.tried], ids=lambda block: block.place
)
def test_the_tests_that_a_page_names_run_what_it_shows(block: Block) -> None:
    text = (ROOT / block.tried).read_text(encoding="utf-8")
    for line in commands(block.code):
        program, *words = shlex.split(line)
        if program == "make":
            continue
        what = words[0] if program == "msds" else (words[1] if words[0] == "-m" else words[0])
        assert Path(what).name in text or what.replace("benchmarks.", "benchmarks import ") in text


def test_the_docs_speak_of_no_missing_page() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_readme_shows_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in text
    assert "make test" in text
    assert shutil.which("make")


@pytest.mark.slow
def test_the_requests_shown_are_answered_by_the_server(folder: Path) -> None:
    if (curl := shutil.which("curl")) is None:
        pytest.skip("there is no program called curl")
    pytest.importorskip("fastapi")
    shown = [line for line in in_blocks("curl ") if "8737" in line]
    assert shown
    with serving("--workers", "1", MSDS_OFFLINE="1") as address:
        for line in shown:
            sent, _, _ = line.partition(" > ")
            sent = sent.replace("http://127.0.0.1:8737", address.rstrip("/"))
            arguments = [curl, "--fail-with-body", "--silent", *shlex.split(sent)[1:]]
            answer = subprocess.run(arguments, cwd=folder, capture_output=True, check=False)
            assert answer.returncode == 0, f"{line}\n{answer.stdout[:500]!r}"
