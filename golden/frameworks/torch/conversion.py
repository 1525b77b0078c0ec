# SPDX-License-Identifier: BSD-2-Clause
"""Converts modules of first-spike layers to integer networks of the golden model, and back."""

import copy
import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from firstspike.golden.encoding import encode
from firstspike.golden.encodings.samples import checked_samples
from firstspike.golden.integer import infer
from firstspike.golden.network import Network
from firstspike.golden.system.errors import FirstSpikeError
from firstspike.golden.training.prepared import fitted_template
from firstspike.golden.training.quantise import best_threshold

from .layer import FirstSpikeLinear, Quantised

_TRIED = 200  # random inputs on which a module and its network are compared
_HARMLESS = (torch.nn.Flatten, torch.nn.Identity)


class ConversionError(FirstSpikeError, ValueError):
    """A module or network that has no counterpart; the message says why."""


class Encoder:
    """Turns samples into input times in z: the part of a network file before the first layer.

    Parameters
    ----------
    samples : [n, ...] that the encoding is fitted to: pixels uint8, features, or time series
    encoding : "binary", "levels-N", "crossings-L" or "ticks"
    more : of `Parameters` what is about inputs and times: `unit`, `deadline`, `late`, `complement`,
        `constant`, `threshold`, `n_connected`
    names, classes : of the features and of the classes, for the network to keep

    Raises `EncodingError`, `NetworkError`, `TrainingError`.
    """

    def __init__(
        self,
        samples: Any,
        encoding: str = "binary",
        *,
        names: Sequence[str] = (),
        classes: Sequence[str] = (),
        **more: Any,
    ) -> None:
        fields = {"encoding": encoding, **more}
        self.network: Network = fitted_template(checked_samples(samples), tuple(names), **fields)
        self.classes = tuple(classes)

    @classmethod
    def of(cls, network: Network) -> "Encoder":
        """Return the encoder of a network."""
        encoder = cls.__new__(cls)
        encoder.network, encoder.classes = network, network.classes
        return encoder

    @property
    def n_inputs(self) -> int:
        """Number of connected inputs, which the first layer takes."""
        return len(self.network.inputs)

    def __call__(self, samples: Any) -> torch.Tensor:
        """Return times float32 [n, n_inputs] of samples [n, ...], inf for silent inputs."""
        ticks = torch.from_numpy(encode(self.network, samples))
        return torch.where(ticks > 0, ticks / self.network.unit, torch.inf)


def quantise(model: torch.nn.Module, encoder: Encoder, bits: int = 8) -> None:
    """Quantise all layers of a module, with the unit and the deadline of `encoder`.

    The thresholds are those that keep the weights best. Raises `ConversionError`.
    """
    for layer in layers_of(model):
        W = layer.weight.detach().cpu().numpy()
        if not np.isfinite(W).all():
            raise ConversionError(f"{layer} has weights that are not finite.")
        layer.quantised = Quantised(
            bits, best_threshold(W, bits), encoder.network.unit, encoder.network.deadline
        )


def to_network(model: torch.nn.Module, encoder: Encoder, bits: int = 8) -> Network:
    """Return the integer network of a module of first-spike layers, one after the other.

    A module that is not quantised yet is so in a copy, to `bits`. Module and network are compared
    on random inputs: a module that does anything besides its layers is found out.
    Raises `ConversionError`.
    """
    layers = layers_of(model)
    if layers[0].in_features != encoder.n_inputs:
        raise ConversionError(
            f"the first layer has {layers[0].in_features} inputs, the encoder {encoder.n_inputs}."
        )
    classes = encoder.classes
    if classes and len(classes) != layers[-1].out_features:
        raise ConversionError(
            f"the last layer has {layers[-1].out_features} neurons for {len(classes)} classes."
        )
    if layers[0].quantised is None:
        model = copy.deepcopy(model)
        quantise(model, encoder, bits)
        layers = layers_of(model)
    made = [layer.quantised for layer in layers if layer.quantised is not None]
    if {(to.unit, to.deadline) for to in made} != {
        (encoder.network.unit, encoder.network.deadline)
    }:
        raise ConversionError("the layers are not quantised with the times of this encoder.")
    network = replace(
        encoder.network,
        weights=tuple(layer.integers().T.cpu().numpy().astype(np.int32) for layer in layers),
        weight_bits=tuple(to.bits for to in made),
        thresholds=tuple(to.threshold for to in made),
        classes=classes,
    )
    _compare(model, network)
    return network


def from_network(network: Network) -> torch.nn.Sequential:
    """Return a quantised module that decides as a network does.

    Raises `ConversionError`, and `NetworkError` for layers that are not dense.
    """
    if network.max_spikes > 1:
        raise ConversionError(
            f"a neuron of this network spikes up to {network.max_spikes} times: layers spike once."
        )
    network.check_dense("this module")
    layers = []
    for at, (w, bits, threshold) in enumerate(
        zip(network.weights, network.weight_bits, network.thresholds, strict=True)
    ):
        layer = FirstSpikeLinear(*w.shape, output=at == network.n_layers - 1)
        layer.weight.data = torch.from_numpy(w.T / np.float64(threshold))
        layer.quantised = Quantised(bits, threshold, network.unit, network.deadline)
        layers.append(layer)
    return torch.nn.Sequential(*layers)


def decide(z: torch.Tensor) -> torch.Tensor:
    """Return classes int64 [...] of output times [..., n]: the first, of equals the lowest."""
    at = torch.arange(z.shape[-1], device=z.device)
    return torch.where(z == z.amin(-1, keepdim=True), at, z.shape[-1]).amin(-1)


def layers_of(model: torch.nn.Module) -> list[FirstSpikeLinear]:
    """Return the layers of a module in order. Raises `ConversionError` for other parts."""
    layers = []
    for name, part in model.named_modules():
        if isinstance(part, FirstSpikeLinear):
            layers.append(part)
        elif not list(part.children()) and not isinstance(part, _HARMLESS):
            raise ConversionError(
                f"{name or 'the module'} is a {type(part).__name__}, which has no counterpart in "
                "hardware: only FirstSpikeLinear has, one after the other."
            )
    if not layers:
        raise ConversionError("the module has no FirstSpikeLinear.")
    for before, after in itertools.pairwise(layers):
        if before.out_features != after.in_features:
            raise ConversionError(f"{after} does not follow on {before}.")
    if [layer.output for layer in layers] != [False] * (len(layers) - 1) + [True]:
        raise ConversionError("the last layer, and no other, must have output=True.")
    if len({layer.quantised is None for layer in layers}) > 1:
        raise ConversionError("some layers are quantised and some are not: quantise the module.")
    return layers


def _compare(model: torch.nn.Module, network: Network) -> None:
    rng = np.random.default_rng(0)
    shape = _TRIED, network.weights[0].shape[0]
    ticks = rng.integers(1, network.deadline + 1, shape) * (
        rng.random(shape) < rng.random((_TRIED, 1))
    )
    device = next(model.parameters()).device
    z = torch.from_numpy(np.where(ticks > 0, ticks / network.unit, np.inf)).to(device)
    training = model.training
    model.eval()
    with torch.no_grad():
        decisions = decide(model(z)).cpu().numpy()
    model.train(training)
    if not np.array_equal(decisions, infer(network, ticks.astype(np.int32)).decision):
        raise ConversionError(
            "the module decides otherwise than its layers do one after the other: "
            "what its forward does besides has no counterpart in hardware."
        )
