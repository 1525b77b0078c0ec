"""Learning image by image in integers: the popcount rule (DESIGN, section 5).

An update makes the label's output fire earlier and its rivals later, touching only weights of
spikes that took part. A hidden neuron's share of the error goes back through nothing but the signs
of its output weights: two popcounts and a comparison.

The rule is for one hidden layer whose neurons spike once. Letters are the design's: the decision k
falls at tick zk, the margin is m ticks, and what spiked before tick zc took part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

UNLABELLED = -1
"""The label of an image that is only classified."""


class LearningError(ValueError):
    """Learning asked for with something that does not fit; the message says what would."""


@dataclass(frozen=True)
class Settings:
    """What an image is learned with: registers of the hardware. Raises `LearningError`."""

    step: int = 1
    """Correction of an input weight in stored units, 1..15."""
    row_draw: int = 0
    """j: a row of input weights is updated with probability 2^-j, 0..15."""
    output_draw: int = 0
    """The same of a hidden neuron's row of output weights."""
    every_competitor: bool = False
    """Whether every wrong output that fires inside the margin fires later, or one rival."""
    margin_shift: int = 3
    """The margin is m = max(margin_minimum, (zk - unit) >> margin_shift) ticks; 0..7."""
    margin_minimum: int = 2
    """At least 2 ticks: the hardware takes one to know m. At most 255."""

    def __post_init__(self) -> None:
        """Check every field."""
        for name, low, high in (
            ("step", 1, 15),
            ("row_draw", 0, 15),
            ("output_draw", 0, 15),
            ("every_competitor", 0, 1),
            ("margin_shift", 0, 7),
            ("margin_minimum", 2, 255),
        ):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer | np.bool_) or not low <= value <= high:
                raise LearningError(f"{name} is {value!r}: it must be an integer in {low}..{high}.")


def leap(s: int) -> int:
    """The random generator's next state: 16 steps of a 16-bit Galois LFSR.

    draw(2^-j) leaps once and is true if the low j bits of the new state are 0; draw(1) is true and
    does not leap. From any s in 1..65535 all others are reached, and never 0.
    """
    for _ in range(16):
        s = (s >> 1) ^ (0xB400 if s & 1 else 0)
    return s


@dataclass(frozen=True)
class Learned:
    """What became of n images, each as it was before its own update."""

    decision: np.ndarray
    """int32 [n], the class."""
    tick: np.ndarray
    """int32 [n], the tick of the decision, zk."""
    forced: np.ndarray
    """bool [n]: no output fired up to the deadline, and the largest M won."""
    until: np.ndarray
    """int32 [n], the last tick looked at: min(deadline, zk + m); the deadline if forced, and zk
    without a label."""
    updated: np.ndarray
    """bool [n]: whether any weight could change."""
    input_rows: np.ndarray
    """int32 [n], input rows that spiked before zc; 0 where there was no update, as the others."""
    input_updates: np.ndarray
    """int32 [n], those of them that were drawn."""
    hidden_rows: np.ndarray
    """int32 [n], hidden neurons that spiked before zc."""
    output_updates: np.ndarray
    """int32 [n], those of them that were drawn."""
    limit: np.ndarray
    """int32 [n], zc: spikes before this tick take part; 0 without a label."""
    hidden: tuple[np.ndarray, ...] | None
    """As in `Inference`, if asked for: int32 [n, n_hidden], spike ticks of the run to the deadline,
    0 for silent."""

    @classmethod
    def together(cls, parts: Sequence[Learned]) -> Learned:
        """What became of images that were learned part by part; hidden spikes only if all have."""
        joined = {
            one.name: np.concatenate([getattr(part, one.name) for part in parts])
            for one in fields(cls)
            if one.name != "hidden"
        }
        hidden = None
        if all(part.hidden is not None for part in parts):
            hidden = (np.concatenate([part.hidden[0] for part in parts]),)
        return cls(**joined, hidden=hidden)
