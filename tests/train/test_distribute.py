import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pearlite.errors import InputError
from pearlite.train.distribute import joined, replicate, shard

sys.path.insert(0, str(Path(__file__).parent))
import two_processes as program

pytestmark = pytest.mark.dist


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What each of two processes found: tensors by case and name."""
    folder = tmp_path_factory.mktemp("two")
    launch = ["-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    done = subprocess.run(
        [sys.executable, *launch, program.__file__, str(folder)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ranks = [load_file(folder / f"{rank}.safetensors") for rank in (0, 1)]
    broken = folder / "broken"
    states = {at.name: sorted(p.name for p in at.iterdir()) for at in broken.iterdir()}
    return ranks, states


def case(tensors, name):
    return {k.removeprefix(f"{name}/"): v for k, v in tensors.items() if k.startswith(f"{name}/")}


def largest_difference(one, other):
    assert one.keys() == other.keys()
    return max(float((one[name] - other[name]).abs().max()) for name in one)


@pytest.mark.parametrize("kind", ["replicated", "accumulated", "sharded"])
def test_two_processes_make_the_updates_of_one(found, kind):
    alone = program.whole(program.trained(program.Curve()).task)
    (first, second), _ = found
    assert largest_difference(case(first, kind), alone) < 1e-6
    assert largest_difference(case(first, kind), case(second, kind)) == 0
    assert largest_difference(case(first, "apart"), alone) > 1e-3  # so the test can fail


def test_several_players_too(found):
    alone = program.whole(program.trained(program.Rivals()).task)
    assert largest_difference(case(found[0][0], "rivals"), alone) < 1e-6


@pytest.mark.parametrize("optimiser", ["adam", "muon"])
def test_a_sharded_training_goes_on_exactly(found, optimiser):
    (first, _), states = found
    assert largest_difference(case(first, f"{optimiser} resumed"), case(first, optimiser)) == 0
    assert states[optimiser] == ["0000000005-shards", "0000000012-shards"]


def test_all_processes_stop_at_the_same_step(found):
    for tensors in found[0]:
        assert tensors["stopped"].tolist() == [4, 4]


def test_a_process_that_is_alone_is_left_as_it_is():
    task = program.Curve()
    with joined() as device:
        assert replicate(task) is task
        assert shard(task) is task
        assert device.type == ("cuda" if torch.cuda.is_available() else "cpu")
        assert task.players()[0].loss == task.loss


def test_rivals_cannot_be_sharded(monkeypatch):
    monkeypatch.setattr("pearlite.train.distribute.world", lambda: 2)
    with pytest.raises(InputError, match="several players"):
        shard(program.Rivals())
