"""What passes through a network: shapes, parameters, multiply-adds and memory, layer by layer."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.parameter import is_lazy
from torch.utils.flop_counter import FlopCounterMode

from pearlite.data.batch import tensors_in
from pearlite.errors import InputError
from pearlite.see.running import evaluating
from pearlite.see.shapes import ShapeError, naming

Shape = tuple[int, ...]


@dataclass
class Row:
    """One call of one layer; a layer that holds others counts them in.

    Attributes
    ----------
    path, kind : str
        Its place by attributes, ``"encoder.2"``, and its class.
    depth : int
        How many layers hold it.
    inputs, outputs : list of tuple of int
        Shapes of the tensors that came and went.
    parameters : int
        Numbers that it learns.
    multiply_adds : int
        Multiplications with their additions in matrix products, convolutions and attention, as
        torch counts them; elementwise work is not in it.
    memory : int
        Bytes of new tensors that the layers in it returned; what backpropagation keeps, about.
    leaf : bool
        Whether it holds no layer that was called.
    calls : int
        How many equal calls in a row this stands for, as of a recurrent cell; all their
        multiply-adds and memory are in it.
    """

    path: str
    kind: str
    depth: int
    inputs: list[Shape]
    outputs: list[Shape]
    parameters: int
    multiply_adds: int
    memory: int
    leaf: bool = True
    calls: int = 1


@dataclass(frozen=True)
class Trace:
    """What passed through a network on one call; `rows` begins with the network itself."""

    rows: list[Row]

    @property
    def total(self) -> Row:
        """The network as a whole."""
        return self.rows[0]

    def table(self) -> list[tuple[str, ...]]:
        """Return the rows as text, their head first."""
        head = ("layer", "kind", "input", "output", "parameters", "multiply-adds", "memory")
        parents: list[Row] = []
        cells = []
        for row in self.rows:
            del parents[row.depth :]
            cells.append(_cells(row, parents[-1].path if parents else ""))
            parents.append(row)
        return [head, *cells]

    def facts(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        costs = ("parameters", "multiply_adds", "memory")
        return {name: getattr(self.total, name) for name in costs} | {
            "rows": [asdict(row) for row in self.rows]
        }

    def picture(self, path: str | Path) -> Path:
        """Draw the tensors from layer to layer, and what each layer costs, into a PNG or SVG.

        Raises
        ------
        InputError
            If the file is to be something else, or its folder does not exist.
        """
        from pearlite.see.trace_picture import draw

        file = Path(path)
        if file.suffix.lower() not in (".png", ".svg") or not file.parent.is_dir():
            raise InputError(f"{file} is no PNG or SVG file in a folder that exists")
        return draw(self.rows, file)


def trace(network: nn.Module, *inputs: Tensor | Shape) -> Trace:
    """Send tensors through a network and write down what each layer does to them.

    Where the network allows it nothing is computed: torch goes through the motions with tensors
    that have a shape and no values. A network that looks at its values is run for real. Either way
    it runs in evaluation mode, and it is left as it was.

    Parameters
    ----------
    network
        Any module.
    *inputs
        What to call it with: tensors, or shapes of float32 tensors.

    Returns
    -------
    Trace
        One row a call of a layer, in the order of the calls.

    Raises
    ------
    ShapeError
        If a layer cannot take what reaches it.
    """
    place = next((weight.device for weight in network.parameters()), torch.device("cpu"))
    tensors = [x if isinstance(x, Tensor) else torch.empty(x, device="meta") for x in inputs]
    lazy = any(is_lazy(weight) for weight in network.parameters())
    if not lazy:
        without_values = FakeTensorMode(allow_non_fake_inputs=True)
        with without_values:
            fakes = [torch.empty_like(x, device=_home(x, place)) for x in tensors]
        try:
            return _run(network, fakes, without_values)
        except ShapeError:
            raise
        except Exception:  # a network that needs values; other errors return in the real run
            pass
    return _run(network, [_filled(x, place) for x in tensors], torch.no_grad())


def _run(network: nn.Module, inputs: Sequence[Tensor], mode: Any) -> Trace:
    counter = FlopCounterMode(display=False)
    with ExitStack() as stack:
        stack.enter_context(evaluating(network))
        stack.enter_context(_counted_kernels())
        rows = stack.enter_context(_recording(network, counter.get_total_flops))
        for context in (mode, counter, naming(network)):
            stack.enter_context(context)
        network(*inputs)
    return Trace(rows)


@contextmanager
def _recording(network: nn.Module, flops: Callable[[], int]) -> Iterator[list[Row]]:
    """Add a row at each call of a layer, by hooks that are taken off again."""
    rows: list[Row] = []
    open_rows: list[Row] = []

    def enter(path: str, module: nn.Module, args: Any, kwargs: Any) -> None:
        if open_rows:
            open_rows[-1].leaf = False
        shapes = [tuple(x.shape) for x in tensors_in([args, kwargs])]
        kind = type(module).__name__
        row = Row(path, kind, len(open_rows), shapes, [], 0, -flops() // 2, 0)
        rows.append(row)
        open_rows.append(row)

    def leave(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        row = open_rows.pop()
        results = list(tensors_in([output]))
        row.outputs = [tuple(x.shape) for x in results]
        row.parameters = sum(weight.numel() for weight in module.parameters())
        row.multiply_adds += flops() // 2
        if row.leaf:
            known = {x.untyped_storage()._cdata for x in tensors_in([args, kwargs])}
            new = [x for x in results if x.untyped_storage()._cdata not in known]
            row.memory = sum(x.numel() * x.element_size() for x in new)
        if open_rows:
            open_rows[-1].memory += row.memory
        _merge_repeated(rows, row)

    with ExitStack() as stack:
        for name, module in network.named_modules():
            before = module.register_forward_pre_hook(
                lambda m, args, kwargs, name=name: enter(name, m, args, kwargs), with_kwargs=True
            )
            after = module.register_forward_hook(leave, with_kwargs=True)
            stack.callback(before.remove)
            stack.callback(after.remove)
        yield rows


def _merge_repeated(rows: list[Row], last: Row) -> None:
    """Add the newest call to the one before it if both are of the same layer and shapes."""
    size = next(n for n, row in enumerate(reversed(rows), 1) if row is last)
    new, old = rows[-size:], rows[-2 * size : -size]
    if [_identity(row) for row in new] != [_identity(row) for row in old]:
        return
    del rows[-size:]
    for kept, repeated in zip(old, new, strict=True):
        kept.calls += repeated.calls
        kept.multiply_adds += repeated.multiply_adds
        kept.memory += repeated.memory


def _identity(row: Row) -> tuple[Any, ...]:
    return row.path, row.depth, row.inputs, row.outputs


@contextmanager
def _counted_kernels() -> Iterator[None]:
    """Let attention and recurrent layers run as matrix products, which torch counts."""
    onednn = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH), torch.backends.cudnn.flags(enabled=False):
            yield
    finally:
        torch._C._set_mkldnn_enabled(onednn)


def _home(x: Tensor, place: torch.device) -> torch.device:
    return place if x.is_meta else x.device


def _filled(x: Tensor, place: torch.device) -> Tensor:
    return torch.zeros_like(x, device=place) if x.is_meta else x


def _cells(row: Row, parent: str) -> tuple[str, ...]:
    inside = row.path[len(parent) + 1 :] if row.path.startswith(f"{parent}.") else row.path
    name = inside or "(the network)"
    return (
        "  " * row.depth + (name if row.calls == 1 else f"{name} × {row.calls}"),
        row.kind,
        _shapes(row.inputs),
        _shapes(row.outputs),
        f"{row.parameters:,}" if row.parameters else "",
        short(row.multiply_adds) if row.multiply_adds else "",
        f"{short(row.memory, 1024)}B" if row.memory else "",
    )


def _shapes(shapes: Sequence[Shape]) -> str:
    return ", ".join("×".join(map(str, shape)) or "number" for shape in shapes)


def short(count: float, thousand: int = 1000) -> str:
    """Write a large count with three digits and a prefix: ``"1.23 M"``; 1024 gives ``"1.2 Mi"``."""
    prefix = 0
    while abs(count) >= thousand * 0.9995 and prefix < 5:
        count, prefix = count / thousand, prefix + 1
    digits = f"{count:.3g}" if count < 999.5 else f"{count:.0f}"
    unit = ["", "k", "M", "G", "T", "P"][prefix] + ("i" if thousand == 1024 and prefix else "")
    return f"{digits} {unit}" if unit or thousand == 1024 else digits
