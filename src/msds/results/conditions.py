"""Conditions that results must meet, for continuous integration: thresholds and baselines."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from msds.errors import InputError
from msds.results.earlier import read_results
from msds.results.record import Run, Score, differing
from msds.text import printable

DEFAULT_TOLERANCE = 0.001


@dataclass(frozen=True)
class Finding:
    """Something that conditions say about one pair.

    Attributes
    ----------
    title : what kind of finding it is, in a few words.
    reference, distorted : the pair.
    text : one sentence with the numbers.
    failed : whether a condition is not met; a mere notice does no harm.
    """

    title: str
    reference: str
    distorted: str
    text: str
    failed: bool = True


@dataclass(frozen=True)
class Conditions:
    """What the scores of a run must meet.

    Attributes
    ----------
    fail_under : the least score that is good.
    baseline : earlier results, than which no score may be worse.
    tolerance : by more than this.
    same_size : whether a pair of images of different size has no score.
    allow_unmatched : whether files without a partner are accepted; ambiguous ones never are.

    Raises
    ------
    InputError
        If a number is none that scores or their differences can have.
    """

    fail_under: float | None = None
    baseline: Path | None = None
    tolerance: float = DEFAULT_TOLERANCE
    same_size: bool = False
    allow_unmatched: bool = False

    def __post_init__(self) -> None:
        if self.fail_under is not None and not -1 <= self.fail_under <= 1:
            raise InputError(
                f"--fail-under is a score, so from -1 to 1; found {self.fail_under:g}."
            )
        if not 0 <= self.tolerance < math.inf:
            raise InputError(
                f"--tolerance is a difference of scores, 0 or more; found {self.tolerance:g}."
            )

    def judged(self, score: Score) -> Score:
        """The record as these conditions leave it: no score where sizes must not differ."""
        if not self.same_size or score.score is None or not score.size_difference:
            return score
        return replace(score, score=None, levels=(), error=f"{score.size_difference}.")

    def findings(self, scores: Sequence[Score], earlier: Sequence[Score] | None) -> list[Finding]:
        """What is to be said about judged scores, in view of the baseline's if there is one."""
        found = [] if self.fail_under is None else below(scores, self.fail_under)
        if earlier is not None:
            found += against_baseline(scores, earlier, self.tolerance)
        return found


def below(pairs: Iterable[Score], threshold: float) -> list[Finding]:
    """Pairs whose score is lower than a threshold, lowest first."""
    found = sorted(
        (pair.score, pair.distorted, pair.reference)
        for pair in pairs
        if pair.score is not None and not pair.score >= threshold
    )
    return [
        Finding("below threshold", reference, distorted, f"{score:.6f} is below {threshold:g}")
        for score, distorted, reference in found
    ]


def against_baseline(
    pairs: Sequence[Score], baseline: Sequence[Score], tolerance: float
) -> list[Finding]:
    """What got worse since the baseline by more than `tolerance`, what is missing, what is new.

    A pair that had a score and failed now got worse; one that failed before is left alone.
    """
    now = _lowest(pairs)
    before = _lowest(baseline)
    findings: list[tuple[float, Finding]] = []
    for key, old in before.items():
        if key not in now:
            findings.append((0.0, Finding("missing", *key, "in the baseline, and not scored now")))
        elif old is None:
            continue
        elif (new := now[key]) is None:
            findings.append((-1.0, Finding("failed", *key, f"scored {old:.6f} before, fails now")))
        elif new < old - tolerance:
            text = f"{new:.6f} is worse than {old:.6f} by {old - new:.6f}"
            findings.append((new - old, Finding("worse", *key, text)))
    new_keys = [key for key in now if key not in before]
    news = [Finding("new", *key, "not in the baseline", failed=False) for key in new_keys]
    return [finding for _, finding in sorted(findings, key=lambda item: item[0])] + news


def read_baseline(path: Path, run: Run) -> list[Score]:
    """Earlier results to compare with.

    Raises
    ------
    InputError
        If the file holds no results, or those of another model or of images that were read with
        other settings, whose scores mean nothing here.
    """
    rows = read_results(path)
    if not rows:
        raise InputError(f"{printable(path)}: the baseline has no rows.")
    for row in rows:
        check_same_run(f"{printable(path)} was", row.run, run)
    return rows


def check_same_run(what: str, found: Run, expected: Run) -> None:
    """Refuse what was made by another model, or with other settings, than is expected."""
    if found.fingerprint != expected.fingerprint:
        raise InputError(
            f"{what} made with another model: {found.model}, fingerprint "
            f"{found.fingerprint[:16]}; this is {expected.model}, fingerprint "
            f"{expected.fingerprint[:16]}."
        )
    if settings := differing(found.settings, expected.settings):
        raise InputError(f"{what} made with other settings: {settings} differ.")


def annotation(kind: str, file: str, title: str, text: str) -> str:
    """A line that GitHub Actions shows at a file; `kind` is "error", "warning" or "notice"."""
    return f"::{kind} file={_property(file)},title={_property(title)}::{_data(text)}"


def _lowest(pairs: Iterable[Score]) -> dict[tuple[str, str], float | None]:
    """Score by names; of a pair that stands there twice, the lower one, and failure before all."""
    scores: dict[tuple[str, str], float | None] = {}
    for pair in pairs:
        key = (pair.reference, pair.distorted)
        known = scores.get(key, pair.score)
        scores[key] = None if known is None or pair.score is None else min(known, pair.score)
    return scores


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
