"""Denoise by linear combinations of similar patches, with the weights in closed form.

For every patch on a grid its most similar patches are gathered, and each is replaced by the
combination of them all that has the smallest expected error. With the patches as the rows of Y
(k patches of n pixels, noise of standard deviation 1) and weights Θ, the estimate is ΘY, and

    first pass, from the noisy patches alone:     Θ = I − n Q⁻¹,  Q = YYᵀ
    later passes, from an earlier result P:       Θ = I − n Q⁻¹,  Q = PPᵀ + n I

the first minimising Stein's unbiased risk estimate, the second the risk if P were the truth; both
are then restricted to weights that sum to 1, which lets a constant through and allows the mean
patch to be subtracted first (S. Herbreteau and C. Kervrann, "Towards a unified view of unsupervised
non-local methods for image denoising: the NL-Ridge approach", arXiv 2203.00570). Overlapping
estimates are averaged, each weighted by the inverse of the noise that it kept, 1 / ‖θ‖².

Between passes some of the removed noise can be put back, so that what an earlier pass took for
noise gets a second chance; iterated combinations are studied in arXiv 2212.00422.

Letters: F frames, C channels, Y X rows and columns, G groups, K patches of a group, N numbers in
a patch (channels × rows × columns), S patches of a search window.
"""

from collections.abc import Iterable
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional as F

from pearlite.recipes.denoise.grid import Axis, Pass, Wanted, fitting, needed
from pearlite.see.progress import track

CHUNK = 2048  # groups that are solved at a time
WEAKER = 1.25  # most noise in a group, over its spread: alike by choice, it spreads less than that
TINY = 1e-6  # least variance of the noise


def combine_patches(
    noisy_FCYX: Tensor,
    passes: tuple[Pass, ...],
    neighbours: int = 0,
    progress: bool = False,
    wanted: Wanted | None = None,
) -> Tensor:
    """Denoise frames whose noise is white with standard deviation 1.

    Parameters
    ----------
    noisy_FCYX
        Frames, float32, on any device; a single image is one frame. Channels are matched and
        combined together.
    passes
        Rounds, the first of which starts from the noisy frames.
    neighbours
        How many frames before and after a frame are searched as well.
    progress
        Draw a progress bar.
    wanted
        What of the result is wanted, where the frames are a part that holds what `needed` says;
        it is the same as from the whole.

    Returns
    -------
    Tensor
        The denoised frames, (F, C, Y, X), as many as are wanted.
    """
    wanted = wanted or Wanted.all_of(tuple(noisy_FCYX.shape))
    frames, columns = len(noisy_FCYX), noisy_FCYX.shape[-1]
    plane = (wanted.height, columns)
    needs = needed(wanted.frames, wanted.rows, plane, passes, neighbours)
    clean = noisy_FCYX
    for number, (this, (after, seen)) in enumerate(zip(passes, needs[1:], strict=True)):
        this = fitting(this, plane)
        down, across = (Axis.of(length, this) for length in plane)
        centres = range(max(0, after[0] - neighbours), min(frames, after[1] + neighbours))
        tiles = product(centres, down.tiles(seen), across.tiles((0, columns)))
        title = f"Denoising, pass {number + 1} of {len(passes)}"
        shown = track(list(tiles), title, show=progress)
        placed = ((frame, d.moved(-wanted.top), a) for frame, d, a in shown)
        clean = _one_pass(noisy_FCYX, clean if number else None, this, neighbours, placed)
    return clean[wanted.index]


def _one_pass(
    noisy: Tensor,
    clean: Tensor | None,
    this: Pass,
    neighbours: int,
    tiles: Iterable[tuple[int, Axis, Axis]],
) -> Tensor:
    """Combine the patches of all tiles; pixels that no tile touches become NaN."""
    if clean is not None and this.noise != 1:
        noisy = clean + this.noise * (noisy - clean)
    total, weight = torch.zeros_like(noisy), torch.zeros_like(noisy[:, :1])
    for frame, down, across in tiles:
        first = max(0, frame - neighbours)
        near = slice(first, frame + neighbours + 1)
        place = (near, slice(None), slice(*down.touched), slice(*across.touched))
        pilot = noisy if clean is None else clean
        down, across = (axis.moved(-axis.touched[0]) for axis in (down, across))
        tile = _Tile(pilot[place], down, across, this, frame - first)
        summed, weights = tile.estimate(noisy[place], None if clean is None else clean[place])
        total[place] += summed
        weight[place] += weights
    return total / weight


