# SPDX-License-Identifier: BSD-2-Clause
"""Losses of networks whose class is the output that spikes first, on its times z [n, classes]."""

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
    """Mean cross-entropy on softmax(-beta z), so that the label's neuron is to spike first.

    `labels`: int64 [n]. `phantom` is the time of one more class that is always wrong: the label
    has to be earlier. A share `smoothing` of the probability is asked to be spread over the
    classes. Silent outputs need a time: see `FirstSpikeLinear(output=True)`.
    """
    logits = -beta * z
    total = logits
    if phantom is not None:
        total = functional.pad(logits, (0, 1), value=-beta * phantom)
    wanted = logits.gather(1, labels[:, None])[:, 0]
    if smoothing:
        wanted = (1 - smoothing) * wanted + smoothing * logits.mean(1)
    return (total.logsumexp(1) - wanted).mean()


def margin_loss(z: torch.Tensor, labels: torch.Tensor, *, margin: float = 0.5) -> torch.Tensor:
    """Mean of how much later than `margin` before the first other output the label's spikes.

    `labels`: int64 [n]. It is 0 where the decision is right by the margin.
    """
    label = functional.one_hot(labels, z.shape[1]).bool()
    others = z.masked_fill(label, torch.inf).amin(1)
    return (z[label] - others + margin).clamp(min=0).mean()
