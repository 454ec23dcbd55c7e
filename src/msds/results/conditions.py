"""Conditions that results must meet, for continuous integration: thresholds and baselines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from msds.errors import InputError
from msds.results import Earlier, Run, Scored, differing, read_results
from msds.text import printable


@dataclass(frozen=True)
class Finding:
    """Something a gate says about one pair.

    Attributes
    ----------
    title : what kind of finding it is, in a few words.
    reference, distorted : the pair.
    text : one sentence with the numbers.
    failed : whether it fails the gate; a mere notice does not.
    """

    title: str
    reference: str
    distorted: str
    text: str
    failed: bool = True


def below(pairs: Iterable[Scored], threshold: float) -> list[Finding]:
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
    pairs: Sequence[Scored], baseline: Sequence[Earlier], tolerance: float
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


def read_baseline(path: Path, run: Run) -> list[Earlier]:
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
        if row.fingerprint != run.fingerprint:
            raise InputError(
                f"{printable(path)} was made with another model: {row.model}, fingerprint "
                f"{row.fingerprint[:16]}; this is {run.model}, fingerprint {run.fingerprint[:16]}."
            )
        if settings := differing(row.settings, run.settings):
            raise InputError(f"{printable(path)} was made with other settings: {settings} differ.")
    return rows


def annotation(kind: str, file: str, title: str, text: str) -> str:
    """A line that GitHub Actions shows at a file; `kind` is "error", "warning" or "notice"."""
    return f"::{kind} file={_property(file)},title={_property(title)}::{_data(text)}"


def _lowest(pairs: Iterable[Scored | Earlier]) -> dict[tuple[str, str], float | None]:
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
