"""Options that several verbs have: what they are called, take and say is the same everywhere."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from typer.main import get_command

from msds.cli.main import app
from msds.cli.options import DEFAULT_MODEL
from msds.models import DEFAULT_MODEL as USUAL

SHARED = (
    *("--trunk-weights", "--levels", "--small", "--background", "--transfer", "--frame"),
    *("--device", "--engine", "--precision", "--memory", "--metric", "--baseline"),
    "--csv-safe",
)
OTHERWISE = {("study", "--levels"), ("compare", "--metric"), ("score", "--baseline")}
"""Options of these names that mean something else."""


def verbs(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    subs = getattr(command, "commands", {})
    for sub, one in subs.items():
        yield from verbs(one, f"{name} {sub}".strip())
    if not subs:
        yield name, command


@pytest.mark.parametrize("option", SHARED)
def test_an_option_says_the_same_in_every_verb(option: str) -> None:
    found = {
        (one.help, one.metavar, one.rich_help_panel)  # type: ignore[attr-defined]
        for name, verb in verbs(get_command(app))
        for one in verb.params
        if option in one.opts and (name.split()[0], option) not in OTHERWISE
    }
    assert len(found) == 1


def test_the_model_that_is_used_unless_told_otherwise_is_the_catalogues() -> None:
    assert DEFAULT_MODEL == USUAL
