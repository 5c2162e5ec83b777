"""ZS-N2N: Zero-Shot Noise2Noise (Mansour & Heckel, CVPR 2023), from the paper.

The two diagonal means of each 2x2 block are two images of half the size with independent noise. A
network of three layers learns the noise of one such that what remains predicts the other, and such
that denoising commutes with the halving. Axes: B batch, C channels, H rows, W columns.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pearlite.nets.convolution import Convolution
from pearlite.task import Task
from pearlite.train.trainer import Trainer

STEPS = 2000
HALVE_RATE_EVERY = 1000
WIDTH = 48


class ZeroShotNoise2Noise(Task):
    """Subtracts the noise that the network sees; a batch is the noisy image alone."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.net = nn.Sequential(
            Convolution(1, WIDTH, generator=generator),
            nn.LeakyReLU(0.2),
            Convolution(WIDTH, WIDTH, generator=generator),
            nn.LeakyReLU(0.2),
            Convolution(WIDTH, 1, 1, generator=generator),
        )

    def f(self, x: Tensor) -> Tensor:
        """Remove from x what the network takes for noise."""
        return x - self.net(x)

    def loss(self, batch: Tensor) -> Tensor:
        """Residual loss plus consistency loss, each for both halves."""
        falling, rising = halves(batch)
        from_falling, from_rising = self.f(falling), self.f(rising)
        whole_falling, whole_rising = halves(self.f(batch))
        residual = F.mse_loss(from_falling, rising) + F.mse_loss(from_rising, falling)
        agreement = F.mse_loss(from_falling, whole_falling) + F.mse_loss(from_rising, whole_rising)
        return (residual + agreement) / 2


def halves(image_BCHW: Tensor) -> tuple[Tensor, Tensor]:
    """Means of the two diagonals of every 2x2 block; an odd last row or column is left out."""
    height, width = (size // 2 * 2 for size in image_BCHW.shape[-2:])
    even, odd = image_BCHW[..., 0:height:2, :width], image_BCHW[..., 1:height:2, :width]
    falling = (even[..., 0::2] + odd[..., 1::2]) / 2
    rising = (even[..., 1::2] + odd[..., 0::2]) / 2
    return falling, rising


def zero_shot(image_HW: np.ndarray, *, seed: int = 0, steps: int = STEPS) -> np.ndarray:
    """Denoise an image that ranges over 0 to 1."""
    noisy_BCHW = torch.from_numpy(np.asarray(image_HW, np.float32))[None, None]
    task = ZeroShotNoise2Noise(torch.Generator().manual_seed(seed))
    trainer = Trainer(task, keep="last", every=HALVE_RATE_EVERY)
    schedule = torch.optim.lr_scheduler.StepLR(trainer.optimisers[0], HALVE_RATE_EVERY, gamma=0.5)
    trainer.events["step"].append(lambda _: schedule.step())
    trainer.fit(lambda step: noisy_BCHW, steps=steps)
    with torch.inference_mode():
        return task.f(noisy_BCHW)[0, 0].clamp(0, 1).numpy()
