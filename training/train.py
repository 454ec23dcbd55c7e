"""Train the compact trunk on a pool of examples.

The stages follow one another, each starting from the averaged weights of the one before:

- `features`: the teacher's features, their Gram, and a little of its scores, batch normalisation;
- `scores`: mostly the teacher's scores, batch normalisation;
- `settle`: its scores at a low rate, with the running statistics, as it will be shipped.

The learning rate is constant after a warm-up and goes to nothing over the last `--decay` steps. The
state is saved every `--every` steps; a run that was interrupted goes on where it was.

`python -m training` runs them all. One by one:

    python -m training.train --pool DIR --out DIR --stage features --steps 8000
    python -m training.train --pool DIR --out DIR --stage scores --steps 3000 \\
        --start DIR/features.pt
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from scipy.stats import spearmanr
from torch import Tensor

from msds.method.pyramid import pyramid

from .data import Batch, Pool
from .objectives import dense_loss, fidelity_loss, score_loss
from .pool import DENSE_LEVELS
from .quiet import wait_while_quiet
from .similarity import LEVELS, level_scores
from .student import Student


@dataclass(frozen=True)
class Stage:
    """What differs between the stages.

    `statistics`: whether batch normalisation uses those of the batch, or its running ones.
    `dense`, `fidelity`, `scores`: weights of the losses.
    """

    statistics: bool
    rate: float
    dense: float
    fidelity: float
    scores: float


PARTS = ("dense", "fidelity", "scores")

TOGETHER = 16
"""Steps between two meetings of workers."""

STAGES = {
    "features": Stage(statistics=True, rate=2e-3, dense=1.0, fidelity=0.5, scores=0.05),
    "scores": Stage(statistics=True, rate=7e-4, dense=0.3, fidelity=0.3, scores=1.0),
    "settle": Stage(statistics=False, rate=2e-4, dense=0.1, fidelity=0.1, scores=1.0),
}


def losses(student: Student, batch: Batch, deviations: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The dense, the fidelity and the score loss of a batch."""
    unscaled = [student.unscaled(level) for level in pyramid(batch.images, LEVELS)]
    features = [level * student.scale for level in unscaled]
    scores = score_loss(level_scores(features, batch.scores.shape[1]), batch.scores)
    sizes = [level.shape[-2:] for level in features[:DENSE_LEVELS]]
    flat = (batch.maps / deviations.view(1, -1, 1)).split([h * w for h, w in sizes], dim=2)
    wanted = [maps.unflatten(2, size) for maps, size in zip(flat, sizes, strict=True)]
    dense = dense_loss(unscaled[:DENSE_LEVELS], wanted)
    fidelity = fidelity_loss(features[:DENSE_LEVELS], [maps * student.scale for maps in wanted])
    return dense, fidelity, scores


@torch.inference_mode()
def evaluate(student: Student, pool: Pool) -> dict[str, float]:
    """Rank agreement with the teacher over a pool, for the mean of the levels and for each."""
    student.eval()
    found, wanted = [], []
    for picks in pool.everything(4):
        batch = pool.batch(picks)
        features = [student(level) for level in pyramid(batch.images, LEVELS)]
        found.append(level_scores(features, batch.scores.shape[1]).flatten(0, 1))
        wanted.append(batch.scores.flatten(0, 1))
    a, b = torch.cat(found).numpy(), torch.cat(wanted).numpy()
    result = {f"srcc{k + 1}": float(spearmanr(a[:, k], b[:, k])[0]) for k in range(a.shape[1])}
    result["srcc"] = float(spearmanr(a.mean(1), b.mean(1))[0])
    result["rmse"] = float(np.sqrt(np.mean((a.mean(1) - b.mean(1)) ** 2)))
    return {key: round(value, 4) for key, value in result.items()}


