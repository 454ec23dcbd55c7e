"""`msds serve`: the page to drop images on, and its API."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from msds.cli.options import DEFAULT_MODEL, Device, OneModel, TrunkWeights
from msds.cli.show import say

if TYPE_CHECKING:
    from msds.web.settings import Limits

EXAMPLES = """
[bold]Examples[/bold]

  msds serve

  msds serve --port 9000 --model msds-vgg16

  MSDS_TOKEN=something-long-and-secret msds serve --host 0.0.0.0
"""


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command(epilog=EXAMPLES)(serve)


def serve(
    host: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Where to listen. Beyond this machine every request needs a token."
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="0: any free one.")
    ] = 8737,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            metavar="NAME",
            help="Another name that the server may be called by; repeatable.",
        ),
    ] = None,
    model: OneModel = DEFAULT_MODEL,
    trunk_weights: TrunkWeights = None,
    device: Device = "cpu",
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, help="Processes that decode images.")
    ] = 2,
    max_upload: Annotated[
        str, typer.Option(metavar="SIZE", help="Most that one request may send.")
    ] = "256M",
    max_pixels: Annotated[
        int, typer.Option(metavar="N", min=1, help="Images of more pixels are refused.")
    ] = 100_000_000,
    max_requests: Annotated[
        int, typer.Option(metavar="N", min=1, help="More at a time are told to come again.")
    ] = 32,
) -> None:
    """Serve a page to drop images on, which shows scores, ranks and where images differ.

    The same for programs is at /api. The token beyond this machine is taken from MSDS_TOKEN, or
    made and shown. Nothing that is sent is kept after the answer, unless the request asks for it.
    """
    _prepare()

    from msds.models import load_model
    from msds.scoring.device import choose_device
    from msds.web import server

    limits = _limits(max_upload, max_pixels, max_requests)
    metric = load_model(model, trunk_weights=trunk_weights).to(choose_device(device))
    server.serve(
        metric,
        server.Place(host, port, tuple(allow_host or ())),
        limits,
        workers=workers,
        started=lambda address: say(f"msds: serving at {address}"),
    )


def _prepare() -> None:
    """What comes before anything large is imported."""
    # oneDNN keeps the kernels of a thousand shapes, and every size of image brings some forty.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "256")
    from msds.errors import require
    from msds.web.app import EXTRA

    for name in ("fastapi", "uvicorn", "python_multipart"):
        require(name, EXTRA)


def _limits(upload: str, pixels: int, requests: int) -> Limits:
    from msds.scoring.memory import parse_size
    from msds.web.settings import Limits

    body = parse_size(upload)
    return Limits(body=body, bodies=max(Limits.bodies, body), pixels=pixels, requests=requests)
