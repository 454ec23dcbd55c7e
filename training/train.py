"""Train the compact trunk on a pool of examples.

Stage `dense` (batch normalisation, the teacher's features with some weight on its scores) is
followed by stage `scores` (normalisation folded away, mostly the scores). Both keep the learning
rate constant after a warm-up and bring it to nothing over the last `--decay` steps. The state is
saved every `--every` steps; a run that was interrupted goes on where it was.

    python -m training.train --pool DIR --out DIR --stage dense --steps 6000
    python -m training.train --pool DIR --out DIR --stage scores --steps 6000 --start DIR/dense.pt
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from scipy.stats import spearmanr
from torch import Tensor

from .data import Batch, Pool
from .muon import Muon
from .objectives import dense_loss, score_loss
from .pool import DENSE_LEVELS
from .quiet import wait_while_quiet
from .similarity import level_scores, pyramid
from .student import Student


@dataclass(frozen=True)
class Stage:
    """What differs between the stages."""

    normalised: bool
    rate: float
    dense: float
    scores: float


STAGES = {
    "dense": Stage(normalised=True, rate=2e-3, dense=1.0, scores=0.3),
    "scores": Stage(normalised=False, rate=6e-4, dense=0.2, scores=1.0),
}


def losses(student: Student, batch: Batch, deviations: Tensor) -> tuple[Tensor, Tensor]:
    """The dense loss and the score loss of a batch."""
    versions = batch.scores.shape[1]
    features = [student(level) for level in pyramid(batch.images)]
    predicted = [student.predict(level).flatten(2) for level in features[:DENSE_LEVELS]]
    wanted = batch.maps / deviations.view(1, -1, 1)
    dense = dense_loss(torch.cat(predicted, 2), wanted)
    return dense, score_loss(level_scores(features, versions), batch.scores)


@torch.inference_mode()
def evaluate(student: Student, pool: Pool) -> dict[str, float]:
    """Rank agreement with the teacher over a pool, for the mean of the levels and for each."""
    student.eval()
    found, wanted = [], []
    for picks in pool.everything(8):
        batch = pool.batch(picks)
        features = [student(level) for level in pyramid(batch.images)]
        found.append(level_scores(features, batch.scores.shape[1]).flatten(0, 1))
        wanted.append(batch.scores.flatten(0, 1))
    a, b = torch.cat(found).numpy(), torch.cat(wanted).numpy()
    result = {f"srcc{k + 1}": float(spearmanr(a[:, k], b[:, k])[0]) for k in range(a.shape[1])}
    result["srcc"] = float(spearmanr(a.mean(1), b.mean(1))[0])
    result["rmse"] = float(np.sqrt(np.mean((a.mean(1) - b.mean(1)) ** 2)))
    return {key: round(value, 4) for key, value in result.items()}


def make_optimisers(
    student: Student, rate: float, muon: float | None
) -> list[torch.optim.Optimizer]:
    """Muon for the convolutions of the trunk, AdamW for everything else."""
    matrices = [module.weight for module in student.convolutions.values()]
    others = [p for p in student.parameters() if all(p is not m for m in matrices)]
    optimisers: list[torch.optim.Optimizer] = [
        Muon(matrices, lr=muon or 10 * rate),
        torch.optim.AdamW(others, lr=rate, weight_decay=1e-4),
    ]
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["peak"] = group["lr"]
    return optimisers


def rate_at(step: int, steps: int, decay: int, rate: float, warm_up: int = 200) -> float:
    """Warm-up, constant, then a straight line to zero over the last `decay` steps."""
    return rate * min(1.0, (step + 1) / warm_up, (steps - step) / max(decay, 1))


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint whole or not at all."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)


def averaged_state(average: dict[str, Tensor], student: Student, decay: float) -> None:
    """Move the running average of the weights towards the student's."""
    for key, value in student.state_dict().items():
        if value.is_floating_point():
            average[key].lerp_(value, 1 - decay)
        else:
            average[key].copy_(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pool", type=Path, required=True, help="folder with train/ and validation/")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--stage", choices=tuple(STAGES), default="dense")
    parser.add_argument("--start", type=Path, help="checkpoint whose averaged weights to start from")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--decay", type=int, default=1500)
    parser.add_argument("--groups", type=int, default=5)
    parser.add_argument("--versions", type=int, default=2, help="distorted versions per group")
    parser.add_argument("--every", type=int, default=300)
    parser.add_argument("--rate", type=float, help="of AdamW")
    parser.add_argument("--muon", type=float, help="rate of Muon, default ten times AdamW's")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    run(options)


def run(options: argparse.Namespace) -> Student:
    """Train one stage; returns the student with averaged weights."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    stage = STAGES[options.stage]
    rate = options.rate or stage.rate
    train = Pool(options.pool / "train")
    checks = {name: Pool(options.pool / name) for name in ("validation", "held_out")}
    deviations = train.deviations()
    student = Student(stage.normalised)
    if options.start:
        previous = torch.load(options.start, weights_only=True)
        source = Student(previous["normalised"])
        source.load_state_dict(previous["average"])
        student = source if stage.normalised else source.folded()
    optimisers = make_optimisers(student, rate, options.muon)
    average = {key: value.clone() for key, value in student.state_dict().items()}
    first = 0
    checkpoint = options.out / f"{options.stage}.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        student.load_state_dict(state["student"])
        for optimiser, saved in zip(optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        average, first = state["average"], state["step"]
    log = (options.out / f"{options.stage}.jsonl").open("a")
    sums, started = np.zeros(2), time.monotonic()
    student.train()
    for step in range(first, options.steps):
        wait_while_quiet()
        batch = train.sample(options.groups, options.versions, np.random.default_rng([options.seed, step]))
        factor = rate_at(step, options.steps, options.decay, 1.0)
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = factor * group["peak"]
        dense, scores = losses(student, batch, deviations)
        loss = stage.dense * dense + stage.scores * scores
        student.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        for optimiser in optimisers:
            optimiser.step()
        averaged_state(average, student, min(0.995, (step + 1) / (step + 10)))
        sums += (dense.item(), scores.item())
        done = step + 1
        if done % options.every == 0 or done == options.steps:
            evaluated = Student(stage.normalised)
            evaluated.load_state_dict(average)
            entry: dict[str, Any] = {"step": done, "shards": train.refresh()}
            count = (done - first) % options.every or options.every
            entry["dense"], entry["scores"] = (sums / count).round(4).tolist()
            entry |= {name: evaluate(evaluated, pool) for name, pool in checks.items()}
            entry["seconds"] = round(time.monotonic() - started, 1)
            print(json.dumps(entry), file=log, flush=True)
            print(json.dumps(entry), flush=True)
            sums[:] = 0
            save(
                checkpoint,
                {
                    "student": student.state_dict(),
                    "optimisers": [optimiser.state_dict() for optimiser in optimisers],
                    "average": average,
                    "step": done,
                    "normalised": stage.normalised,
                },
            )
    final = Student(stage.normalised)
    final.load_state_dict(average)
    save_file(final.exported(), options.out / f"{options.stage}.safetensors")
    return final


if __name__ == "__main__":
    main()
