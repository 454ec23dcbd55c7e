"""The application: pages and API behind the guard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from msds.errors import InputError, require
from msds.version import __version__
from msds.web.guard import Guard
from msds.web.idle import hand_back_when_idle
from msds.web.refusals import RefusedError
from msds.web.service import Service
from msds.web.settings import Access, Limits

if TYPE_CHECKING:
    from fastapi import FastAPI

    from msds.metric.modules import MSDS

EXTRA = "web"


class Application(Guard):
    """The page and its API behind the guard, and the service that does the work."""

    def __init__(self, app: FastAPI, access: Access, service: Service) -> None:
        super().__init__(app, access, service.limits)
        self.service = service


def make_app(
    metric: MSDS,
    access: Access | None = None,
    limits: Limits | None = None,
    *,
    workers: int = 2,
) -> Application:
    """The page and its API as an ASGI application.

    Parameters
    ----------
    metric : on the device to compute on.
    access : who may ask; by default this machine.
    limits : how much may be asked for.
    workers : processes that decode images; they begin and end with the application's lifespan.

    Raises
    ------
    MissingExtraError
        If the extra ``web`` is not installed.
    """
    require("fastapi", EXTRA)
    require("python_multipart", EXTRA)
    from fastapi import FastAPI
    from starlette.concurrency import run_in_threadpool

    from msds.web.pages import add_pages
    from msds.web.routes import add_routes

    access, limits = access or Access(), limits or Limits()
    service = Service(metric, limits, workers)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(service.start)
        idle = asyncio.create_task(hand_back_when_idle(lambda: (guard.waiting, guard.answered)))
        yield
        idle.cancel()
        await run_in_threadpool(service.close)

    app = FastAPI(
        title="MSDS",
        version=__version__,
        description="Full-reference image quality: 1 is identical, lower is worse.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    guard = Application(app, access, service)
    _add_refusals(app)
    add_routes(app, service, guard)
    add_pages(app, service)
    return guard


def _add_refusals(app: FastAPI) -> None:
    """Have everything that goes wrong told as JSON, in a sentence."""
    from fastapi import Request
    from fastapi.responses import JSONResponse, Response
    from starlette.exceptions import HTTPException

    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, RefusedError)
        return Response(error.body, error.status, error.headers, "application/json")

    async def unusable(_: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, 422)

    async def unknown(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return JSONResponse({"error": f"{error.detail}."}, error.status_code, error.headers)

    app.add_exception_handler(RefusedError, refused)
    app.add_exception_handler(InputError, unusable)
    app.add_exception_handler(HTTPException, unknown)
