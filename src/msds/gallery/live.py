"""A run whose page is made with it: pictures are taken as its pairs are scored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msds.gallery.album import Album
from msds.gallery.comparison import compared
from msds.gallery.content import STRIP
from msds.gallery.making import add, album_for, maps_of_worst, pictures_of, problems_of, usual_place
from msds.gallery.page import Located, write_gallery
from msds.pairs import Plan
from msds.results import Score, read_results
from msds.scoring import Job, Report, Watcher, run_plan
from msds.scoring.compare import run_of

if TYPE_CHECKING:
    from msds.metric.modules import MSDS


class Taking(Watcher):
    """Has the pictures of every pair taken that is scored, and tells another watcher of it."""

    def __init__(self, album: Album, files: Located, then: Watcher) -> None:
        self._album = album
        self._files = files
        self._then = then

    def begin(self, total: int, kept: int) -> None:
        self._then.begin(total, kept)

    def scored(self, row: int, score: Score) -> None:
        add(self._album, score, self._files)
        self._then.scored(row, score)


def run_with_page(
    page: Path, plan: Plan, metric: MSDS, job: Job, watcher: Watcher | None = None
) -> tuple[Report, list[str]]:
    """Run a plan as `msds.scoring.run_plan` does, and write its page.

    Where the job has a baseline, the page shows what changed since.

    Returns
    -------
    The run's report, and a sentence for each image that there is no picture of.
    """
    files = {}
    for pair in plan.pairs:
        files[pair.reference] = pair.reference_path
        files[pair.distorted] = pair.distorted_path
    place = usual_place(len(plan.pairs))
    with album_for(page, place, run_of(metric, job.reading)) as album:
        report = run_plan(plan, metric, job, Taking(album, files, watcher or Watcher()))
        for score in report.scores:  # those of an earlier run too
            add(album, score, files)
    baseline = job.conditions.baseline
    comparison = None if baseline is None else compared(report.scores, read_results(baseline))
    maps = maps_of_worst(STRIP, report.scores, comparison, (album, files), metric)
    pictures = pictures_of(page, album, files, maps)
    write_gallery(page, report.scores, comparison, pictures)
    return report, problems_of(pictures)
