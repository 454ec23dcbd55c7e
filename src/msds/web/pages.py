"""The page itself: every file that it is made of, known beforehand."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from msds.report.document import MARK
from msds.report.markup import shown
from msds.report.style import asset
from msds.version import __version__
from msds.web.description import api_page
from msds.web.examples import EXAMPLES, example
from msds.web.refusals import RefusedError
from msds.web.service import Service

_HERE = "msds.web.page"
_ASSETS = {
    "page.css": ("text/css", "msds.report.style"),
    "viewer.css": ("text/css", "msds.report.style"),
    "viewer.js": ("text/javascript", "msds.report.style"),
    "compare.css": ("text/css", _HERE),
    "images.js": ("text/javascript", _HERE),
    "server.js": ("text/javascript", _HERE),
    "compare.js": ("text/javascript", _HERE),
}
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><g fill="#137480">'
    '<rect y="8" width="16" height="16" rx="2"/><rect x="18" y="16" width="8" height="8" '
    'rx="1.4"/><rect x="28" y="20" width="4" height="4" rx="1"/></g></svg>'
)


class _File(NamedTuple):
    content: str
    kind: str


def add_pages(app: FastAPI, service: Service) -> None:
    """Let an application show the page, its files, its examples and what the API is."""

    @app.get("/", include_in_schema=False)
    async def page() -> HTMLResponse:
        return HTMLResponse(page_html(service.metric.model_id))

    @app.get("/api", include_in_schema=False)
    async def api(request: Request) -> HTMLResponse:
        return HTMLResponse(api_page(app.openapi(), str(request.base_url)))

    @app.get("/files/{name}", include_in_schema=False)
    async def file(name: str) -> Response:
        found = _files().get(name)
        if found is None:
            raise RefusedError(404, "There is no such file.")
        return Response(found.content, media_type=found.kind)

    @app.get("/examples", include_in_schema=False)
    async def examples() -> JSONResponse:
        return JSONResponse(list(EXAMPLES))

    # Not a coroutine: they are drawn when they are first asked for.
    @app.get("/examples/{name}", include_in_schema=False)
    def one_example(name: str) -> Response:
        if name not in EXAMPLES:
            raise RefusedError(404, "There is no such example.")
        return Response(example(name), media_type=f"image/{name.rpartition('.')[2]}")


@cache
def _files() -> dict[str, _File]:
    found = {name: _File(asset(name, package), kind) for name, (kind, package) in _ASSETS.items()}
    found["icon.svg"] = _File(ICON, "image/svg+xml")
    return found


def page_html(model: str) -> str:
    """The page."""
    text = files(_HERE).joinpath("compare.html").read_text(encoding="utf-8")
    values = {"mark": MARK, "model": shown(model), "version": shown(__version__)}
    for name, value in values.items():
        text = text.replace(f"{{{{ {name} }}}}", value)
    return text
