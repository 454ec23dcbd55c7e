"""Plots of benchmarks, weights and studies, each as PNG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from msds.study.benchmark import Entry, SetResult
from msds.study.datasets.base import RatedSet
from msds.study.fitting import WeightFit
from msds.study.pages.drawing import COLOURS, LINES, MARKERS, figure, png, style
from msds.study.statistics import Array, Interval

_MANY_KINDS = 12


def scatter(data: RatedSet, entry: Entry) -> bytes:
    """Opinions against scores, a mark per distortion type, with the fitted curve."""
    kinds = data.distortions
    wide = 9.2 if len(kinds) > _MANY_KINDS else 7.4
    with figure(wide, 4.6) as (drawing, axes):
        named = np.array([pair.distortion for pair in data.pairs])
        size = 22 if len(data) < 500 else 9
        for index, kind in enumerate(kinds):
            rows = named == kind
            axes.scatter(
                entry.scores[rows],
                data.opinions[rows],
                s=size,
                alpha=0.75,
                linewidths=0,
                label=kind or None,
                **style(index),
            )
        fit = entry.overall.fit
        if fit is not None and fit.problem is None:
            line = np.linspace(entry.scores.min(), entry.scores.max(), 300)
            label = f"logistic curve, {fit.curve} parameters"
            axes.plot(line, fit(line), color="black", linewidth=1.6, label=label)
        axes.set_xlabel(f"score of {entry.name}")
        better = "higher" if data.higher_is_better else "lower"
        axes.set_ylabel(f"{data.opinion_name} ({better} is better)")
        found = entry.overall
        axes.set_title(
            f"{entry.name}: SRCC {found.srcc:.3f}, PLCC {found.plcc:.3f}, RMSE {found.rmse:.3g}",
            loc="left",
        )
        axes.grid(alpha=0.25)
        if any(kinds):
            columns = 2 if len(kinds) > _MANY_KINDS else 1
            drawing.legend(loc="outside right upper", ncols=columns, markerscale=1.4)
        return png(drawing)


def intervals(values: Mapping[str, tuple[float, Interval | None]], label: str, title: str) -> bytes:
    """Numbers with their intervals, one line each, best at the top."""
    order = sorted(values, key=lambda name: -values[name][0])
    with figure(7.0, 1.1 + 0.38 * len(order)) as (drawing, axes):
        for row, name in enumerate(order):
            value, interval = values[name]
            if interval is not None and math.isfinite(interval.low):
                axes.plot([interval.low, interval.high], [row, row], color="#444444", linewidth=2)
            axes.plot(value, row, "o", color=COLOURS[0], markersize=7)
            axes.annotate(f"{value:.3f}", (value, row), (0, 6), textcoords="offset points",
                          ha="center", fontsize=8)  # fmt: skip
        axes.set_yticks(range(len(order)), order)
        axes.set_ylim(len(order) - 0.5, -0.7)
        axes.set_xlabel(label)
        axes.set_title(title, loc="left")
        axes.grid(axis="x", alpha=0.25)
        return png(drawing)


def who_beats_whom(result: SetResult) -> bytes:
    """Matrix of significance: a row's metric better than, worse than or like a column's."""
    names = list(result.entries)
    grid = np.zeros((len(names), len(names)))
    for duel in result.duels:
        winner = duel.winner(result.deciding_test)
        if winner is not None:
            i, j = names.index(duel.first), names.index(duel.second)
            sign = 1 if winner == duel.first else -1
            grid[i, j], grid[j, i] = sign, -sign
    side = 1.9 + 0.62 * len(names)
    with figure(side + 1.6, side) as (drawing, axes):
        shades = {1: "#0072B2", 0: "#F0F0F0", -1: "#F4C7A1"}
        signs = {1: "better", 0: "–", -1: "worse"}
        for i in range(len(names)):
            for j in range(len(names)):
                value = int(grid[i, j])
                axes.add_patch(_square(j, i, "white" if i == j else shades[value]))
                if i != j:
                    colour = "white" if value == 1 else "black"
                    axes.text(
                        j, i, signs[value], ha="center", va="center", fontsize=8, color=colour
                    )
        axes.set_xlim(-0.5, len(names) - 0.5)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
        axes.set_yticks(range(len(names)), names)
        axes.set_aspect("equal")
        axes.set_title("row against column", loc="left")
        return png(drawing)


def _square(x: float, y: float, colour: str) -> object:
    from msds.errors import require

    patches = require("matplotlib.patches", "study")
    return patches.Rectangle(
        (x - 0.5, y - 0.5), 1, 1, facecolor=colour, edgecolor="white", linewidth=2
    )


def weights_plot(fit: WeightFit) -> bytes:
    """Learned weights: mean and spread over the splits, and those from all pairs."""
    mean = fit.fold_weights.mean(axis=0)
    low, high = np.percentile(fit.fold_weights, [2.5, 97.5], axis=0)
    places = np.arange(len(mean))
    with figure(6.2, 3.8) as (drawing, axes):
        axes.bar(
            places, mean, 0.62, color="#9CC9E3", edgecolor=COLOURS[0], label="mean over splits"
        )
        axes.vlines(places, low, high, color="#333333", linewidth=2, label="95 % of the splits")
        axes.plot(places, fit.weights, "D", color=COLOURS[1], label="learned on all pairs")
        axes.axhline(1 / len(mean), color="black", linestyle=":", linewidth=1.2, label="equal")
        axes.set_xticks(places, [f"level {k + 1}" for k in places])
        axes.set_ylabel("weight")
        axes.set_ylim(0, None)
        axes.grid(axis="y", alpha=0.25)
        drawing.legend(loc="outside right upper")
        return png(drawing)


def curves(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float], Sequence[Interval] | None]],
    xlabel: str,
    ylabel: str,
    title: str,
    ticks: Sequence[str] | None = None,
) -> bytes:
    """Lines (x, y, intervals or None) by name, told apart by colour, mark and dash."""
    with figure(7.4, 4.2) as (drawing, axes):
        shift = 0.012 * max(1.0, max(len(x) for x, _, _ in lines.values()))
        for index, (name, (x, y, spread)) in enumerate(lines.items()):
            where = np.asarray(x, dtype=float) + (index - (len(lines) - 1) / 2) * shift * (
                spread is not None
            )
            colour = COLOURS[index % len(COLOURS)]
            axes.plot(
                where,
                y,
                marker=MARKERS[index % len(MARKERS)],
                linestyle=LINES[index % len(LINES)],
                color=colour,
                label=name,
            )
            if spread is not None:
                axes.vlines(where, [s.low for s in spread], [s.high for s in spread],
                            color=colour, alpha=0.55, linewidth=1.5)  # fmt: skip
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        axes.set_title(title, loc="left")
        if ticks is not None:
            axes.set_xticks(range(1, len(ticks) + 1), ticks)
        axes.grid(alpha=0.25)
        drawing.legend(loc="outside right upper")
        return png(drawing)


def heat(values: Array, rows: Sequence[str], columns: Sequence[str], title: str) -> bytes:
    """A table of correlations as shades of one colour with the numbers written in."""
    with figure(3.6 + 0.85 * len(columns), 1.3 + 0.27 * len(rows)) as (drawing, axes):
        low = float(np.nanmin(values))
        axes.imshow(values, cmap="Blues", vmin=low, vmax=1.0, aspect="auto")
        for i in range(values.shape[0]):
            best = float(np.nanmax(values[i]))
            for j in range(values.shape[1]):
                value = values[i, j]
                dark = value > low + 0.6 * (1.0 - low)
                text = f"{value:.2f}" if math.isfinite(value) else "–"
                weight = "bold" if value == best else "normal"
                colour = "white" if dark else "black"
                axes.text(
                    j, i, text, ha="center", va="center", fontsize=8, color=colour, weight=weight
                )
        axes.set_xticks(range(len(columns)), columns)
        axes.set_yticks(range(len(rows)), rows)
        axes.tick_params(length=0)
        axes.set_title(title, loc="left")
        for side in axes.spines.values():
            side.set_visible(False)
        return png(drawing)
