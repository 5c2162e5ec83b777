"""What a loss that fails means: targets of another shape, type or range than the prediction.

Letters: B batch, C classes.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from pearlite.see.failure import Failure, describe
from pearlite.see.mistake import Advice


def _classes(failure: Failure) -> Advice | None:
    """Cross-entropy: class numbers as targets."""
    scores, target = failure.tensors[:2]
    if scores.ndim == 0 or target.ndim == 0:
        return None
    axis = 1 if scores.ndim > 1 else 0
    classes = scores.shape[axis]
    wanted = tuple(scores.shape[:axis] + scores.shape[axis + 1 :])
    arrived = f"a prediction {describe(scores)} and a target {describe(target)}"
    if tuple(target.shape) != wanted:
        expected = f"a target {wanted}, the prediction's shape without its {classes} classes"
        return Advice(arrived, expected, _target_fix(scores, target, wanted))
    if target.dtype not in (torch.int64, torch.uint8):
        return Advice(arrived, "class numbers as int64", "target.long()")
    labels = target[target != failure.keywords.get("ignore_index", -100)]
    if target.is_meta or not labels.numel():
        return None
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= classes:
        return Advice(
            f"{arrived} with classes from {low} to {high}",
            f"classes from 0 to {classes - 1}, as many as the prediction has",
            _label_fix(low, high, classes),
        )
    return None


def _label_fix(low: int, high: int, classes: int) -> str:
    if low < 0:
        return f"mark what has no label by one number and give it: ignore_index={low}"
    if low == 1 and high == classes:
        return "classes count from 0: target - 1"
    if high == 255:
        return "255 often marks what has no label (ignore_index=255) or a mask stored as 0 and 255"
    return f"build the network with {high + 1} classes, or number the classes from 0 without gaps"


def _target_fix(scores: Tensor, target: Tensor, wanted: tuple[int, ...]) -> str:
    if target.ndim == len(wanted) + 1 and target.shape[1] == 1:
        return "target.squeeze(1) takes its axis of length 1 away"
    if tuple(target.shape) == tuple(scores.shape):
        return "target.argmax(1) turns one-hot rows to class numbers (or give them as floats)"
    if scores.ndim == 3 and tuple(target.shape) == (scores.shape[0], scores.shape[1]):
        return "the classes are last: scores.transpose(1, 2), or flatten both over batch and tokens"
    if scores.shape[0] != target.shape[0]:
        return (
            f"{scores.shape[0]} predictions for {target.shape[0]} targets: look for a view or "
            "flatten that also merges the batch axis; x.flatten(1) keeps it"
        )
    return "resize the target or the prediction to one size in space"


def _values(failure: Failure) -> Advice | None:
    """Squared error and its like: the target is a value for each of the prediction."""
    prediction, target = failure.tensors[:2]
    arrived = f"a prediction {describe(prediction)} and a target {describe(target)}"
    if prediction.shape == target.shape:
        if "between 0 and 1" in failure.message:
            fix = "binary_cross_entropy_with_logits takes the network's plain output; or sigmoid it"
            return Advice(arrived, "probabilities from 0 to 1", fix)
        return None
    expected = f"a target of the prediction's shape {tuple(prediction.shape)}"
    if target.numel() == prediction.numel() and target.ndim < prediction.ndim:
        fix = "target.view_as(prediction); without it every value meets every other"
    elif target.numel() == prediction.numel():
        fix = "the axes differ in order or number: permute or squeeze the target"
    elif prediction.ndim == target.ndim + 1 and not target.is_floating_point():
        fix = "class numbers are for cross_entropy; here F.one_hot(target).float() is needed"
    elif prediction.shape[:1] != target.shape[:1]:
        fix = "look for a view or flatten that also merges the batch axis; x.flatten(1) keeps it"
    else:
        fix = "give the network as many outputs as the target has, or crop both to one size"
    return Advice(arrived, expected, fix)


LOSSES: dict[str, Callable[[Failure], Advice | None]] = {
    **dict.fromkeys(("cross_entropy", "nll_loss"), _classes),
    **dict.fromkeys(
        (
            "mse_loss",
            "l1_loss",
            "smooth_l1_loss",
            "huber_loss",
            "binary_cross_entropy",
            "binary_cross_entropy_with_logits",
        ),
        _values,
    ),
}
