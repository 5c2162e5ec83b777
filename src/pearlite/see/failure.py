"""Where in a network an error arose: read from its traceback, so that nothing is paid before.

Letters: B batch, C channels, T tokens, S tokens of the context, D width.
"""

import dis
import linecache
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from pearlite.data.batch import tensors_in

_TORCH = Path(torch.__file__).parent
_CALL = nn.Module._call_impl.__code__
_RAISES = {dis.opmap["RAISE_VARARGS"], dis.opmap["RERAISE"]}


@dataclass(frozen=True)
class Failure:
    """One failed call, as far as the traceback and one repetition of it tell.

    Attributes
    ----------
    path : str
        The innermost layer by its attributes, ``"encoder.2"``. Outside all layers the innermost
        method of a module, such as the loss of a task, ``"Sharpen.L"``, or else the function.
    kind : str
        Class of that layer; empty outside all layers.
    layer : nn.Module or None
        The layer itself.
    given, network_given : list
        What that layer and the outermost one were called with.
    operation, operands, keywords
        The torch function that failed and its arguments; empty where it cannot be told.
    message : str
        What torch said.
    line : str
        The line of code, where it is not inside torch.
    """

    path: str
    kind: str
    layer: nn.Module | None
    given: list[Any]
    network_given: list[Any]
    operation: str
    operands: list[Any]
    keywords: dict[str, Any]
    message: str
    line: str

    @property
    def tensors(self) -> list[Tensor]:
        """The tensors that the operation got, those in lists included."""
        return list(tensors_in([*self.operands, *self.keywords.values()]))

    @property
    def batch(self) -> int | None:
        """Length of the first axis of what the network was given."""
        known = [value for value in self.network_given if isinstance(value, Tensor) and value.ndim]
        return known[0].shape[0] if known else None

    @property
    def first(self) -> bool:
        """Whether the layer got what the network was given: then the data may be wrong."""
        outer, inner = (list(tensors_in(given)) for given in (self.network_given, self.given))
        return bool(outer and inner) and outer[0].shape == inner[0].shape

    def option(self, place: int, name: str, default: Any = None) -> Any:
        """Return an argument of the operation by its place or its name."""
        given = self.operands[place] if place < len(self.operands) else None
        return self.keywords.get(name, default) if given is None else given


def locate(network: nn.Module, error: BaseException) -> Failure | None:
    """Find the layer and the operation that torch refused; None if torch refused nothing."""
    frames = _frames(error.__traceback__)
    if not frames:
        return None
    calls = [frame for frame, _ in frames if frame.f_code is _CALL]
    last, instruction = frames[-1]
    inside_torch = _is_torch(last)
    if not inside_torch and last.f_code.co_code[instruction] in _RAISES:
        return None
    operation, operands, keywords = _repeat(_small_calls([frame for frame, _ in frames]), error)
    speaks_of_tensors = any(text in str(error) for text in _UNMISTAKABLE)
    if not (operation or inside_torch or speaks_of_tensors):
        return None
    layer = calls[-1].f_locals["self"] if calls else None
    ours = [frame for frame, _ in frames if not _is_torch(frame)]
    own = ours[-1] if ours else last
    given = _given(calls[-1]) if calls else operands or list(tensors_in(own.f_locals))
    return Failure(
        _path(network, layer, ours),
        "" if layer is None else type(layer).__name__,
        layer,
        given,
        _given(calls[0]) if calls else given,
        operation,
        operands,
        keywords,
        str(error),
        "" if type(layer).__module__.startswith(("torch.", "pearlite.")) else _line(own),
    )


def describe(value: Any) -> str:
    """Say in a few words what a value is: ``"(8, 1, 28, 28) float32"``."""
    if isinstance(value, Tensor):
        return f"{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"
    if isinstance(value, np.ndarray):
        return f"a NumPy array {value.shape} {value.dtype}"
    return f"a {type(value).__name__}"


