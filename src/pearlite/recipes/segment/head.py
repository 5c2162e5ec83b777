"""Tell the class of a pixel from its features: learned from a few strokes in well under a second.

Axes: N pixels, M pixels of which nobody said the class, F features, H hidden numbers, K classes.
"""

from collections.abc import Callable
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from pearlite.errors import InputError
from pearlite.nets.dense import Dense
from pearlite.nets.mlp import MLP
from pearlite.train.threads import one_thread

HEADS = ("forest", "lightgbm", "linear")
HIDDEN = 48
_TREES = 30
_LEAF = 3  # fewest labelled pixels in a leaf
_STEPS, _BATCH, _RATE = 150, 512, 2e-2
_PENALTY = 0.1  # inverse, of the logistic regression
_RAREST, _NEVER = 1e-4, 1e-12  # shares that a class is given at least, and if nobody labelled it

Answer = Callable[[NDArray[np.float32]], NDArray[np.floating]]


def new_head(features: int, classes: int, *, hidden: bool, generator: torch.Generator) -> MLP:
    """Return a network of one hidden layer, or of none, with new weights."""
    widths = [features, HIDDEN, classes] if hidden else [features, classes]
    return MLP(widths, generator=generator)


def outer_layers(head: MLP) -> tuple[Dense, Dense]:
    """Return the first and the last dense layer, which may be the same."""
    return cast(Dense, head.layers[0]), cast(Dense, head.layers[-1])


def check_head(kind: str) -> None:
    """Raise `InputError` if there is no such head."""
    if kind not in HEADS:
        raise InputError(f"there is no head {kind!r}; take one of {', '.join(HEADS)}")


@one_thread()
def fit_head(
    kind: str,
    x_NF: NDArray[np.float32],
    y_N: NDArray[np.integer],
    others_MF: NDArray[np.float32],
    classes: int,
    *,
    seed: int,
) -> MLP:
    """Learn to tell classes apart.

    Every class counts as much as any other, whatever was labelled of it; how common it is is then
    read off the answers for pixels at random (one step of Saerens et al., Neural Comput. 14, 21,
    2002). Trees are slow to ask: a small network learns their answers (Bucilă et al., KDD 2006) and
    is what is kept. It learns them with the shares in: a class of 5 % is the answer from 0.95 of
    the trees' balanced votes on, and there a network that learned these is not exact enough. With
    2,700 pixels of strokes on the image of Super3 the macro IoU on validation images is 0.63 for
    both kinds of trees, 0.75 (forest) and 0.71 (LightGBM) with the shares, and 0.76 and 0.74 for
    the networks that learned from them.

    Parameters
    ----------
    kind
        ``"forest"`` of extremely randomised trees (Geurts et al., Mach. Learn. 63, 3, 2006),
        ``"lightgbm"``, or ``"linear"``, a logistic regression.
    x_NF, y_N
        Features and class of the labelled pixels.
    others_MF
        Features of pixels drawn at random from the images.
    classes
        How many there are, also those that nobody labelled yet.
    seed
        Determines everything.

    Returns
    -------
    MLP
        Features to logits, see `new_head`.

    Raises
    ------
    InputError
        If fewer than two classes are labelled, or `kind` is none of those.
    """
    check_head(kind)
    present_P = np.unique(y_N)
    if len(present_P) < 2:
        raise InputError(
            f"pixels of {len(present_P)} class(es) are labelled; label some of at least two"
        )
    odds_K = np.full(classes, _NEVER)
    if kind == "linear":
        head = _linear(x_NF, y_N, classes)
        with torch.no_grad():
            share_K = torch.softmax(head(torch.from_numpy(others_MF)), 1).mean(0).numpy()
        odds_K[present_P] = share_K[present_P].clip(_RAREST)
    else:
        teacher = _forest if kind == "forest" else _lightgbm
        every_NF = np.concatenate([x_NF, others_MF])
        balanced_NP = teacher(x_NF, np.searchsorted(present_P, y_N), seed)(every_NF)
        said_NP = balanced_NP * balanced_NP[len(x_NF) :].mean(0).clip(_RAREST)
        said_NK = np.zeros((len(every_NF), classes), np.float32)
        said_NK[:, present_P] = said_NP / said_NP.sum(1, keepdims=True)
        head = _learn_from(every_NF, said_NK, seed)
        odds_K[present_P] = 1
    bias_K = outer_layers(head)[1].get_parameter("bias")
    with torch.no_grad():
        bias_K.add_(torch.from_numpy(odds_K).log().to(bias_K))
    return head


