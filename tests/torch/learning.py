# SPDX-License-Identifier: BSD-2-Clause
"""An ordinary training loop, and the check that the network it ends with decides alike."""

from collections.abc import Iterable

import numpy as np
import torch

from firstspike.golden import Network, encode, infer
from firstspike.torch import Encoder, decide, first_spike_loss, quantise, to_network


def learned(
    model: torch.nn.Module,
    encoder: Encoder,
    samples: np.ndarray,
    labels: np.ndarray,
    trained_on: int,
    stages: Iterable[tuple[int, float]],
) -> tuple[Network, float]:
    """Train on the first samples; return the network, and its accuracy on the others.

    `stages` are epochs and rates; after each the module is quantised to 6 bits. Module and network
    must decide alike on all samples [n, ...].
    """
    z, y = encoder(samples), torch.from_numpy(labels)
    for epochs, rate in stages:
        optimiser = torch.optim.Adam(model.parameters(), rate)
        for _ in range(epochs):
            for batch in torch.randperm(trained_on).split(50):
                loss = first_spike_loss(model(z[batch]), y[batch])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
        quantise(model, encoder, bits=6)
    with torch.no_grad():
        decisions = decide(model(z)).numpy()
    network = to_network(model, encoder)
    np.testing.assert_array_equal(infer(network, encode(network, samples)).decision, decisions)
    return network, float((decisions == labels)[trained_on:].mean())
