"""The JSON API."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from msds.encoding.streamed import RegionReader
from msds.metric.maps import QualityMap
from msds.models.levels import level_name
from msds.report.maps import draw_map
from msds.results import Score
from msds.scoring.words import words_of
from msds.version import __version__
from msds.web import answers
from msds.web.guard import Guard
from msds.web.kept import Known
from msds.web.overlays import map_answer
from msds.web.refusals import RefusedError
from msds.web.service import Service
from msds.web.uploads import READING_FIELDS, Form, Upload, read_form

_FILE = {"type": "string", "format": "binary"}
_READING = {
    "background": {"type": "string", "description": "What transparency is shown on: white."},
    "transfer": {
        "type": "string",
        "description": "How HDR samples are meant: pq, hlg, linear:PEAK, srgb.",
    },
    "frame": {"type": "integer", "minimum": 0, "description": "Of files with several images."},
}
_PLACES = {
    "places": {
        "type": "boolean",
        "description": "Look whether parts have moved, which takes as long again or longer; "
        "needs the reference itself.",
    }
}
_REFERENCE_ID = {
    "name": "reference_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "minLength": 1},
    "description": "Of an earlier answer.",
}
_REFERENCE = {
    "reference": {**_FILE, "description": "The undistorted image."},
    "reference_id": {"type": "string", "description": "Of an earlier answer, instead of a file."},
    "keep": {"type": "boolean", "description": "Keep the reference encoded for an hour."},
}
_TOKEN = {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "Bearer."}}
_AGAIN = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
_ANY = {421: "The server is not known by this name."}
_CHANGING = {
    **_ANY,
    401: "The token is missing or wrong.",
    403: "The request comes from a page of another site.",
    413: "The request is too large.",
    503: "Too many requests wait; Retry-After says when to try again.",
}
_FORM = {
    **_CHANGING,
    400: "The form is not as described.",
    408: "The rest of the request did not come.",
    415: "This is no form with files.",
    422: "An image cannot be used.",
}
_HEADERS = {401: _TOKEN, 503: _AGAIN}


_H = TypeVar("_H", bound=Callable[[Request], Awaitable[Any]])
_PAIR = ("reference", "distorted")
_KINDS = ("local", "attribution")
_FORMS = ("json", "png")


def add_routes(app: FastAPI, service: Service, guard: Guard) -> None:
    """Let an application answer for a service."""
    _add_health(app, service, guard)
    _add_scores(app, service)
    _add_report(app, service)
    _add_places(app, service)
    _add_references(app, service)
    _add_map(app, service)
    _add_picture(app, service)


def _post(
    app: FastAPI,
    path: str,
    summary: str,
    shape: Any,
    media: str = "application/json",
    /,
    **form: Any,
) -> Callable[[_H], _H]:
    """What makes a function answer forms, of these fields, with this shape or a file."""
    made: dict[int | str, dict[str, Any]] = {200: {"content": {media: {}}}}
    return app.post(
        path,
        summary=summary,
        response_model=shape,
        response_class=Response if shape is None else JSONResponse,
        responses=_failures(_FORM) | made,
        openapi_extra={"requestBody": _body(form)},
    )


def _add_health(app: FastAPI, service: Service, guard: Guard) -> None:
    @app.get(
        "/api/health",
        summary="Whether the server is there",
        response_model=answers.Health,
        responses=_failures(_ANY),
    )
    async def health() -> dict[str, Any]:
        return {
            "status": "ok",
            "version": __version__,
            "model": service.metric.model_id,
            "fingerprint": service.metric.fingerprint,
            "waiting": guard.waiting,
            "most_waiting": service.limits.requests,
        }


def _add_scores(app: FastAPI, service: Service) -> None:
    @_post(
        app,
        "/api/score",
        "Score an image against its reference",
        answers.ScoreAnswer,
        **_REFERENCE,
        distorted={**_FILE, "description": "The image to judge."},
        **_PLACES,
    )
    async def score(request: Request) -> dict[str, Any]:
        form = await _read(request, service)
        distorted = form.only("distorted")
        known, scores = await _scores(form, service, [distorted])
        if scores[0].error is not None:
            raise RefusedError(422, scores[0].error)
        return {**record(scores[0]), "reference_id": _kept(form, service, known)}

    @_post(
        app,
        "/api/rank",
        "Rank several images against one reference",
        answers.RankAnswer,
        **_REFERENCE,
        distorted={"type": "array", "items": _FILE, "description": "The images to judge."},
        **_PLACES,
    )
    async def rank(request: Request) -> dict[str, Any]:
        form = await _read(request, service)
        known, scores = await _scores(form, service, form.some("distorted"))
        ordered = sorted(scores, key=lambda s: -2.0 if s.score is None else s.score, reverse=True)
        return {
            "reference": known.name,
            "model": service.metric.model_id,
            "ranking": [record(one) for one in ordered],
            "reference_id": _kept(form, service, known),
        }


def _add_report(app: FastAPI, service: Service) -> None:
    @_post(
        app,
        "/api/report",
        "Save a page of several images against one reference, with pictures in it",
        None,
        "text/html",
        reference={**_FILE, "description": "The undistorted image."},
        distorted={"type": "array", "items": _FILE, "description": "The images to judge."},
    )
    async def report(request: Request) -> Response:
        form = await read_form(request, service.limits, _PAIR, READING_FIELDS)
        page = await service.report(
            form.only("reference"), form.some("distorted"), form.reading(service.limits)
        )
        # As a file: shown in place, it would be a page of this server.
        headers = {"content-disposition": 'attachment; filename="report.html"'}
        return Response(page, headers=headers, media_type="text/html")


def _add_places(app: FastAPI, service: Service) -> None:
    @_post(
        app,
        "/api/places",
        "Tell whether parts are alike but not in the same places",
        answers.PlacesAnswer,
        reference={**_FILE, "description": "The undistorted image."},
        distorted={**_FILE, "description": "The image to judge."},
    )
    async def places(request: Request) -> dict[str, str | None]:
        form = await read_form(request, service.limits, _PAIR, READING_FIELDS)
        found = await service.places(
            form.only("reference"), form.only("distorted"), form.reading(service.limits)
        )
        return {"position": found.note, "unknown": found.unknown}


def _add_references(app: FastAPI, service: Service) -> None:
    @app.delete(
        "/api/references/{reference_id}",
        summary="Forget a reference",
        status_code=204,
        responses=_failures({**_CHANGING, 404: "There is none."}),
        # Not an argument: any text will do, and FastAPI would say that some will not.
        openapi_extra={"parameters": [_REFERENCE_ID]},
    )
    async def forget(request: Request) -> Response:
        if not service.kept.drop(request.path_params["reference_id"]):
            raise RefusedError(404, "There is no such reference, or not any more.")
        return Response(status_code=204)


def _add_map(app: FastAPI, service: Service) -> None:
    @_post(
        app,
        "/api/map",
        "Show where two images differ",
        answers.MapAnswer,
        "image/png",
        reference={**_FILE, "description": "The undistorted image."},
        distorted={**_FILE, "description": "The image to judge, of the same size."},
        kind={"type": "string", "enum": list(_KINDS)},
        form={"type": "string", "enum": list(_FORMS), "description": "json, or a picture."},
        **_side(
            "More are reduced by a whole number first; all levels are then of the smaller image."
        ),
    )
    async def draw(request: Request) -> Any:
        names = ("kind", "form", "side", *READING_FIELDS)
        form = await read_form(request, service.limits, _PAIR, names)
        kind, wanted = form.choice("kind", _KINDS), form.choice("form", _FORMS)
        pair = form.only("reference"), form.only("distorted")
        found, image = await service.map(
            *pair, form.reading(service.limits), kind, form.count("side")
        )
        if wanted == "json":
            return JSONResponse(await run_in_threadpool(map_answer, found))
        return Response(await run_in_threadpool(_drawn, found, image), media_type="image/png")


def _add_picture(app: FastAPI, service: Service) -> None:
    @_post(
        app,
        "/api/picture",
        "Show an image as the metric sees it, as a PNG",
        None,
        "image/png",
        image={**_FILE, "description": "An image in any format."},
        **_side("Most pixels along a side."),
    )
    async def picture(request: Request) -> Response:
        form = await read_form(request, service.limits, ("image",), ("side", *READING_FIELDS))
        content = await service.picture(
            form.only("image"), form.reading(service.limits), form.count("side")
        )
        return Response(content, media_type="image/png")


def record(score: Score) -> dict[str, Any]:
    """A pair as JSON-able values, with its levels and its score in words."""
    names = [level_name(k, len(score.levels)) for k in range(len(score.levels))]
    words = words_of(score)
    said = {"meaning": words.meaning, "called": words.mostly, "position": words.position}
    return {**score.to_dict(), "level_names": names, **said}


def _side(what: str) -> dict[str, Any]:
    return {"side": {"type": "integer", "minimum": 1, "description": what}}


def _failures(reasons: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """Statuses and what they mean, for the description of the API."""
    return {
        status: {
            "model": answers.Failure,
            "description": why,
            **({"headers": _HEADERS[status]} if status in _HEADERS else {}),
        }
        for status, why in sorted(reasons.items())
    }


def _body(form: Mapping[str, Any]) -> dict[str, Any]:
    """A form of fields, for the description of the API."""
    schema: dict[str, Any] = {"type": "object", "properties": {**form, **_READING}}
    needed = [name for name in ("distorted", "image") if name in form]
    if "reference" in form and "reference_id" not in form:
        needed.append("reference")
    schema["required"] = needed
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


async def _read(request: Request, service: Service) -> Form:
    names = ("reference_id", "keep", "places", *READING_FIELDS)
    form = await read_form(request, service.limits, _PAIR, names)
    if form.truth("places"):
        form.only("reference")  # before anything is computed for an answer that cannot be given
    return form


def _reference(form: Form, service: Service) -> Upload | Known:
    key = form.fields.get("reference_id")
    if not key:
        return form.only("reference")
    if form.files.get("reference"):
        raise RefusedError(400, "Give a reference or a reference_id, not both.")
    known = service.kept.get(key)
    if known is None:
        raise RefusedError(400, "There is no such reference, or not any more: send the file again.")
    settings = tuple(sorted(form.reading(service.limits).settings.items()))
    if known.reading != settings:
        raise RefusedError(400, "The reference was read with other options: send the file again.")
    return known


async def _scores(
    form: Form, service: Service, distorted: list[Upload]
) -> tuple[Known, list[Score]]:
    """Records of a form's images, with the note on moved parts if it was asked for."""
    return await service.score(
        _reference(form, service),
        distorted,
        form.reading(service.limits),
        places=form.truth("places"),
    )


def _kept(form: Form, service: Service, known: Known) -> str | None:
    key = form.fields.get("reference_id")
    if key:
        return key
    return service.kept.put(known) if form.truth("keep") else None


def _drawn(found: QualityMap, image: RegionReader) -> bytes:
    """A map as `msds map` draws it."""
    buffer = io.BytesIO()
    draw_map(found, image).save(buffer, "PNG")
    return buffer.getvalue()
