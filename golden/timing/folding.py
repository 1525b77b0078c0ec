"""How a core is laid out in time: lanes, groups, windows and pipeline depths of every layer.

This is the one place where a clock cycle of latency is written down. The hardware builds its
pipelines from it and `cycles` counts with it, so the two cannot drift apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from firstspike.golden.network import Network, NetworkError

MAX_WINDOW = 4
"""Largest k: a window of 2^k ticks costs k stages in the crossing unit and 2^k queue buckets."""

DRAIN_BLOCK = 16
"""Lanes whose fired bits are searched in one cycle; more are searched block by block."""

MASK_PLACES = 8
"""A power of two: twice those under way, when one is made and one is taken in every cycle."""

BANK_WORDS = 1024
"""Of a large weight store, in a bank: as many as one block RAM of the ECP5 is deep."""

DEFAULT_LANES = 64

DEFAULT_WINDOW = 4
"""The fastest k for both shipped networks, from 8 to 64 lanes (measured: docs/architecture.md)."""

LEVELS_PER_STAGE = 1
"""Levels of the decision's comparison tree between two registers."""


WALK_START_CYCLES = 4
"""Of a walk over the rows that took part in an image, to the first: block, word, memory, row."""


@dataclass(frozen=True, kw_only=True)
class LayerFolding:
    """The shape of one layer in hardware, as far as it decides about clock cycles.

    `window` is k: time advances by at most 2^k ticks in one walk over the groups.
    """

    n_in: int
    n_out: int
    lanes: int
    window: int
    last: bool

    def __post_init__(self):
        if not 1 <= self.lanes <= self.n_out:
            raise NetworkError(
                f"a layer of {self.n_out} neurons takes 1 to {self.n_out} lanes, not {self.lanes}"
            )
        if not 0 <= self.window <= MAX_WINDOW:
            raise NetworkError(f"the window is 0 to {MAX_WINDOW}, not {self.window}")
        if self.window and (self.groups == 1 or self.last):
            raise NetworkError("a layer of one group, and the last layer, advance tick by tick")

    @property
    def groups(self) -> int:
        """G: neuron = group * lanes + lane."""
        return -(-self.n_out // self.lanes)

    @property
    def fetch_stages(self) -> int:
        """Registers an event and its operation enter before that meets the state of its lanes.

        One for the event, one for the row list (only where rows are replayed for further
        groups), one for the weight address, and those of the word.
        """
        return (3 if self.groups > 1 else 2) + self.word_stages

    @property
    def word_stages(self) -> int:
        """One for the memory, one more where there are several banks, one for the word."""
        return 2 if self.banks == 1 else 3

    @property
    def words(self) -> int:
        """Of the weight store: group by group, in each a word a row."""
        return self.groups * self.n_in

    @property
    def bank_words(self) -> tuple[int, ...]:
        """Words of each bank of the weight store; of several one is chosen a cycle after the read.

        Block RAMs of many lanes are far from one another and from the lanes. Only where lanes never
        wait: such a store could not.
        """
        if not self.mask_places:
            return (self.words,)
        starts = range(0, self.words, BANK_WORDS)
        return tuple(min(BANK_WORDS, self.words - start) for start in starts)

    @property
    def banks(self) -> int:
        """How many there are."""
        return len(self.bank_words)

    @property
    def update_cycles(self) -> int:
        """From an update's being given out until its word has been written: read, add.

        (The register for the word is that for the sum here.)
        """
        return self.word_stages

    @property
    def drain_blocks(self) -> int:
        """Blocks in which fired lanes are searched."""
        return -(-self.lanes // DRAIN_BLOCK)

    @property
    def mask_places(self) -> int:
        """Masks of fired lanes that wait for the drain; 0 where the lanes wait for it instead.

        So many lanes are far from one another, and from what would have to tell them to wait.
        """
        return MASK_PLACES if self.drain_blocks > 1 and not self.last else 0

    @property
    def decision_stages(self) -> int:
        """Registers from a tick's potentials to the decision: the input's, the tree's, its own."""
        levels = (self.lanes - 1).bit_length()
        return 2 + -(-levels // LEVELS_PER_STAGE)

    @property
    def spikes_under_way(self) -> int:
        """Spikes that the last layer can have taken in whose tick the decision has not seen."""
        return self.fetch_stages + self.decision_stages + 2


def settle_cycles(hidden: LayerFolding, last: LayerFolding) -> int:
    """Cycles a learner waits until nothing is left of an image: enough for all that is under way.

    The end of the image goes through all registers of the hidden layer, drain, crossing unit and
    queue included; at the same time the spikes under way are sorted out, one a cycle.
    """
    drain = 4 if hidden.drain_blocks > 1 else 1
    end = hidden.fetch_stages + drain + hidden.window + 5
    return max(end, last.spikes_under_way + 3)


@dataclass(frozen=True)
class Folding:
    """The layers of a core, the first one first, and the width of the bitmap in front, if any."""

    layers: tuple[LayerFolding, ...]
    bitmap: int | None = None

    @classmethod
    def of(
        cls,
        network: Network,
        lanes: int | None = None,
        window: int | None = None,
        bitmap: int | None = None,
    ) -> Folding:
        """The folding of `network` with min(lanes, n_out) lanes in every layer.

        `lanes` None is 64. `window` sets k for the layers with more than one group but the
        last; None is DEFAULT_WINDOW. `bitmap` puts an
        Encoder in front that takes the pixels in words of that many bits.

        Raises NetworkError where a value is out of range.
        """
        if lanes is None:
            lanes = DEFAULT_LANES
        if lanes < 1:
            raise NetworkError(f"a core has at least 1 lane, not {lanes}")
        if window is not None and not 0 <= window <= MAX_WINDOW:
            raise NetworkError(f"the window is 0 to {MAX_WINDOW}, not {window}")
        if bitmap is not None:
            if not 8 <= bitmap <= 32:
                raise NetworkError(f"a bitmap comes in words of 8 to 32 bits, not {bitmap}")
            if not network.takes_bitmap:
                raise NetworkError(
                    "only a network with binary encoding and silent dark pixels takes a bitmap; "
                    "feed this one with events"
                )
        layers = []
        for index, weights in enumerate(network.weights):
            n_in, n_out = weights.shape
            last = index == len(network.weights) - 1
            used = min(lanes, n_out)
            windowed = used < n_out and not last
            k = DEFAULT_WINDOW if window is None else window
            layers.append(
                LayerFolding(
                    n_in=n_in,
                    n_out=n_out,
                    lanes=used,
                    window=k if windowed else 0,
                    last=last,
                )
            )
        return cls(tuple(layers), bitmap)

    def bound(self, rows: np.ndarray) -> np.ndarray:
        """Cycles that the weights' bandwidth alone asks for: the sum of rows * groups.

        `rows` (n, n_layers) are the spikes into each layer until the decision.
        """
        return np.asarray(rows) @ np.array([layer.groups for layer in self.layers])