def rate_at(step: int, steps: int, decay: int, rate: float, warm_up: int = 200) -> float:
    """Warm-up, constant, then a straight line to zero over the last `decay` steps."""
    return rate * min(1.0, (step + 1) / warm_up, (steps - step) / max(decay, 1))


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint whole or not at all."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def meet(student: Student, workers: int) -> None:
    """Give every worker the mean of all workers' weights (local SGD)."""
    floats = [value for value in student.state_dict().values() if value.is_floating_point()]
    flat = torch.cat([value.reshape(-1) for value in floats])
    torch.distributed.all_reduce(flat)
    for value, mean in zip(
        floats, (flat / workers).split([v.numel() for v in floats]), strict=True
    ):
        value.copy_(mean.view_as(value))


def averaged_state(average: dict[str, Tensor], student: Student, decay: float) -> None:
    """Move the running average of the weights towards the student's."""
    for key, value in student.state_dict().items():
        if value.is_floating_point():
            average[key].lerp_(value, 1 - decay)
        else:
            average[key].copy_(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--pool", type=Path, required=True, help="folder with train/ and validation/"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--stage", choices=tuple(STAGES), default="features")
    parser.add_argument(
        "--start", type=Path, help="checkpoint whose averaged weights to start from"
    )
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--decay", type=int, default=1500)
    parser.add_argument("--groups", type=int, default=5)
    parser.add_argument("--versions", type=int, default=2, help="distorted versions per group")
    parser.add_argument("--every", type=int, default=300)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--workers", type=int, default=1, help="processes training side by side")
    parser.add_argument("--worker", type=int, default=0, help="number of this one")
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
    if options.workers > 1:
        torch.distributed.init_process_group(
            "gloo",
            init_method=f"file://{(options.out / 'meeting').resolve()}",
            rank=options.worker,
            world_size=options.workers,
        )
    rate = options.rate or stage.rate
    train = Pool(options.pool / "train")
    checks = {name: Pool(options.pool / name) for name in ("validation", "held_out")}
    deviations = train.deviations()
    student = Student()
    student.calibrate(deviations)
    if options.start:
        student.load_state_dict(torch.load(options.start, weights_only=True)["average"])
    optimiser = torch.optim.AdamW(student.parameters(), lr=rate, weight_decay=1e-4)
    average = {key: value.clone() for key, value in student.state_dict().items()}
    first = 0
    checkpoint = options.out / f"{options.stage}.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        student.load_state_dict(state["student"])
        optimiser.load_state_dict(state["optimiser"])
        average, first = state["average"], state["step"]
    log = (options.out / f"{options.stage}.jsonl").open("a")
    sums, count, started = np.zeros(3), 0, time.monotonic()
    student.train(stage.statistics)
    shares = (stage.dense, stage.fidelity, stage.scores)
    for step in range(first, options.steps):
        wait_while_quiet()
        rng = np.random.default_rng([options.seed, step, options.worker])
        batch = train.sample(options.groups, options.versions, rng)
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, options.steps, options.decay, rate)
        parts = losses(student, batch, deviations)
        loss = sum(weight * part for weight, part in zip(shares, parts, strict=True))
        student.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimiser.step()
        if options.workers > 1 and (step + 1) % TOGETHER == 0:
            meet(student, options.workers)
        averaged_state(average, student, min(0.995, (step + 1) / (step + 10)))
        sums += [part.item() for part in parts]
        count += 1
        done = step + 1
        if done % options.every == 0:
            train.refresh()
        if options.worker == 0 and (done % options.every == 0 or done == options.steps):
            evaluated = Student()
            evaluated.load_state_dict(average)
            entry: dict[str, Any] = {"step": done, "shards": len(train.shards)}
            entry |= dict(zip(PARTS, (sums / count).round(4).tolist(), strict=True))
            entry |= {name: evaluate(evaluated, pool) for name, pool in checks.items()}
            entry["seconds"] = round(time.monotonic() - started, 1)
            print(json.dumps(entry), file=log, flush=True)
            print(json.dumps(entry), flush=True)
            sums[:], count = 0, 0
            save(
                checkpoint,
                {
                    "student": student.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "average": average,
                    "step": done,
                },
            )
    if options.worker:
        return student
    final = Student()
    final.load_state_dict(average)
    save_file(final.exported(), options.out / f"{options.stage}.safetensors")
    return final


if __name__ == "__main__":
    main()
