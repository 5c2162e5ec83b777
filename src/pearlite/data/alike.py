"""Find pairs of whole images that are one image but for brightness, noise, a shift or a turn.

Each image becomes 16 x 16 means (fewer where images are smaller) without its large-scale shading;
those nearest to each other in any of eight orientations are candidates. These are laid onto each
other and compared in 16 tiles that count alike, so that a common frame, bar or vignette makes no
two images alike.

Images with little detail, such as digits, can agree by nature. A pair of those must be equal but
for contrast and rounding, or far nearer to each other than the density of the images around them
makes likely: of k images around one, the nearest is at less than a share s of the k-th squared
distance with a probability of k s^(D/2), where D is the dimension that the distances themselves
show (Levina and Bickel 2004).

Axes: N images, G cells of the grid, Y rows, X columns.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from pearlite.data.pixels import same_pixels, turned

_GRID = 16  # cells an axis
_CANDIDATES = 3  # images compared with one image
_LOWEST = 0.4  # correlation of the grids that a candidate has
_ALIKE = 0.92  # mean correlation of the tiles that makes images alike
_MOVED = 0.98  # the same, where an image with little detail had to be moved
_DETAIL = 25  # independent values from which agreement is no accident
_EDGE = 8  # independent values below which a picture is little more than an edge
_CHANCE = 1e-3  # expected number of pairs of poor images that are reported without being copies
_AROUND, _FEWEST = 60, 20  # images that the density is measured from, at most and at least
_SIDE = 128  # pixels at which images are laid onto each other
_ROOM = 2**24  # correlations computed at a time


@dataclass(frozen=True)
class Alike:
    """Two images that are one.

    Parameters
    ----------
    first, second
        Indices of the images.
    turn
        How the second was turned: see `pearlite.data.pixels.turned`.
    shift
        Rows and columns by which it was moved then, pixels of the first.
    correlation
        Of them, the mean of 16 tiles.
    """

    first: int
    second: int
    turn: int
    shift: tuple[int, int]
    correlation: float


def find_alike(
    images: Sequence[np.ndarray], known: np.ndarray, asked: np.ndarray
) -> Iterator[Alike]:
    """Yield pairs of an image `known` and an image `asked` (indices) that are one image.

    Parameters
    ----------
    images
        Grey images (Y, X), of any shapes.
    known, asked
        Two index sets that have nothing in common.
    """
    if not len(known) or not len(asked):
        return
    grid = min(_GRID, min(min(images[n].shape) for n in (*known.tolist(), *asked.tolist())))
    known_NGG, asked_NGG = (
        _flattened(np.stack([_pooled(images[n], grid, grid) for n in chosen.tolist()]))
        for chosen in (known, asked)
    )
    nearest, turn, correlation = _nearest(known_NGG, asked_NGG)
    turn = turn.tolist()
    for row, column in np.argwhere(correlation[:, :_CANDIDATES] > _LOWEST).tolist():
        first, second = int(known[nearest[row, column]]), int(asked[row])
        a, b = images[first], turned(images[second], turn[row][column])
        shift, agree, detail = _laid(a, b)
        if a.shape == b.shape and (exact := same_pixels(a, b, a, b)):
            shift, agree = (0, 0), exact
        elif agree < _ALIKE:
            continue
        elif detail < _DETAIL:
            moved = shift != (0, 0)  # then as many places were tried as `_laid` tries
            distance = 1 - agree if moved else max(1 - agree, 1 - correlation[row, column])
            tried = len(asked) * (np.prod([n // 3 for n in a.shape]) if moved else 1)
            expected = tried * _chance(1 - correlation[row], distance, detail)
            plain = grid == _GRID and detail < _EDGE
            if expected > _CHANCE or plain or (moved and agree < _MOVED):
                continue
        yield Alike(first, second, turn[row][column], shift, agree)


def _nearest(known_NGG: np.ndarray, asked_NGG: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the known images nearest to each asked one: their places, turns and correlations.

    Returns
    -------
    tuple of array
        Each of shape (asked, nearest), the most alike first.
    """
    flat = known_NGG.reshape(len(known_NGG), -1).T
    kept = min(_AROUND, len(known_NGG))
    found = []
    step = max(1, _ROOM // (8 * len(known_NGG)))
    for start in range(0, len(asked_NGG), step):
        some = asked_NGG[start : start + step]
        every = np.stack([turned(some, t).reshape(len(some), -1) @ flat for t in range(8)])
        best, turn = every.max(axis=0), every.argmax(axis=0)
        place = np.argpartition(-best, kept - 1, axis=1)[:, :kept]
        order = np.argsort(-np.take_along_axis(best, place, 1), axis=1, kind="stable")
        place = np.take_along_axis(place, order, 1)
        found.append((place, *(np.take_along_axis(every, place, 1) for every in (turn, best))))
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))


