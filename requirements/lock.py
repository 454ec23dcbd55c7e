"""Write the pinned requirements of this folder anew: `python requirements/lock.py`; needs uv.

Versions that are chosen by hand stand in `constraints-dev.txt`; everything they need in turn is
resolved for all platforms and for Python 3.11 and later, with the SHA-256 of every file that the
Python Package Index has of it.

The index has one build of torch for Linux, which needs what is in `cuda.txt` besides. The same
version without CUDA lies on an index of its own, https://download.pytorch.org/whl/cpu/torch, whose
digests stand in `torch-cpu.sha256`, as `sha256sum` writes them, and so in `torch-cpu.txt`.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BACKENDS = "hatchling\neditables\nsetuptools\npkgconfig\ncffi\n"
"""What builds the package, and pyvips; installed before them and pinned like the rest."""

FROM_SOURCE = "pyvips"
"""What nobody has built for others."""

CUDA = ("cuda-", "nvidia-", "triton")
HEAD = "# Made by requirements/lock.py; installed with --no-deps --require-hashes.\n"


def main() -> None:
    """Write all files."""
    everything = _resolved(("dev", "docs"))
    versions = "".join(f"{_pin(entry)}\n" for entry in everything)
    for name, extras in (("core", ()), ("dev", ("dev",)), ("docs", ("docs",))):
        found = _resolved(extras, versions)
        _write(name, [entry for entry in found if not _is_torch(entry) and not _is_cuda(entry)])
    _write("cuda", [entry for entry in everything if _is_cuda(entry)])
    (torch,) = (entry for entry in everything if _is_torch(entry))
    _write("torch", [torch])
    _write("torch-cpu", [_without_cuda(_pin(torch))])


def _resolved(extras: tuple[str, ...], constraints: str = "") -> list[str]:
    """What the package needs, with these extras, each with its hashes as uv writes it."""
    (pinned := HERE / "pinned.tmp").write_text(constraints)
    options = ("--universal", "--generate-hashes", "--no-annotate", "--no-header", "--quiet")
    try:
        done = subprocess.run(
            [
                *("uv", "--no-config", "pip", "compile", "pyproject.toml", "-", *options),
                *("--python-version", "3.11", "--constraint", "constraints-dev.txt"),
                *("--constraint", str(pinned), *(f"--extra={extra}" for extra in extras)),
                *("--only-binary", ":all:", "--no-binary", FROM_SOURCE),
            ],
            cwd=ROOT,
            input=BACKENDS,
            text=True,
            check=True,
            stdout=subprocess.PIPE,
        )
    finally:
        pinned.unlink()
    found: list[str] = []
    for line in done.stdout.splitlines():
        if line.startswith(" "):
            found[-1] += f"\n{line}"
        elif "==" in line:
            found.append(line)
    return found


def _pin(entry: str) -> str:
    return entry.partition(" \\")[0]


def _is_torch(entry: str) -> bool:
    return entry.startswith("torch==")


def _is_cuda(entry: str) -> bool:
    return entry.startswith(CUDA)


def _without_cuda(torch: str) -> str:
    """The requirement of the build of torch without CUDA, with its digests."""
    build = f"torch-{torch.partition('==')[2]}+cpu-"
    found = [line.split() for line in (HERE / "torch-cpu.sha256").read_text().splitlines()]
    digests = sorted(digest for digest, name in found if name.startswith(build))
    if not digests:
        raise SystemExit(f"torch-cpu.sha256 has no {build}...whl")
    return " \\\n".join([f"{torch}+cpu", *(f"    --hash=sha256:{digest}" for digest in digests)])


def _write(name: str, entries: list[str]) -> None:
    (HERE / f"{name}.txt").write_text(HEAD + "\n".join(entries) + "\n")


if __name__ == "__main__":
    main()
