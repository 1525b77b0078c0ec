# SPDX-License-Identifier: BSD-2-Clause
"""The parameters of a core and of its layers, in plain Python: who talks to one needs no more.

What these parameters are in hardware is in `layouts` and `ports`.
"""

from dataclasses import dataclass
from itertools import pairwise

from firstspike.golden.learning.state import MAX_STORED_BITS
from firstspike.golden.network import Network, NetworkError
from firstspike.golden.timing.folding import Folding
from firstspike.golden.timing.layer import LayerFolding
from firstspike.golden.widths import StateWidths, state_widths

SEGMENT_LANES = 36
"""Lanes with copies of their own of what all are told: the block RAMs of as many are neighbours."""

NEAR_WORDS = 128
"""Words of a bank, at most, that may be in look-up tables."""


@dataclass(frozen=True, kw_only=True)
class Learning:
    """What a core that learns is built for."""

    stored_bits: int
    """Of a weight; the layers use the top `weight_bits` of them."""
    unit: int
    """Of the network."""


@dataclass(frozen=True, kw_only=True)
class LayerConfig:
    """Folding and number formats of one layer."""

    folding: LayerFolding
    weight_bits: int
    threshold: int
    deadline: int
    widths: StateWidths
    counted: tuple[int, ...]
    """n_in of the earlier layers and of this one: whose spikes its events count."""
    learning: Learning | None = None
    """None in a core that does not learn."""
    unit: int | None = None
    """The tick of all rows, in a layer that gathers."""

    def __post_init__(self):
        if not 1 <= self.weight_bits <= self.stored_bits <= MAX_STORED_BITS:
            raise NetworkError(
                f"weights have 1 to {MAX_STORED_BITS} bits, of which a layer uses all or the top "
                f"ones, not {self.weight_bits} of {self.stored_bits}"
            )
        if self.threshold < 1 or self.deadline < 1:
            raise NetworkError(
                f"threshold and deadline are at least 1, not {self.threshold} and {self.deadline}"
            )
        if self.folding.gathers and self.unit is None:
            raise NetworkError("a layer that gathers is told the unit, the tick of all its rows")
        if not self.counted or self.counted[-1] != self.folding.n_in:
            raise NetworkError(
                f"the spikes counted last are those of the layer's {self.folding.n_in} rows, "
                f"not of {self.counted}"
            )

    @property
    def learns(self) -> bool:
        """Whether a Learner changes the weights."""
        return self.learning is not None

    @property
    def stored_bits(self) -> int:
        """Bits of a weight in the weight store."""
        return self.learning.stored_bits if self.learning else self.weight_bits

    @property
    def unused_bits(self) -> int:
        """Low bits of a stored weight that the layer does not use."""
        return self.stored_bits - self.weight_bits

    @property
    def words(self) -> int:
        """Words of the weight store: each is one group's part of a row, a weight a lane."""
        return self.folding.words

    @property
    def word_bits(self) -> int:
        """Bits of such a word."""
        return self.stored_bits * self.folding.lanes

    @property
    def near(self) -> bool:
        """Whether the weights are in look-up tables, on devices whose tables can be memory.

        Those of a last layer with several banks are few, and block RAM is slow and seldom near.
        """
        folding = self.folding
        return folding.last and folding.rows > 1 and folding.bank_words <= NEAR_WORDS

    @property
    def segments(self) -> tuple[range, ...]:
        """Lanes that are told together what to do; where lanes may have to wait it is all."""
        lanes = self.folding.lanes
        size = SEGMENT_LANES if self.folding.rows > 1 else lanes
        return tuple(range(first, min(first + size, lanes)) for first in range(0, lanes, size))

    def lane_exists(self, group, lane: int):
        """Whether `lane` of `group` (a number or a hardware value) is a neuron.

        The last group may not be full. True, or a comparison of `group`.
        """
        if (self.folding.groups - 1) * self.folding.lanes + lane < self.folding.n_out:
            return True
        return group != self.folding.groups - 1


@dataclass(frozen=True)
class CoreConfig:
    """All parameters of a core but its weights: networks of one shape share the hardware.

    `inputs` and `unit` matter to the Encoder alone, so they are None without a bitmap.
    """

    layers: tuple[LayerConfig, ...]
    deadline: int
    bitmap: int | None
    n_inputs: int | None
    inputs: tuple[int, ...] | None
    unit: int | None

    def __post_init__(self):
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
        network: Network,
        folding: Folding,
        any_weights: bool = False,
        stored_bits: int | None = None,
    ) -> "CoreConfig":
        """The configuration of a core for `network`.

        S and M are as wide as its weights need, or with `any_weights` as any weights of their
        bits could need. With `stored_bits` the core learns, and weights have so many bits, of
        which the layers use the top ones. Raises NetworkError for a network that only the golden
        model runs, or learns.
        """
        learning = None
        if stored_bits is not None:
            _check_learning(network, folding, stored_bits)
            learning = Learning(stored_bits=stored_bits, unit=network.unit)
            any_weights = True
        if network.max_spikes != 1:
            raise NetworkError(
                f"the hardware's neurons spike once an image, this network's up to "
                f"{network.max_spikes} times; set max_spikes to 1"
            )
        sizes = [weights.shape[0] for weights in network.weights]
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
                unit=network.unit if layer.gathers else None,
            )
            for i, layer in enumerate(folding.layers)
        )
        encodes, inputs = folding.bitmap is not None, network.inputs.tolist()
        n_inputs = network.n_inputs
        if folding.layers[0].rows > 1:  # a bitmap of the connected ones
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
        """When the core does what, as `firstspike.golden.timing.cycles` asks for it."""
        return Folding(tuple(layer.folding for layer in self.layers), self.bitmap)

    @property
    def learns(self) -> bool:
        """Whether the core has a Learner."""
        return self.layers[-1].learns

    @property
    def stored_bits(self) -> int | None:
        """Of a weight in the store of a core that learns; None if it does not."""
        return self.layers[-1].stored_bits if self.learns else None


def _check_learning(network: Network, folding: Folding, stored_bits: int) -> None:
    """Raise NetworkError for a network that the hardware cannot learn."""
    if network.n_layers != 2:
        raise NetworkError(
            f"the network has {network.n_layers - 1} hidden layers: the hardware learns with one, "
            "and runs any number without learning"
        )
    if network.levels != 2 or network.late != -1:
        raise NetworkError(
            "the hardware learns networks whose inputs all spike at one tick: binary encoding and "
            "silent dark pixels"
        )
    if any(layer.rows > 1 for layer in folding.layers):
        raise NetworkError("a core that learns adds one row a cycle: leave several out")
    used = max(network.weight_bits)
    if not used <= stored_bits <= MAX_STORED_BITS:
        raise NetworkError(
            f"this network's weights have {used} bits: a core that learns stores {used} to "
            f"{MAX_STORED_BITS} of each, not {stored_bits}"
        )
