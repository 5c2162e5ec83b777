"""A trained network as ONNX: one file that runs without pearlite, Python or torch."""

import copy
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import torch
from torch import Tensor, nn

from pearlite.data.batch import tensors_in
from pearlite.data.disk import replacing
from pearlite.errors import InputError, Refused
from pearlite.see.shapes import naming

LARGEST = 2**31  # bytes: what the format's one file can hold
TOLERANCE = 1e-3  # of the largest output; float32 rounding stays a hundred times below


def to_onnx(module: nn.Module, example: Tensor | tuple[Tensor, ...], path: str | Path) -> float:
    """Write a network as an ONNX file that takes any number of samples, and hold it against torch.

    onnxruntime gets the samples of `example`, one of them, and one more than there are.

    Parameters
    ----------
    module
        A network or a task; it is not changed. It is exported as it predicts: in evaluation mode.
    example
        What it is called with: a tensor, or a tuple of tensors, whose first axis counts the
        samples. Their number is free in the file, all other lengths are fixed.
    path
        Where to; an older file is replaced, and only by one that passed.

    Returns
    -------
    float
        Largest absolute difference of onnxruntime's outputs from torch's.

    Raises
    ------
    InputError
        If the network fails on one of these numbers of samples, decides by values, has an operation
        that ONNX lacks, or 2 GiB of weights.
    Refused
        If the file says something else than the network.
    """
    given = (example,) if isinstance(example, Tensor) else example
    inputs = tuple(x.detach().cpu() for x in given)
    if sum(weights.nbytes for weights in module.state_dict().values()) >= LARGEST:
        raise InputError(
            "an ONNX file holds less than 2 GiB of weights, the network has more; "
            "save it as safetensors (pearlite.nets.weights.save)"
        )
    if len({len(x) for x in inputs}) != 1 or len(inputs[0]) == 0:
        shapes = ", ".join(str(tuple(x.shape)) for x in inputs) or "nothing"
        raise InputError(f"the example is {shapes}; its tensors need the same number of samples")
    network = copy.deepcopy(module).cpu().eval()
    batches = [inputs, _samples(inputs, 1), _samples(inputs, len(inputs[0]) + 1)]
    with torch.inference_mode(), naming(network):
        expected = [tensor for batch in batches for tensor in tensors_in(network(*batch))]
    with replacing(Path(path)) as hidden:
        _export(network, inputs, hidden)
        pairs = zip(expected, _run(hidden, batches), strict=True)
        difference = max(_largest(own.double() - its.double()) for own, its in pairs)
        reach = max(_largest(own) for own in expected)
        if not difference <= TOLERANCE * reach < torch.inf:
            raise Refused(
                f"the exported {type(module).__name__} differs from the network by {difference:.3g}"
                f" where outputs reach {reach:.3g}; does it draw random numbers, or divide by 0?"
            )
    return difference


def _export(network: nn.Module, inputs: tuple[Tensor, ...], path: Path) -> None:
    """Write the file; from two samples or more, as one would be taken for a fixed number."""
    samples = _samples(inputs, max(2, len(inputs[0])))
    batch = torch.export.Dim("batch")
    try:
        with _quiet():
            program = torch.onnx.export(
                network,
                samples,
                dynamo=True,
                dynamic_shapes=tuple({0: batch} for _ in samples),
                verbose=False,
            )
            assert program is not None  # with dynamo=True
            program.save(path, external_data=False)
    except torch.onnx.errors.OnnxExporterError as error:
        cause = str(error.__cause__ or error).strip().splitlines()[0]
        raise InputError(
            f"{type(network).__name__} cannot be exported to ONNX: {cause} (its forward must "
            "consist of tensor operations that ONNX knows, and must not decide by values)"
        ) from error


def _run(path: Path, batches: Sequence[tuple[Tensor, ...]]) -> list[Tensor]:
    """Return what onnxruntime makes of some batches, one output after the other."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    entries = session.get_inputs()
    fixed = [entry.shape[0] for entry in entries if isinstance(entry.shape[0], int)]
    if fixed:
        raise InputError(
            f"the network only works with {fixed[0]} samples at a time and cannot be exported; "
            "its forward must take their number from its input"
        )
    outputs = []
    for batch in batches:
        given = {entry.name: x.numpy() for entry, x in zip(entries, batch, strict=True)}
        outputs += [torch.from_numpy(array) for array in session.run(None, given)]
    return outputs


def _largest(tensor: Tensor) -> float:
    """Return the largest absolute value; infinite where there is a NaN."""
    return float(tensor.double().abs().nan_to_num(torch.inf).max())


def _samples(inputs: tuple[Tensor, ...], count: int) -> tuple[Tensor, ...]:
    """Return so many samples: the first ones, or all and then the first again."""
    indices = torch.arange(count) % len(inputs[0])
    return tuple(x[indices] for x in inputs)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the exporter says to its developers from the user."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
