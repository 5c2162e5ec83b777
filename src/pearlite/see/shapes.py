"""Errors that name the layer: its path, what arrived, what it expected and the likely fix.

    with naming(net):
        net(x)

costs nothing until the call fails: all that is said is read from the traceback.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from pearlite.errors import InputError
from pearlite.see.failure import locate
from pearlite.see.mistakes import diagnose

_KINDS = (RuntimeError, TypeError, IndexError, ValueError, AssertionError, UserWarning)


class ShapeError(InputError):
    """A tensor of the wrong shape, type or range met a layer, an operation or a loss.

    Attributes
    ----------
    path : str
        The layer by its attributes, ``"encoder.2"``, or the function outside all layers.
    arrived, expected, fix : str
        What the layer got, what it takes, and what probably mends it.
    """

    def __init__(self, path: str, kind: str, arrived: str, expected: str, fix: str, line: str):
        self.path, self.arrived, self.expected, self.fix = path, arrived, expected, fix
        name = f"{path} ({kind})" if kind and kind != path else path
        place = f" [{line}]" if line else ""
        super().__init__(f"{name} got {arrived}; expected {expected}. Likely fix: {fix}.{place}")


def explain(network: nn.Module, error: BaseException) -> ShapeError | None:
    """Say what a failed call of a network, or of its loss, means.

    Parameters
    ----------
    network
        What the paths begin at.
    error
        What was caught; its traceback still holds the frames of the failed call. The smallest call
        that fails is made a second time, to learn its operands.

    Returns
    -------
    ShapeError or None
        None if the error is no mistake of shape, type or range, such as a bug in a layer's code:
        then let it go on unchanged.
    """
    from_worker = "in DataLoader worker process" in str(error)  # its traceback is in its message
    if from_worker or isinstance(error, InputError) or not isinstance(error, _KINDS):
        return None
    failure = locate(network, error)
    advice = diagnose(failure) if failure else None
    if failure is None or advice is None:
        return None
    return ShapeError(failure.path, failure.kind, *advice, failure.line)


@contextmanager
def naming(network: nn.Module) -> Iterator[None]:
    """Turn a mistake of shape, type or range in this block into an error that names the layer.

    A loss whose target is of another shape than the prediction, and only fits by repetition, is
    such a mistake too; torch alone warns of it.

    Parameters
    ----------
    network
        What the paths begin at.

    Raises
    ------
    ShapeError
        Instead of torch's error, which stays its cause. Other errors pass unchanged.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Using a target size")
        try:
            yield
        except Exception as error:
            mistake = explain(network, error)
            if mistake is None:
                raise
            raise mistake from error