def _chance(distance_K: np.ndarray, distance: float, detail: float) -> float:
    """Return the probability that an image this near is none but one of many around.

    Parameters
    ----------
    distance_K
        Squared distances of the images around, ascending.
    distance
        That of the image in question.
    detail
        Independent values in the images, which bounds the dimension.
    """
    last = len(distance_K)
    if last < _FEWEST or not distance_K[last // 2 - 1] > 0:
        return 1.0
    growth = np.log(distance_K[-1] / distance_K[last // 2 - 1])
    dimension = min(detail, 2 * np.log(last / (last // 2)) / max(growth, 1e-9))
    share = max(distance, 0.0) / distance_K[-1]
    return float(last * share ** (dimension / 2))


def _laid(a_YX: np.ndarray, b_YX: np.ndarray) -> tuple[tuple[int, int], float, float]:
    """Lay the second image onto the first.

    Returns
    -------
    tuple
        The shift in pixels of the first, the mean correlation of the tiles, and how many
        independent values the shared region has.
    """
    scale = min(1.0, _SIDE / max(a_YX.shape))
    rows, columns = (max(1, round(n * scale)) for n in a_YX.shape)
    a, b = (_flattened(_pooled(image, rows, columns)[None])[0] for image in (a_YX, b_YX))
    match = np.fft.irfft2(np.fft.rfft2(a) * np.conj(np.fft.rfft2(b)), s=a.shape)
    reach = [np.arange(-(n // 6), n // 6 + 1) for n in a.shape]
    if min(a.shape) <= _GRID:
        reach = [np.zeros(1, dtype=np.int64)] * 2
    best = np.unravel_index(int(match[np.ix_(*reach)].argmax()), [len(r) for r in reach])
    down, right = (int(r[at]) for r, at in zip(reach, best, strict=True))
    a = a[max(down, 0) : rows + min(down, 0), max(right, 0) : columns + min(right, 0)]
    b = b[max(-down, 0) : rows + min(-down, 0), max(-right, 0) : columns + min(-right, 0)]
    cells = 2 * _GRID
    if min(a.shape) > cells:  # means of pixels, in which noise counts for less
        a, b = _pooled(a, cells, cells), _pooled(b, cells, cells)
    shift = round(down / scale), round(right / scale)
    agree, shown = _in_tiles(a, b)
    return shift, agree, shown * min(_detail(a), _detail(b))


def _in_tiles(a_YX: np.ndarray, b_YX: np.ndarray) -> tuple[float, float]:
    """Compare tiles in which either image shows something.

    Returns
    -------
    tuple of float
        Their mean correlation, and the share of the tiles in which the emptier image shows
        something: a corner of an object in a blank picture is no evidence, however sharp.
    """
    tiles = 4 if min(a_YX.shape) > _GRID else 1
    products = []
    for rows in np.array_split(np.stack([a_YX, b_YX]), tiles, axis=1):
        for tile in np.array_split(rows, tiles, axis=2):
            a, b = tile - tile.mean(axis=(1, 2), keepdims=True)
            products.append(((a * b).sum(), (a * a).sum(), (b * b).sum()))
    ab, aa, bb = np.array(products).T
    a_shows, b_shows = aa > 0.01 * aa.max(), bb > 0.01 * bb.max()
    shows = a_shows | b_shows
    if not any(shows):
        return 0.0, 0.0
    agree = np.mean((ab / np.sqrt(np.maximum(aa * bb, 1e-30)))[shows])
    return float(agree), float(min(a_shows.mean(), b_shows.mean()))


def _detail(image_YX: np.ndarray) -> float:
    """Return how many independent values an image has: the participation of its frequencies."""
    power = np.abs(np.fft.fft2(image_YX - image_YX.mean())) ** 2
    return float(power.sum() ** 2 / max((power**2).sum(), 1e-30)) / 2


def _flattened(images_NYX: np.ndarray) -> np.ndarray:
    """Return the images without shading, of mean 0 and length 1; plain ones stay 0."""
    blur = min(images_NYX.shape[1:]) / 8 + 1
    flat = images_NYX - ndimage.gaussian_filter(images_NYX, (0, blur, blur), mode="nearest")
    flat -= flat.mean(axis=(1, 2), keepdims=True)
    length = np.sqrt((flat * flat).sum(axis=(1, 2), keepdims=True))
    return np.divide(flat, length, out=np.zeros_like(flat), where=length > 1e-6 * _GRID)


def _pooled(image_YX: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Return an image of means over equal cells, float32."""
    return (_means(image_YX.shape[0], rows) @ image_YX.astype(np.float32)) @ _means(
        image_YX.shape[1], columns
    ).T


def _means(length: int, cells: int) -> np.ndarray:
    """Return the matrix that averages `length` values over `cells` equal cells."""
    edges, value = np.linspace(0, length, cells + 1), np.arange(length)
    covered = np.minimum(edges[1:, None], value + 1) - np.maximum(edges[:-1, None], value)
    return (np.clip(covered, 0, None) * (cells / length)).astype(np.float32)
