"""Records of frames as files: CSV, JSON Lines, Parquet, and the logs of libvmaf."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any
from xml.sax.saxutils import quoteattr

from msds.errors import InputError
from msds.files import atomic_write
from msds.pairs import Pair, Plan
from msds.results import Run, Score, check_output, read_results, write_results
from msds.results.clips import FRAME_COLUMNS, FrameJournal
from msds.text import printable
from msds.version import __version__
from msds.video.pooling import pooled

LOGS = (".xml", ".json")
"""Suffixes of logs as libvmaf writes them."""

METRIC = "msds"
"""What the scores are called in such a log."""


def check_frames(path: Path, log: str | None, pairs: int) -> None:
    """Refuse a file of frames that cannot be written.

    Parameters
    ----------
    path : the file.
    log : "vmaf", or None for records.
    pairs : of clips whose frames it is to hold.

    Raises
    ------
    InputError
        If its name has no suffix of such a file, or it cannot hold so many pairs.
    """
    if log is None:
        if path.suffix.lower() in LOGS:
            raise InputError(
                f"{printable(path)}: {path.suffix} is a log as libvmaf writes it; say so with "
                "--log vmaf, or give a name that ends in .csv, .jsonl or .parquet."
            )
        check_output(path)
        return
    if log != "vmaf":
        raise InputError(f"Unknown log {log!r}: expected vmaf.")
    if path.suffix.lower() not in LOGS:
        raise InputError(
            f"{printable(path)}: a log of libvmaf ends in .xml or .json; found "
            f"{path.suffix or 'none'}."
        )
    if pairs != 1:
        raise InputError(
            f"{printable(path)}: a log of libvmaf holds one pair of clips; found {pairs} (records "
            "of any number go into .csv, .jsonl or .parquet, without --log)."
        )


def write_frames(
    path: Path,
    log: str | None,
    journal: FrameJournal,
    pairs: Sequence[Pair],
    run: Run,
    *,
    resume: bool = False,
) -> None:
    """Write the frames of pairs, in their order, from what a journal kept.

    Parameters
    ----------
    resume : whether frames of pairs that the journal does not know are taken from the file.
    """
    if log == "vmaf":
        write_log(path, list(journal.frames(pairs[0])))
        return
    earlier = read_results(path) if resume and path.is_file() else []
    plan = Plan((Pair("", "", Path(), Path(), FRAME_COLUMNS),))
    each = {(pair.reference, pair.distorted): pair for pair in pairs}.values()
    write_results(path, plan, run, map(_plain, _all(journal, each, earlier)))


def _all(journal: FrameJournal, pairs: Iterable[Pair], earlier: Sequence[Score]) -> Iterator[Score]:
    for pair in pairs:
        if journal.has(pair):
            yield from journal.frames(pair)
        else:
            names = (pair.reference, pair.distorted)
            yield from (one for one in earlier if (one.reference, one.distorted) == names)


def _plain(score: Score) -> Score:
    """The record with a frame's columns only, as numbers also where they come from text."""
    columns = {}
    for name, example in FRAME_COLUMNS.items():
        value = score.columns.get(name)
        columns[name] = None if value in (None, "") else type(example)(value)
    return replace(score, columns=columns)


def write_log(path: Path, frames: Sequence[Score]) -> None:
    """Write a log as libvmaf does: frames, their metrics, and pooled metrics.

    A frame without a score is left out; the scores are called `msds`, and those of levels
    `msds_level_1` and so on.
    """
    scored = [frame for frame in frames if frame.score is not None]
    pooled_metrics = {
        name: _pooled([float(f.columns["time"]) for f in scored], values)
        for name, values in _columns(scored).items()
    }
    write = _write_xml if path.suffix.lower() == ".xml" else _write_json
    with atomic_write(path, "w", encoding="utf-8") as file:
        write(file, scored, pooled_metrics)


def _columns(frames: Sequence[Score]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for frame in frames:
        for name, value in _metrics(frame).items():
            found.setdefault(name, []).append(value)
    return found


def _metrics(frame: Score) -> dict[str, float]:
    levels = {f"{METRIC}_level_{k}": value for k, value in enumerate(frame.levels, 1)}
    return {METRIC: float(frame), **levels}


def _pooled(times: Sequence[float], values: Sequence[float]) -> dict[str, float]:
    found = pooled(times, values)
    return {name: found[name] for name in ("min", "max", "mean", "harmonic_mean")}


def _write_json(file: IO[str], frames: Sequence[Score], pools: dict[str, Any]) -> None:
    rows = [
        {
            "frameNum": frame.columns["frame"],
            "metrics": {name: round(value, 6) for name, value in _metrics(frame).items()},
        }
        for frame in frames
    ]
    rounded = {
        name: {key: round(value, 6) for key, value in one.items()} for name, one in pools.items()
    }
    content = {
        "version": f"msds {__version__}",
        "fps": round(_speed(frames), 2),
        "frames": rows,
        "pooled_metrics": rounded,
        "aggregate_metrics": {},
    }
    json.dump(content, file, indent=2)
    file.write("\n")


def _write_xml(file: IO[str], frames: Sequence[Score], pools: dict[str, Any]) -> None:
    width, height = (frames[0].reference_size if frames else None) or (0, 0)
    file.write(f"<VMAF version={quoteattr(f'msds {__version__}')}>\n")
    file.write(f'  <params qualityWidth="{width}" qualityHeight="{height}" />\n')
    file.write(f'  <fyi fps="{_speed(frames):.2f}" />\n  <frames>\n')
    for frame in frames:
        values = "".join(f' {name}="{value:.6f}"' for name, value in _metrics(frame).items())
        file.write(f'    <frame frameNum="{frame.columns["frame"]}"{values} />\n')
    file.write("  </frames>\n  <pooled_metrics>\n")
    for name, one in pools.items():
        values = "".join(f' {key}="{value:.6f}"' for key, value in one.items())
        file.write(f'    <metric name="{name}"{values} />\n')
    file.write("  </pooled_metrics>\n  <aggregate_metrics />\n</VMAF>\n")


def _speed(frames: Sequence[Score]) -> float:
    """Frames in a second of work, which libvmaf notes too."""
    seconds = sum(frame.seconds for frame in frames)
    return len(frames) / seconds if seconds else 0.0
