"""Gaussian process whose kernel learns, for every feature, its length and its curvature.

Axes: N rows, S rows of the sample that kernels are learnt from, F features, K outputs.
"""

import math
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor

from pearlite.recipes.tabular.aim import Aim
from pearlite.recipes.tabular.members import Matrix
from pearlite.recipes.tabular.members.arrays import load_arrays, save_arrays

SAMPLE, ITERATIONS = 500, 20
"""Rows that the kernel is learnt from, and steps. Concrete, two folds of unseen mixes: MAE 3.51;
with 300 rows 3.69, with all 3.60, with 40 steps 3.51."""
LEAST_NOISE = 1e-6
_USUAL_POWER, _POWER_SPREAD, _LENGTH_SPREAD = 0.5, 2.0, 1.0
"""Priors. MAE of steels' tensile strength, three times five folds: 73.0 with spreads of 1 and 1.5,
74.5 where the power may vary by 0.5, 90.1 where it is expected at 0.8, that is without a curve."""
_TINY = 1e-4


class GaussianProcess:
    """Kriging with a Matérn kernel of distances that are themselves learnt.

    A feature u, brought to 0…1, enters the distance as u^p / l; p and l are learnt from the
    marginal likelihood (Rasmussen & Williams, Gaussian Processes for Machine Learning, 2006,
    ch. 5; warped inputs as in Snoek et al., ICML 2014). Ages and concentrations thus need no
    logarithm by hand. Classes are fitted as numbers 0 and 1. Quantiles are those of the
    leave-one-out residuals, added to the answer.

    Parameters
    ----------
    smooth
        Whether functions have a slope (Matérn 3/2) or only no jumps (Matérn 1/2).
    most_rows
        More are left out at random: the time grows with their cube.
    """

    amount: ClassVar[str] = ""
    effort = 1.0

    def __init__(self, smooth: bool = False, most_rows: int = 5000) -> None:
        self.smooth, self.most_rows = smooth, most_rows
        self.of_classes = False
        self.known: dict[str, NDArray[np.float64]] = {}

    def fit(
        self,
        x_NF: Matrix,
        y_N: NDArray[Any],
        weight_N: NDArray[np.float64] | None,
        aim: Aim,
        *,
        seed: int,
        threads: int,
        seconds: float,
    ) -> Self:
        """Learn the kernel from a sample, then solve for all rows; the time is not looked at."""
        random = np.random.default_rng(seed)
        order_N = random.permutation(len(y_N))[: self.most_rows]
        x_NF, y_N = x_NF[order_N], y_N[order_N]
        noise_N = np.ones(len(y_N))
        if weight_N is not None:
            share_N = np.maximum(weight_N[order_N], 1e-3 * weight_N.max())
            noise_N = share_N.mean() / share_N
        self.of_classes = aim.of_classes
        y_NK = np.eye(aim.classes)[y_N] if aim.of_classes else np.asarray(y_N, float)[:, None]
        centre_K, width = y_NK.mean(axis=0), float(y_NK.std(axis=0).mean()) or 1.0
        low_F, high_F = x_NF.min(axis=0), x_NF.max(axis=0)
        self.known = {"low": low_F, "range": np.where(high_F > low_F, high_F - low_F, 1.0)}
        u_NF, t_NK = torch.from_numpy(self._scaled(x_NF)), torch.from_numpy(y_NK - centre_K) / width
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            noises_N = torch.from_numpy(noise_N)
            kernel = _learn(u_NF[:SAMPLE], t_NK[:SAMPLE], noises_N[:SAMPLE], self.smooth)
            with torch.no_grad():
                root_NN = torch.linalg.cholesky(_covariance(u_NF, noises_N, kernel, self.smooth))
                solved_NK = torch.cholesky_solve(t_NK, root_NN)
                shift_K = centre_K
                if aim.levels:
                    precision_N = torch.cholesky_inverse(root_NN).diagonal()
                    left_out_N = (solved_NK[:, 0] / precision_N).numpy() * width
                    shift_K = centre_K + np.quantile(left_out_N, aim.levels)
        finally:
            torch.set_num_threads(before)
        self.known |= {
            "kernel": kernel.numpy(),
            "rows": u_NF.numpy(),
            "solved": solved_NK.numpy() * width,
            "shift": shift_K,
        }
        return self

    def _scaled(self, x_NF: Matrix) -> Matrix:
        return np.maximum((x_NF - self.known["low"]) / self.known["range"], 0.0)

    def predict(self, x_NF: Matrix) -> Matrix:
        """Return numbers, probabilities or quantiles, (N, K)."""
        kernel, rows = (torch.from_numpy(self.known[name]) for name in ("kernel", "rows"))
        parts = []
        for start in range(0, len(x_NF), 1000):
            u_NF = torch.from_numpy(self._scaled(x_NF[start : start + 1000]))
            covariance_NM = _between(u_NF, rows, kernel, self.smooth).numpy()
            parts.append(covariance_NM @ self.known["solved"])
        answer_NK = np.concatenate(parts) + self.known["shift"]
        if self.of_classes:
            answer_NK = np.clip(answer_NK, 1e-3, 1.0)
            answer_NK /= answer_NK.sum(axis=1, keepdims=True)
        return answer_NK

    def save(self, stem: Path) -> dict[str, Any]:
        """Write the kernel, the rows and what they add."""
        save_arrays(stem.with_suffix(".safetensors"), self.known)
        return {"of_classes": self.of_classes, "smooth": self.smooth}

    @classmethod
    def load(cls, stem: Path, facts: dict[str, Any]) -> Self:
        """Read what `save` wrote."""
        made = cls(facts["smooth"])
        made.known = load_arrays(stem.with_suffix(".safetensors"))
        made.of_classes = facts["of_classes"]
        return made


