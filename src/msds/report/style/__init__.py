"""The one look of all pages: style sheets and small scripts, kept as files beside this one."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def asset(name: str, package: str = __name__) -> str:
    """The text of a style sheet or script, such as "page.css", that lies in a package."""
    return files(package).joinpath(name).read_text(encoding="utf-8")
