# SPDX-License-Identifier: BSD-2-Clause
"""Times a step of learning by `FirstSpikeLinear` beside one of our own optimiser.

    python -m docs.torch.rate

784-600-10, 64 images, forward and backward by one thread; both in turns, the medians.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from firstspike.golden.data.sets import load_dataset
from firstspike.golden.layers.registry import layers_of
from firstspike.golden.training.optimiser import Optimiser
from firstspike.golden.training.specification import Training
from firstspike.torch import Encoder, FirstSpikeLinear, first_spike_loss

IMAGES, TURNS, STEPS = 64, 10, 20


def steps(encoding: str) -> tuple[Callable[[], object], Callable[[], object]]:
    """A step of each, with the same weights."""
    torch.manual_seed(0)
    data = load_dataset("mnist")
    pixels, labels = data.x_train[:IMAGES], data.y_train[:IMAGES].astype(np.int64)
    encoder = Encoder(pixels, encoding)
    model = torch.nn.Sequential(FirstSpikeLinear(784, 600), FirstSpikeLinear(600, 10, output=True))
    training = Training(horizon=6.0, beta=6.0, sparsity=0.0)
    network = encoder.network
    ticks = network.coding.table(network)
    table = np.where(ticks > 0, ticks / encoder.network.unit, np.inf)
    layers = layers_of((600,), 784, 10, (28, 28))
    optimiser = Optimiser(training, layers, 784, table, np.random.default_rng(0))
    optimiser.weights = [
        layer.weight.detach().numpy().T.astype(np.float32, order="C") for layer in model
    ]
    levels, z, y = network.coding.values(network, pixels), encoder(pixels), torch.from_numpy(labels)

    def module() -> None:
        model.zero_grad()
        first_spike_loss(model(z), y).backward()

    return lambda: optimiser.step(levels, labels, 0.0), module


def seconds(step: Callable[[], object]) -> float:
    """Return the mean seconds of a step."""
    began = time.perf_counter()
    for _ in range(STEPS):
        step()
    return (time.perf_counter() - began) / STEPS


if __name__ == "__main__":
    torch.set_num_threads(1)
    for encoding in ("binary", "levels-16"):
        ours, module = steps(encoding)
        ours(), module()  # compiles
        times = [(seconds(ours), seconds(module)) for _ in range(TURNS)]
        a, b = (statistics.median(column) * 1e3 for column in zip(*times, strict=True))
        ratio = statistics.median(theirs / own for own, theirs in times)
        print(f"{encoding}: optimiser {a:.1f} ms, module {b:.1f} ms, ratio {ratio:.2f}")
