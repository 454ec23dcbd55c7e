"""A whole page of HTML around a body: one file, which may load nothing that is not in it."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from msds.report.markup import shown
from msds.report.style import asset

MARK = (
    '<svg width="31" height="16" aria-hidden="true">'
    '<rect class="fill l0" width="16" height="16" rx="2"/>'
    '<rect class="fill l1" x="17.5" y="8" width="8" height="8" rx="1.4"/>'
    '<rect class="fill l2" x="27" y="12" width="4" height="4" rx="1"/></svg>'
)
"""The project's mark: an image at three scales."""

STYLES = ("page.css", "viewer.css")
SCRIPTS = ("viewer.js", "page.js")


@dataclass(frozen=True)
class Look:
    """What a page may use: texts of style sheets and scripts, and where its pictures come from.

    Attributes
    ----------
    pictures : a source list of a content security policy.
    """

    styles: tuple[str, ...]
    scripts: tuple[str, ...]
    pictures: str = "data:"


def usual_look() -> Look:
    """That of pages of tables, figures and pairs of pictures."""
    return Look(tuple(map(asset, STYLES)), tuple(map(asset, SCRIPTS)))


def document(title: str, body: str, look: Look | None = None, icon: bool = True) -> str:
    """The page.

    Parameters
    ----------
    title : any text.
    body : HTML of what is within `<body>`, without attributes that hold styles or scripts: the
        page's own policy forbids these, as it does everything that is not of its look.
    look : by default that of tables, figures and pairs of pictures.
    icon : whether the mark is the page's icon.
    """
    look = look or usual_look()
    styles, scripts = "\n".join(look.styles), "\n".join(look.scripts)
    policy = (
        f"default-src 'none'; img-src {look.pictures}; style-src {_hash(styles)}; "
        f"script-src {_hash(scripts)}; base-uri 'none'; form-action 'none'"
    )
    link = f'<link rel="icon" href="{_icon()}">' if icon else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{shown(title)}</title>{link}<style>{styles}</style></head>\n"
        f"<body>{body}<script>{scripts}</script></body></html>\n"
    )


def masthead(title: str, lead: str, made_by: str = "MSDS") -> str:
    """The head of a page: the mark, what it is called, and one sentence."""
    return (
        f'<header class="masthead"><div class="brand">{MARK}<span>{shown(made_by)}</span></div>'
        f'<h1>{shown(title)}</h1><p class="lead">{shown(lead)}</p></header>'
    )


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _icon() -> str:
    drawn = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><g fill="#137480">'
        '<rect y="8" width="16" height="16" rx="2"/><rect x="18" y="16" width="8" height="8" '
        'rx="1.4"/><rect x="28" y="20" width="4" height="4" rx="1"/></g></svg>'
    )
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn.encode()).decode()}"
