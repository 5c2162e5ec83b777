"""How sure a segmentation is of each pixel.

Axes: K classes, S space.
"""

import numpy as np
from numpy.typing import NDArray


def uncertainty(probabilities_KS: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 1 at a pixel whose two likeliest classes are equally likely, 0 where one is certain.

    It is one minus the margin between the two largest probabilities, which says the same for any
    number of classes.

    Parameters
    ----------
    probabilities_KS
        Shape ``(K, *S)``, summing to 1 over the classes.

    Returns
    -------
    array
        Shape ``S``, float32, from 0 to 1.
    """
    first_S, second_S = probabilities_KS[0].copy(), np.zeros_like(probabilities_KS[0])
    for each_S in probabilities_KS[1:]:
        np.maximum(second_S, np.minimum(first_S, each_S), out=second_S)
        np.maximum(first_S, each_S, out=first_S)
    return np.clip(1 - (first_S - second_S), 0, 1).astype(np.float32)
