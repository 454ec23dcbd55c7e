"""Where the repository lies, for the link at the top and for links that leave `docs/`.

The address is that of the clone's own `origin` (or `MSDS_REPOSITORY`), so that the site of a fork
leads to the fork; a clone without one gets a site without the link. A link to
`../examples/common.py` works in the sources as it is; on the site it leads to the file in the
repository, or stays plain text.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(((?:\.\./)+[^)\s]+)\)")


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
    """Links to files of the repository that are no pages."""
    folder = PurePosixPath("docs", page.file.src_uri).parent

    def lead(match: re.Match[str]) -> str:
        text, target = match[1], match[2].partition("#")[0]
        place = Path(os.path.normpath(ROOT / folder / target))
        if place.is_relative_to(ROOT / "docs"):
            return match[0]
        name = place.relative_to(ROOT).as_posix()
        kind = "tree" if place.is_dir() else "blob"
        return f"[{text}]({config['repo_url']}/{kind}/HEAD/{name})" if config["repo_url"] else text

    return LINK.sub(lead, markdown)
