# SPDX-License-Identifier: BSD-2-Clause
"""Fits a rule to builds: prior knowledge yields to measurements as far as these are informative."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

EXPECTED = 4


class Fit(NamedTuple):
    """A fitted rule."""

    coefficients: np.ndarray
    """float64 [k]"""
    error: float
    """Standard deviation of the rule's estimates."""


def fitted(X: np.ndarray, y: np.ndarray, known: ArrayLike, spread: ArrayLike, noise: float) -> Fit:
    """Fit the rule to features X [n, k] of n builds and their measured figures y [n]."""
    scale = 1 / np.asarray(spread, float)
    A = np.vstack([X.reshape(-1, scale.size) / noise, np.diag(scale)])
    b = np.concatenate([y / noise, scale * np.asarray(known)])
    Q, R = np.linalg.qr(A)
    coefficients = np.linalg.solve(R, Q.T @ b)
    hat = np.square(Q[: len(y)]).sum(axis=1)
    left_out = (A[: len(y)] @ coefficients * noise - y) / (1 - hat)
    squares = np.square(left_out).sum() + EXPECTED * noise**2
    return Fit(coefficients, float(np.sqrt(squares / (len(y) + EXPECTED))))