class _Tile:
    """A part of the frames, with all the patches that its references may be combined with."""

    def __init__(self, pilot: Tensor, down: Axis, across: Axis, this: Pass, frame: int) -> None:
        self.shape, self.this, self.device = pilot.shape, this, pilot.device
        self.wide = pilot.shape[-1] - this.patch + 1
        self.each = (pilot.shape[-2] - this.patch + 1) * self.wide
        self.groups_GK = self._gather(self._cut(pilot), down, across, frame)

    def _cut(self, image_FCYX: Tensor) -> Tensor:
        """All the patches, (F * patches of a frame, N)."""
        patches = F.unfold(image_FCYX, self.this.patch)
        return patches.transpose(1, 2).reshape(-1, patches.shape[1])

    def _gather(self, patches: Tensor, down: Axis, across: Axis, frame: int) -> Tensor:
        """Find each reference's most similar patches; the reference itself is among them."""
        window = torch.arange(down.side)[:, None] * self.wide + torch.arange(across.side)
        frames = torch.arange(self.shape[0])[:, None] * self.each
        window_S = (frames + window.reshape(1, -1)).reshape(-1).to(self.device)
        here = self.each * frame
        found = []
        for start, references in zip(down.starts, down.references, strict=True):
            corner = (start * self.wide + across.starts).to(self.device)
            sought = references[None, :, None] * self.wide + across.references[:, None, :]
            sought = here + sought.reshape(len(corner), -1).to(self.device)
            candidates_BS = corner[:, None] + window_S
            reference = patches[sought]
            middle = reference.mean(dim=1, keepdim=True)
            reference = reference - middle
            candidate = patches[candidates_BS] - middle
            distance = torch.baddbmm(
                candidate.square().sum(-1)[:, None],
                reference,
                candidate.transpose(1, 2),
                alpha=-2,
            )
            distance[candidates_BS[:, None, :] == sought[:, :, None]] = -torch.inf
            count = min(self.this.group, distance.shape[-1])
            nearest = distance.topk(count, largest=False, sorted=False).indices
            candidates = candidates_BS[:, None].expand(-1, nearest.shape[1], -1)
            found.append(candidates.gather(2, nearest).reshape(-1, count))
        return torch.cat(found)

    def estimate(self, noisy: Tensor, pilot: Tensor | None) -> tuple[Tensor, Tensor]:
        """Combine all groups; return the weighted sum of the estimates, and of the weights."""
        patches = self._cut(noisy)
        pilots = None if pilot is None else self._cut(pilot)
        total, weight = torch.zeros_like(patches), torch.zeros_like(patches[:, 0])
        variance = self.this.noise**2
        for groups in self.groups_GK.split(CHUNK):
            Y_GKN = patches[groups]
            theta_GKK = (
                best_weights(Y_GKN, variance)
                if pilots is None
                else weights_from(pilots[groups], variance)
            )
            kept = 1 / theta_GKK.square().sum(2).clamp_min(1 / groups.shape[1])
            estimate = (theta_GKK @ Y_GKN) * kept[..., None]
            total.index_add_(0, groups.reshape(-1), estimate.reshape(-1, patches.shape[1]))
            weight.index_add_(0, groups.reshape(-1), kept.reshape(-1))
        return self._paste(total), self._paste(weight[:, None].expand(-1, self.this.patch**2))

    def _paste(self, patches: Tensor) -> Tensor:
        """Add the patches up where they overlap, (F, C, Y, X)."""
        columns = patches.reshape(self.shape[0], -1, patches.shape[1]).transpose(1, 2)
        return F.fold(columns, self.shape[-2:], self.this.patch)


def best_weights(Y_GKN: Tensor, variance: float) -> Tensor:
    """Return the weights that minimise Stein's unbiased estimate of the risk, rows summing to 1.

    Where a group varies less than the noise should, its noise is weaker (the stabilisation of a
    few counts leaves too little); taken at its nominal strength the weights would diverge.
    """
    _, K, N = Y_GKN.shape
    Y_GKN = Y_GKN - Y_GKN.mean(1, keepdim=True)
    spread_G = Y_GKN.square().sum((1, 2)) / (N * max(K - 1, 1))
    noise_G = N * (WEAKER * spread_G).clamp(TINY, variance)
    gram = Y_GKN @ Y_GKN.transpose(1, 2) + noise_G[:, None, None] / K
    gram.diagonal(dim1=1, dim2=2).add_(1e-3 * noise_G[:, None])
    return _affine(gram, noise_G)


def weights_from(P_GKN: Tensor, variance: float) -> Tensor:
    """Return the weights that minimise the risk if P were the truth, rows summing to 1."""
    noise_G = P_GKN.new_full((len(P_GKN),), P_GKN.shape[2] * variance)
    P_GKN = P_GKN - P_GKN.mean(1, keepdim=True)
    gram = P_GKN @ P_GKN.transpose(1, 2)
    gram.diagonal(dim1=1, dim2=2).add_(noise_G[:, None])
    return _affine(gram, noise_G)


def _affine(gram_GKK: Tensor, noise_G: Tensor) -> Tensor:
    """Return I − n (Q⁻¹ − Q⁻¹11ᵀQ⁻¹ / 1ᵀQ⁻¹1) for each Gram matrix Q."""
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(gram_GKK))
    sums = inverse.sum(2, keepdim=True)
    theta = sums @ sums.transpose(1, 2) / sums.sum(1, keepdim=True) - inverse
    theta *= noise_G[:, None, None]
    theta.diagonal(dim1=1, dim2=2).add_(1)
    return theta
