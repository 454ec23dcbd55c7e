"""The published weight files this package can use, and the places where they may lie.

Nothing here needs torch, so that listing what is on a machine stays quick.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from msds.errors import WeightsError
from msds.places import expanded, hub_folder, weights_folder
from msds.trunks.weights import packages
from msds.trunks.weights.packages import PACKAGE_FILES, PackageFile

OFFICIAL_URL = "https://download.pytorch.org/models"

HEADER_ALLOWANCE = 1 << 20
"""Bytes that the header of a converted file may have."""


@dataclass(frozen=True)
class PublishedWeights:
    """A weight file that others publish, identified by the digest of its bytes.

    Attributes
    ----------
    name : the trunk that uses it.
    file : its published name; the eight digits in it are the beginning of its SHA-256.
    sha256 : SHA-256 of the published file, in hexadecimal.
    size : length of the published file in bytes.
    licence, source : terms, and who trained and published it.
    """

    name: str
    file: str
    sha256: str
    size: int
    licence: str = "BSD-3-Clause"
    source: str = "torchvision"

    @property
    def url(self) -> str:
        """Where the file is fetched from: the official address, or the mirror MSDS_WEIGHTS_URL."""
        base = os.environ.get("MSDS_WEIGHTS_URL") or OFFICIAL_URL
        return f"{base.rstrip('/')}/{self.file}"

    @property
    def converted_file(self) -> str:
        """Name of our own copy, which holds only the layers that are used."""
        return f"{Path(self.file).stem}.safetensors"

    @property
    def packaged(self) -> PackageFile | None:
        """The file with the same network that a package of the index brings, if one does."""
        return PACKAGE_FILES.get(self.name)

    @property
    def advice(self) -> str:
        """What to do where the file cannot be downloaded; the end of a sentence."""
        ways = [
            f"run `msds weights import FILE` with a copy of {self.file}",
            "set MSDS_WEIGHTS to that file",
        ]
        if package := self.packaged:
            ways.insert(0, f"run `{package.command}` (the same weights, from any package mirror)")
        return f"{', '.join(ways[:-1])}, or {ways[-1]}"


# The digests are whole, where the file names give only their first eight digits: 32 bits guard
# against accidents, 256 against a file made to fit.
PUBLISHED: dict[str, PublishedWeights] = {
    "vgg16": PublishedWeights(
        name="vgg16",
        file="vgg16-397923af.pth",
        sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        size=553_433_881,
    ),
    "vgg19": PublishedWeights(
        name="vgg19",
        file="vgg19-dcbb9e9d.pth",
        sha256="dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
        size=574_673_361,
    ),
}


@dataclass(frozen=True)
class Candidate:
    """A file that may hold the wanted weights.

    `chosen` files were named by the user: if one does not fit, that is an error. The others were
    only come across: if one does not fit, the search goes on.
    """

    path: Path
    origin: str
    chosen: bool


def published_weights(name: str) -> PublishedWeights:
    """The entry of the table for a trunk, or a `WeightsError` that lists the names there are."""
    try:
        return PUBLISHED[name]
    except KeyError:
        known = " or ".join(PUBLISHED)
        raise WeightsError(f"No published weights are called {name!r}: expected {known}.") from None


def is_offline() -> bool:
    """Whether MSDS_OFFLINE forbids the use of the network."""
    return os.environ.get("MSDS_OFFLINE", "").strip().lower() not in ("", "0", "false", "no")


def candidates(
    published: PublishedWeights, weights: str | os.PathLike[str] | None = None
) -> list[Candidate]:
    """Files on this machine that may hold the weights, in the order in which they are tried.

    The order is: `weights`, the file or folder named by MSDS_WEIGHTS, our cache, the checkpoints
    that torch hub keeps for other packages, an installed package that brings them.

    Raises
    ------
    WeightsError
        If `weights` or MSDS_WEIGHTS name something that does not exist.
    """
    if weights is not None:
        path = expanded(weights)
        if not path.is_file():
            raise WeightsError(f"The {published.name} weights {path} are not a file.")
        return [Candidate(path, "argument", chosen=True)]
    found = []
    if setting := os.environ.get("MSDS_WEIGHTS"):
        path = expanded(setting)
        if path.is_file():
            return [Candidate(path, "MSDS_WEIGHTS", chosen=True)]
        if not path.is_dir():
            raise WeightsError(f"MSDS_WEIGHTS names {path}, which is neither a file nor a folder.")
        found += [Candidate(file, "MSDS_WEIGHTS", chosen=True) for file in _in(path, published)]
    found += [Candidate(file, "cache", chosen=False) for file in _in(weights_folder(), published)]
    found += [Candidate(file, "torch hub", chosen=False) for file in _in(hub_folder(), published)]
    if (package := published.packaged) and (file := packages.find_file(package)):
        found.append(Candidate(file, package.distribution, chosen=False))
    return found


def made_from(path: Path) -> str | None:
    """Which file a converted one says it was made from; None for others and for damaged ones."""
    if path.suffix != ".safetensors":
        return None
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(length, HEADER_ALLOWANCE)))
        return str(header["__metadata__"]["source_file"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _in(folder: Path, published: PublishedWeights) -> list[Path]:
    files = (folder / published.converted_file, folder / published.file)
    return [file for file in files if file.is_file()]
