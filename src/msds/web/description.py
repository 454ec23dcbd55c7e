"""The API on one plain page, made of its own description; no script and nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msds.report.document import MARK
from msds.report.markup import shown


def api_page(described: Mapping[str, Any], address: str) -> str:
    """HTML of an OpenAPI description.

    Parameters
    ----------
    described : as FastAPI makes it.
    address : of the server, for the example.
    """
    shapes = described.get("components", {}).get("schemas", {})
    parts = "".join(
        _operation(method, path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    )
    models = "".join(_shape(name, shape) for name, shape in shapes.items())
    call = f"curl -F reference=@photo.png -F distorted=@photo.jpg {shown(address)}api/score"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><title>API of MSDS</title>'
        '<link rel="icon" href="/files/icon.svg"><link rel="stylesheet" href="/files/page.css">'
        f'</head><body><div class="page"><header class="masthead"><div class="brand">{MARK}'
        '<span><a href="/">MSDS</a></span></div><h1>API</h1><p class="lead">Everything the page '
        'does, for programs. Also as <a href="/openapi.json">openapi.json</a>.</p></header>'
        f"<main><section><pre>{call}</pre></section>{parts}"
        f"<section><h2>Answers</h2>{models}</section></main></div></body></html>\n"
    )


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    head = f"<h2>{method.upper()} {shown(path)}</h2><p>{shown(operation.get('summary', ''))}.</p>"
    content = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data")
    fields = ""
    if content is not None:
        needed = content["schema"].get("required", ())
        rows = "".join(
            f'<tr><th scope="row">{shown(name)}</th><td class="words">{_kind(value)}</td>'
            f'<td class="words">{"needed" if name in needed else ""}</td>'
            f'<td class="words">{shown(value.get("description", ""))}</td></tr>'
            for name, value in content["schema"]["properties"].items()
        )
        fields = _table(("field", "kind", "", "what"), rows, f"Fields of {path}")
    answers = "".join(
        f'<tr><th scope="row">{shown(status)}</th><td class="words">'
        f"{shown(answer.get('description', ''))}</td></tr>"
        for status, answer in operation.get("responses", {}).items()
    )
    statuses = _table(("status", "what"), answers, f"Statuses of {path}")
    return f"<section>{head}{fields}{statuses}</section>"


def _shape(name: str, shape: Mapping[str, Any]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{shown(key)}</th><td class="words">{_kind(value)}</td>'
        f'<td class="words">{shown(value.get("description", ""))}</td></tr>'
        for key, value in shape.get("properties", {}).items()
    )
    return f"<h3>{shown(name)}</h3>{_table(('field', 'kind', 'what'), rows, name)}"


def _kind(value: Mapping[str, Any]) -> str:
    if "anyOf" in value:
        return shown(" or ").join(_kind(one) for one in value["anyOf"])
    if "$ref" in value:
        return shown(value["$ref"].rpartition("/")[2])
    if value.get("format") == "binary":
        return "file"
    if value.get("type") == "array":
        return f"list of {_kind(value.get('items', {}))}"
    if "enum" in value:
        return shown(" or ".join(map(str, value["enum"])))
    return shown(str(value.get("type", "any")))


def _table(heads: tuple[str, ...], rows: str, label: str) -> str:
    head = "".join(f'<th scope="col" class="words">{name}</th>' for name in heads)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{shown(label)}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
