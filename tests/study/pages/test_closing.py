"""The end of a page: what was measured, and how to repeat it."""

from __future__ import annotations

from pathlib import Path

import pytest

from msds.cli.output import command_line
from msds.metric import MSDS
from msds.report.blocks import Code, Folded
from msds.scoring.classics import PSNR
from msds.scoring.contenders import DeepContender
from msds.study.pages.closing import closing, metrics_table
from msds.study.pages.drawn import kind_name
from msds.text import counted
from msds.trunks import load_trunk


def test_models_that_differ_in_weights_or_fusion_show_what_they_differ_in() -> None:
    trunk = load_trunk("compact", "random")
    metrics = [
        MSDS(trunk, levels=2, weights=[0.25, 0.75]),
        MSDS(trunk, levels=2, weights=[0.5, 0.5]),
        MSDS(trunk, levels=2, weights=[0.5, 0.5], fusion="geometric"),
    ]
    names = ["first", "second", "third"]
    contenders = [DeepContender(m, n) for m, n in zip(metrics, names, strict=True)]
    # The numbers of levels are shared by all three; their keys are one.
    assert len({contender.key for contender in contenders}) == 1
    table = metrics_table([*contenders, PSNR()])
    shown = {
        str(row[0]): dict(zip(table.columns, map(table.text, row), strict=True))
        for row in table.rows
    }
    weights = "weight of each level, finest first"
    assert [shown[name][weights] for name in names] == ["0.25, 0.75", "0.5, 0.5", "0.5, 0.5"]
    assert [shown[name]["fusion"] for name in names] == ["linear", "linear", "geometric"]
    assert len({shown[name]["fingerprint"] for name in names}) == 3
    assert shown["PSNR"]["channels"] == "rgb"
    assert shown["PSNR"]["fusion"] == "–"


def test_settings_are_shown_whole_where_a_reader_asks_for_them() -> None:
    contender = DeepContender(MSDS(load_trunk("compact", "random"), levels=2, weights=[0.25, 0.75]))
    sections = closing([contender], [], {"seed": 3}, "msds bench x")
    assert sections[-1].blocks == [Code("msds bench x")]
    folded = sections[0].blocks[-1]
    assert isinstance(folded, Folded)
    assert contender.metric.trunk_digest in folded.code.text
    assert '"seed": 3' in folded.code.text


def test_the_command_to_repeat_names_no_folder_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    arguments = [
        *("msds", "bench", "set.csv:mos", "--root", f"{tmp_path}/far/iqa"),
        *(f"--report={tmp_path}/here/out/page.html", "-m", "a b.json", "--curve", "4"),
    ]
    monkeypatch.setattr("sys.argv", arguments)
    expected = (
        "msds bench set.csv:mos --root .../iqa --report=out/page.html -m 'a b.json' --curve 4"
    )
    assert command_line() == expected


def test_bare_numbers_of_types_are_said_to_be_types_and_one_degree_is_one() -> None:
    assert kind_name("04") == "type 04"
    assert kind_name("01 Gaussian blur") == "01 Gaussian blur"
    assert counted(1.0, "degrees") == "1 degree"
    assert counted(0.5, "degrees") == "0.5 degrees"
    assert counted(2, "%") == "2 %"
