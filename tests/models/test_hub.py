"""The entry points for torch.hub."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import torch

import msds

ROOT = Path(__file__).resolve().parents[2]


def test_the_repository_is_a_hub_of_models() -> None:
    metric = torch.hub.load(str(ROOT), "msds_compact", source="local", trunk_weights="random")
    a, b = torch.rand(2, 1, 3, 128, 130, generator=torch.Generator().manual_seed(0))
    assert torch.equal(metric(a, b), msds.MSDS(trunk_weights="random")(a, b))


def test_options_reach_the_model_and_saved_folders_load(tmp_path: Path) -> None:
    metric = torch.hub.load(
        str(ROOT), "msds_compact", source="local", trunk_weights="random", levels=2
    )
    assert metric.levels == 2
    metric.save_pretrained(tmp_path)
    found = torch.hub.load(str(ROOT), "from_pretrained", tmp_path, source="local")
    assert found.fingerprint == metric.fingerprint


def test_the_hub_works_where_the_package_is_not_installed() -> None:
    # -S leaves out .pth files, by which an editable installation would be found.
    site = sysconfig.get_paths()["purelib"]
    code = f"""
import sys
sys.path.append({site!r})
try:
    import msds
except ImportError:
    import torch
    lite = torch.hub.load({str(ROOT)!r}, "deepssim_lite_compact", source="local",
                          trunk_weights="random")
    print(lite.model_id)
else:
    print("installed: nothing to show")
"""
    shown = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.strip() in ("deepssim-lite-compact-random", "installed: nothing to show")
