# SPDX-License-Identifier: BSD-2-Clause
"""Ordinary PyTorch trains a first-spike network, quantised as it learns, and it becomes a core.

Two hidden layers and a loss of one's own: the label's neuron is to spike first, and by a margin.
The digits of scikit-learn, or with --mnist those of MNIST (`firstspike fetch mnist`). It needs
`pip install ".[torch,nir]"`.
"""

import argparse
from importlib.util import find_spec
from itertools import pairwise

import nir
import numpy as np
import torch
from frameworks import spikingjelly
from show import command
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from firstspike import encode, infer
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

AUGMENTATION = Augmentation(rotation=0.12, scale=0.08, shear=0.08, elastic=0.5, brightness=0.15)


def module(sizes: list[int]) -> torch.nn.Sequential:
    """Layers of neurons that spike once; in the last the first spike decides."""
    layers = [
        FirstSpikeLinear(n_in, n_out, output=at == len(sizes) - 2, horizon=12.0, smallest_slope=3.0)
        for at, (n_in, n_out) in enumerate(pairwise(sizes))
    ]
    return torch.nn.Sequential(*layers)


def loss_of(z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the loss of times z [n, classes]: cross-entropy, plus a lead of half a unit."""
    return first_spike_loss(z, labels, smoothing=0.05) + margin_loss(z, labels, margin=0.5)


def decisions(model: torch.nn.Module, z: torch.Tensor) -> np.ndarray:
    """Classes int64 [n] of input times z [n, n_inputs]."""
    with torch.no_grad():
        return torch.cat([decide(model(part)) for part in z.split(1000)]).numpy()


class Training:
    """A module, and the images it learns, the last twelfth of which judge instead."""

    def __init__(
        self, model: torch.nn.Module, encoder: Encoder, images: np.ndarray, labels: np.ndarray
    ) -> None:
        """`images`: pixels uint8 [n, pixels], `labels`: int [n]."""
        self.model, self.encoder = model, encoder
        self.count = len(images) - len(images) // 12
        self.images, self.labels = images, labels
        self.rng = np.random.default_rng(options.seed)

    def run(self, epochs: int, rate: float) -> None:
        """AdamW, with a rate that falls to 0."""
        judges = self.encoder(self.images[self.count :])
        labels = torch.tensor(self.labels).long()
        size = max(20, self.count // 275)
        steps = self.count // size
        optimiser = torch.optim.AdamW(self.model.parameters(), rate, weight_decay=0.1)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, epochs * steps))
        for epoch in range(epochs):
            fields = AUGMENTATION.fields(28, self.rng) if options.mnist else None
            for batch in torch.randperm(self.count).split(size)[:steps]:
                images = self.images[batch]
                if fields is not None:
                    images = AUGMENTATION.apply(images, fields, self.rng)
                loss = loss_of(self.model(self.encoder(images)), labels[batch])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
            held_out = (decisions(self.model, judges) == self.labels[self.count :]).mean()
            print(f"epoch {epoch + 1}/{epochs}  held out {held_out:.2%}", flush=True)


def in_spikingjelly(expected: np.ndarray) -> None:
    """Run the exported graph and spikes, and count decisions that are not as `expected` [n].

    Where outputs spike in the same step their potentials decide, which spikes do not tell.
    """
    trains = nir.read_data("pytorch.data.nir").nodes["input"].observables["spikes"].data
    steps = spikingjelly(nir.read("pytorch.nir"), trains)[-1].astype(float)
    steps[steps < 0] = np.inf
    alone = (steps == steps.min(axis=1, keepdims=True)).sum(axis=1) == 1
    differ = (steps.argmin(axis=1) != expected)[alone].sum()
    print(f"{differ} of {alone.sum()} decisions differ in SpikingJelly")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mnist", action="store_true", help="instead of scikit-learn's digits")
    parser.add_argument("--hidden", type=int, nargs="+", default=[60, 40], metavar="N")
    parser.add_argument("--epochs", type=int, nargs=2, default=[30, 4], metavar=("REAL", "INTEGER"))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.manual_seed(options.seed)

    if options.mnist:
        mnist, name = load_dataset("mnist"), "mnist"
        x, y, x_test, y_test = mnist.x_train, mnist.y_train, mnist.x_test, mnist.y_test
        x = x.reshape(len(x), -1)
        encoder = Encoder(x, "levels-4", n_connected=512, late=96, deadline=192)
    else:
        pixels, classes = load_digits(return_X_y=True)
        x, x_test, y, y_test = train_test_split(
            (pixels * 15.9).astype(np.uint8), classes, stratify=classes, random_state=0
        )
        name = "pytorch-data.npz"
        np.savez_compressed(name, x_train=x, y_train=y, x_test=x_test, y_test=y_test)
        encoder = Encoder(x, "levels-16", complement=True, deadline=192)
    model = module([encoder.n_inputs, *options.hidden, 10])

    training = Training(model, encoder, x, y)
    training.run(options.epochs[0], 2e-3)
    quantise(model, encoder, bits=8)
    training.run(options.epochs[1], 5e-4)

    network = to_network(model, encoder)
    network.save("pytorch.npz")
    module_decisions = decisions(model, encoder(x_test))
    core_results = infer(network, encode(network, x_test))
    print(f"mean  {np.mean(module_decisions == y_test):.2%} of the test images, by the module")
    differences = np.sum(module_decisions != core_results.decision)
    print(f"{differences} of its decisions differ from the network's")
    command(f"run pytorch.npz --dataset {name} --images {len(x_test)}")
    command(f"compare pytorch.npz --dataset {name} --target rtl --lanes 8")
    command(f"boards pytorch.npz --dataset {name}")
    command(f"convert pytorch.npz --form cuba --dataset {name} --images 100 -o pytorch.nir")
    if find_spec("spikingjelly"):
        in_spikingjelly(core_results.decision[:100])
