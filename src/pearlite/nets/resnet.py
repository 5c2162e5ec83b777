"""ResNet and ResNeXt: an image at five scales, each layer correcting the one before.

Axes: B batch, C channels, H rows, W columns.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pearlite.errors import InputError
from pearlite.nets.convolution import Convolution
from pearlite.nets.norm import BatchNorm
from pearlite.nets.staged import StagedEncoder

STEM = 64
WIDEN = 4  # channels after a bottleneck, over those that the paper calls its width
# Name: blocks of each scale, whether they are bottlenecks, groups, channels of a group.
ARCHITECTURES = {
    "resnet18": ((2, 2, 2, 2), False, 1, 64),
    "resnet34": ((3, 4, 6, 3), False, 1, 64),
    "resnet50": ((3, 4, 6, 3), True, 1, 64),
    "resnet101": ((3, 4, 23, 3), True, 1, 64),
    "resnet152": ((3, 8, 36, 3), True, 1, 64),
    "resnext50_32x4d": ((3, 4, 6, 3), True, 32, 4),
    "resnext101_32x8d": ((3, 4, 23, 3), True, 32, 8),
}


class ResNet(StagedEncoder):
    """ResNet (He et al., CVPR 2016) or ResNeXt (Xie et al., CVPR 2017) without its classifier.

    In bottlenecks the 3 × 3 convolution halves the image, as in the usual published weights.

    Parameters
    ----------
    architecture
        One of `ARCHITECTURES`.
    channels_in
        Channels of the image.
    generator
        Draws the initial weights; `pretrained.encoder` replaces them.

    Raises
    ------
    InputError
        If there is no such architecture.
    """

    def __init__(
        self, architecture: str, channels_in: int = 1, *, generator: torch.Generator
    ) -> None:
        if architecture not in ARCHITECTURES:
            raise InputError(
                f"there is no ResNet {architecture!r}; expected one of: {', '.join(ARCHITECTURES)}"
            )
        blocks, bottleneck, groups, of_group = ARCHITECTURES[architecture]
        stem = Unit(channels_in, STEM, 7, stride=2, bend=True, generator=generator)
        stages: list[list[nn.Module]] = [[stem], [Pool()], [], [], []]
        channels = [STEM]
        inputs = STEM
        for scale, count in enumerate(blocks):
            width = STEM * 2**scale
            outputs = WIDEN * width if bottleneck else width
            narrow = groups * of_group * 2**scale
            for number in range(count):
                stride = 2 if number == 0 and scale > 0 else 1
                if bottleneck:
                    path = Bottleneck(inputs, narrow, outputs, stride, groups, generator)
                else:
                    path = Basic(inputs, outputs, stride, generator)
                stages[scale + 1].append(path)
                inputs = outputs
            channels.append(outputs)
        strides = [2 ** (level + 1) for level in range(len(stages))]
        super().__init__(architecture, channels, strides, [0] * len(stages), stages)


class Unit(nn.Module):
    """A convolution, normalised by batch, and rectified if `bend`."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        groups: int = 1,
        bend: bool = False,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.stride, self.reach, self.bend = stride, kernel // 2, bend
        self.convolution = Convolution(
            inputs,
            outputs,
            kernel,
            stride=stride,
            groups=groups,
            bias=False,
            generator=generator,
        )
        self.norm = BatchNorm(outputs)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Map ``(B, inputs, H, W)`` to ``(B, outputs, H / stride, W / stride)``."""
        y_BCHW = self.norm(self.convolution(x_BCHW))
        return F.relu(y_BCHW) if self.bend else y_BCHW


class Pool(nn.Module):
    """The largest of 3 × 3 values, at every second place."""

    stride, reach = 2, 1

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Map ``(B, C, H, W)`` to ``(B, C, H / 2, W / 2)``."""
        return F.max_pool2d(x_BCHW, 3, 2, 1)


class _Residual(nn.Module):
    """What came in, made to fit by a 1 × 1 convolution where it must, and a correction."""

    def __init__(
        self, inputs: int, outputs: int, stride: int, path: nn.Module, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.stride = stride
        self.path = path
        fits = stride == 1 and inputs == outputs
        self.shortcut = (
            nn.Identity() if fits else Unit(inputs, outputs, 1, stride=stride, generator=generator)
        )

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Map ``(B, inputs, H, W)`` to ``(B, outputs, H / stride, W / stride)``."""
        return F.relu(self.shortcut(x_BCHW) + self.path(x_BCHW))


class Basic(_Residual):
    """Corrected by two 3 × 3 convolutions."""

    def __init__(self, inputs: int, outputs: int, stride: int, generator: torch.Generator) -> None:
        path = nn.Sequential(
            Unit(inputs, outputs, 3, stride=stride, bend=True, generator=generator),
            Unit(outputs, outputs, 3, generator=generator),
        )
        super().__init__(inputs, outputs, stride, path, generator)
        self.reach = 1 + stride


class Bottleneck(_Residual):
    """Corrected by a 3 × 3 convolution of fewer channels, between two that look at one place."""

    reach = 1

    def __init__(
        self,
        inputs: int,
        narrow: int,
        outputs: int,
        stride: int,
        groups: int,
        generator: torch.Generator,
    ) -> None:
        path = nn.Sequential(
            Unit(inputs, narrow, 1, bend=True, generator=generator),
            Unit(narrow, narrow, 3, stride=stride, groups=groups, bend=True, generator=generator),
            Unit(narrow, outputs, 1, generator=generator),
        )
        super().__init__(inputs, outputs, stride, path, generator)
