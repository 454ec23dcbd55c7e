"""What metrics on judgements show."""

from __future__ import annotations

from collections.abc import Sequence

from msds.report.blocks import Section
from msds.report.page import Page
from msds.report.table import Table
from msds.scoring.contenders import Contender
from msds.study.judgements import Judged
from msds.study.pages.closing import closing


def judgements_page(
    results: Sequence[Judged], contenders: Sequence[Contender], command: str = ""
) -> Page:
    """The page of metrics on judgements."""
    sections = [Section(f"BAPPS {judged.task}", [judgement_table(judged)]) for judged in results]
    return Page(
        "Do metrics choose as people do?",
        f"{', '.join(contender.name for contender in contenders)} on BAPPS.",
        sections,
        closing(contenders, [], {}, command),
    )


def judgement_table(judged: Judged) -> Table:
    """Every metric on every kind of distortion."""
    columns = (*judged.kinds, "all")
    return Table(
        f"BAPPS {judged.task}: {judged.judgements} judgements",
        ["metric", *columns],
        [[name, *values] for name, values in judged.values.items()],
        best=columns,
        note="Mean share of people who chose as the metric did."
        if judged.task == "2afc"
        else "Average precision of 'no difference'; all: mean over the kinds.",
    )
