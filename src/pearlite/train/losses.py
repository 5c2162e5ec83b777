"""L(ŷ, y): plain functions of a prediction and the truth, each fit to be a task's `L`.

Numbers: ŷ and y have the same shape. Classes: ŷ holds logits ``(B, K, *S)`` and y integer labels
``(B, *S)``; the label `ignore` means "not labelled" and counts nowhere, so that a few strokes on an
image are enough. A batch without any label has the loss 0.

Letters: B batch, K classes, S the axes of space or time, none or several.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from pearlite.errors import InputError

Loss = Callable[[Tensor, Tensor], Tensor]


def mse(y_hat: Tensor, y: Tensor) -> Tensor:
    """Mean squared error; its best constant answer is the mean. `InputError` if shapes differ."""
    return F.mse_loss(y_hat, _alike(y_hat, y))


def l1(y_hat: Tensor, y: Tensor) -> Tensor:
    """Mean absolute error; its best constant answer is the median. `InputError` as in `mse`."""
    return F.l1_loss(y_hat, _alike(y_hat, y))


def huber(y_hat: Tensor, y: Tensor, delta: float = 1.0) -> Tensor:
    """Half the squared error up to `delta`, linear beyond (Huber, Ann. Math. Stat. 35, 1964)."""
    return F.huber_loss(y_hat, _alike(y_hat, y), delta=delta)


def masked(loss: Loss) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Make a mean over elements, such as `mse`, one over the known elements only.

    The result takes ``(y_hat, y, known)``; where the boolean `known` is False, y may be anything,
    NaN included. For classes, set the label to `ignore` instead.
    """

    def loss_where_known(y_hat: Tensor, y: Tensor, known: Tensor) -> Tensor:
        known = known.expand_as(_alike(y_hat, y))
        y_hat, y = torch.where(known, y_hat, 0), torch.where(known, y, 0)
        return loss(y_hat, y) * (known.numel() / known.sum().clamp(min=1))

    return loss_where_known


def weighted_sum(*parts: tuple[float, Loss]) -> Loss:
    """Make one loss of several: ``weighted_sum((1, cross_entropy), (0.5, dice))``."""
    return lambda y_hat, y: torch.stack([weight * loss(y_hat, y) for weight, loss in parts]).sum()


def cross_entropy(
    y_hat: Tensor, y: Tensor, *, weights: Tensor | None = None, ignore: int = -1
) -> Tensor:
    """Mean negative logarithm of the probability that softmax gives to the true class, in nats.

    `weights` holds a weight for every class, shape (K,). `InputError` if the shapes do not fit or
    the labels are no integers; so do all losses of classes.
    """
    _classes(y_hat, y)
    losses_BS = F.cross_entropy(y_hat, y, ignore_index=ignore, reduction="none")
    return _mean_over_labels(losses_BS, y, weights, ignore)


def focal(
    y_hat: Tensor, y: Tensor, gamma: float = 2.0, *, weights: Tensor | None = None, ignore: int = -1
) -> Tensor:
    """Cross-entropy times (1 - probability of the true class)^gamma: hard elements count most.

    Lin et al., arXiv 1708.02002. With `gamma` 0 it is `cross_entropy`.
    """
    _classes(y_hat, y)
    losses_BS = F.cross_entropy(y_hat, y, ignore_index=ignore, reduction="none")
    missing_BS = (-torch.expm1(-losses_BS)).clamp(min=torch.finfo(losses_BS.dtype).tiny)
    return _mean_over_labels(missing_BS**gamma * losses_BS, y, weights, ignore)


def tversky(
    y_hat: Tensor, y: Tensor, alpha: float = 0.3, beta: float = 0.7, *, ignore: int = -1
) -> Tensor:
    """1 - mean over the batch's classes of TP / (TP + α FP + β FN) (Salehi, arXiv 1706.05721)."""
    shares_BKS, truth_BKS = _shares(y_hat, y, ignore)
    axes = [0, *range(2, y_hat.ndim)]
    hits_K = (shares_BKS * truth_BKS).sum(axes)
    claimed_K, present_K = shares_BKS.sum(axes), truth_BKS.sum(axes)
    misses_K = alpha * (claimed_K - hits_K) + beta * (present_K - hits_K)
    seen_K = present_K > 0
    losses_K = torch.where(seen_K, misses_K / (hits_K + misses_K).clamp(min=1e-6), 0)
    return losses_K.sum() / seen_K.sum().clamp(min=1)


def dice(y_hat: Tensor, y: Tensor, *, ignore: int = -1) -> Tensor:
    """1 - mean Dice overlap of the batch's classes, on softmax (Milletari, arXiv 1606.04797)."""
    return tversky(y_hat, y, 0.5, 0.5, ignore=ignore)


def boundary(y_hat: Tensor, y: Tensor, *, ignore: int = -1) -> Tensor:
    """Mean over labelled pixels and classes of probability × signed distance to the true border.

    Kervadec et al., arXiv 1812.07032: distance in pixels, negative inside; none for a class that
    fills an image or is not in it; unlabelled pixels are outside. To be added to `dice` or
    `cross_entropy`. scipy computes the distances, on the CPU.
    """
    shares_BKS, truth_BKS = _shares(y_hat, y, ignore)
    distances_BKS = torch.zeros_like(truth_BKS, device="cpu")
    for image, region_KS in enumerate(truth_BKS.bool().cpu()):
        for k, region_S in enumerate(region_KS):
            if region_S.any() and not region_S.all():
                outside = torch.as_tensor(distance_transform_edt(~region_S.numpy()))
                inside = torch.as_tensor(distance_transform_edt(region_S.numpy()))
                distances_BKS[image, k] = outside - (inside - 1).clamp(min=0)
    labelled = (y != ignore).sum().clamp(min=1) * y_hat.shape[1]
    return (shares_BKS * distances_BKS.to(shares_BKS.device)).sum() / labelled


def _alike(y_hat: Tensor, y: Tensor) -> Tensor:
    if y_hat.shape != y.shape:
        shapes = f"the prediction has shape {tuple(y_hat.shape)}, the truth {tuple(y.shape)}"
        raise InputError(f"{shapes}; expected the same: reshape one of them")
    return y


def _classes(y_hat: Tensor, y: Tensor) -> None:
    if y_hat.ndim < 2 or y.shape != y_hat.shape[:1] + y_hat.shape[2:]:
        shapes = f"logits have shape {tuple(y_hat.shape)}, labels {tuple(y.shape)}"
        raise InputError(f"{shapes}; expected (B, K, …) and (B, …), the classes on axis 1")
    if y.dtype != torch.int64:
        raise InputError(f"labels are {y.dtype}; expected class numbers: call .long() on them")


def _mean_over_labels(losses_BS: Tensor, y: Tensor, weights: Tensor | None, ignore: int) -> Tensor:
    known = y != ignore
    weights_BS = known if weights is None else weights[torch.where(known, y, 0)] * known
    total = weights_BS.sum()
    return (losses_BS * weights_BS).sum() / torch.where(total > 0, total, 1)


def _shares(y_hat: Tensor, y: Tensor, ignore: int) -> tuple[Tensor, Tensor]:
    """Return predicted and true shares of the classes, both 0 where there is no label."""
    _classes(y_hat, y)
    known_B1S = (y != ignore).unsqueeze(1)
    truth_BSK = F.one_hot(torch.where(y != ignore, y, 0), y_hat.shape[1])
    return y_hat.softmax(1) * known_B1S, truth_BSK.movedim(-1, 1).to(y_hat.dtype) * known_B1S
