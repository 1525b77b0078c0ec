# SPDX-License-Identifier: BSD-2-Clause
"""The state of learning, which continues from it exactly: stored weights, generator, position."""

import io
import json
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from firstspike.golden.foreign.fields import (
    INTEGER,
    MATRIX,
    MOST_BYTES,
    TEXT,
    Fields,
    Kind,
    NetworkError,
    integer,
)
from firstspike.golden.layers.kind import weight_range
from firstspike.golden.network import Network
from firstspike.golden.shipped import NetworkSource, load_network
from firstspike.golden.system.errors import convert_errors
from firstspike.golden.system.files import read_file, replace_file
from firstspike.golden.system.representation import short_repr

from .rule import LearningError

FORMAT = "firstspike-learning-1"
MAX_STORED_BITS = 12
STORED_BITS = 8
"""Default number of bits of a stored weight."""

_INTEGERS = ("stored_bits", "generator", "done")
_BOTH, _LAST = ("stored_0", "stored_1"), ("stored_last",)
"""Fields of the stored weights: of both layers, or of the last one if only this layer learns."""
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("format", "meta", "beside"), TEXT),
    **dict.fromkeys(_INTEGERS, INTEGER),
    "network": Kind("the bytes of a network file", "u", 1),
}
UNIT, DEADLINE = 64, 384
"""Unit and deadline, in ticks, of a network with random weights."""

_STARTS = {8: ((512, 512), ((-20, 28), (-40, 56))), 10: ((256, 256), ((-20, 36), (-39, 71)))}
"""Thresholds and initial weights of both layers by stored bits, of which the upper 8 are used.

Weights are in stored units, uniform from the first number to the last.
"""


