"""Give an image the look of another in one pass: adaptive instance normalisation.

Axes: B batch, C channels, H rows, W columns, K classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pearlite.nets.convolution import Convolution
from pearlite.nets.staged import StagedEncoder

LEVELS = 3  # maps of the encoder that are used: at a half, a quarter and an eighth of the size
EPSILON = 1e-3  # added to variances of features


@dataclass(frozen=True)
class Look:
    """What of an image is its style: mean and deviation of every feature, class by class.

    Parameters
    ----------
    means_BKC, deviations_BKC
        A tensor a level of the encoder.
    """

    means_BKC: list[Tensor]
    deviations_BKC: list[Tensor]

    @classmethod
    def of(cls, maps: Sequence[Tensor], classes_BKHW: Tensor) -> "Look":
        """Measure maps of images whose pixels are in these classes."""
        return cls.from_sums(sums_of(maps, classes_BKHW))

    @classmethod
    def from_sums(cls, sums: Sequence[Tensor]) -> "Look":
        """Finish what `sums_of` has summed, or the sum of several of them."""
        means, deviations = [], []
        for count, first, second in sums:
            mean = first / count.clamp(min=1e-6)
            variance = second / count.clamp(min=1e-6) - mean**2
            means.append(mean)
            deviations.append((variance.clamp(min=0) + EPSILON).sqrt())
        return cls(means, deviations)


class Decoder(nn.Module):
    """Makes a grey image of an encoder's maps, from the coarsest up; 125 thousand weights.

    Parameters
    ----------
    channels
        Of the maps, finest first.
    widths
        Channels inside, at each of the maps' scales.
    generator
        Draws the initial weights.
    """

    def __init__(
        self,
        channels: Sequence[int],
        widths: Sequence[int] = (32, 48, 64),
        *,
        generator: torch.Generator,
    ) -> None:
        super().__init__()

        def conv(inputs: int, outputs: int) -> Convolution:
            return Convolution(inputs, outputs, padding=0, generator=generator)

        below = [*widths[1:], 0]
        self.joins = nn.ModuleList(
            conv(c + b, w) for c, b, w in zip(channels, below, widths, strict=True)
        )
        self.inner = nn.ModuleList(conv(w, w) for w in widths)
        self.last = nn.ModuleList([conv(widths[0], 16), conv(16, 1)])

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Map ``(B, C, H / 2, W / 2)`` and coarser ones to ``(B, 1, H, W)``."""
        x = maps[-1][:, :0]
        layers = list(zip(maps, self.joins, self.inner, strict=True))
        for level, (features, join, inner) in enumerate(reversed(layers)):
            x = features if level == 0 else torch.cat([features, _doubled(x)], dim=1)
            x = F.relu(inner(_edged(F.relu(join(_edged(x))))))
        wide, narrow = self.last
        return narrow(_edged(F.relu(wide(_edged(_doubled(x))))))


