"""Random zeros in training, so that no value comes to rely on a single other one."""

import torch.nn.functional as F
from torch import Tensor, nn

from pearlite.errors import InputError


class Dropout(nn.Module):
    """Sets each value to 0 with probability `share`, and divides the others by 1 - share.

    Only in training; in evaluation nothing changes. The zeros come from torch's global generator,
    which the `Trainer` sets from (seed, step) before every update; outside of it call
    `torch.manual_seed`. Srivastava et al., JMLR 15, 1929 (2014).

    Parameters
    ----------
    share
        Between 0 (keep all) and 1 (excluded); others raise `InputError`.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        if not 0 <= share < 1:
            raise InputError(f"dropout of {share}: take a share from 0 up to, but not, 1")
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        """Map any shape to the same shape."""
        return F.dropout(x, self.share) if self.share and self.training else x

    def extra_repr(self) -> str:
        """Share, for printing."""
        return str(self.share)
