"""Where the repository lies, for the link at the top and for links that leave `docs/`.

The address is that of the clone's own `origin` (or `MSDS_REPOSITORY`), so that the site of a fork
leads to the fork; a clone without one gets a site without the link. A link to
`../examples/common.py` works in the sources as it is; on the site it leads to the file in the
repository, or stays plain text. A page whose text is `--8<-- "CHANGELOG.md"` shows that file. What
stands between `<!-- sources only -->` and `<!-- /sources only -->` is for who reads the sources, as
on GitHub: it says what the site shows instead.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path, PurePath
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"(?<![!\w])\[([^\]]+)\]\((?!\w+:|#)([^)\s]+)\)")
SOURCES_ONLY = re.compile(r"<!-- sources only -->.*?<!-- /sources only -->\n*", re.DOTALL)
INCLUDED = re.compile(r"^--8<-- \"([^\"]+)\"$", re.MULTILINE)
INCLUDING = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "RELEASING.md": "releasing.md",
}
"""Files that have a page of their own, which includes them."""


def address() -> str | None:
    """The repository's page on the web, if it has one."""
    found = os.environ.get("MSDS_REPOSITORY", "")
    if not found:
        asked = ["git", "-C", str(ROOT), "config", "--get", "remote.origin.url"]
        found = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    found = re.sub(r"^(?:ssh://)?git@([^:/]+)[:/]", r"https://\1/", found).removesuffix(".git")
    # A password or a token in an address is nobody's business.
    found = re.sub(r"^https://[^/@]*@", "https://", found)
    return found if found.startswith("https://") else None


def on_config(config: Any) -> Any:
    """The link at the top."""
    config["repo_url"] = address()
    if config["repo_url"]:
        config["repo_name"] = "/".join(config["repo_url"].split("/")[3:])
    return config


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """Links to files of the repository that are no pages, and what a page includes."""
    here = ROOT / "docs" / page.file.src_uri

    def include(match: re.Match[str]) -> str:
        file = ROOT / match[1]
        return _led(file.read_text(encoding="utf-8"), file, here, config["repo_url"])

    markdown = SOURCES_ONLY.sub("", markdown)
    return INCLUDED.sub(include, _led(markdown, here, here, config["repo_url"]))


def _led(text: str, source: Path, page: Path, repository: str | None) -> str:
    """Text of a file with its links as they must be on a page."""

    def lead(match: re.Match[str]) -> str:
        target, hash_sign, anchor = match[2].partition("#")
        place = Path(os.path.normpath(source.parent / target))
        if place == ROOT or not place.is_relative_to(ROOT):
            return match[0]
        name = place.relative_to(ROOT).as_posix()
        place = ROOT / "docs" / INCLUDING[name] if name in INCLUDING else place
        if place.is_relative_to(ROOT / "docs"):
            path = PurePath(os.path.relpath(place, page.parent)).as_posix()
            return f"[{match[1]}]({path}{hash_sign}{anchor})"
        kind = "tree" if place.is_dir() else "blob"
        return f"[{match[1]}]({repository}/{kind}/HEAD/{name})" if repository else match[1]

    return LINK.sub(lead, text)
