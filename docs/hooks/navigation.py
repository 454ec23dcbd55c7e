"""Pages that the navigation does not name, in the places that it keeps for them.

An entry that ends in a slash stands for the pages of a folder that are named nowhere else, by name,
and `./` for all that remain. So a new decision or result is on the site without a change of
`mkdocs.yml`, and no page is out of reach.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

NO_PAGES = ("assets/", "hooks/", "theme/")


def on_config(config: Any) -> Any:
    """Put the pages in their places."""
    folder = Path(config["docs_dir"])
    pages = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.md"))
    config["nav"] = placed(config["nav"], [one for one in pages if not one.startswith(NO_PAGES)])
    return config


def placed(nav: Sequence[Any], pages: Sequence[str]) -> list[Any]:
    """The navigation with its open places filled.

    Parameters
    ----------
    nav : as in `mkdocs.yml`: pages, or titles with a page or a list.
    pages : paths of all pages that there are.
    """
    named = set(_values(nav))
    folders = sorted((one for one in named if one.endswith("/")), key=len, reverse=True)
    found: dict[str, list[str]] = {one: [] for one in folders}
    for page in sorted(pages, key=lambda one: (not one.endswith(("README.md", "index.md")), one)):
        home = next((one for one in folders if one == "./" or page.startswith(one)), None)
        if page not in named and home is not None:
            found[home].append(page)
    return list(_filled(nav, found))


def _values(nav: Sequence[Any]) -> Iterator[str]:
    for item in nav:
        for value in item.values() if isinstance(item, dict) else [item]:
            yield from [value] if isinstance(value, str) else _values(value)


def _filled(nav: Sequence[Any], found: dict[str, list[str]]) -> Iterator[Any]:
    for item in nav:
        if isinstance(item, str):
            yield from found.get(item, [item])
            continue
        for title, value in item.items():
            yield {title: value if isinstance(value, str) else list(_filled(value, found))}
