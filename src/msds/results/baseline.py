"""Earlier results to compare with: which pairs are the same, and what got worse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from msds.errors import InputError
from msds.results.earlier import read_results
from msds.results.finding import Finding
from msds.results.matching import Match, match
from msds.results.record import Run, Score, differing
from msds.text import printable


def read_baseline(path: Path, run: Run) -> list[Score]:
    """Earlier results of this model; those of others in the same file are left out.

    Raises
    ------
    InputError
        If the file holds no results, or only those of other models, or of images that were read
        with other settings, whose scores mean nothing here.
    """
    rows = read_results(path)
    if not rows:
        raise InputError(f"{printable(path)}: the baseline has no rows.")
    own = [row for row in rows if row.fingerprint == run.fingerprint] or rows
    for row in own:
        check_same_run(f"{printable(path)} was", row.run, run)
    return own


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


def against_baseline(
    pairs: Sequence[Score], baseline: Sequence[Score], tolerance: float
) -> list[Finding]:
    """What got worse since the baseline by more than `tolerance`, what is missing, what is new.

    A pair that had a score and failed now got worse; one that failed before is left alone. Which
    pairs are the same is as `match` has it; where a folder was renamed, a finding says so.
    """
    now, before = _lowest(pairs), _lowest(baseline)
    matched = match(now, before)
    findings: list[tuple[float, Finding]] = []
    partners = {old: new for new, old in matched.pairs.items()}
    for row, old in enumerate(before):
        new = now[partners[row]] if row in partners else None
        if found := _change(old, new, tolerance):
            findings.append(found)
    worst_first = [finding for _, finding in sorted(findings, key=lambda item: item[0])]
    news = [
        Finding("new", score.reference, score.distorted, "not in the baseline", failed=False)
        for row, score in enumerate(now)
        if row not in matched.pairs
    ]
    return worst_first + sorted(news, key=lambda one: one.distorted) + _renamed(matched)


def _change(old: Score, new: Score | None, tolerance: float) -> tuple[float, Finding] | None:
    """What is to be said of a pair of the baseline, and how much worse it got."""
    if new is None:
        text = "in the baseline, and not scored now"
        return 0.0, Finding("missing", old.reference, old.distorted, text)
    if old.score is None:
        return None
    if new.score is None:
        text = f"scored {old.score:.6f} before, fails now"
        return -1.0, Finding("failed", new.reference, new.distorted, text)
    if new.score < old.score - tolerance:
        loss = old.score - new.score
        text = f"{new.score:.6f} is worse than {old.score:.6f} by {loss:.6f}"
        return -loss, Finding("worse", new.reference, new.distorted, text)
    return None


def _renamed(matched: Match) -> list[Finding]:
    """That pairs were compared although the folders they lie in are called otherwise."""
    return [
        Finding("renamed since the baseline", "", now, f"compared with {was}", failed=False)
        for was, now in matched.renamed.items()
    ]


def _lowest(pairs: Iterable[Score]) -> list[Score]:
    """One record for each pair of names: the lower one, and one without a score before all."""
    found: dict[tuple[str, str], Score] = {}
    for pair in pairs:
        known = found.setdefault((pair.reference, pair.distorted), pair)
        if known.score is not None and (pair.score is None or pair.score < known.score):
            found[pair.reference, pair.distorted] = pair
    return list(found.values())
