# SPDX-License-Identifier: BSD-2-Clause
"""Converts modules of first-spike layers to integer networks, and networks to modules."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from firstspike.golden.encoding import encode
from firstspike.golden.encodings.samples import checked_samples
from firstspike.golden.integer import infer
from firstspike.golden.layers.convolution import Convolution
from firstspike.golden.layers.geometry import Geometry
from firstspike.golden.network import Network
from firstspike.golden.shipped import NetworkSource, load_network
from firstspike.golden.system.errors import FirstSpikeError
from firstspike.golden.training.quantise import best_threshold
from firstspike.golden.training.samples import fitted_template

from .convolution import FirstSpikeConv, FirstSpikeConv1d, FirstSpikeConv2d
from .layer import FirstSpikeLayer, FirstSpikeLinear, Quantised

_TRIED = 200  # random inputs on which a module and its network are compared
_HARMLESS = (torch.nn.Flatten, torch.nn.Unflatten, torch.nn.Identity)


class ConversionError(FirstSpikeError, ValueError):
    """A module or network has no counterpart; the message gives the reason."""


class Encoder:
    """Turns samples into input times in z: the part of a network file before the first layer.

    Parameters
    ----------
    samples : [n, ...] that the encoding is fitted to: pixels uint8, features, or time series
    encoding : "binary", "levels-N", "crossings-L" or "ticks"
    more : fields of `Training` for inputs and times: `unit`, `deadline`, `late`, `complement`,
        `constant`, `cutoff`, `n_connected`
    names, classes : names of the features and of the classes, stored in the network

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
    def of(cls, network: NetworkSource) -> "Encoder":
        """Return the encoder of a network, as `load_network` accepts it."""
        encoder = cls.__new__(cls)
        encoder.network = load_network(network)
        encoder.classes = encoder.network.classes
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

    The thresholds are those with the smallest squared error of the weights. Raises
    `ConversionError`.
    """
    for layer in layers_of(model):
        W = layer.weight.detach().cpu().numpy()
        if not np.isfinite(W).all():
            raise ConversionError(f"{layer} has weights that are not finite.")
        layer.quantised = Quantised(
            bits, best_threshold(W, bits), encoder.network.unit, encoder.network.deadline
        )


def to_network(
    model: torch.nn.Module, encoder: Encoder, bits: int = 8, *, classes: Sequence[str] | None = None
) -> Network:
    """Return the integer network of a module that is a sequence of first-spike layers.

    `classes` are the names of the outputs, None for those of the encoder. Without names the outputs
    are the classes 0, 1, 2 and so on: a table with other labels needs names in their order.
    A module that is not quantised yet is quantised to `bits` in a copy. The function compares
    module and network on random inputs, and so detects a module that does anything besides its
    layers. Raises `ConversionError`.
    """
    layers = layers_of(model)
    geometry = _geometry(model, layers, encoder.n_inputs)
    classes = encoder.classes if classes is None else tuple(classes)
    neurons = len(layers[-1].weight)
    if classes and len(classes) != neurons:
        raise ConversionError(f"the last layer has {neurons} neurons for {len(classes)} classes.")
    if layers[0].quantised is None:
        model = copy.deepcopy(model)
        quantise(model, encoder, bits)
        layers = layers_of(model)
    quantisations = [layer.quantised for layer in layers if layer.quantised is not None]
    if {(to.unit, to.deadline) for to in quantisations} != {
        (encoder.network.unit, encoder.network.deadline)
    }:
        raise ConversionError("the layers are not quantised with the times of this encoder.")
    network = replace(
        encoder.network,
        weights=tuple(
            layer.integers().flatten(1).T.cpu().numpy().astype(np.int32) for layer in layers
        ),
        weight_bits=tuple(to.bits for to in quantisations),
        thresholds=tuple(to.threshold for to in quantisations),
        classes=classes,
        geometry=geometry,
    )
    _compare(model, network)
    return network


def from_network(network: NetworkSource) -> torch.nn.Sequential:
    """Return a quantised module with the same decisions as a network, as `load_network` accepts it.

    Raises `ConversionError`.
    """
    network = load_network(network)
    if network.max_spikes > 1:
        raise ConversionError(
            f"a neuron of this network spikes up to {network.max_spikes} times: layers spike once."
        )
    parts: list[torch.nn.Module] = []
    kinds = zip(
        network.layers, network.weights, network.weight_bits, network.thresholds, strict=True
    )
    for at, (kind, w, bits, threshold) in enumerate(kinds):
        follows = bool(parts) and isinstance(parts[-1], FirstSpikeConv)
        output = at == network.n_layers - 1
        layer: FirstSpikeLayer
        if isinstance(kind, Convolution):
            layer = _convolving(kind.geometry, kind.maps, kind.filters)
            if not follows:
                size = kind.geometry.size[-layer.dimensions :]
                parts.append(torch.nn.Unflatten(-1, (kind.maps, *size)))
        else:
            layer = FirstSpikeLinear(*w.shape, output=output)
            if follows:
                parts.append(torch.nn.Flatten())
        layer.weight.data = torch.from_numpy(w.T / np.float64(threshold)).reshape_as(layer.weight)
        layer.quantised = Quantised(bits, threshold, network.unit, network.deadline)
        parts.append(layer)
    return torch.nn.Sequential(*parts)


def _convolving(geometry: Geometry, maps: int, filters: int) -> FirstSpikeConv:
    """Return a layer with this geometry; maps of one row are series."""
    pairs = geometry.kernel, geometry.stride, geometry.padding
    if geometry.dimensions == 1:
        return FirstSpikeConv1d(maps, filters, *(pair[1:] for pair in pairs))
    return FirstSpikeConv2d(maps, filters, *pairs)


def decide(z: torch.Tensor) -> torch.Tensor:
    """Return classes int64 [...] of output times [..., n]: the earliest, or the lowest of a tie."""
    at = torch.arange(z.shape[-1], device=z.device)
    return torch.where(z == z.amin(-1, keepdim=True), at, z.shape[-1]).amin(-1)


def layers_of(model: torch.nn.Module) -> list[FirstSpikeLayer]:
    """Return the layers of a module in order. Raises `ConversionError` for other parts."""
    layers: list[FirstSpikeLayer] = []
    for name, part in model.named_modules():
        if isinstance(part, FirstSpikeLayer):
            layers.append(part)
        elif not list(part.children()) and not isinstance(part, _HARMLESS):
            raise ConversionError(
                f"{name or 'the module'} is a {type(part).__name__}, which has no counterpart in "
                "hardware: only first-spike layers have, one after the other."
            )
    if not layers:
        raise ConversionError("the module has no first-spike layer.")
    if [layer.output for layer in layers] != [False] * (len(layers) - 1) + [True]:
        raise ConversionError("the last layer, and no other, must have output=True.")
    if len({layer.quantised is None for layer in layers}) > 1:
        raise ConversionError("some layers are quantised and some are not: quantise the module.")
    return layers


def _geometry(
    model: torch.nn.Module, layers: Sequence[FirstSpikeLayer], n_inputs: int
) -> tuple[Geometry | None, ...]:
    """Return the geometry of each layer, None for a dense one; `n_inputs` is that of the encoder.

    Raises `ConversionError` if a layer does not fit the output of the one before.
    """
    geometry: dict[FirstSpikeLayer, Geometry] = {}

    def see(layer: torch.nn.Module, times: tuple[torch.Tensor]) -> None:
        if isinstance(layer, FirstSpikeConv):
            geometry[layer] = layer.geometry(tuple(times[0].shape[-layer.dimensions :]))

    hooks = [layer.register_forward_pre_hook(see) for layer in layers]
    try:
        with torch.no_grad():
            model(torch.full((1, n_inputs), torch.inf, device=layers[0].weight.device))
    except (ValueError, RuntimeError) as error:
        raise ConversionError(
            f"the module does not take the encoder's {n_inputs} inputs: {error}"
        ) from None
    finally:
        for hook in hooks:
            hook.remove()
    return tuple(geometry.get(layer) for layer in layers)


def _compare(model: torch.nn.Module, network: Network) -> None:
    rng = np.random.default_rng(0)
    shape = _TRIED, len(network.inputs)
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
