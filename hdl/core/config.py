# SPDX-License-Identifier: BSD-2-Clause
"""The parameters of a core, and its weights as chunks of the weight port.

This module is plain Python, so host software can use it without Amaranth. `ports` derives the ports
of the core from the parameters, and `firstspike.hdl.layer` derives the hardware of a layer.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from firstspike.golden.layers.geometry import Geometry
from firstspike.golden.layers.registry import geometry_of
from firstspike.golden.learning.state import MAX_STORED_BITS
from firstspike.golden.network import Network, NetworkError
from firstspike.golden.shipped import NetworkSource, load_network
from firstspike.golden.timing.folding import Folding
from firstspike.golden.widths import state_widths
from firstspike.hdl.layer.config import MAX_ADDRESSES, LayerConfig, Learning
from firstspike.hdl.layer.words import CHUNK_BITS, chunks_of, pack_words, unpack_words


@dataclass(frozen=True)
class CoreConfig:
    """The parameters of a core except its weights; networks of equal shape share the hardware.

    Only the Encoder uses `n_inputs`, `inputs` and `unit`; they are None in a core without bitmap.

    Attributes
    ----------
    layers : configuration of each layer, first layer first.
    deadline : last tick of an image.
    bitmap : bits per word of the bitmap port `words`, or None for a core without this port.
    n_inputs : pixels of a bitmap.
    inputs : the pixel index of each row of the first layer.
    unit : the tick at which bright pixels spike.
    """

    layers: tuple[LayerConfig, ...]
    deadline: int
    bitmap: int | None
    n_inputs: int | None
    inputs: tuple[int, ...] | None
    unit: int | None

    def __post_init__(self) -> None:
        foldings = [layer.folding for layer in self.layers]
        if not foldings or [folding.last for folding in foldings] != [
            number == len(foldings) - 1 for number in range(len(foldings))
        ]:
            raise NetworkError(
                f"a core has at least 1 layer, of which the last one alone is marked so, "
                f"not {foldings}"
            )
        for before, after in pairwise(foldings):
            if (before.n_out, before.sends) != (after.n_in, after.rows):
                raise NetworkError(
                    f"a layer of {after.n_in} rows, {after.rows} a cycle, does not follow one of "
                    f"{before.n_out} neurons, {before.sends} a cycle"
                )
        if self.bitmap is not None and None in (self.n_inputs, self.inputs, self.unit):
            raise NetworkError(
                "a core with a bitmap is told its n_inputs, inputs and unit: give all of them"
            )

    @classmethod
    def of(
        cls,
        network: NetworkSource,
        folding: Folding,
        any_weights: bool = False,
        stored_bits: int | None = None,
        last_layer: bool = False,
    ) -> "CoreConfig":
        """Return the configuration of a core for `network`, as `load_network` accepts it.

        The widths of S and M suffice for the network's own weights, or with `any_weights` for all
        weights of the network's `weight_bits`. With `stored_bits` the core learns: it stores
        weights of `stored_bits`, of which the layers use the top `weight_bits`; with `last_layer`
        only the last layer does. Raises NetworkError for a network that only the golden model can
        run, or learn.
        """
        network, learning = load_network(network), None
        if stored_bits is not None:
            _check_learning(network, folding, stored_bits, last_layer)
            learning = Learning(
                stored_bits=stored_bits,
                unit=network.unit,
                late_inputs=not network.takes_bitmap,
                last_layer=last_layer,
            )
            any_weights = True
        if network.max_spikes != 1:
            raise NetworkError(
                f"the hardware's neurons spike once an image, this network's up to "
                f"{network.max_spikes} times; set max_spikes to 1"
            )
        sizes = [layer.n_in for layer in network.layers]
        widths = state_widths(network, any_weights)
        layers = tuple(
            LayerConfig(
                folding=layer,
                weight_bits=network.weight_bits[i],
                threshold=network.thresholds[i],
                deadline=network.deadline,
                widths=widths[i],
                counted=tuple(sizes[: i + 1]),
                learning=learning,
                unit=network.unit if layer.double_buffered or layer.one_tick else None,
            )
            for i, layer in enumerate(folding.layers)
        )
        encodes, inputs = folding.bitmap is not None, network.inputs.tolist()
        n_inputs = network.n_inputs
        if folding.layers[0].rows > 1:  # the bitmap has only connected inputs
            n_inputs, inputs = len(inputs), range(len(inputs))
        return cls(
            layers=layers,
            deadline=network.deadline,
            bitmap=folding.bitmap,
            n_inputs=n_inputs if encodes else None,
            inputs=tuple(inputs) if encodes else None,
            unit=network.unit if encodes else None,
        )

    @property
    def folding(self) -> Folding:
        """The schedule parameters of the core, for the model `firstspike.golden.timing.cycles`."""
        return Folding(tuple(layer.folding for layer in self.layers), self.bitmap)

    @property
    def geometry(self) -> tuple[Geometry | None, ...]:
        """The geometry of each layer, None for a dense one."""
        return geometry_of(layer.folding.kind for layer in self.layers)

    @property
    def convolves(self) -> bool:
        """Whether a layer convolves."""
        return any(self.geometry)

    @property
    def learns(self) -> bool:
        """Whether the core has a Learner."""
        return self.layers[-1].learns

    @property
    def stored_bits(self) -> int | None:
        """Bits of a stored weight in a core that learns; None for any other core."""
        return self.layers[-1].stored_bits if self.learns else None


def _check_learning(network: Network, folding: Folding, stored_bits: int, last_layer: bool) -> None:
    """Raise NetworkError for a network that the hardware cannot learn."""
    hidden = network.n_layers - 1
    if not last_layer:
        network.check_dense("learning on the chip")
    if hidden != 1 and (hidden < 1 or not last_layer):
        raise NetworkError(
            f"the network has {hidden} hidden layers: the hardware learns with one, or of any "
            "number of them only the last layer"
        )
    for layer in folding.layers[-1:] if last_layer else folding.layers:
        if layer.n_in > MAX_ADDRESSES:
            raise NetworkError(
                f"a layer that learns on the chip has at most {MAX_ADDRESSES} inputs, not "
                f"{layer.n_in}"
            )
    if any(layer.rows > 1 for layer in folding.layers):
        raise NetworkError("a core that learns adds one row per cycle: leave several out")
    used = max(network.weight_bits[-1 if last_layer else 0 :])
    if stored_bits not in range(used, MAX_STORED_BITS + 1):
        raise NetworkError(
            f"this network's weights have {used} bits: a core that learns stores {used} to "
            f"{MAX_STORED_BITS} of each, not {stored_bits}"
        )


def weight_chunks(
    config: CoreConfig, network: Network, stored: Sequence[np.ndarray] | None = None
) -> Iterator[tuple[int, int, int]]:
    """Yield the chunks of the weights of `network` for the weight port, as (layer, address, data).

    For a core that learns, `stored` holds the stored weights, whose top bits are the weights of the
    network. Raises NetworkError if the core does not fit the network, or if its weights could
    overflow S or M.
    """
    for number, (layer, widths) in enumerate(
        zip(config.layers, state_widths(network), strict=True)
    ):
        ours = network.layers[number], network.weight_bits[number]
        if ours != (layer.folding.kind, layer.weight_bits) or (
            network.thresholds[number],
            network.deadline,
        ) != (layer.threshold, layer.deadline):
            raise NetworkError(
                f"layer {number} of the core is of another shape, threshold or deadline than the "
                "network's: generate a core for this network"
            )
        if widths.S > layer.widths.S or widths.M > layer.widths.M:
            raise NetworkError(
                f"the weights of layer {number} need {widths.S} bits of slope and {widths.M} of "
                f"potential, the core has {layer.widths.S} and {layer.widths.M}: generate a core "
                "for any weights, or for these"
            )
    stored_weights = network.weights if stored is None else stored
    for number, (layer, weights) in enumerate(zip(config.layers, stored_weights, strict=True)):
        for address, word in enumerate(pack_words(layer, weights)):
            for _ in range(chunks_of(layer)):
                yield number, address, word & ((1 << CHUNK_BITS) - 1)
                word >>= CHUNK_BITS


def weights_from_chunks(config: CoreConfig, chunks: Iterable[int]) -> tuple[np.ndarray, ...]:
    """Return the stored weights, int16 [n_in, n_out] per layer, from all chunks in word order."""
    chunks = iter(chunks)

    def words(layer: LayerConfig) -> Iterator[int]:
        for _ in range(layer.words):
            yield sum(int(next(chunks)) << i * CHUNK_BITS for i in range(chunks_of(layer)))

    return tuple(unpack_words(layer, words(layer)) for layer in config.layers)
