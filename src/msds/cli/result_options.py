"""What `msds score` prints and writes, and what the scores must meet, in bundles of options."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msds.cli import completion
from msds.cli.options import OUTPUT, CsvSafe
from msds.cluster.storage import is_uri
from msds.errors import InputError
from msds.results.conditions import DEFAULT_TOLERANCE, Conditions

if TYPE_CHECKING:
    from msds.scoring import Maps

CONDITIONS = "Conditions"


@dataclass(frozen=True)
class OutputOptions:
    """What is printed and written."""

    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print whole records, as JSON Lines.", rich_help_panel=OUTPUT),
    ] = False
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Show every level of one pair, and what was done.",
            rich_help_panel=OUTPUT,
        ),
    ] = False
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", help="Print scores only.", rich_help_panel=OUTPUT),
    ] = False
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Write whole records: .jsonl, .csv, .tsv, .parquet; with --cluster, a folder.",
            rich_help_panel=OUTPUT,
        ),
    ] = None
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with --out where a run was stopped.", rich_help_panel=OUTPUT
        ),
    ] = False
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a page of the run, with pictures of its pairs, .html.",
            rich_help_panel=OUTPUT,
        ),
    ] = None
    junit: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the pairs as tests of JUnit, .xml: for Jenkins, GitLab and others.",
            rich_help_panel=OUTPUT,
        ),
    ] = None
    summary: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a summary in Markdown: worst pairs, what changed since the baseline; to "
            "$GITHUB_STEP_SUMMARY it is added.",
            rich_help_panel=OUTPUT,
        ),
    ] = None
    report_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where the page of --report will be found: the summary links to it.",
            rich_help_panel=OUTPUT,
        ),
    ] = None
    csv_safe: CsvSafe = False
    with_size: Annotated[
        bool,
        typer.Option(
            "--with-size",
            help="Add columns for the bytes and bits per pixel of the distorted images.",
            rich_help_panel=OUTPUT,
        ),
    ] = False

    maps: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write a map of each pair, named after the distorted image: photo.jpg.map.png.",
            rich_help_panel=OUTPUT,
        ),
    ] = None
    maps_below: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="Maps only of pairs with a lower score.", rich_help_panel=OUTPUT
        ),
    ] = None
    check_places: Annotated[
        bool,
        typer.Option(
            "--check-places",
            help="Note in the records where parts are alike but not in the same places.",
            rich_help_panel=OUTPUT,
        ),
    ] = False

    def __post_init__(self) -> None:
        if self.maps_below is not None and self.maps is None:
            raise InputError(
                "--maps-below says which pairs get a map in --maps DIR: give that too."
            )
        if self.maps_below is not None and math.isnan(self.maps_below):
            raise InputError("--maps-below must be a number; got nan.")
        if self.as_json + self.explain + self.quiet > 1:
            raise InputError("Choose one of --json, --explain and --quiet.")
        if self.as_json and self.out is not None:
            raise InputError("Choose one of --json, which prints the records, and --out.")
        if self.report_url is not None and self.summary is None:
            raise InputError("--report-url is where --summary FILE links to: give that too.")
        for file in self.files.values():
            if file is not None and not (file.parent.is_dir() or is_uri(file)):
                raise InputError(f"{file}: there is no folder {file.parent}; make it first.")
        if self.csv_safe and (self.out is None or self.out.suffix.lower() not in (".csv", ".tsv")):
            raise InputError("--csv-safe is for results in CSV: give --out FILE.csv too.")

    @property
    def files(self) -> dict[str, Path | None]:
        """Files that are written, by their options."""
        return {
            "--out": self.out,
            "--report": self.report,
            "--junit": self.junit,
            "--summary": self.summary,
        }

    def wanted_maps(self) -> Maps | None:
        """Which pairs get a map."""
        if self.maps is None and not self.check_places:
            return None
        from msds.scoring import Maps

        return Maps(self.maps, self.maps_below, self.check_places)


@dataclass(frozen=True)
class ConditionOptions:
    """What the scores must meet."""

    fail_under: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="Exit with 3 if a score is lower.", rich_help_panel=CONDITIONS
        ),
    ] = None
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Exit with 3 if a score is worse than in these earlier results, or is missing.",
            rich_help_panel=CONDITIONS,
        ),
    ] = None
    tolerance: Annotated[
        float | None,
        typer.Option(
            metavar="T",
            help=f"How much worse than the baseline is still good ({DEFAULT_TOLERANCE:g}).",
            rich_help_panel=CONDITIONS,
        ),
    ] = None
    same_size: Annotated[
        bool,
        typer.Option(
            "--same-size",
            help="A pair of images of different size is an error.",
            rich_help_panel=CONDITIONS,
        ),
    ] = False
    annotations: Annotated[
        str | None,
        typer.Option(
            metavar="github",
            help="Print annotations for GitHub Actions as well.",
            rich_help_panel=CONDITIONS,
            autocompletion=completion.one_of("github"),
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.tolerance is not None and self.baseline is None:
            raise InputError("--tolerance says how much worse than --baseline FILE is still good.")
        if self.annotations not in (None, "github"):
            raise InputError(f"Unknown annotations {self.annotations!r}: expected github.")
        self.conditions()

    def conditions(self, allow_unmatched: bool = False) -> Conditions:
        """The conditions."""
        tolerance = DEFAULT_TOLERANCE if self.tolerance is None else self.tolerance
        return Conditions(
            self.fail_under, self.baseline, tolerance, self.same_size, allow_unmatched
        )
