import numpy as np
from matplotlib.image import imread

from pearlite.see.rates import draw_rates

RATES = np.geomspace(1e-5, 1, 60)
LOSSES = 1 - 0.8 / (1 + (3e-3 / RATES) ** 2) + (RATES / 0.2) ** 4


def drawn(path, suggestion):
    draw_rates(RATES, LOSSES, LOSSES, suggestion, path)
    return imread(path)[..., :3]


def test_the_suggestion_is_marked_where_it_is(tmp_path):
    columns = []
    for suggestion in (1e-4, 1e-1):
        picture = drawn(tmp_path / "scan.png", suggestion)
        red = (picture[..., 0] > 0.7) & (picture[..., 1] < 0.5) & (picture[..., 2] < 0.3)
        columns.append(int(red.sum(0).argmax()))
    width = picture.shape[1]
    assert columns[1] - columns[0] > width / 3
