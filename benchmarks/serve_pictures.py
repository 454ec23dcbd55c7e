"""Pictures of the page for the docs: wide and narrow, light and dark, of its examples.

    python -m benchmarks.serve_pictures docs/images

Needs Playwright and a Chromium that is installed. The docs show two of the four.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.chromium import chromium

SIZES = {"wide": (1400, 1000), "narrow": (390, 844)}
SHOWN = "one-part-blurred.png"


@contextmanager
def served(code: Path | None = None) -> Iterator[str]:
    """The address of a server of the page, of the package in a folder `code` if one is given."""
    paths = {"PYTHONPATH": str(code.resolve())} if code is not None else {}
    process = subprocess.Popen(
        [sys.executable, "-m", "msds", "serve", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | paths,
    )
    assert process.stderr is not None
    try:
        yield process.stderr.readline().split()[-1]
    finally:
        process.terminate()
        process.wait()


def shoot(page: Any, address: str, path: Path) -> None:
    """The page with its examples, one of them shown with its map."""
    page.goto(address)
    page.click("#examples")
    page.wait_for_function(
        "() => document.getElementById('status').textContent.includes('images compared.')"
    )
    page.wait_for_selector(".said.away")  # where parts have moved is found last
    page.click(f"#ranking button:has-text('{SHOWN}')")
    page.wait_for_selector(f".pane.b img[alt*='{SHOWN}']")
    page.select_option("#map-level", "0")
    page.wait_for_selector("img.map")
    page.evaluate("document.activeElement.blur()")
    page.evaluate("Promise.all([...document.images].map((image) => image.decode()))")
    page.screenshot(path=path, full_page=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--all", action="store_true", help="all four, not only those of the docs")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with served() as address, chromium() as running:
        for name, (width, height) in SIZES.items():
            for scheme in ("light", "dark"):
                usual = {"wide": "light", "narrow": "dark"}[name] == scheme
                if not (usual or arguments.all):
                    continue
                page = running.new_page(
                    viewport={"width": width, "height": height}, color_scheme=scheme
                )
                page.set_default_timeout(0)
                end = "" if usual else f"-{scheme}"
                shoot(page, address, arguments.folder / f"serve-{name}{end}.png")
                page.close()


if __name__ == "__main__":
    main()
