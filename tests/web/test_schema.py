"""The API is as its own description says, whatever is sent: schemathesis makes it up.

Files are pictures that can be scored, parts of them and a few bytes; all else is drawn from the
description, or from what it does not allow.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from helpers.pictures import saved
from helpers.web_server import serving
from msds.metric.modules import MSDS
from msds.web.app import make_app

pytest.importorskip("schemathesis", reason="schemathesis is not installed")

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

pytestmark = pytest.mark.slow

PICTURE = saved(Image.radial_gradient("L").convert("RGB").crop((0, 0, 160, 136)))
FILES = st.sampled_from(
    [
        PICTURE,
        saved(Image.linear_gradient("L").convert("RGB").crop((0, 0, 160, 136)), "JPEG"),
        saved(Image.new("RGB", (20, 20))),
        PICTURE[:200],
        b"",
    ]
)
EXAMPLES = 8
NAMES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of one that takes small images only."""
    with serving("--max-pixels", "100000") as address:
        yield address


@pytest.fixture(scope="module")
def description(metric: MSDS) -> Any:
    """What the application says of itself, which it does without being started."""
    load_all_checks()
    schemathesis.openapi.format("binary", st.one_of(FILES, st.binary(max_size=64)))
    return schemathesis.openapi.from_dict(make_app(metric).app.openapi())  # type: ignore[attr-defined]


@pytest.mark.parametrize("allowed", [True, False], ids=["as described", "not as described"])
def test_answers_are_as_described(server: str, description: Any, allowed: bool) -> None:
    mode = GenerationMode.POSITIVE if allowed else GenerationMode.NEGATIVE
    checks = [CHECKS.get_one(name) for name in NAMES]
    seen = set()
    for found in description.get_all_operations():
        operation = found.ok()
        if not allowed and not operation.body:
            continue  # takes nothing that could be wrong

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            answer = case.call_and_validate(base_url=server, checks=checks)
            seen.add(answer.status_code)

        ask()
    assert {200, 422} <= seen if allowed else 400 in seen
