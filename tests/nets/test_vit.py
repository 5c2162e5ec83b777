import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pearlite.errors import InputError
from pearlite.nets import build

SMALL = {"width": 16, "depth": 1, "heads": 2}


@given(
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.integers(1, 5),
    st.integers(1, 3),
    st.integers(0, 2),
    st.sampled_from(["sinusoidal", "learned"]),
)
@settings(max_examples=20, deadline=None)
def test_any_image_of_whole_patches_gives_logits(patches, patch, channels, depth, positions):
    image = [side * patch for side in patches]
    net = build(
        "vit",
        image=image,
        patch=patch,
        classes=3,
        channels_in=channels,
        positions=positions,
        **{**SMALL, "depth": depth},
    )
    x = torch.zeros(2, channels, *image)
    assert net(x).shape == (2, 3)
    assert net.features(x).shape == (2, patches[0] * patches[1], 16)


def test_patches_come_row_by_row_and_see_their_own_pixels():
    net = build("vit", image=[4, 6], patch=2, **{**SMALL, "depth": 0})
    plain = torch.rand(1, 1, 4, 6, generator=torch.Generator().manual_seed(0))
    changed = plain.clone()
    changed[..., 3, 2] += 1  # second row of patches, second column
    moved = (net.features(changed) - net.features(plain)).abs().amax(-1)[0]
    assert moved.nonzero().flatten().tolist() == [4]


@pytest.mark.parametrize("positions", ["sinusoidal", "learned"])
def test_it_matters_where_a_patch_is(positions):
    net = build("vit", image=[8, 8], positions=positions, **SMALL).eval()
    x = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    assert not torch.allclose(net(x), net(x.roll(4, -1)), atol=1e-4)
    for place in net.place.parameters():
        torch.nn.init.zeros_(place)
    if positions == "learned":  # without places, a picture is a bag of patches
        torch.testing.assert_close(net(x), net(x.roll(4, -1)))


def test_wrong_sizes_and_positions_are_refused():
    with pytest.raises(InputError, match=r"\(8, 9\) does not fall into patches of 4 x 4"):
        build("vit", image=[8, 9])
    with pytest.raises(InputError, match='positions=\'rotary\' must be "sinusoidal" or "learned"'):
        build("vit", positions="rotary")
    with pytest.raises(InputError, match=r"\(8, 8\) pixels.*built for \(32, 32\)"):
        build("vit")(torch.zeros(1, 1, 8, 8))


def test_learns_where_something_is():
    """The quadrant of a bright spot in noise: a bag of patches could not tell."""
    net = build("vit", image=[8, 8], classes=4, **SMALL)
    optimiser = torch.optim.Adam(net.parameters(), 3e-3)

    def batch(seed):
        generator = torch.Generator().manual_seed(seed)
        quadrant = torch.randint(4, (64,), generator=generator)
        row, column = torch.randint(4, (2, 64), generator=generator)
        x = 0.3 * torch.randn(64, 1, 8, 8, generator=generator)
        x[torch.arange(64), 0, row + 4 * (quadrant // 2), column + 4 * (quadrant % 2)] += 3
        return x, quadrant

    for step in range(200):
        x, y = batch(step)
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(net(x), y).backward()
        optimiser.step()
    x, y = batch(10_000)
    assert (net(x).argmax(1) == y).float().mean() > 0.9
