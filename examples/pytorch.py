"""Ordinary PyTorch trains a first-spike network, quantised as it learns, and it becomes a core.

MNIST, with a loss of one's own: the label's neuron is to spike first, and by a margin. Needs
`firstspike[torch]` and the data (`firstspike fetch mnist`).
"""

import argparse
from itertools import pairwise

import numpy as np
import torch
from show import command

from firstspike.golden.data.sets import load_dataset
from firstspike.golden.training.augment import Augmentation
from firstspike.torch import (
    Encoder,
    FirstSpikeLinear,
    decide,
    first_spike_loss,
    margin_loss,
    quantise,
    to_network,
)

BATCH = 200
AUGMENTATION = Augmentation(rotation=0.12, scale=0.08, shear=0.08, elastic=0.5, brightness=0.15)


def module(sizes: list[int]) -> torch.nn.Sequential:
    """Layers of neurons that spike once; in the last the first spike decides."""
    layers = [
        FirstSpikeLinear(n_in, n_out, output=at == len(sizes) - 2, horizon=12.0, smallest_slope=3.0)
        for at, (n_in, n_out) in enumerate(pairwise(sizes))
    ]
    return torch.nn.Sequential(*layers)


def loss_of(z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Of times z [n, classes]: cross-entropy, and that the label's is half a unit ahead."""
    return first_spike_loss(z, labels, smoothing=0.05) + margin_loss(z, labels, margin=0.5)


def accuracy(model: torch.nn.Module, z: torch.Tensor, labels: np.ndarray) -> float:
    """Share of input times z [n, n_inputs] that are decided as the labels [n] say."""
    with torch.no_grad():
        decisions = torch.cat([decide(model(part)) for part in z.split(1000)])
    return float((decisions.numpy() == labels).mean())


class Training:
    """Digits, the last 5,000 of which judge, and a module that learns the others."""

    def __init__(self, hidden: list[int], seed: int) -> None:
        """Load MNIST and draw the weights."""
        torch.manual_seed(seed)
        self.rng = np.random.default_rng(seed)
        self.data = load_dataset("mnist")
        self.pixels = self.data.x_train.reshape(-1, 784)
        self.encoder = Encoder(self.pixels, "levels-4", n_connected=512, late=96, deadline=192)
        self.model = module([self.encoder.n_inputs, *hidden, 10])

    def run(self, epochs: int, rate: float) -> None:
        """AdamW, with a rate that falls to 0."""
        images, labels = self.pixels[:-5000], torch.tensor(self.data.y_train[:-5000]).long()
        judges = self.encoder(self.pixels[-5000:]), self.data.y_train[-5000:]
        optimiser = torch.optim.AdamW(self.model.parameters(), rate, weight_decay=0.1)
        steps = len(images) // BATCH
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, epochs * steps))
        for epoch in range(epochs):
            fields = AUGMENTATION.fields(28, self.rng)
            for batch in torch.randperm(len(images)).split(BATCH)[:steps]:
                varied = AUGMENTATION.apply(images[batch], fields, self.rng)
                loss = loss_of(self.model(self.encoder(varied)), labels[batch])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
            print(
                f"epoch {epoch + 1}/{epochs}  held out {accuracy(self.model, *judges):.2%}",
                flush=True,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hidden", type=int, nargs="+", default=[200, 200], metavar="N")
    parser.add_argument(
        "--epochs", type=int, nargs=2, default=[4, 1], metavar=("REAL", "QUANTISED")
    )
    parser.add_argument("--bits", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    training = Training(options.hidden, options.seed)
    model, encoder = training.model, training.encoder
    training.run(options.epochs[0], 2e-3)
    quantise(model, encoder, options.bits)
    training.run(options.epochs[1], 5e-4)

    x, y = training.data.x_test, training.data.y_test
    print(f"test digits, quantised module: {accuracy(model, encoder(x), y):.2%}")
    to_network(model, encoder).save("pytorch.npz")
    command("run pytorch.npz --dataset mnist --images 10000")
    command("compare pytorch.npz --dataset mnist --target rtl --lanes 32")
    command("boards pytorch.npz --dataset mnist")
    command("export pytorch.npz -o pytorch.nir")
