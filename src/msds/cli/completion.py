"""What shells offer after TAB.

The names stand here by themselves, as importing those who know them takes seconds; a test holds
them against theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

MODELS = (
    *("msds-compact", "msds-compact-v4", "msds-vgg16", "msds-vgg19"),
    *("deepssim-compact", "deepssim-vgg16", "deepssim-lite-vgg16", "deepssim-lite-compact"),
)
ENGINES = ("auto", "torch", "winograd", "ncnn", "openvino", "onnxruntime")
PRECISIONS = ("float32", "bfloat16")
DATASETS = (
    *("live", "csiq", "tid2008", "tid2013", "kadid10k", "pipal", "pipal-val", "qads", "mdid"),
    *("cidiq-50", "cidiq-100", "pieapp-test", "retargetme", "cuhk-retargeting"),
    *("tid2013-part", "live-part", "kadid-part"),
)
_TABLES = (".csv", ".jsonl", ".parquet")
JUDGEMENTS = ("bapps-2afc", "bapps-jnd")
BASELINES = ("psnr", "ssim", "ssim-full-size", "ms-ssim", "lpips-vgg", "lpips-alex", "dists")
CODECS = ("jpeg", "webp", "avif", "jxl", "mozjpeg")

Offer = Callable[[str], list[str]]
"""From the letters that stand there to what they may become."""


def one_of(*names: str) -> Offer:
    """Names of a short list."""
    return lambda incomplete: [name for name in names if name.startswith(incomplete)]


def models(incomplete: str) -> list[str]:
    """Ids of models; their files where letters name none."""
    return one_of(*MODELS)(incomplete) or _files(incomplete, (".json",))


def datasets(incomplete: str) -> list[str]:
    """Ids of rated sets, and tables of pairs."""
    return one_of(*DATASETS)(incomplete) + _files(incomplete, _TABLES)


def rated(incomplete: str) -> list[str]:
    """The same with sets of judgements."""
    return datasets(incomplete) + one_of(*JUDGEMENTS)(incomplete)


def several_of(*names: str) -> Offer:
    """Names between commas, of which the last is completed."""

    def offer(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        taken = before.split(",")
        offered = one_of(*(name for name in names if name not in taken))(last)
        return [f"{before}{comma}{name}" for name in offered]

    return offer


baselines = several_of(*BASELINES)
codecs = several_of(*CODECS)


def results(incomplete: str) -> list[str]:
    """Tables of results."""
    return _files(incomplete, _TABLES)


def _files(incomplete: str, suffixes: Sequence[str]) -> list[str]:
    """Folders, and files of these suffixes, whose paths begin so."""
    folder, slash, start = incomplete.rpartition("/")
    try:
        found = sorted(Path(folder + slash or ".").iterdir())
    except OSError:
        return []
    return [
        f"{folder}{slash}{path.name}{'/' if path.is_dir() else ''}"
        for path in found
        if path.name.startswith(start)
        and not (path.name.startswith(".") and not start)
        and (path.is_dir() or path.suffix.lower() in suffixes)
    ]
