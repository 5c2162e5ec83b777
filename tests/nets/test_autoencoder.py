import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.errors import InputError
from pearlite.nets import build


@given(
    st.lists(st.integers(1, 13), min_size=1, max_size=3),
    st.lists(st.integers(1, 6), min_size=1, max_size=3),
    st.integers(1, 3),
    st.integers(1, 5),
)
@settings(max_examples=25, deadline=None)
def test_any_image_is_squeezed_and_comes_back_in_its_size(image, widths, channels, latent):
    net = build("autoencoder", channels_in=channels, image=image, widths=widths, latent=latent)
    x = torch.zeros(2, channels, *image)
    assert net.encode(x).shape == (2, latent)
    assert net.decode(torch.zeros(2, latent)).shape == x.shape
    assert torch.equal(net(x), net.decode(net.encode(x)))


def test_the_image_passes_through_the_latent_numbers_only():
    net = build("autoencoder", image=[8, 8], latent=2)
    x = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    jacobian = torch.autograd.functional.jacobian(net, x).reshape(64, 64)
    assert torch.linalg.matrix_rank(jacobian, rtol=1e-4) == 2


def test_wrong_images_and_no_widths_are_refused():
    net = build("autoencoder", image=[8, 8])
    with pytest.raises(InputError, match=r"\(8, 9\) pixels.*built for \(8, 8\)"):
        net(torch.zeros(1, 1, 8, 9))
    with pytest.raises(InputError, match="widths is empty"):
        build("autoencoder", widths=[])