@dataclass(eq=False)
class LearningState:
    """The data that `learn` changes, and its network.

    Create a state with `random`, `of` or `load`. Raises `LearningError` for an invalid field.
    """

    weights: tuple[np.ndarray, ...]
    """Stored weights, int16 [n_in, n_out] of both layers, or only of the last one, which then
    learns alone; inference uses the top bits."""
    stored_bits: int
    """Bits of a stored weight, from the bits in use to 12."""
    generator: int
    """State of the random generator, 1..65535."""
    template: Network
    """The network without its weights."""
    done: int = 0
    """Images learned so far."""
    meta: dict[str, Any] = field(default_factory=dict)
    """Data that a program needs to continue, such as the run (anything JSON can hold)."""

    __repr__ = short_repr

    def __post_init__(self) -> None:
        network = self.template
        self._check_layers()
        used = max(network.weight_bits[self.first_layer :])
        with convert_errors(LearningError, "", NetworkError):
            self.stored_bits = integer("stored_bits", self.stored_bits, used, MAX_STORED_BITS)
            self.generator = integer("generator", self.generator, 1, (1 << 16) - 1)
            self.done = integer("done", self.done, 0, (1 << 63) - 1)
        low, high = weight_range(self.stored_bits)
        changed = network.weights[self.first_layer :]
        for weights, expected in zip(self.weights, changed, strict=True):
            if weights.shape != expected.shape or weights.dtype.kind not in "iu":
                raise LearningError(
                    f"stored weights are {weights.dtype} {list(weights.shape)}: "
                    f"this network's are integers {list(expected.shape)}."
                )
            if weights.min() < low or weights.max() > high:
                raise LearningError(
                    f"stored weights go from {weights.min()} to {weights.max()}: "
                    f"{self.stored_bits} bits allow {low}..{high}."
                )
        self.weights = tuple(np.array(weights, np.int16, order="C") for weights in self.weights)

    def _check_layers(self) -> None:
        """Raise `LearningError` unless these layers of the network can learn."""
        network = self.template
        hidden, only_last = network.n_layers - 1, len(self.weights) == 1
        if network.max_spikes != 1 or (hidden < 1 if only_last else hidden != 1):
            raise LearningError(
                f"the network has {hidden} hidden layers and max_spikes {network.max_spikes}: "
                "learning is for one hidden layer that spikes once, or, of any number of them, for "
                "the last layer only."
            )
        if not only_last:
            network.check_dense("learning image by image")

    @property
    def last_layer(self) -> bool:
        """Whether only the last layer learns."""
        return len(self.weights) == 1

    @property
    def first_layer(self) -> int:
        """Index of the first layer that learns."""
        return self.template.n_layers - len(self.weights)

    @property
    def stored(self) -> tuple[np.ndarray, ...]:
        """The weights of all layers as a core stores them."""
        return (*self.template.weights[: self.first_layer], *self.weights)

    @classmethod
    def random(
        cls,
        layers: tuple[int, ...] = (784, 600, 10),
        stored_bits: int = STORED_BITS,
        seed: int = 1,
        *,
        inputs: np.ndarray | None = None,
        **fields: Any,
    ) -> Self:
        """Start with random weights of 8 or 10 stored bits, the upper 8 of them used.

        `inputs` are the connected ones, None for all. `fields` are further fields of `Network`; the
        default encoding is binary with silent dark inputs.
        """
        if len(layers) != 3:
            raise LearningError(
                f"{'-'.join(map(str, layers))} has {len(layers) - 2} hidden layers: "
                "learning is for one, as in 784-600-10."
            )
        if stored_bits not in _STARTS:
            raise LearningError(f"stored_bits is {stored_bits}: random weights have 8 or 10.")
        thresholds, ranges = _STARTS[stored_bits]
        inputs = np.arange(layers[0]) if inputs is None else np.asarray(inputs)
        rng = np.random.default_rng(seed)
        shapes = ((len(inputs), layers[1]), layers[1:])
        weights = tuple(
            rng.integers(low, high, shape, np.int16, endpoint=True)
            for (low, high), shape in zip(ranges, shapes, strict=True)
        )
        network_fields: dict[str, Any] = {"encoding": "binary", "late": -1} | fields
        network = Network(
            tuple(w >> (stored_bits - 8) for w in weights),
            (8, 8),
            thresholds,
            UNIT,
            DEADLINE,
            layers[0],
            inputs,
            **network_fields,
        )
        return cls(weights, stored_bits, _seeded(rng), network)

    @classmethod
    def of(
        cls,
        network: NetworkSource,
        stored_bits: int = STORED_BITS,
        seed: int = 1,
        last_layer: bool = False,
    ) -> Self:
        """Start with a network's weights; unused lower bits start in the middle of their range.

        `network` is as `load_network` accepts it. With `last_layer` only the last layer learns.
        """
        network = load_network(network)
        generator = _seeded(np.random.default_rng(seed))
        state = cls(network.weights[-1 if last_layer else 0 :], stored_bits, generator, network)
        for weights, bits in state._by_bits():
            weights <<= stored_bits - bits
            weights += (1 << stored_bits - bits) >> 1
        return state

    @property
    def network(self) -> Network:
        """The current network: the used bits of the stored weights."""
        used = (weights >> (self.stored_bits - bits) for weights, bits in self._by_bits())
        fixed = self.template.weights[: self.first_layer]
        return replace(self.template, weights=(*fixed, *used))

    def _by_bits(self) -> Iterator[tuple[np.ndarray, int]]:
        """Yield the stored weights of each layer that learns, and their number of bits in use."""
        bits = self.template.weight_bits[self.first_layer :]
        return zip(self.weights, bits, strict=True)

    def copy(self) -> Self:
        """Return an independent copy."""
        return replace(self, meta=json.loads(json.dumps(self.meta)))

    def kill(self, fraction: float, rng: "np.random.Generator") -> None:
        """Disable a fraction of the hidden neurons: without input weights they never fire.

        They do not learn either, since their B stays 0. Raises `LearningError` if only the last
        layer learns.
        """
        if self.last_layer:
            raise LearningError("only the last layer learns: its hidden neurons cannot be killed.")
        self.weights[0][:, rng.random(self.template.shape[1]) < fraction] = 0

    def save(self, path: str | os.PathLike[str], beside: Network | None = None) -> None:
        """Write the state file; an existing file is replaced completely or not at all.

        The state belongs to the current network. It also belongs to `beside`, the network in the
        network file until that file is replaced, so learning can continue if the process is killed
        between both writes.
        """
        file = io.BytesIO()
        arrays: dict[str, Any] = {name: getattr(self, name) for name in _INTEGERS}
        arrays |= zip(_LAST if self.last_layer else _BOTH, self.weights, strict=True)
        np.savez_compressed(
            file,
            format=FORMAT,
            network=np.frombuffer(self.network.to_bytes(), np.uint8),
            beside="" if beside is None else beside.digest(),
            meta=json.dumps(self.meta, sort_keys=True),  # equal states give equal bytes
            **arrays,
        )
        replace_file(path, file.getvalue())

    @classmethod
    def load(cls, path: str | os.PathLike[str], network: Network | None = None) -> "LearningState":
        """Read a state file, and check that it belongs to `network`, if one is given.

        Raises `LearningError` for invalid content, `OSError` if the file cannot be read.
        """
        wrong = f"{path} is not a valid state of learning: "
        with convert_errors(LearningError, wrong, NetworkError, LearningError):
            state, second_digest = _state_of(Fields.of(read_file(path, MOST_BYTES), _kinds))
        if network is not None and network.digest() not in (state.template.digest(), second_digest):
            raise LearningError(f"{path} is the state of another network: move it away.")
        return state


def held_weights(network: Network, stored_bits: int | None) -> tuple[np.ndarray, ...]:
    """Return the weights int [n_in, n_out] of each layer in the store of a core for the network.

    A core with `stored_bits` continues learning from them. Raises `LearningError` for a network
    that cannot be learned.
    """
    if stored_bits is None:
        return network.weights
    return LearningState.of(network, stored_bits).weights


def _seeded(rng: "np.random.Generator") -> int:
    return int(rng.integers(1, 1 << 16))


def _stored(names: Collection[str]) -> tuple[str, ...]:
    """Return the fields of the stored weights in a file with these fields."""
    return _LAST if _LAST[0] in names else _BOTH


def _kinds(names: Collection[str]) -> dict[str, Kind]:
    """Return the fields that a file with these fields may have."""
    return _KINDS | dict.fromkeys(_stored(names), MATRIX)


def _state_of(fields: Fields) -> tuple[LearningState, str]:
    """Return the state in a file's fields, and the digest of its second network, or ""."""
    fields.check_format(FORMAT)
    state = LearningState(
        weights=tuple(fields[name] for name in _stored(fields)),
        template=Network.from_bytes(fields["network"].tobytes()),
        meta=fields.meta(),
        **{name: fields.take(name, int) for name in _INTEGERS},
    )
    if any(map(np.any, map(np.subtract, state.network.weights, state.template.weights))):
        raise LearningError("its stored weights are not those of the network it holds.")
    return state, fields.take("beside", str)
