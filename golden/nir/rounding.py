# SPDX-License-Identifier: BSD-2-Clause
"""Rounds the real weights of a graph to an integer network, and measures the effect."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from firstspike.golden.encoding import encode
from firstspike.golden.integer import infer
from firstspike.golden.layers.dense import Dense
from firstspike.golden.layers.kind import LayerKind
from firstspike.golden.layers.registry import geometry_of
from firstspike.golden.network import Network
from firstspike.golden.training.quantise import best_threshold, quantised
from firstspike.golden.training.specification import LONGEST, Training

from .graph import NirError
from .real_weights import RealLayer

if TYPE_CHECKING:
    from firstspike.golden.training.optimiser import Optimiser

DEFAULT_BITS = 8


@dataclass(frozen=True)
class Calibrated:
    """Accuracy before and after rounding, on the samples used to choose the thresholds."""

    samples: int
    real: float
    """Accuracy with real weights and spike times."""
    integer: float
    """Accuracy of the integer network."""


def rounded_network(
    layers: Sequence[RealLayer],
    template: Network,
    bits: int = DEFAULT_BITS,
    samples: np.ndarray | None = None,
    labels: np.ndarray | None = None,
    **fields: Any,
) -> tuple[Network, Calibrated | None]:
    """Return the network of real layers, the first with a row of weights per input.

    Thresholds have the smallest squared error of the weights, unless other thresholds cost far less
    on `samples` [n, ...] with `labels` int [n]. `fields` are further fields of `Network`. Raises
    `NirError`, `EncodingError`, `NetworkError`.
    """
    kinds = [layer.kind for layer in layers]
    n_inputs = kinds[0].n_in
    if n_inputs not in (template.n_inputs, len(template.inputs)):
        raise NirError(
            f"the graph has {n_inputs} inputs: what is said of the samples makes "
            f"{template.n_inputs}."
        )
    real = [layer.weights.astype(np.float32) for layer in layers]
    if isinstance(kinds[0], Dense) and n_inputs == template.n_inputs:
        real[0] = real[0][template.inputs]
        kinds[0] = Dense(*real[0].shape)
    fields["geometry"] = geometry_of(kinds)
    thresholds: Sequence[int] = [best_threshold(W, bits) for W in real]
    judged = samples is not None and labels is not None
    if judged:
        ticks, labels = encode(template, samples), np.asarray(labels, np.int64)
        optimiser, values = _judge(template, kinds, ticks, labels, bits)
        thresholds = optimiser.useful_thresholds(real, values, labels)
    network = quantised(template, real, bits, thresholds, **fields)
    if not judged:
        return network, None
    before = optimiser.forward(real, values)[-1].argmin(axis=1)
    after = infer(network, ticks).decision
    right = (float((decisions == labels).mean()) for decisions in (before, after))
    return network, Calibrated(len(ticks), *right)


def _judge(
    template: Network,
    layers: Sequence[LayerKind],
    ticks: np.ndarray,
    labels: np.ndarray,
    bits: int,
) -> "tuple[Optimiser, np.ndarray]":
    """Return an optimiser that runs real weights on spike ticks, and its values for these ticks."""
    from firstspike.golden.training.optimiser import Optimiser  # importing numba is slow

    if labels.min() < 0 or labels.max() >= layers[-1].n_out:
        raise NirError(
            f"the labels go from {labels.min()} to {labels.max()}: the graph has "
            f"{layers[-1].n_out} outputs."
        )
    used, values = np.unique(ticks, return_inverse=True)
    horizon = min(LONGEST, template.deadline / template.unit)
    training = Training(weight_bits=bits, horizon=horizon, phantom=np.inf)
    table = np.where(used > 0, used / template.unit, np.inf)
    rng = np.random.default_rng(1)
    optimiser = Optimiser(training, layers, template.n_inputs, table, rng)
    return optimiser, values.reshape(ticks.shape).astype(np.min_scalar_type(len(used)))
