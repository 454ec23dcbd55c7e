"""What was measured, a line of JSON for each case, so that an interrupted run goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

Plan = TypeVar("Plan")


def measured(
    keep: Path,
    plan: Iterable[tuple[dict[str, str | float], Plan]],
    measure: Callable[[Plan], dict[str, Any]],
) -> list[dict[str, Any]]:
    """All cases of a plan; those measured earlier are read from the file `keep`.

    Parameters
    ----------
    plan : what tells each case from others, and what it is measured from.
    measure : what is found in one.

    Raises
    ------
    SystemExit
        If the file is of another plan.
    """
    lines = keep.read_text().splitlines() if keep.exists() else []
    found = [json.loads(line) for line in lines]
    with keep.open("a") as file:
        for number, (about, case) in enumerate(plan):
            if number < len(lines):
                if {name: found[number].get(name) for name in about} != about:
                    raise SystemExit(f"{keep}: line {number + 1} is of another plan; remove it.")
                continue
            found.append(about | measure(case))
            file.write(json.dumps(found[-1]) + "\n")
            file.flush()
    return found
