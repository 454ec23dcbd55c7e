"""The options of `msds score` that are about videos."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msds.cli import completion
from msds.cli.show import say
from msds.errors import InputError
from msds.files import check_writable
from msds.text import printable

if TYPE_CHECKING:
    from msds.cli.result_options import OutputOptions
    from msds.pairs import Pair, Plan
    from msds.scoring import Job, Reading
    from msds.scoring.run import Scorer

CLIPS = "Videos"


@dataclass(frozen=True)
class ClipOptions:
    """Which frames of videos are scored, how, and where their records go."""

    every: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Score every Nth frame only.", rich_help_panel=CLIPS),
    ] = None
    start: Annotated[
        float | None,
        typer.Option(
            "--from", metavar="S", min=0, help="Seconds to begin at.", rich_help_panel=CLIPS
        ),
    ] = None
    end: Annotated[
        float | None,
        typer.Option(
            "--to", metavar="S", min=0, help="Seconds to end before.", rich_help_panel=CLIPS
        ),
    ] = None
    scenes: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Score N frames of each scene only.", rich_help_panel=CLIPS
        ),
    ] = None
    align: Annotated[
        float | None,
        typer.Option(
            metavar="S",
            min=0,
            help="Search for an offset of the distorted video of up to S seconds.",
            rich_help_panel=CLIPS,
        ),
    ] = None
    interlaced: Annotated[
        str | None,
        typer.Option(
            metavar="HOW",
            help="What interlaced frames are: weave (as stored) or bwdif (deinterlaced).",
            rich_help_panel=CLIPS,
            autocompletion=completion.one_of("weave", "bwdif"),
        ),
    ] = None
    frames: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a record of each frame: .csv, .tsv, .jsonl, .parquet.",
            rich_help_panel=CLIPS,
        ),
    ] = None
    log: Annotated[
        str | None,
        typer.Option(
            metavar="vmaf",
            help="Write --frames as libvmaf writes its log: .xml, .json.",
            rich_help_panel=CLIPS,
            autocompletion=completion.one_of("vmaf"),
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.log is not None and self.frames is None:
            raise InputError("--log says how --frames FILE is written: give that too.")

    def check(self, plan: Plan, output: OutputOptions, saliency: bool) -> None:
        """Refuse what does not go with the videos of a plan, or needs some where there are none."""
        pairs = _clips(plan)
        given = [one.name for one in fields(self) if getattr(self, one.name) is not None]
        if given and not pairs:
            names = {"start": "from", "end": "to"}
            option = names.get(given[0], given[0])
            raise InputError(f"--{option} is for videos, and none of the files is one by its name.")
        if not pairs:
            return
        for option, value in (
            ("--maps", output.maps),
            ("--check-places", output.check_places),
            ("--explain", output.explain),
            ("--saliency", saliency),
        ):
            if value:
                raise InputError(f"{option} is for images; {pairs[0].distorted} is a video.")
        if self.frames is not None:
            from msds.video.tables import check_frames

            check_frames(self.frames, self.log, len(pairs))
            check_writable(self.frames)

    def reading(self, plan: Plan, usual: Reading, same_size: bool) -> Reading:
        """How files become pixels, with what is asked of videos where the plan has some."""
        if not _clips(plan):
            return usual
        from msds.video import ClipReading

        return ClipReading.like(
            usual,
            every=self.every or 1,
            start=self.start,
            end=self.end,
            scenes=self.scenes,
            align=self.align,
            interlaced=self.interlaced,
            same_size=same_size,
        )

    def scorer(self, plan: Plan, output: OutputOptions) -> Scorer | None:
        """What scores the pairs of the plan, if there are videos among them."""
        if not _clips(plan):
            return None
        from msds.video import Clips

        return Clips(output.out or self.frames, output.resume)

    def finish(self, plan: Plan, job: Job, *, written: bool = True) -> None:
        """Write the records of frames, if they are; what kept them until now is removed.

        Those of videos that failed late stay.
        """
        from msds.video import Clips

        if isinstance(job.scorer, Clips):
            job.scorer.finish(_clips(plan), self.frames if written else None, self.log)
            if job.scorer.unfinished and job.scorer.journal is not None:
                say("msds: what was scored of videos that failed is kept; --resume goes on there")
            if written:
                job.scorer.forget_others()
        if written and self.frames is not None and not self.frames.exists():
            say(
                f"msds: {printable(self.frames)} was not written: an earlier run scored these "
                "videos and kept no frames; leave out --resume to score them again"
            )


def _clips(plan: Plan) -> list[Pair]:
    return [pair for pair in plan.pairs if pair.of_clips]
