"""What a campaign tries, and what it reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Trial:
    """One kind of thing to try.

    Attributes
    ----------
    what : it is, in words.
    outcomes : tries it, and says of each time what came of it, in a word or two.
    bad : the outcomes that must not be.
    """

    what: str
    outcomes: Callable[[], Iterable[str]]
    bad: tuple[str, ...]

    def run(self) -> Attempt:
        """Try it all."""
        counts = Counter(self.outcomes())
        failures = {name: counts.pop(name) for name in self.bad if name in counts}
        return Attempt(self.what, dict(counts), failures)


@dataclass(frozen=True)
class Attempt:
    """One kind of thing that was tried, and how often what came of it.

    Attributes
    ----------
    what : it is, in words.
    outcomes : that may be.
    failures : outcomes that must not be.
    """

    what: str
    outcomes: dict[str, int] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        """How often the software did what it must not."""
        return sum(self.failures.values())

    @property
    def tried(self) -> int:
        """How many times in all."""
        return sum(self.outcomes.values()) + self.failed


def table(attempts: Iterable[Attempt]) -> str:
    """A Markdown table of what was tried and what failed."""
    rows = list(attempts)
    names = list(dict.fromkeys(name for row in rows for name in row.outcomes))
    head = ["", "tried", *names, "failed"]
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}"]
    for row in [*rows, total("all", rows)] if len(rows) > 1 else rows:
        counts = [row.tried, *(row.outcomes.get(name, 0) for name in names), row.failed]
        lines.append(f"| {row.what} | {' | '.join(f'{count:,}' for count in counts)} |")
    return "\n".join(lines)


def total(what: str, attempts: Iterable[Attempt]) -> Attempt:
    """Several kinds of things as one."""
    outcomes, failures = Counter[str](), Counter[str]()
    for attempt in attempts:
        outcomes.update(attempt.outcomes)
        failures.update(attempt.failures)
    return Attempt(what, dict(outcomes), dict(failures))
