"""Tiles that are made on a cluster are those that are made here, whatever the material."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pearlite.data.read import read
from pearlite.nets.pyramid import NoisePyramid
from pearlite.nets.slicegan import SliceGenerator
from pearlite.recipes.reconstruct.fraction import with_fractions
from pearlite.recipes.reconstruct.generate import generate, generate_file
from pearlite.recipes.reconstruct.images import Meaning
from pearlite.recipes.reconstruct.material import Material
from pearlite.recipes.reconstruct.slicegan import SliceGAN

MEANING = Meaning("phases", (10, 200), (), (), 10.0, 200.0, "uint8")
SHAPE = (70, 80, 66)


def pyramid() -> Material:
    random = torch.Generator().manual_seed(0)
    network = NoisePyramid(2, widths=(4, 4, 4), noise=2, generator=random)
    return Material(network.eval().requires_grad_(False), MEANING)


def published() -> Material:
    random = torch.Generator().manual_seed(0)
    network = SliceGenerator(2, widths=(4, 8, 8), end="softmax", generator=random)
    return SliceGAN(network.eval().requires_grad_(False), MEANING).material


@pytest.mark.slow
@pytest.mark.dist
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_fractions_and_the_published_method_work_on_a_cluster(tmp_path: Path):
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=""
    ) as cluster:
        for name, material in (("ours", pyramid()), ("slicegan", published())):
            wanted = with_fractions(material, 0.25, SHAPE, seed=4)
            path = tmp_path / f"{name}.tif"
            generate_file(wanted, path, SHAPE, seed=4, dask=cluster.scheduler_address)

            made = np.asarray(read(path).array)
            assert (made == 200).mean() == pytest.approx(0.25, abs=0.01)
            np.testing.assert_array_equal(made, generate(wanted, SHAPE, seed=4))