class Stylist(nn.Module):
    """An encoder that stays as it is, AdaIN on its maps, and a decoder (Huang & Belongie 2017).

    Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization, ICCV 2017. Unlike
    there, the features of all three levels are normalised and given to the decoder, which keeps
    boundaries sharp, and each class gets the statistics that the same class has in the style.

    Parameters
    ----------
    encoder
        Of grey images, pretrained.
    generator
        Draws the decoder's initial weights.
    """

    def __init__(self, encoder: StagedEncoder, *, generator: torch.Generator) -> None:
        super().__init__()
        self.encoder = encoder.requires_grad_(False).eval()
        self.decoder = Decoder(encoder.channels[:LEVELS], generator=generator)
        self.stride = encoder.strides[LEVELS - 1]

    def train(self, mode: bool = True) -> "Stylist":
        """Let the decoder train; the encoder stays as it is."""
        super().train(mode)
        self.encoder.eval()
        return self

    def encode(self, x_BCHW: Tensor, levels: int = LEVELS) -> list[Tensor]:
        """Return the maps of images whose sides are multiples of the last stride."""
        maps = []
        for level in range(levels):
            x_BCHW = self.encoder.stage(level)(x_BCHW)
            maps.append(x_BCHW)
        return maps

    def forward(
        self, content_B1HW: Tensor, classes_BKHW: Tensor, look: Look, strength: float = 1.0
    ) -> Tensor:
        """Give images a look.

        Parameters
        ----------
        content_B1HW
            Any size; mean 0 and deviation 1 about.
        classes_BKHW
            1 where a pixel is in a class, else 0.
        look
            What `look` returned for the style.
        strength
            From 0, the content's own features, to 1.

        Returns
        -------
        Tensor
            ``(B, 1, H, W)``
        """
        rows, columns = content_B1HW.shape[2:]
        padding = (0, -columns % self.stride, 0, -rows % self.stride)
        content_B1HW = F.pad(content_B1HW, padding, mode="replicate")
        classes_BKHW = F.pad(classes_BKHW, padding, mode="replicate")
        maps = self.encode(content_B1HW)
        styled = adain(maps, classes_BKHW, look)
        mixed = [torch.lerp(own, new, strength) for own, new in zip(maps, styled, strict=True)]
        return self.decoder(mixed)[..., :rows, :columns]

    def look(self, styles: Sequence[tuple[Tensor, Tensor]]) -> Look:
        """Measure the style of one or several images together.

        Parameters
        ----------
        styles
            Images ``(1, 1, H, W)`` and their classes ``(1, K, H, W)``; what is left over beyond a
            multiple of the stride is left away.
        """
        sums = []
        for image, classes in styles:
            rows, columns = (side - side % self.stride for side in image.shape[2:])
            maps = self.encode(image[..., :rows, :columns])
            sums.append(sums_of(maps, classes[..., :rows, :columns]))
        return Look.from_sums([torch.stack(level).sum(0) for level in zip(*sums, strict=True)])


def adain(maps: Sequence[Tensor], classes_BKHW: Tensor, look: Look) -> list[Tensor]:
    """Give the features in each class the mean and deviation of a look.

    Places that are partly in several classes get a mixture of what each would do.
    """
    own = Look.of(maps, classes_BKHW)
    styled = []
    for level, features_BCHW in enumerate(maps):
        shares_BKHW = shares_of(classes_BKHW, features_BCHW)
        factor_BKC = look.deviations_BKC[level] / own.deviations_BKC[level]
        offset_BKC = look.means_BKC[level] - factor_BKC * own.means_BKC[level]
        factor, offset = (
            torch.einsum("bkhw,bkc->bchw", shares_BKHW, one) for one in (factor_BKC, offset_BKC)
        )
        styled.append(factor * features_BCHW + offset)
    return styled


def sums_of(maps: Sequence[Tensor], classes_BKHW: Tensor) -> list[Tensor]:
    """Return the number of places, sum and sum of squares of each class: ``(3, B, K, C)`` each."""
    sums = []
    for features_BCHW in maps:
        shares_BKN = shares_of(classes_BKHW, features_BCHW).flatten(2)
        features_BNC = features_BCHW.flatten(2).mT
        first, second = shares_BKN @ features_BNC, shares_BKN @ features_BNC**2
        count = shares_BKN.sum(2, keepdim=True).expand_as(first)
        sums.append(torch.stack([count, first, second]))
    return sums


def shares_of(classes_BKHW: Tensor, features_BCHW: Tensor) -> Tensor:
    """Return how much of each place of a map is in each class, ``(B, K, H, W)``."""
    return F.adaptive_avg_pool2d(classes_BKHW, (features_BCHW.shape[2], features_BCHW.shape[3]))


def _edged(x_BCHW: Tensor) -> Tensor:
    return F.pad(x_BCHW, (1, 1, 1, 1), mode="replicate")


def _doubled(x_BCHW: Tensor) -> Tensor:
    return F.interpolate(x_BCHW, scale_factor=2, mode="nearest")
