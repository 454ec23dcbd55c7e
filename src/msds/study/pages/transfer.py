"""What weights show that were learned on some sets and tried on others."""

from __future__ import annotations

from collections.abc import Sequence

from msds.report.table import Cell, Table, with_interval, with_mark
from msds.study.splits import Splits
from msds.study.statistics import Agreement, holm
from msds.study.transfer import EQUAL, ONE, Transfer

SEEN, SHARED = "*", "†"


def matrix_table(transfer: Transfer, name: str) -> Table:
    """Weights in rows, the sets that they are tried on in columns; equal ones and level 1 below."""
    table = Table(
        f"learned here, tried there ({name})",
        ["learned on", *transfer.names],
        note="SRCC / KRCC / PLCC, this after the four-parameter logistic curve. "
        f"{SEEN} marks a set that the weights were learned on: no test." + _overlaps(transfer),
    )
    for source in transfer.weights:
        trials = [transfer.trials[source, target] for target in transfer.names]
        marks = [SEEN if t.seen else SHARED if t.overlap else "" for t in trials]
        cells = [_three(t.agreement) + m for t, m in zip(trials, marks, strict=True)]
        table.rows.append([source, *cells])
    for rival, said in ((EQUAL, "nothing: equal weights"), (ONE, "nothing: level 1 alone")):
        found = [_three(transfer.plain[rival, target]) for target in transfer.names]
        table.rows.append([said, *found])
    return table


def _three(found: Agreement) -> str:
    return f"{found.srcc:.3f} / {found.krcc:.3f} / {found.plcc:.3f}"


def _overlaps(transfer: Transfer) -> str:
    found = dict.fromkeys(
        trial.overlap for trial in transfer.trials.values() if trial.overlap and not trial.seen
    )
    return f" {SHARED} Not all references are unseen: {' '.join(found)}" if found else ""


def unseen_table(transfer: Transfer, name: str) -> Table:
    """Learned weights against level 1 and against equal ones on every set they have not seen."""
    table = Table(
        f"learned weights on sets they have not seen ({name})",
        ["learned on", "tried on", "SRCC", "over level 1", "p (Holm)", "over equal", "p (Holm) "],
        note="Gains in SRCC by paired bootstrap over references, or over ladders where references "
        "are few; p-values by Holm over both columns of the table. A dash: no test is possible."
        + _overlaps(transfer),
    )
    rows = [(key, trial) for key, trial in transfer.trials.items() if not trial.seen]
    asked = [(key, rival) for key, trial in rows for rival in trial.gains]
    adjusted = dict(
        zip(asked, holm([transfer.trials[k].gains[r].p_value for k, r in asked]), strict=True)
    )
    for (source, target), trial in rows:
        shown = f"{target} {SHARED}" if trial.overlap else target
        row: list[Cell] = [source, shown, trial.agreement.srcc]
        for rival in (ONE, EQUAL):
            gain = trial.gains.get(rival)
            if gain is None:
                plain = transfer.plain[rival, target].srcc
                row += [trial.agreement.srcc - plain, None]
                continue
            row.append(with_interval(gain.difference, gain.interval))
            row.append(with_mark(adjusted[(source, target), rival]))
        table.rows.append(row)
    return table


def source_table(transfer: Transfer, name: str) -> Table:
    """The weights, by what they were learned on."""
    levels = len(transfer.final)
    table = Table(
        f"learned weights ({name})", ["learned on", *(f"level {k + 1}" for k in range(levels))]
    )
    for source, weights in transfer.weights.items():
        table.rows.append([source, *(float(w) for w in weights)])
    return table


def splits_table(found: Sequence[tuple[str, Splits | None]], name: str) -> Table:
    """Medians over random splits of the references of each set."""
    table = Table(
        f"random splits of the references ({name})",
        ["set", "splits", "weights", "SRCC", "KRCC", "PLCC", "better than equal", "than level 1"],
        note="Medians over splits, each with weights learned on the references of one part and "
        "measured on those of the other; PLCC after the four-parameter logistic curve. The last "
        "columns: in how many of the splits the learned weights have the higher SRCC. Splits share "
        "images, so these shares are no test.",
    )
    for title, splits in found:
        if splits is None:
            table.note += f" {title} has too few references or pairs to be split."
            continue
        for way, values in splits.values.items():
            row: list[Cell] = [title, len(values), way]
            row += [float(value) for value in splits.medians(way)]
            learned = way == next(iter(splits.values))
            row += [splits.wins(EQUAL), splits.wins(ONE)] if learned else [None, None]
            table.rows.append(row)
    return table
