"""Surroundings: names, languages, clocks, threads, full disks, caches, and two runs at once.

Each is a run of the command over the same images as in `kills`, in a fork of one process that has
imported the package. Full disks and caches that cannot be written are mounted for it, which needs
Linux, and the rights or `unshare`; where there are none these are counted as "not possible here".
"""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from PIL import Image as PILImage

from benchmarks.abuse.attempt import Trial
from benchmarks.abuse.kills import OPTIONS, RUN, images_in, results_of, same_results

TITLE = "Surroundings: names, languages, clocks, threads, disks, caches, two runs at once"
BAD = ("other results", "not one line", "lost", "not scored")
RESUMED = (*RUN, "--out", "o.csv", "--resume")
LANGUAGES = ("C", "POSIX", "C.UTF-8", "de_DE.UTF-8", "tr_TR.UTF-8", "ar_EG.UTF-8", "ja_JP.eucJP")
ZONES = ("UTC", "Pacific/Kiritimati", "America/St_Johns", "Asia/Kathmandu", "Not/AZone", "")
THREADS = range(1, 17)
NOT_HERE = "not possible here"


def trials(scale: float, seed: int) -> Iterator[Trial]:
    """Each kind of surroundings; `scale` says of how many disks, and names of each class."""
    some = max(1, round(20 * scale))
    yield Trial("names of every Unicode class", partial(_names, some, seed), BAD)
    yield Trial("languages and encodings", _languages, BAD)
    yield Trial("time zones", _zones, BAD)
    yield Trial("1 to 16 threads", partial(_threads, THREADS if scale >= 0.2 else (1, 3)), BAD)
    yield Trial("full disks", partial(_full_disks, some, seed), BAD)
    yield Trial("caches that cannot be written", _read_only_cache, BAD)
    yield Trial("two runs with one output", partial(_two_runs, some), BAD)


