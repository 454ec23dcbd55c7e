"""No library that computes for us reports it: no socket, no file in the home folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from msds.engines import installed, libraries
from msds.errors import MissingExtraError

SCORE = """
import os
import sys
import torch
from helpers.small_trunk import small_trunk
from msds.engines import open_engine
before = dict(os.environ)
for engine in sys.argv[1:]:
    open_engine(small_trunk(), engine)(torch.rand(1, 3, 16, 16))
assert dict(os.environ) == before
assert "openvino_telemetry" not in sys.modules
"""


def _run(script: str, *arguments: str, home: Path) -> str:
    """Run a script with a home folder of its own; the sockets it asked for, where strace is."""
    environment = {key: v for key, v in os.environ.items() if not key.startswith(("XDG_", "CI"))}
    environment |= {
        "HOME": str(home / "home"),
        "MSDS_CACHE": str(home / "cache"),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    (home / "home").mkdir()
    trace = home / "trace"
    traced = ["strace", "--seccomp-bpf", "-f", "-qq", "-e", "trace=socket", "-o", str(trace)]
    if not _can_trace():
        traced = []
    subprocess.run([*traced, sys.executable, "-c", script, *arguments], check=True, env=environment)
    return trace.read_text() if traced else ""


def _can_trace() -> bool:
    """Whether strace is here and allowed to look."""
    return (
        bool(shutil.which("strace"))
        and not subprocess.run(
            ["strace", "--seccomp-bpf", "-f", "-qq", "-o", os.devnull, "true"],
            check=False,
            capture_output=True,
        ).returncode
    )


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.slow
def test_engines_open_no_socket_and_leave_nothing_behind(tmp_path: Path) -> None:
    sockets = _run(SCORE, *installed(), home=tmp_path)
    assert re.findall("AF_INET6?|AF_NETLINK", sockets) == []
    assert _files(tmp_path / "home") == []


def test_nothing_in_the_package_imports_these_libraries_in_another_way() -> None:
    package = Path(libraries.__file__).parents[1]
    other = re.compile(
        r"(require\(\"|import_module\(\"|^\s*(import|from) )(onnxruntime|openvino)", re.M
    )
    assert [p.name for p in package.rglob("*.py") if other.search(p.read_text("utf-8"))] == []


def test_a_library_that_is_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ncnn", None)  # type: ignore[arg-type]
    with pytest.raises(MissingExtraError, match=r"msds-iqa\[ncnn\]"):
        libraries.library("ncnn", "ncnn")
