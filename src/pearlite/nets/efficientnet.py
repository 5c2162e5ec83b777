"""EfficientNet-lite0: an image at five scales, seen cheaply.

Axes: B batch, C channels, H rows, W columns.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pearlite.nets.convolution import Convolution
from pearlite.nets.norm import BatchNorm
from pearlite.nets.staged import StagedEncoder

# Blocks that halve the image, or not, first: (kernel, stride, expansion, channels) of each block,
# a line for each scale (Tan & Le, table 1, without squeeze and excitation).
SCALES = (
    ((3, 1, 1, 16),),
    ((3, 2, 6, 24), (3, 1, 6, 24)),
    ((5, 2, 6, 40), (5, 1, 6, 40)),
    ((3, 2, 6, 80), *2 * ((3, 1, 6, 80),), *3 * ((5, 1, 6, 112),)),
    ((5, 2, 6, 192), *3 * ((5, 1, 6, 192),), (3, 1, 6, 320)),
)
STEM = 32
EPSILON = 1e-3  # of the normalisation, with which the published weights were trained


class EfficientNetLite0(StagedEncoder):
    """EfficientNet-lite0 without its classifier, as the encoder of a U-Net: 3.0 million weights.

    EfficientNet (Tan & Le, ICML 2019) in the variant for small devices: no squeeze and excitation,
    min(max(0, x), 6) instead of x σ(x), so that it looks at each place's surroundings alone and
    tiles of an image give what the whole image gives. `BatchNorm` forgets ten times as fast as in
    the publication, since fine-tuning takes hundreds of steps, not hundreds of thousands.

    Parameters
    ----------
    channels_in
        Channels of the image.
    generator
        Draws the initial weights; `pretrained.encoder` replaces them.
    """

    def __init__(self, channels_in: int = 1, *, generator: torch.Generator) -> None:
        stages: list[list[nn.Module]] = [[] for _ in SCALES]
        stages[0].append(Unit(channels_in, STEM, 3, stride=2, generator=generator))
        inputs = STEM
        for stage, scale in zip(stages, SCALES, strict=True):
            for kernel, stride, expansion, outputs in scale:
                stage.append(Block(inputs, outputs, kernel, stride, expansion, generator))
                inputs = outputs
        strides = [2 ** (level + 1) for level in range(len(SCALES))]
        offsets = [stride - 1 for stride in strides]  # by the rule of padding, see `Unit`
        channels = [scale[-1][-1] for scale in SCALES]
        super().__init__("lite0", channels, strides, offsets, stages)


class Unit(nn.Module):
    """A convolution, normalised by batch, and limited to [0, 6] if `bend`.

    A stride of 2 pads by the rule of the library in which the weights were trained: one pixel more
    behind than before.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        groups: int = 1,
        bend: bool = True,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.bend, self.stride = bend, stride
        total = kernel - stride
        self.before, self.behind = total // 2, total - total // 2
        self.reach = max(kernel - 1 - self.before, self.before)
        even = self.before == self.behind
        self.convolution = Convolution(
            inputs,
            outputs,
            kernel,
            stride=stride,
            padding=self.before if even else 0,
            groups=groups,
            bias=False,
            generator=generator,
        )
        self.norm = BatchNorm(outputs, epsilon=EPSILON)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Map ``(B, inputs, H, W)`` to ``(B, outputs, H / stride, W / stride)``."""
        if self.before != self.behind:
            x_BCHW = F.pad(x_BCHW, 2 * (self.before, self.behind))
        x_BCHW = self.norm(self.convolution(x_BCHW))
        return F.relu6(x_BCHW) if self.bend else x_BCHW


class Block(nn.Module):
    """More channels, a look around in each of them, fewer channels (Sandler et al., CVPR 2018).

    What came in is added where it has the shape of what goes out.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int,
        expansion: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        wide = inputs * expansion
        self.expand = Unit(inputs, wide, 1, generator=generator) if expansion > 1 else nn.Identity()
        self.look = Unit(wide, wide, kernel, stride=stride, groups=wide, generator=generator)
        self.project = Unit(wide, outputs, 1, bend=False, generator=generator)
        self.stride, self.reach = stride, self.look.reach
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Map ``(B, inputs, H, W)`` to ``(B, outputs, H / stride, W / stride)``."""
        y_BCHW = self.project(self.look(self.expand(x_BCHW)))
        return x_BCHW + y_BCHW if self.adds else y_BCHW
