"""The same small kernel of weights at every place of a signal, an image or a volume.

Axes: B batch, C channels in, O channels out, ``*space`` one to three axes of places, ``*K`` the
kernel's extent along each.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pearlite.errors import InputError
from pearlite.nets.init import draw_weights

CONVOLVE = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


class Convolution(nn.Module):
    """y[o, i] = b[o] + Σ_c Σ_k w[o, c, k] · x[c, stride·i + k - padding], zeros outside.

    Networks call it convolution; without the mirrored kernel it is a cross-correlation (see
    `cross_correlate`). The number of weights does not depend on the image's size.

    Parameters
    ----------
    inputs, outputs
        Channels before and after.
    kernel
        Places along each axis that one output value sees.
    stride
        Places from one output value to the next.
    padding
        Zeros added on each side; None adds ``kernel // 2``, which at stride 1 keeps the size.
    groups
        Parts into which the channels fall, each with weights of its own; divides both numbers of
        channels. As many as channels: a depthwise convolution.
    bias
        Whether b is added.
    dims
        1 for signals, 2 for images, 3 for volumes.
    generator
        Draws the initial weights.

    Raises
    ------
    InputError
        An even kernel without a padding, groups that do not divide the channels, or `dims` other
        than 1, 2, 3.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        *,
        stride: int = 1,
        padding: int | None = None,
        groups: int = 1,
        bias: bool = True,
        dims: int = 2,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        _check_dims(dims)
        if padding is None and kernel % 2 == 0:
            raise InputError(
                f"a kernel of {kernel} has no middle, so no padding keeps the size: "
                "say how much by padding=, or take an odd kernel"
            )
        if groups < 1 or inputs % groups or outputs % groups:
            raise InputError(
                f"{inputs} channels in and {outputs} out do not fall into {groups} equal groups: "
                "take a divisor of both"
            )
        self.inputs, self.outputs, self.kernel, self.stride = inputs, outputs, kernel, stride
        self.padding = kernel // 2 if padding is None else padding
        self.groups, self.dims = groups, dims
        self.weight = nn.Parameter(torch.empty(outputs, inputs // groups, *dims * [kernel]))
        self.bias = nn.Parameter(torch.empty(outputs)) if bias else None
        draw_weights(self, generator)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, inputs, *space)`` to ``(B, outputs, *space')``.

        Each size becomes ``(size + 2 * padding - kernel) // stride + 1``.
        """
        return CONVOLVE[self.dims](
            x, self.weight, self.bias, self.stride, self.padding, groups=self.groups
        )

    def extra_repr(self) -> str:
        """Sizes, for printing."""
        return (
            f"{self.inputs}, {self.outputs}, kernel={self.kernel}, stride={self.stride}, "
            f"padding={self.padding}, groups={self.groups}, bias={self.bias is not None}, "
            f"dims={self.dims}"
        )


class TransposedConvolution(nn.Module):
    """Every input value adds the kernel, times itself, to the output; `stride` places apart.

    The transpose of `Convolution` as a matrix: it makes an image larger by `stride`. With a kernel
    as wide as the stride the copies touch and do not overlap, which leaves no checkerboard (Odena,
    Dumoulin and Olah, Deconvolution and Checkerboard Artifacts, Distill 2016).

    Parameters
    ----------
    inputs, outputs
        Channels before and after.
    kernel
        Places along each axis that one input value reaches.
    stride
        Places between the kernels of neighbouring input values.
    padding
        Places that are cut off on each side; with ``kernel - stride`` every place that is left has
        as many input values as any other.
    dims
        1 for signals, 2 for images, 3 for volumes.
    bias
        Whether a bias per channel is added.
    generator
        Draws the initial weights.

    Raises
    ------
    InputError
        `dims` other than 1, 2, 3.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 2,
        *,
        stride: int = 2,
        padding: int = 0,
        dims: int = 2,
        bias: bool = True,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        _check_dims(dims)
        self.inputs, self.outputs, self.kernel, self.stride = inputs, outputs, kernel, stride
        self.padding, self.dims = padding, dims
        self.weight = nn.Parameter(torch.empty(inputs, outputs, *dims * [kernel]))
        self.bias = nn.Parameter(torch.empty(outputs)) if bias else None
        draw_weights(self, generator)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, inputs, *space)`` to ``(B, outputs, *space')``.

        Each size becomes ``(size - 1) * stride + kernel - 2 * padding``.
        """
        return TRANSPOSED[self.dims](x, self.weight, self.bias, self.stride, self.padding)

    def extra_repr(self) -> str:
        """Sizes, for printing."""
        return (
            f"{self.inputs}, {self.outputs}, kernel={self.kernel}, stride={self.stride}, "
            f"padding={self.padding}, bias={self.bias is not None}, dims={self.dims}"
        )


def cross_correlate(x: Tensor, kernel: Tensor, stride: int = 1) -> Tensor:
    """Slide a kernel over `x` and sum the products at every place: the formula, for reading.

    Parameters
    ----------
    x
        ``(B, C, *space)``.
    kernel
        ``(O, C, *K)``.
    stride
        Places from one sum to the next.

    Returns
    -------
    Tensor
        ``(B, O, *space')``, each size ``(size - K) // stride + 1``.
    """
    windows = x
    for axis, width in enumerate(kernel.shape[2:], start=2):
        windows = windows.unfold(axis, width, stride)  # the window's own axis comes last
    return torch.einsum("bc...k,ock->bo...", windows.flatten(x.ndim), kernel.flatten(2))


def _check_dims(dims: int) -> None:
    if dims not in CONVOLVE:
        raise InputError(f"dims is {dims}: take 1 for signals, 2 for images, 3 for volumes")
