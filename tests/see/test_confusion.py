import numpy as np
from matplotlib.patches import Rectangle

from pearlite.see.confusion import draw_confusion
from pearlite.see.style import panels


def test_every_count_stands_in_its_row_and_column_and_only_mistakes_are_coloured():
    counts_KK = np.array([[5, 0, 2], [0, 7, 0], [1, 0, 4]])
    figure, axes = panels(size=(3, 3))
    draw_confusion(axes[0, 0], counts_KK, "#ff0000")
    figure.canvas.draw()
    written = {text.get_position(): text.get_text() for text in axes[0, 0].texts}
    assert written == {(0, 0): "5", (2, 0): "2", (1, 1): "7", (0, 2): "1", (2, 2): "4"}
    cells = [patch for patch in axes[0, 0].patches if isinstance(patch, Rectangle)]
    mistakes = [cell.get_center() for cell in cells if cell.get_facecolor() == (1, 0, 0, 1)]
    assert {(round(x), round(y)) for x, y in mistakes} == {(2, 0), (0, 2)}
    assert len(cells) == 5
