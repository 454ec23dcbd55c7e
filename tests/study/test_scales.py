"""Levels, filters, forms of fusion and layers, on a miniature set."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import trees
from helpers.contenders import deep
from msds.images import load_image
from msds.study.datasets import RatedSet, open_dataset
from msds.study.layers import layer_trunks, study_layers
from msds.study.pages.layers import layer_table
from msds.study.pages.scales import scales_page
from msds.study.scales import study_scales
from msds.trunks import load_trunk

stats = pytest.importorskip("scipy.stats")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> RatedSet:
    return open_dataset(str(trees.rated(tmp_path_factory.mktemp("rated"))))


@pytest.mark.slow
def test_the_study_of_scales_answers_for_levels_filters_and_fusion(data: RatedSet) -> None:
    study = study_scales(
        data, lambda name: deep(3, name), ["average", "stride"], folds=3, seeds=1, resamples=20
    )
    assert study.main.shape == (48, 3)
    np.testing.assert_allclose(study.tables["average"][:, 0], study.tables["stride"][:, 0])
    tables = scales_page(study, {}).tables
    assert [len(table.rows) for table in tables] == [4, 3, 2, 2, 2]
    assert float(str(tables[0].rows[0][1]).split()[0]) == pytest.approx(
        stats.spearmanr(study.main[:, 0], data.quality).statistic, abs=6e-4
    )


def test_the_study_of_layers_cuts_the_trunk_after_each_convolution(data: RatedSet) -> None:
    trunk = load_trunk("compact", "random")
    trunks = layer_trunks(trunk)
    pixels = load_image(data.pairs[0].reference).pixels[None]
    last = list(trunks)[-1]
    assert (trunks[last](pixels) == trunk(pixels)).all()
    assert trunks[last].stride == 16
    chosen = {name: trunks[name] for name in list(trunks)[-2:]}
    few = data.subset(range(0, 48, 6))
    scores = dict(zip(chosen, study_layers(few, chosen, 2).tables, strict=True))
    assert len(layer_table(few, scores, chosen).rows) == 2
