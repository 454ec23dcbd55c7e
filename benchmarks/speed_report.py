"""The results of benchmarks.speed as a Markdown table and a plot."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def write_report(result: dict[str, Any], folder: Path) -> None:
    """Write speed.md and speed.png beside speed.json."""
    (folder / "speed.md").write_text(markdown(result), encoding="utf-8")
    plot(result, folder / "speed.png")


def markdown(result: dict[str, Any]) -> str:
    """All measurements as tables."""
    lines = [f"{result['date']}, {result['processor']}, torch {result['torch']}.", ""]
    for threads, limits in result["limits"].items():
        rates = ", ".join(f"{name} {rate:.0f} GFLOP/s" for name, rate in limits.items())
        lines.append(f"Limit with {_threads(threads)}: {rates}.")
    for key in dict.fromkeys((row["threads"], row["size"]) for row in result["pairs"]):
        rows = [row for row in result["pairs"] if (row["threads"], row["size"]) == key]
        lines += ["", f"One pair of {key[1]} pixels, {_threads(key[0])}:", ""]
        lines += ["| metric | ms | x authors' steps | GFLOP/s, direct count | share of the limit |"]
        lines += ["|---|---:|---:|---:|---:|"]
        for row in sorted(rows, key=lambda row: row["seconds"]):
            work = "| |"
            if row["gflops"]:
                work = f"{row['gflops']:.0f} | {100 * row['share']:.0f} % |"
            ratio = f"{row['ratio']:.2f}" if row["ratio"] else ""
            lines.append(f"| {row['name']} | {1000 * row['seconds']:.1f} | {ratio} | {work}")
    for threads in dict.fromkeys(row["threads"] for row in result["many"]):
        title = f"One reference and 25 distorted images of 384 x 512, {_threads(threads)}:"
        lines += ["", title, "", "| metric | s | x authors' steps |", "|---|---:|---:|"]
        for row in result["many"]:
            if row["threads"] == threads:
                lines.append(f"| {row['name']} | {row['seconds']:.2f} | {row['ratio']:.2f} |")
    if result.get("memory"):
        lines += ["", "Peak memory of one pair, the whole process:", ""]
        lines += ["| metric | pixels | MB | of which before |", "|---|---|---:|---:|"]
        for row in result["memory"]:
            numbers = f"{row['peak_mb']:.0f} | {row['before_mb']:.0f}"
            lines.append(f"| {row['name']} | {row['size']} | {numbers} |")
    if folder := result.get("folder"):
        lines += [
            "",
            f"`msds score` on two folders of {folder['pairs']} PNG files (msds-compact, start-up "
            f"included): {folder['seconds']:.1f} s, "
            f"{folder['pairs_per_second']:.1f} pairs a second.",
        ]
    return "\n".join(lines) + "\n"


def _threads(count: int | str) -> str:
    return "one thread" if int(count) == 1 else f"{count} threads"


def plot(result: dict[str, Any], path: Path) -> None:
    """Times of one pair at the first size, and shares of the machine's limit."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    first = result["pairs"][0]
    rows = [
        row
        for row in result["pairs"]
        if (row["threads"], row["size"]) == (first["threads"], first["size"])
    ]
    rows.sort(key=lambda row: -row["seconds"])
    own = ("vgg16", "compact")
    colours = ["tab:blue" if row["name"].startswith(own) else "0.6" for row in rows]
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(12, 0.34 * len(rows) + 1.4), sharey=True, layout="constrained"
    )
    names = [row["name"] for row in rows]
    bars = left.barh(names, [1000 * row["seconds"] for row in rows], color=colours)
    labels = [f"{1000 * row['seconds']:.0f} ms, x {row['ratio']:.1f}" for row in rows]
    left.bar_label(bars, labels, padding=3, fontsize=8)
    left.set_xscale("log")
    left.set_xlim(right=6000 * max(row["seconds"] for row in rows))
    left.set_xlabel("milliseconds; x: times as fast as the authors' steps")
    left.set_title(f"One pair of {first['size']} pixels, {_threads(first['threads'])}")
    shares = [100 * (row["share"] or 0) for row in rows]
    bars = right.barh(names, shares, color=colours)
    right.bar_label(bars, [f"{s:.0f} %" if s else "" for s in shares], padding=3, fontsize=8)
    right.axvline(100, color="black", linewidth=1)
    right.set_xlim(right=max(115, 1.15 * max(shares)))
    right.set_xlabel("% of this machine's own best rate; past 100: fewer multiplications")
    right.set_title("Convolutions, counted directly")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=130)
    plt.close(figure)
