# SPDX-License-Identifier: BSD-2-Clause
"""Fits a rule to builds: what is known beforehand gives way to measurements, as far as these tell.

Of a rule X c the coefficients c [k] are those of the least

    sum over builds ((X c - y) / noise)^2  +  sum over coefficients ((c - known) / spread)^2

so that a feature that no build has keeps its coefficient. The error is that of leaving out one
build at a time, of each the residual of a fit to the others: r / (1 - h), h on the diagonal of the
hat matrix.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Fit(NamedTuple):
    """A fitted rule."""

    coefficients: np.ndarray
    """float64 [k]"""
    error: float
    """Root mean square of the residuals of builds that are left out; the noise without builds."""


def fitted(
    X: np.ndarray, y: np.ndarray, known: Sequence[float], spread: Sequence[float], noise: float
) -> Fit:
    """The rule for features X [n, k] of n builds, measured values y [n]; all else as above."""
    scale = 1 / np.asarray(spread, float)
    A = np.vstack([np.asarray(X, float).reshape(len(y), -1) / noise, np.diag(scale)])
    b = np.concatenate([np.asarray(y, float) / noise, scale * np.asarray(known, float)])
    Q, R = np.linalg.qr(A)
    coefficients = np.linalg.solve(R, Q.T @ b)
    if not len(y):
        return Fit(coefficients, noise)
    hat = np.square(Q[: len(y)]).sum(axis=1)
    left_out = (X @ coefficients - y) / (1 - hat)
    return Fit(coefficients, float(np.sqrt(np.square(left_out).mean())))
