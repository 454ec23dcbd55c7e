"""What TAB offers: the names that the package knows, and files where those are meant."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from msds.cli import completion


def test_the_names_are_those_of_the_package() -> None:
    from msds.engines import ENGINES, PRECISIONS
    from msds.models.catalogue import MODELS
    from msds.scoring.classics import BASELINES
    from msds.scoring.rivals import RIVALS
    from msds.study.datasets import DATASETS, JUDGEMENTS
    from msds.sweeps.libraries import BUILT_IN

    assert set(completion.MODELS) == set(MODELS)
    assert tuple(ENGINES) == completion.ENGINES
    assert tuple(PRECISIONS) == completion.PRECISIONS
    assert set(completion.DATASETS) == set(DATASETS)
    assert set(completion.JUDGEMENTS) == set(JUDGEMENTS)
    assert tuple(BUILT_IN) == completion.CODECS
    assert set(completion.BASELINES) == {*BASELINES, *RIVALS}


def test_the_last_of_several_baselines_is_completed_with_those_not_named_yet() -> None:
    assert completion.baselines("psnr,ss") == ["psnr,ssim", "psnr,ssim-full-size"]
    assert completion.baselines("ps") == ["psnr"]
    assert "psnr,psnr" not in completion.baselines("psnr,")
    assert completion.codecs("jpeg,j") == ["jpeg,jxl"]


def test_files_are_offered_where_no_id_begins_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "learned").mkdir()
    for name in ("learned/a.json", "learned/a.png", "pairs.csv", ".hidden.csv"):
        (tmp_path / name).touch()
    assert completion.models("msds-c") == ["msds-compact", "msds-compact-v4"]
    assert completion.models("lea") == ["learned/"]
    assert completion.models("learned/") == ["learned/a.json"]
    assert completion.models("gone/") == []
    assert completion.datasets("tid") == ["tid2008", "tid2013", "tid2013-part"]
    assert completion.datasets("") == [*completion.DATASETS, "learned/", "pairs.csv"]
    assert completion.results("p") == ["pairs.csv"]
    assert completion.rated("bapps") == ["bapps-2afc", "bapps-jnd"]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("msds score --model msds-", "msds-compact"),
        ("msds score --engine open", "openvino"),
        ("msds bench tid", "tid2013"),
        ("msds bench live --baseline lpips-", "lpips-alex"),
        ("msds study scales kad", "kadid10k"),
        ("msds sweep photos --codec jpeg,av", "jpeg,avif"),
        ("msds tune photos --codec we", "webp"),
    ],
)
def test_a_shell_is_told_without_anything_heavy_being_imported(words: str, offered: str) -> None:
    asked = {
        "_MSDS_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    code = (
        "import sys; sys.argv = ['msds']\n"
        "from msds.cli.main import app\n"
        "try: app(prog_name='msds')\n"
        "finally: assert not {'torch', 'numpy'} & set(sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stderr == ""
    assert offered in result.stdout.split()