_UNMISTAKABLE = (
    "must match the size of tensor",
    "mat1 and mat2",
    "Sizes of tensors must match",
    "is invalid for input of size",
    "must be Tensor, not",
    "received an invalid combination of arguments - got",
)


class _Recorder(TorchFunctionMode):
    """Remembers the first torch function that fails, with its arguments."""

    failed: tuple[str, list[Any], dict[str, Any]] | None = None

    def __torch_function__(
        self, func: Callable, types: Any, args: Sequence[Any] = (), kwargs: Mapping | None = None
    ) -> Any:
        try:
            return func(*args, **(kwargs or {}))
        except Exception:
            if self.failed is None:
                self.failed = (getattr(func, "__name__", ""), list(args), dict(kwargs or {}))
            raise


def _small_calls(frames: Sequence[FrameType]) -> Sequence[FrameType]:
    """Return the frames that may be repeated: those of the innermost layer, or else of the loss.

    The frame that caught the error is none of them: it may be a whole training.
    """
    start = max((n for n, frame in enumerate(frames) if frame.f_code is _CALL), default=None)
    if start is None:
        caught = 1 if frames[0].f_globals.get("__name__") == "pearlite.see.shapes" else 0
        small = (n for n, frame in enumerate(frames) if _is_torch(frame) or _is_method(frame))
        start = next((n for n in small if n > caught), len(frames))
    return frames[start:]


def _repeat(
    frames: Sequence[FrameType], error: BaseException
) -> tuple[str, list[Any], dict[str, Any]]:
    """Repeat the smallest call that fails in the same way, to learn which operation it is.

    A frame knows its arguments as they are now; where it has changed them, the repetition ends
    otherwise and the frame around it is tried.
    """
    for frame in reversed(frames):
        call = _call_again(frame)
        if call is None:
            continue
        recorder = _Recorder()
        try:
            with torch.no_grad(), recorder:
                call()
        except Exception as again:
            if type(again) is type(error) and str(again) == str(error) and recorder.failed:
                return recorder.failed
    return "", [], {}


def _call_again(frame: FrameType) -> Callable[[], Any] | None:
    """Make a function that calls what the frame belongs to, with the same arguments."""
    code, local = frame.f_code, frame.f_locals
    if code is _CALL:
        return lambda: local["self"](*local["args"], **local["kwargs"])
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    owner = local.get("self") if names[:1] == ("self",) else None
    if owner is None:
        function = frame.f_globals.get(code.co_name)
    else:
        function, names = getattr(owner, code.co_name, None), names[1:]
    if getattr(function, "__code__", None) is not code or not set(names) <= local.keys():
        return None
    positional = names[: code.co_argcount - (owner is not None)]
    arguments = [local[name] for name in positional]
    keywords = {name: local[name] for name in names[len(positional) :]}
    return lambda: function(*arguments, **keywords)  # pyright: ignore[reportOptionalCall]


def _frames(traceback: TracebackType | None) -> list[tuple[FrameType, int]]:
    frames = []
    while traceback is not None:
        frames.append((traceback.tb_frame, traceback.tb_lasti))
        traceback = traceback.tb_next
    return frames


def _is_torch(frame: FrameType) -> bool:
    return Path(frame.f_code.co_filename).is_relative_to(_TORCH)


def _is_method(frame: FrameType) -> bool:
    return isinstance(frame.f_locals.get("self"), nn.Module)


def _given(call: FrameType) -> list[Any]:
    return [*call.f_locals["args"], *call.f_locals["kwargs"].values()]


def _path(network: nn.Module, layer: nn.Module | None, frames: Sequence[FrameType]) -> str:
    if layer is not None:
        names = {id(module): name for name, module in network.named_modules()}
        return names.get(id(layer)) or type(layer).__name__
    methods = [frame for frame in frames if _is_method(frame)]
    return (methods or frames)[-1].f_code.co_qualname


def _line(frame: FrameType) -> str:
    file, number = frame.f_code.co_filename, frame.f_lineno
    return f"{Path(file).name} line {number}: {linecache.getline(file, number).strip()}".rstrip(
        ": "
    )
