"""The pictures of docs/reports.md: pages of a run over the example photographs, in Chromium.

    python -m benchmarks.page_pictures docs/images

Distorts the photographs in every way of examples/make_distorted.py, scores them with a page, and
takes report.webp (the page, wide and light, narrow and dark) and report-pair.webp (a pair). Needs a
program called chromium, and playwright.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from benchmarks.chromium import chromium

ROOT = Path(__file__).resolve().parents[1]
PHOTOS = ROOT / "examples" / "photos"
WIDE, NARROW, HEIGHT = 1180, 390, 844
GAP, ROUND = 28, 14
PAIR = "chelsea_blur4"
"""Distortion of the pair that is shown."""


def page(folder: Path) -> Path:
    """The page of a run over all distortions of the photographs."""
    make = ROOT / "examples" / "make_distorted.py"
    subprocess.run([sys.executable, make, "--all", "--out", folder / "distorted"], check=True)
    originals = folder / "photos"
    originals.mkdir()
    for photo in PHOTOS.iterdir():
        if photo.suffix in (".png", ".jpg"):
            shutil.copy(photo, originals)
    command = ["score", "photos", "distorted", "--pattern", "{stem}_{distortion}.{format}"]
    subprocess.run(
        [sys.executable, "-m", "msds", *command, "--report", "report.html", "--out", "scores.csv"],
        cwd=folder,
        check=True,
    )
    return folder / "report.html"


def shot(tab: Any) -> Image.Image:
    """What a tab shows."""
    return Image.open(io.BytesIO(tab.screenshot())).convert("RGB")


def beside(*pictures: Image.Image) -> Image.Image:
    """Pictures in a row with round corners, on a ground that is not there."""
    width = sum(picture.width for picture in pictures) + GAP * (len(pictures) - 1)
    canvas = Image.new("RGBA", (width, max(picture.height for picture in pictures)))
    left = 0
    for picture in pictures:
        mask = Image.new("L", picture.size)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, *picture.size), ROUND, fill=255)
        canvas.paste(picture, (left, 0), mask)
        left += picture.width + GAP
    return canvas


def taken(address: str) -> dict[str, Image.Image]:
    """The pictures by name."""
    with chromium() as browser:

        def tab(width: int, scheme: str) -> Any:
            opened = browser.new_page(
                viewport={"width": width, "height": HEIGHT}, color_scheme=scheme
            )
            opened.goto(address)
            opened.wait_for_load_state("networkidle")
            return opened

        wide, narrow = tab(WIDE, "light"), tab(NARROW, "dark")
        narrow.locator(".pairs").scroll_into_view_if_needed()
        narrow.evaluate("document.querySelector('.strip-box').scrollIntoView()")
        narrow.wait_for_timeout(300)
        page = beside(shot(wide), shot(narrow))
        wide.locator(".card", has_text=PAIR).first.click()
        wide.get_by_label("Map").fill("75")
        wide.locator(".viewer .handle").fill("46")
        wide.wait_for_timeout(300)
        pair = beside(shot(wide))
    return {"report": page, "report-pair": pair}


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    target = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as name:
        for stem, picture in taken(page(Path(name)).as_uri()).items():
            picture.save(target / f"{stem}.webp", quality=88, method=6)


if __name__ == "__main__":
    main()
