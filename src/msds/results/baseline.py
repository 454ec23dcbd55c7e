"""Earlier results to compare with: which pairs are the same, and what got worse."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msds.errors import InputError
from msds.results.earlier import read_results
from msds.results.finding import Finding
from msds.results.record import Run, Score, differing
from msds.text import counted, printable

Names = tuple[str, str]
"""Of a pair: reference and distorted image."""


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

    A pair that had a score and failed now got worse; one that failed before is left alone. Pairs
    are the same that have the same names, or the same names below the folders of all; where that
    was needed, a finding says so.
    """
    now, before = _lowest(pairs), _lowest(baseline)
    moved = _moved(now, before)
    findings: list[tuple[float, Finding]] = []
    for key, old in before.items():
        names = key if key in now else moved.get(key)
        if names is None:
            findings.append((0.0, Finding("missing", *key, "in the baseline, and not scored now")))
        elif old is None:
            continue
        elif (new := now[names]) is None:
            text = f"scored {old:.6f} before, fails now"
            findings.append((-1.0, Finding("failed", *names, text)))
        elif new < old - tolerance:
            text = f"{new:.6f} is worse than {old:.6f} by {old - new:.6f}"
            findings.append((new - old, Finding("worse", *names, text)))
    known = before.keys() | set(moved.values())
    news = [Finding("new", *key, "not in the baseline", failed=False) for key in now.keys() - known]
    worst_first = [finding for _, finding in sorted(findings, key=lambda item: item[0])]
    return worst_first + sorted(news, key=lambda one: one.distorted) + _said(moved)


def _moved(now: Iterable[Names], before: Iterable[Names]) -> dict[Names, Names]:
    """Pairs of the baseline that are called otherwise now, but for the folders they lie in."""
    now, before = list(now), list(before)
    same = set(now) & set(before)
    today = _by_relative_name(now, same)
    return {
        names: today[relative]
        for relative, names in _by_relative_name(before, same).items()
        if relative in today
    }


def _by_relative_name(pairs: Sequence[Names], without: set[Names]) -> dict[Names, Names]:
    """Pairs by their names below the folders of all references and of all distorted images."""
    references = _folder(reference for reference, _ in pairs)
    distorted = _folder(name for _, name in pairs)
    relative = [
        (posixpath.relpath(a, references or "."), posixpath.relpath(b, distorted or "."))
        for a, b in pairs
    ]
    counts = Counter(relative)
    return {
        short: names
        for short, names in zip(relative, pairs, strict=True)
        if counts[short] == 1 and names not in without
    }


def _folder(names: Iterable[str]) -> str:
    """The folder in which all lie, or "" if there is none."""
    folders = {posixpath.dirname(name) for name in names}
    if not folders or len({posixpath.isabs(folder) for folder in folders}) > 1:
        return ""
    return posixpath.commonpath(folders)


def _said(moved: Mapping[Names, Names]) -> list[Finding]:
    if not moved:
        return []
    old_references, new_references = (_folder(a for a, _ in side) for side in _sides(moved))
    old, new = (_folder(b for _, b in side) for side in _sides(moved))
    count = counted(len(moved), "pairs")
    text = f"{count} compared by relative name with {old or '.'} ({old_references or '.'})"
    title = "other folders than in the baseline"
    return [Finding(title, new_references or ".", new or ".", text, failed=False)]


def _sides(moved: Mapping[Names, Names]) -> tuple[list[Names], list[Names]]:
    return list(moved.keys()), list(moved.values())


def _lowest(pairs: Iterable[Score]) -> dict[Names, float | None]:
    """Score by names; of a pair that stands there twice, the lower one, and failure before all."""
    scores: dict[Names, float | None] = {}
    for pair in pairs:
        key = (pair.reference, pair.distorted)
        known = scores.get(key, pair.score)
        scores[key] = None if known is None or pair.score is None else min(known, pair.score)
    return scores
