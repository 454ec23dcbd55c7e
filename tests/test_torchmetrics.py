"""The torchmetrics class, by torchmetrics' own conventions."""

from __future__ import annotations

import pickle

import pytest
import torch
import torch.distributed as dist
from torch import Tensor

import msds
from helpers.small_trunk import small_trunk
from helpers.two_processes import PROCESSES, in_two_processes
from msds.errors import InputError

pytest.importorskip("torchmetrics")

from torchmetrics import Metric, MetricCollection
from torchmetrics.image import StructuralSimilarityIndexMeasure

from msds.torchmetrics import DeepStructuralSimilarity

BATCHES, BATCH = 4, 2


def build(reduction: str = "mean") -> DeepStructuralSimilarity:
    return DeepStructuralSimilarity(msds.MSDS(small_trunk(), levels=2), reduction=reduction)


def batches(seed: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return list(torch.rand(BATCHES, BATCH, 3, 20, 22, generator=generator))


PREDS, TARGET = batches(1), batches(2)


def expected() -> Tensor:
    """The scores of all images from the metric itself."""
    return torch.cat([build().model(t, p) for p, t in zip(PREDS, TARGET, strict=True)])


REDUCED = {"mean": torch.mean, "sum": torch.sum, "none": torch.Tensor.clone}


@pytest.mark.parametrize("reduction", REDUCED)
def test_forward_gives_the_batch_and_compute_gives_everything_since_the_reset(
    reduction: str,
) -> None:
    metric = build(reduction)
    for repetition in range(2):
        for i, (preds, target) in enumerate(zip(PREDS, TARGET, strict=True)):
            batch = REDUCED[reduction](expected()[BATCH * i : BATCH * (i + 1)])
            torch.testing.assert_close(metric(preds, target), batch)
        torch.testing.assert_close(metric.compute(), REDUCED[reduction](expected()))
        metric.reset()
        assert metric.update_count == 0, repetition


def test_the_last_batch_counts_by_its_images_when_it_is_smaller() -> None:
    metric = build()
    metric.update(PREDS[0], TARGET[0])
    metric.update(PREDS[1][:1], TARGET[1][:1])
    torch.testing.assert_close(metric.compute(), expected()[:3].mean())


@pytest.mark.parametrize("reduction", REDUCED)
def test_it_survives_pickling_and_cloning_with_its_state(reduction: str) -> None:
    metric = build(reduction)
    metric.update(PREDS[0], TARGET[0])
    for other in (pickle.loads(pickle.dumps(metric)), metric.clone()):
        other.update(PREDS[1], TARGET[1])
        torch.testing.assert_close(other.compute(), REDUCED[reduction](expected()[: 2 * BATCH]))
    torch.testing.assert_close(metric.compute(), REDUCED[reduction](expected()[:BATCH]))


@pytest.mark.skipif(not hasattr(Metric, "merge_state"), reason="torchmetrics 1.4 merges none")
def test_states_of_two_metrics_merge() -> None:
    first, second = build(), build()
    first.update(PREDS[0], TARGET[0])
    second.update(PREDS[1], TARGET[1])
    first.merge_state(second)
    torch.testing.assert_close(first.compute(), expected()[: 2 * BATCH].mean())


def test_it_stands_in_a_collection_beside_other_metrics() -> None:
    collection = MetricCollection({"msds": build(), "ssim": StructuralSimilarityIndexMeasure()})
    collection.update(PREDS[0], TARGET[0])
    values = collection.compute()
    torch.testing.assert_close(values["msds"], expected()[:BATCH].mean())
    assert set(values) == {"msds", "ssim"}


def test_gradients_flow_through_forward() -> None:
    preds = PREDS[0].clone().requires_grad_()
    build()(preds, TARGET[0]).backward()
    assert preds.grad is not None
    assert preds.grad.abs().sum() > 0
    assert build().is_differentiable
    assert build().higher_is_better


def test_states_are_not_saved_and_parameters_are_never_trained() -> None:
    metric = build()
    metric.update(PREDS[0], TARGET[0])
    kept = [key for key in metric.state_dict() if not key.startswith("model.trunk.")]
    assert kept == ["model._extra_state"], "the settings of the metric, none of its states"
    assert not any(p.requires_grad for p in metric.train().parameters())
    assert not metric.model.trunk.training


class UpdatedTwice(DeepStructuralSimilarity):
    """Computes the value of a batch by a second update, which torchmetrics takes as the truth."""

    full_state_update = True


def test_the_cheap_forward_agrees_with_the_one_that_updates_twice() -> None:
    cheap, twice = build(), UpdatedTwice(msds.MSDS(small_trunk(), levels=2))
    for preds, target in zip(PREDS, TARGET, strict=True):
        torch.testing.assert_close(cheap(preds, target), twice(preds, target))
    torch.testing.assert_close(cheap.compute(), twice.compute())


def test_plot_draws_one_value_or_several() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    metric = build()
    values = [metric(p, t) for p, t in zip(PREDS, TARGET, strict=True)]
    for arguments in ((), (values,)):
        figure, axes = metric.plot(*arguments)
        assert axes.get_ylim()[0] <= 0
        assert axes.get_ylim()[1] >= 1
        pyplot.close(figure)


def test_models_are_known_by_their_ids() -> None:
    metric = DeepStructuralSimilarity("deepssim-compact")
    assert metric.model.model_id == msds.DeepSSIM().model_id


def test_unknown_reductions_and_unusable_images_are_refused() -> None:
    with pytest.raises(InputError, match="Unknown reduction 'elementwise_mean'"):
        build("elementwise_mean")
    with pytest.raises(InputError, match=r"\[0, 1\]"):
        build().update(PREDS[0] * 3, TARGET[0])


def computed_by_one(rank: int) -> dict[str, Tensor]:
    assert dist.get_world_size() == PROCESSES
    values = {}
    for reduction in REDUCED:
        metric = build(reduction)
        for i in range(rank, BATCHES, PROCESSES):
            metric.update(PREDS[i], TARGET[i])
        if rank == 1:  # uneven shares must do no harm
            metric.update(PREDS[0], TARGET[0])
        values[reduction] = metric.compute()
        metric.reset()
        metric.update(PREDS[rank], TARGET[rank])
        values[f"{reduction} after reset"] = metric.compute()
    return values


@pytest.mark.slow
def test_two_processes_compute_the_value_of_all_images() -> None:
    both = in_two_processes(computed_by_one)
    scores = expected().reshape(BATCHES, BATCH)
    seen = scores[[0, 2, 1, 3, 0]].flatten()
    for values in both:
        for name, reduce in REDUCED.items():
            torch.testing.assert_close(values[name], reduce(seen))
            torch.testing.assert_close(values[f"{name} after reset"], reduce(scores[:2].flatten()))


def test_images_and_references_must_be_as_many() -> None:
    with pytest.raises(InputError, match="got 2 images and 1 references"):
        build().update(PREDS[0], TARGET[0][:1])


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
def test_no_scores_before_the_first_image() -> None:
    assert build("none").compute().shape == (0,)
