"""A run as JUnit's XML, which the test pages of Jenkins, GitLab and others read.

Source: https://github.com/testmoapp/junitxml, which describes what these programs agree on.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from xml.etree import ElementTree as Tree

from msds.results import Finding, Score
from msds.scoring import Report
from msds.text import one_line

_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
_NO_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
"""What XML cannot hold besides control characters (https://www.w3.org/TR/xml/#charsets)."""


def junit(reports: Sequence[Report]) -> str:
    """A suite for each model, a test for each pair, those missing too, and for each file alone.

    A pair without a score is an error, one that does not meet a condition a failure. Files without
    a partner are errors too; skipped where the run allows for them.
    """
    suites = Tree.Element("testsuites")
    for report in reports:
        suites.append(_suite(report))
    Tree.indent(suites)
    return f"{_DECLARATION}\n{Tree.tostring(suites, encoding='unicode')}\n"


def _suite(report: Report) -> Tree.Element:
    failed: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in report.findings:
        if finding.failed:
            failed[finding.reference, finding.distorted].append(finding)
    cases = [
        _case(score, failed.pop((score.reference, score.distorted), [])) for score in report.scores
    ]
    cases += [_missing(finding) for findings in failed.values() for finding in findings]
    cases += _alone(report)
    suite = Tree.Element("testsuite", name=_text(f"msds {report.run.model}"))
    suite.set("tests", str(len(cases)))
    for name, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(sum(case.find(kind) is not None for case in cases)))
    suite.set("time", f"{report.seconds:.3f}")
    suite.extend(cases)
    return suite


def _case(score: Score, failed: Iterable[Finding]) -> Tree.Element:
    case = _named(score.distorted, score.reference)
    case.set("time", f"{score.seconds:.3f}")
    if score.score is None:
        _add(case, "error", "not scored", score.error or "failed")
        return case
    values = {"score": score.score, **{f"level_{k}": x for k, x in enumerate(score.levels, 1)}}
    properties = Tree.SubElement(case, "properties")
    for name, value in values.items():
        Tree.SubElement(properties, "property", name=name, value=f"{value:.6f}")
    for finding in failed:
        _add(case, "failure", finding.title, finding.text)
    return case


def _missing(finding: Finding) -> Tree.Element:
    case = _named(finding.distorted, finding.reference)
    _add(case, "failure", finding.title, finding.text)
    return case


def _alone(report: Report) -> Iterator[Tree.Element]:
    """Files that are in no pair."""
    plan = report.plan
    kind = "skipped" if report.job.conditions.allow_unmatched else "error"
    for name in plan.unmatched_references:
        _add(case := _named(name), kind, "not paired", "no distorted image")
        yield case
    for name in plan.unmatched_distorted:
        _add(case := _named(name), kind, "not paired", "no reference")
        yield case
    for one in plan.ambiguous:
        _add(case := _named(one.name), "error", "not paired", str(one))
        yield case


def _named(distorted: str, reference: str = "") -> Tree.Element:
    case = Tree.Element("testcase", classname="msds", name=_text(distorted))
    if reference:
        case.set("name", _text(f"{distorted} ({reference})"))
    case.set("file", _text(distorted))
    return case


def _add(case: Tree.Element, kind: str, title: str, text: str) -> None:
    if kind == "skipped":
        Tree.SubElement(case, kind, message=_text(f"{title}: {text}"))
    else:
        Tree.SubElement(case, kind, type=_text(title), message=_text(text))


def _text(text: str) -> str:
    return _NO_XML.sub(lambda found: ascii(found[0])[1:-1], one_line(text))
