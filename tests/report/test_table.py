"""Tables as text for people and for machines."""

from __future__ import annotations

from msds.report.table import Cell, Table, with_interval, with_mark
from msds.study.statistics import Interval


def test_tables_are_written_for_people_and_for_machines() -> None:
    table = Table("A & B", ["metric", "SRCC", "RMSE"], [["x_1", 0.91234, 3.0], ["y", 0.5, 2.0]])
    table.best = ("SRCC", "-RMSE")
    assert table.markdown().splitlines()[4] == "| x_1 | **0.912** | 3.000 |"
    assert table.markdown().splitlines()[5] == "| y | 0.500 | **2.000** |"
    assert r"x\_1 & \textbf{0.912} & 3.000 \\" in table.latex()
    assert r"\caption{A \& B}" in table.latex()
    assert table.csv().splitlines()[1] == "A & B,x_1,0.91234,3.0"


def test_numbers_with_intervals_and_marks_are_numbers_in_csv() -> None:
    rows: list[list[Cell]] = [
        ["a", with_interval(0.5, Interval(0.25, 0.75)), with_mark(0.0004, "*"), 1],
        ["b", with_interval(0.125, None), with_mark(0.5), None],
        ["c", with_interval(float("nan"), None), None, 2],
    ]
    table = Table("t", ["metric", "SRCC", "p", "n"], rows)
    assert table.csv().splitlines() == [
        "table,metric,SRCC,SRCC low,SRCC high,p,p mark,n",
        "t,a,0.5,0.25,0.75,0.0004,*,1",
        "t,b,0.125,,,0.5,,",
        "t,c,,,,,,2",
    ]
    assert table.markdown().splitlines()[4] == "| a | 0.500 [0.250, 0.750] | < 0.001* | 1 |"
    assert table.markdown().splitlines()[6] == "| c | – | – | 2 |"
