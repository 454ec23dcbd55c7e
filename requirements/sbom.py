"""What the package runs with, as a CycloneDX list: `python requirements/sbom.py > sbom.cdx.json`.

It is read from the pinned requirements, where every package has one version and the SHA-256 of each
of its files. Users install from the ranges of the project's metadata instead.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FILES = ("torch", "core")
"""What the package runs with and is built by; the rest is of tests and docs."""


def main() -> None:
    """Write the list to standard output."""
    json.dump(bill(), sys.stdout, indent=2)
    print()


def bill() -> dict[str, Any]:
    """The list as CycloneDX 1.6 has it."""
    text = (HERE.parent / "src" / "msds" / "version.py").read_text(encoding="utf-8")
    (version,) = re.findall(r'__version__ = "(.*)"', text)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "name": "msds-iqa",
                "version": version,
                "purl": f"pkg:pypi/msds-iqa@{version}",
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": [one for name in FILES for one in components(name)],
    }


def components(name: str) -> list[dict[str, Any]]:
    """The packages of a file of requirements."""
    text = (HERE / f"{name}.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [_component(line) for line in lines]


def _component(line: str) -> dict[str, Any]:
    package, version = line.split()[0].split("==")
    name = re.sub(r"[-_.]+", "-", package).lower()
    digests = re.findall(r"--hash=sha256:([0-9a-f]{64})", line)
    found: dict[str, Any] = {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name}@{version}",
    }
    if len(digests) == 1:
        found["hashes"] = [{"alg": "SHA-256", "content": digests[0]}]
    else:  # one for each platform
        references = [
            {
                "type": "distribution",
                "url": f"https://pypi.org/project/{name}/{version}/#files",
                "hashes": [{"alg": "SHA-256", "content": digest} for digest in digests],
            }
        ]
        found["externalReferences"] = references
    return found


if __name__ == "__main__":
    main()
