import base64
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from pearlite.see import preview


def decoded(uri):
    head, body = uri.split(",", 1)
    assert head == "data:image/webp;base64"
    return np.asarray(Pillow.open(io.BytesIO(base64.b64decode(body))).convert("L"))


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 40))
def test_a_shrunken_image_fits_and_keeps_the_mean_of_equal_blocks(height, width, longest):
    image = np.random.default_rng(height * width).random((height, width))
    small = preview.shrink(image, longest)
    assert max(small.shape) <= longest or max(height, width) <= longest
    step = -(-max(height, width) // longest)
    np.testing.assert_allclose(small[0, 0], image[:step, :step].mean(), rtol=1e-5)
    np.testing.assert_allclose(
        small[-1, -1],
        image[(height - 1) // step * step :, (width - 1) // step * step :].mean(),
        rtol=1e-5,
    )


def test_exact_pictures_keep_every_grey_value():
    grey = np.random.default_rng(0).integers(0, 256, (31, 17), dtype=np.uint8)
    np.testing.assert_array_equal(decoded(preview.data_uri(grey, exact=True)), grey)


def test_contrast_is_stretched_between_percentiles_and_not_finite_pixels_do_no_harm():
    image = np.linspace(100, 200, 10_000).reshape(100, 100)
    image[0, :3] = np.nan, np.inf, -np.inf
    black, white = preview.limits(image)
    assert (black, white) == pytest.approx((100, 200), abs=1)
    grey = preview.grey(image, (black, white))
    assert grey[0, :3].tolist() == [0, 255, 0]
    assert grey[-1, -1] == 255


@pytest.mark.parametrize("value", [0.0, 7.0, np.nan])
def test_a_flat_image_has_limits_to_divide_by(value):
    black, white = preview.limits(np.full((4, 4), value))
    assert white > black


@pytest.mark.parametrize("shape", [(300, 500), (20, 500), (1, 1)])
def test_the_detail_is_where_the_contrast_is(shape):
    image = np.zeros(shape)
    image[shape[0] // 2 :, -shape[1] // 3 :: 2] = 1
    rows, columns = preview.busiest(image, 64)
    assert image[rows, columns].std() >= min(0.4, image.std())
    assert image[rows, columns].shape == tuple(min(side, 64) for side in shape)