def _forest(x_NF: NDArray[np.float32], y_N: NDArray[np.integer], seed: int) -> Answer:
    from sklearn.ensemble import ExtraTreesClassifier

    forest = ExtraTreesClassifier(
        _TREES,
        min_samples_leaf=_LEAF,
        class_weight="balanced",
        random_state=seed % 2**32,
    )
    return forest.fit(x_NF, y_N).predict_proba


def _lightgbm(x_NF: NDArray[np.float32], y_N: NDArray[np.integer], seed: int) -> Answer:
    import lightgbm

    count_P = np.bincount(y_N)
    options = {
        "objective": "multiclass",
        "num_class": len(count_P),
        "num_leaves": 15,
        "min_data_in_leaf": min(20, int(count_P.min())),
        "feature_fraction_bynode": 0.2,
        "seed": seed % 2**31,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    data = lightgbm.Dataset(x_NF, y_N, weight=1 / count_P[y_N] * len(y_N) / len(count_P))
    booster = lightgbm.train(options, data, _TREES)
    return lambda every_NF: np.asarray(booster.predict(every_NF, num_threads=1))


def _linear(x_NF: NDArray[np.float32], y_N: NDArray[np.integer], classes: int) -> MLP:
    from sklearn.linear_model import LogisticRegression

    middle_F, width_F = _middle_and_width(torch.from_numpy(x_NF))
    scaled_NF = (torch.from_numpy(x_NF) - middle_F) / width_F
    model = LogisticRegression(C=_PENALTY, class_weight="balanced", max_iter=1000)
    model.fit(scaled_NF.numpy(), y_N)
    head = new_head(x_NF.shape[1], classes, hidden=False, generator=torch.Generator())
    layer = outer_layers(head)[0]
    bias_K = layer.get_parameter("bias")
    slope_PF, start_P = torch.from_numpy(model.coef_), torch.from_numpy(model.intercept_)
    if len(slope_PF) == 1:  # of two classes the second one's is given
        slope_PF, start_P = torch.cat([-slope_PF, slope_PF]) / 2, torch.cat([-start_P, start_P]) / 2
    with torch.no_grad():
        layer.weight.zero_()
        bias_K.zero_()
        layer.weight[model.classes_] = slope_PF.to(layer.weight)
        bias_K[model.classes_] = start_P.to(bias_K)
    _undo_scaling(layer, middle_F, width_F)
    return head


def _learn_from(x_NF: NDArray[np.float32], said_NK: NDArray[np.float32], seed: int) -> MLP:
    """Train a network to say what was said; of rare classes more is asked than their share."""
    generator = torch.Generator().manual_seed(seed)
    x, said = torch.from_numpy(x_NF), torch.from_numpy(said_NK)
    rarity_N = (said.double() / said.double().mean(0).clamp(min=_RAREST)).sum(1).sqrt()
    until_N = rarity_N.cumsum(0)
    middle_F, width_F = _middle_and_width(x)
    scaled_NF = (x - middle_F) / width_F
    head = new_head(x_NF.shape[1], said_NK.shape[1], hidden=True, generator=generator)
    optimiser = torch.optim.AdamW(head.parameters(), _RATE, weight_decay=1e-3, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=_STEPS)
    for _ in range(_STEPS):
        drawn_B = torch.rand(_BATCH, generator=generator, dtype=torch.float64) * until_N[-1]
        rows_B = torch.searchsorted(until_N, drawn_B).clamp(max=len(scaled_NF) - 1)
        loss = functional.cross_entropy(head(scaled_NF[rows_B]), said[rows_B])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    _undo_scaling(outer_layers(head)[0], middle_F, width_F)
    return head


def _middle_and_width(x_NF: Tensor) -> tuple[Tensor, Tensor]:
    return x_NF.mean(0), x_NF.std(0) + 1e-6


def _undo_scaling(layer: Dense, middle_F: Tensor, width_F: Tensor) -> None:
    """Let a layer that learned from scaled features take features as they are."""
    with torch.no_grad():
        layer.weight.div_(width_F)
        layer.get_parameter("bias").sub_(layer.weight @ middle_F)
