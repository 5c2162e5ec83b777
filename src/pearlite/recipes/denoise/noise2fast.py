"""Noise2Fast: one image denoises itself, because its noise is independent from pixel to pixel.

The method of Lequyer, Philip, Sharma, Hsu & Pelletier, Nature Machine Intelligence 4, 953 (2022).
The image is cut like a checkerboard into two half-sized images that show the same scene with other
noise. A small convolutional network learns to predict one from the other; it cannot predict the
noise, so it predicts the scene. After each update it is shown the whole image; when its output no
longer comes closer to that image, training ends, and the mean of the last outputs is the result.

It assumes noise that is independent between neighbouring pixels. Axes: C channels, H rows,
W columns; a leading B of size 1 is the batch.
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from pearlite.nets.cnn import CNN
from pearlite.recipes.denoise.recent_mean import RecentMean
from pearlite.task import Task
from pearlite.train.precision import has_fast_bfloat16
from pearlite.train.state import State
from pearlite.train.trainer import Trainer

PATIENCE = 100  # steps without improvement before the end, as published
AVERAGED = 100  # outputs in the mean; published as 105

Pair = tuple[Tensor, Tensor]


class Noise2Fast(Task):
    """One half of the checkerboard predicts the other; values lie between 0 and 1."""

    def __init__(self, channels: int, generator: torch.Generator) -> None:
        super().__init__()
        self.net = CNN(channels, channels, generator=generator)

    def f(self, x: Tensor) -> Tensor:
        """Predict the clean image as logits; the sigmoid of them lies in the image's range."""
        kind = x.device.type
        with torch.autocast(kind, torch.bfloat16, enabled=has_fast_bfloat16(kind)):
            logits = self.net(x)
        return logits.float()

    def L(self, y_hat: Tensor, y: Tensor) -> Tensor:
        """Binary cross-entropy, the grey values taken as probabilities."""
        return F.binary_cross_entropy_with_logits(y_hat, y)


class WholeImage:
    """Shows the whole noisy image to the network after each step, and averages the outputs."""

    def __init__(self, noisy_BCHW: Tensor) -> None:
        self.noisy_BCHW = noisy_BCHW
        self.outputs = RecentMean(AVERAGED)

    def __call__(self, task: Noise2Fast) -> dict[str, float]:
        """Mean squared distance of the output from the noisy image."""
        output_BCHW = task(self.noisy_BCHW).sigmoid_()
        self.outputs.add(output_BCHW)
        return {"mse": float(F.mse_loss(output_BCHW, self.noisy_BCHW))}


def noise2fast(
    image_CYX: NDArray[np.float32],
    *,
    seed: int = 0,
    device: str = "cpu",
    state: Path | None = None,
    progress: bool = False,
    max_steps: int | None = None,
) -> NDArray[np.float32]:
    """Denoise an image by Noise2Fast; the channels are denoised together.

    Parameters
    ----------
    image_CYX
        Finite values, shape ``(C, Y, X)``, any size.
    seed
        Seeds the network's weights and the order of the pairs. The same seed gives the same result
        on the same machine with the same number of threads.
    device
        Where to train: ``"cpu"``, ``"cuda"``, ``"mps"``.
    state
        A folder in which the training keeps where it is every minute; a training of the same image
        with the same seed goes on from there, to the same result.
    progress
        Show a progress bar.
    max_steps
        End after so many updates even if the output still improves.

    Returns
    -------
    array
        The denoised image: same shape, within the range of each channel, not rounded. An image
        without contrast or with a single pixel comes back as it is.
    """
    low_C11 = image_CYX.min(axis=(1, 2), keepdims=True)
    range_C11 = image_CYX.max(axis=(1, 2), keepdims=True) - low_C11
    if not range_C11.any():
        return image_CYX.copy()
    scaled_CYX = (image_CYX - low_C11) / np.where(range_C11 > 0, range_C11, 1)
    noisy_BCHW = torch.from_numpy(scaled_CYX)[None].to(device)

    pairs = checkerboard_pairs(noisy_BCHW)
    task = Noise2Fast(len(image_CYX), torch.Generator().manual_seed(seed)).to(device)
    task.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    whole = WholeImage(noisy_BCHW)
    kept = None
    if state is not None:
        name = hashlib.sha256(f"{seed} {image_CYX.shape}".encode() + image_CYX.tobytes())
        kept = State(state / name.hexdigest()[:16], also={"outputs": whole.outputs})
    trainer = Trainer(
        task,
        validate=whole,
        patience=PATIENCE,
        keep="last",
        seed=seed,
        state=kept,
        progress="Noise2Fast" if progress else None,
    )
    trainer.fit(lambda step: pairs[drawn(len(pairs), seed, step)], steps=max_steps, resume=True)

    clean_CYX = whole.outputs.mean()[0].cpu().numpy()
    return clean_CYX * range_C11 + low_C11


def checkerboard_pairs(image_BCHW: Tensor) -> list[Pair]:
    """Pairs of input and target: each half of both checkerboards predicts its other half.

    An axis with a single pixel cannot be halved and gives no pairs.
    """
    pairs = []
    if image_BCHW.shape[-2] > 1:
        one, other = halve_rows(image_BCHW)
        pairs += [(one, other), (other, one)]
    if image_BCHW.shape[-1] > 1:
        one, other = halve_columns(image_BCHW)
        pairs += [(one, other), (other, one)]
    return pairs


def halve_rows(image_BCHW: Tensor) -> Pair:
    """Cut an image into the two colours of a checkerboard, each pushed together along the rows.

    Of each pair of rows, one half takes the upper pixel in even columns and the lower in odd ones;
    the other half takes the rest. An odd number of rows is made even by reflection at the last
    row, which copies pixels to places of their own colour, so no noise is in both halves.
    """
    if image_BCHW.shape[-2] % 2:
        image_BCHW = torch.cat([image_BCHW, image_BCHW[..., -2:-1, :]], dim=-2)
    upper, lower = image_BCHW[..., 0::2, :], image_BCHW[..., 1::2, :]
    even = torch.arange(image_BCHW.shape[-1], device=image_BCHW.device) % 2 == 0
    return torch.where(even, upper, lower), torch.where(even, lower, upper)


def halve_columns(image_BCHW: Tensor) -> Pair:
    """Cut an image as `halve_rows` does, along the columns."""
    one, other = halve_rows(image_BCHW.mT)
    return one.mT.contiguous(), other.mT.contiguous()


def drawn(count: int, seed: int, step: int) -> int:
    """Draw a number below `count`: a pure function of seed and step."""
    return int(np.random.default_rng([seed, step]).integers(count))
