import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.errors import InputError
from pearlite.nets import build


@given(
    st.lists(st.integers(4, 13), min_size=1, max_size=3),
    st.lists(st.integers(1, 6), min_size=1, max_size=3),
    st.integers(1, 3),
    st.integers(2, 5),
)
@settings(max_examples=25, deadline=None)
def test_any_size_dims_and_depth_give_a_logit_for_each_class(space, widths, channels, classes):
    net = build("classifier", channels_in=channels, classes=classes, widths=widths, dims=len(space))
    assert net(torch.zeros(2, channels, *space)).shape == (2, classes)


def test_it_does_not_matter_where_the_object_is():
    net = build("classifier", widths=[8]).eval()
    image = torch.zeros(1, 1, 16, 16)
    image[..., 5:8, 6:9] = torch.rand(3, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(net(image), net(image.roll((4, 3), (2, 3))))


def test_an_image_too_small_to_be_halved_is_refused():
    net = build("classifier", widths=[4, 4, 4])
    assert net(torch.zeros(2, 1, 4, 5)).shape == (2, 10)
    with pytest.raises(InputError, match=r"\(3, 9\) pixels.*at least 4"):
        net(torch.zeros(2, 1, 3, 9))
    with pytest.raises(InputError, match="at least one stage"):
        build("classifier", widths=[])
