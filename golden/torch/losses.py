# SPDX-License-Identifier: BSD-2-Clause
"""Losses on output spike times z [n, classes] of networks that decide by the first spike."""

import torch
from torch.nn import functional


def first_spike_loss(
    z: torch.Tensor,
    labels: torch.Tensor,
    *,
    beta: float = 6.0,
    phantom: float | None = None,
    smoothing: float = 0.0,
) -> torch.Tensor:
    """Return the mean cross-entropy on softmax(-beta z): the label's neuron learns to spike first.

    `labels`: int64 [n]. `phantom` is the spike time of a further class that is always wrong, so the
    label must be earlier. The target probability spreads a share `smoothing` over the classes.
    Silent outputs need a time: see `FirstSpikeLinear(output=True)`.
    """
    logits = -beta * z
    total = logits
    if phantom is not None:
        total = functional.pad(logits, (0, 1), value=-beta * phantom)
    target = logits.gather(1, labels[:, None])[:, 0]
    if smoothing:
        target = (1 - smoothing) * target + smoothing * logits.mean(1)
    return (total.logsumexp(1) - target).mean()


def margin_loss(z: torch.Tensor, labels: torch.Tensor, *, margin: float = 0.5) -> torch.Tensor:
    """Return the mean of max(0, z[label] + margin - the earliest other z).

    `labels`: int64 [n]. The loss is 0 if the decision is right by the margin.
    """
    label = functional.one_hot(labels, z.shape[1]).bool()
    earliest_other = z.masked_fill(label, torch.inf).amin(1)
    return (z[label] - earliest_other + margin).clamp(min=0).mean()