def msds(
    folder: Path, *arguments: str, before: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """`msds` in a folder; `before` is a line of shell, run with mounts of its own."""
    command = [sys.executable, "-m", "msds", *arguments]
    if before:
        command = ["unshare", "--mount", "sh", "-c", f'{before} && exec "$@"', "sh", *command]
    variables = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run(
        command,
        cwd=folder,
        env=variables,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
    )


def _whole(folder: Path) -> Path:
    """Results of a run in usual surroundings."""
    images_in(folder)
    done = msds(folder, *RUN, "--out", "whole.csv")
    assert done.returncode == 0, done.stderr
    return folder / "whole.csv"


def _compared(folder: Path, *arguments: str, **environment: str) -> str:
    done = msds(folder, *RUN, "--out", "o.csv", *arguments, **environment)
    if done.returncode != 0 or "Traceback" in done.stderr:
        return "not one line"
    same = same_results(folder / "o.csv", folder / "whole.csv")
    (folder / "o.csv").unlink()
    return "same results" if same else "other results"


def _runs(settings: Sequence[Mapping[str, str]]) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as name:
        _whole(Path(name))
        for environment in settings:
            yield _compared(Path(name), **environment)


def _languages() -> Iterator[str]:
    """With and without Python's UTF-8 mode; a language that is not installed is C's."""
    yield from _runs([{"LC_ALL": one, "PYTHONUTF8": mode} for one in LANGUAGES for mode in "01"])


def _zones() -> Iterator[str]:
    yield from _runs([{"TZ": zone} for zone in ZONES])


def _threads(counts: Sequence[int]) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as name:
        _whole(Path(name))
        for count in counts:
            text = str(count)
            yield _compared(Path(name), "--threads", text, "--compute-threads", text)


def characters(count: int, seed: int) -> dict[str, list[str]]:
    """Drawn characters of every general category of Unicode, as file names may hold them."""
    rng = random.Random(seed)
    found: dict[str, list[str]] = {}
    for code in rng.sample(range(1, 0x110000), 0x10FFFF):
        kind = unicodedata.category(chr(code))
        kept = found.setdefault(kind, [])
        # Half a pair is no character; what no encoding knows comes as a byte, which Python
        # keeps as one of these halves.
        usable = kind != "Cs" or 0xDC80 <= code <= 0xDCFF
        if usable and chr(code) != "/" and len(kept) < count:
            kept.append(chr(code))
    return found


def _names(count: int, seed: int) -> Iterator[str]:
    """A pair for each character: found, scored, and printed on a line of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind in ("refs", "dist"):
            (folder / kind).mkdir()
        picture = PILImage.radial_gradient("L").resize((40, 40)).convert("RGB")
        signs = [sign for kept in characters(count, seed).values() for sign in kept]
        made = []
        for number, sign in enumerate(signs):
            stem = f"{number} {sign}x"
            try:
                picture.save(folder / "refs" / f"{stem}.png")
                picture.save(folder / "dist" / f"{stem}.jpg")
            except (OSError, ValueError):
                yield "no name on this disk"
            else:
                made.append(number)
        arguments = ("score", "refs", "dist", *OPTIONS, "--out", "o.csv")
        done = msds(folder, *arguments)
        if done.returncode != 0 or any(_misleads(line) for line in done.stdout.splitlines()):
            yield "not one line"
        with (folder / "o.csv").open(encoding="utf-8", newline="") as file:
            rows = {Path(row["distorted"]).name.split()[0]: row for row in csv.DictReader(file)}
        for number in made:
            row = rows.get(str(number))
            yield "lost" if row is None else "scored" if row["score"] else "not scored"


def _misleads(line: str) -> bool:
    """Whether a printed line holds what moves the cursor or turns the direction of writing."""
    return any(
        unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp") for sign in line if sign != "\t"
    )


def _mounts() -> bool:
    ask = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    try:
        return subprocess.run(ask, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _full_disks(count: int, seed: int) -> Iterator[str]:
    """Results on a disk that is full after a drawn number of pages; then there is room again."""
    rng = random.Random(f"{seed} disks")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = _whole(folder)
        for _ in range(count):
            if not _mounts():
                yield NOT_HERE
                continue
            disk = folder / "disk"
            disk.mkdir(exist_ok=True)
            pages = rng.randint(1, 8)
            before = (
                f"mount -t tmpfs -o size={pages * 4096} none disk"
                " && mkdir -p saved && trap 'cp disk/* saved/ 2>/dev/null' EXIT && true"
            )
            # Not by exec: what is on the disk is saved when the run has ended.
            line = f'{before} && "$@"'
            command = [sys.executable, "-m", "msds", *RUN, "--out", "disk/o.csv"]
            done = subprocess.run(
                ["unshare", "--mount", "sh", "-c", line, "sh", *command],
                cwd=folder,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                capture_output=True,
                text=True,
                check=False,
            )
            yield _after_full_disk(folder, done, whole)


def _after_full_disk(folder: Path, done: subprocess.CompletedProcess[str], whole: Path) -> str:
    """Whether the error was one line, and what was saved of the disk can be gone on with."""
    last = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ""
    full = done.returncode == 2 and "No space left on device" in last and "disk/o.csv" in last
    if done.returncode and not full:
        return "not one line"
    saved = folder / "saved"
    again = msds(folder, *RUN, "--out", "saved/o.csv", "--resume")
    same = again.returncode == 0 and same_results(saved / "o.csv", whole)
    for path in saved.iterdir():
        path.unlink()
    return ("refused, then complete" if full else "fitted") if same else "lost"


def _read_only_cache() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _whole(folder)
        (folder / "cache").mkdir()
        for engine in ("torch", "auto"):
            if not _mounts():
                yield NOT_HERE
                continue
            done = msds(
                folder,
                *RUN,
                *("--engine", engine, "--out", "o.csv"),
                before="mount -t tmpfs -o ro none cache",
                MSDS_CACHE=str(folder / "cache"),
            )
            if done.returncode:
                yield "not one line"
            else:
                same = same_results(folder / "o.csv", folder / "whole.csv")
                yield "same results" if same else "other results"
            (folder / "o.csv").unlink(missing_ok=True)


def _two_runs(count: int) -> Iterator[str]:
    """One of the two may be refused, in one line; the results are whole all the same."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = _whole(folder)
        for _ in range(count):
            command = [sys.executable, "-m", "msds", *RESUMED]
            both = [
                subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
                for _ in range(2)
            ]
            errors = [one.communicate()[1] for one in both]
            statuses = sorted(one.returncode for one in both)
            refused = [text for one, text in zip(both, errors, strict=True) if one.returncode]
            if statuses[0] != 0 or any("another run" not in text for text in refused):
                yield "not one line"
            elif not same_results(folder / "o.csv", whole):
                yield "other results"
            else:
                yield "one refused" if refused else "both complete"
            names = {path.name for path in folder.iterdir()}
            if names != {"refs", "dist", "whole.csv", "o.csv"}:
                yield "lost"
            (folder / "o.csv").unlink()
            assert results_of(whole)
