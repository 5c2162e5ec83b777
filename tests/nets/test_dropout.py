import pytest
import torch

from pearlite.errors import InputError
from pearlite.nets.dropout import Dropout


@pytest.fixture
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_share_becomes_0_and_the_rest_grows_so_that_the_mean_stays(share):
    y = Dropout(share)(torch.ones(100_000))
    kept = y != 0
    assert (~kept).double().mean().item() == pytest.approx(share, abs=0.01)
    torch.testing.assert_close(y[kept], torch.full_like(y[kept], 1 / (1 - share)))


@pytest.mark.usefixtures("seeded")
def test_nothing_changes_in_evaluation_nor_with_a_share_of_0():
    x = torch.randn(4, 5)
    assert torch.equal(Dropout(0.5).eval()(x), x)
    assert torch.equal(Dropout(0.0)(x), x)


@pytest.mark.usefixtures("seeded")
def test_the_zeros_follow_the_global_seed():
    layer, x = Dropout(0.5), torch.ones(1000)
    first, second = layer(x), layer(x)
    torch.manual_seed(0)
    assert torch.equal(layer(x), first)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("share", [-0.1, 1.0, 1.5])
def test_an_impossible_share_is_refused(share):
    with pytest.raises(InputError, match="from 0 up to, but not, 1"):
        Dropout(share)