def _between(a_NF: Tensor, b_MF: Tensor, kernel: Tensor, smooth: bool) -> Tensor:
    """Return the covariances of rows with other rows, (N, M).

    `kernel` holds the logarithms of F lengths, F numbers that decide the powers, and the logarithms
    of the variance and the noise.
    """
    features = a_NF.shape[1]
    power_F = 0.05 + 1.2 * torch.sigmoid(kernel[features : 2 * features])
    length_F = torch.exp(kernel[:features]) / math.sqrt(12)

    def placed(u_NF: Tensor) -> Tensor:
        return (u_NF + _TINY) ** power_F / length_F

    a_NF, b_MF = placed(a_NF), placed(b_MF)
    squares_NM = (a_NF**2).sum(1)[:, None] + (b_MF**2).sum(1) - 2 * a_NF @ b_MF.T
    distance_NM = squares_NM.clamp(min=1e-12).sqrt() * (math.sqrt(3) if smooth else 1.0)
    covariance_NM = torch.exp(kernel[-2] - distance_NM)
    return covariance_NM * (1 + distance_NM) if smooth else covariance_NM


def _covariance(u_NF: Tensor, noise_N: Tensor, kernel: Tensor, smooth: bool) -> Tensor:
    noise_NN = torch.diag(torch.exp(kernel[-1]) * noise_N + LEAST_NOISE)
    return _between(u_NF, u_NF, kernel, smooth) + noise_NN


def _learn(u_SF: Tensor, t_SK: Tensor, noise_S: Tensor, smooth: bool) -> Tensor:
    """Maximise the marginal likelihood, times wide priors of lengths and powers, by L-BFGS."""
    features = u_SF.shape[1]
    length = 0.5 * math.log(features)
    power = math.log((_USUAL_POWER - 0.05) / (1.25 - _USUAL_POWER))
    start = np.array([length] * features + [power] * features + [0.0, math.log(0.1)])
    bounds = [(-6, 8)] * features + [(-6, 6)] * features + [(-6, 6), (-9, 3)]

    def unlikely(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        kernel = torch.tensor(values, requires_grad=True)
        root_SS, failed = torch.linalg.cholesky_ex(_covariance(u_SF, noise_S, kernel, smooth))
        if failed:
            return 1e10, np.zeros_like(values)
        fit = 0.5 * (t_SK * torch.cholesky_solve(t_SK, root_SS)).sum()
        size = t_SK.shape[1] * root_SS.diagonal().log().sum()
        far = ((kernel[:features] - length) / _LENGTH_SPREAD) ** 2
        bent = ((kernel[features : 2 * features] - power) / _POWER_SPREAD) ** 2
        loss = fit + size + 0.5 * (far + bent).sum()
        (slope,) = torch.autograd.grad(loss, kernel)
        return loss.item(), slope.numpy()

    found = minimize(
        unlikely, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": ITERATIONS}
    )
    return torch.from_numpy(found.x)
