# SPDX-License-Identifier: BSD-2-Clause
"""Fits a rule to builds: prior knowledge gives way to measurements, as far as these tell.

The coefficients c [k] of a rule X c minimise

    sum over builds ((X c - y) / noise)^2  +  sum over coefficients ((c - known) / spread)^2

so that a feature that no build has keeps its coefficient. The error is the root mean square of the
residuals that each build has in a fit to the others: r / (1 - h), h on the diagonal of the hat
matrix. A few builds may agree by chance, so the noise counts in it as `EXPECTED` more builds would.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

EXPECTED = 4


class Fit(NamedTuple):
    """A fitted rule."""

    coefficients: np.ndarray
    """float64 [k]"""
    error: float
    """Standard deviation of what the rule says."""


def fitted(X: np.ndarray, y: np.ndarray, known: ArrayLike, spread: ArrayLike, noise: float) -> Fit:
    """Fit the rule to features X [n, k] of n builds and the figures y [n] that were measured."""
    scale = 1 / np.asarray(spread, float)
    A = np.vstack([X.reshape(-1, scale.size) / noise, np.diag(scale)])
    b = np.concatenate([y / noise, scale * np.asarray(known)])
    Q, R = np.linalg.qr(A)
    coefficients = np.linalg.solve(R, Q.T @ b)
    hat = np.square(Q[: len(y)]).sum(axis=1)
    left_out = (A[: len(y)] @ coefficients * noise - y) / (1 - hat)
    squares = np.square(left_out).sum() + EXPECTED * noise**2
    return Fit(coefficients, float(np.sqrt(squares / (len(y) + EXPECTED))))
