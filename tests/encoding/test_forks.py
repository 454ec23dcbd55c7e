"""Encoding in a process that was forked after its parent had encoded with several threads."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os, sys, torch, msds
torch.set_num_threads(4)
metric = msds.MSDS("compact").set_engine(sys.argv[1])
a, b = torch.rand(2, 1, 3, 256, 256, generator=torch.Generator().manual_seed(0))
before = float(metric(a, b))
child = os.fork()
if child == 0:
    if torch.get_num_threads() != 1:  # with more it would wait for threads that are not there
        os._exit(2)
    after = float(metric(a, b))
    os._exit(0 if abs(after - before) < 1e-5 else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.parametrize("engine", ["torch", "winograd", "ncnn"])
def test_a_forked_process_computes_what_its_parent_computed(engine: str) -> None:
    if engine == "ncnn":
        pytest.importorskip("ncnn")
    done = subprocess.run([sys.executable, "-c", PROGRAM, engine], check=False)
    assert done.returncode == 0
