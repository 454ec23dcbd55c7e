"""A picture that stands by itself leads to its file, where it can be looked at in full size."""

from __future__ import annotations

import re
from typing import Any

ALONE = re.compile(r'<p>\s*(<img\b[^>]*?\bsrc="([^"]+)"[^>]*>)\s*</p>')


def on_page_content(html: str, **_: Any) -> str:
    """The page with its pictures as links."""
    return ALONE.sub(r'<p><a class="picture" href="\2">\1</a></p>', html)
