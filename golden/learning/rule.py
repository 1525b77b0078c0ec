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
from typing import TYPE_CHECKING

import numpy as np

from firstspike.golden.integer import checked_ticks

if TYPE_CHECKING:
    from .state import LearningState

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


ANNEALING: dict[int, tuple[tuple[float, int, int, int], ...]] = {
    8: ((0.0, 2, 0, 1), (0.2, 1, 0, 2), (0.45, 1, 1, 3), (0.7, 1, 2, 4)),
    10: ((0.0, 4, 0, 0), (0.2, 2, 0, 1), (0.45, 1, 0, 2), (0.7, 1, 1, 3)),
}
"""By stored bits: (from this fraction of the run on, step, row_draw, output_draw)."""


def settings_at(stored_bits: int, n: int, N: int, every_competitor: bool = False) -> Settings:
    """Settings of image n, counted from 0, in a run of N images."""
    if stored_bits not in ANNEALING:
        raise LearningError(
            f"there is no annealing for {stored_bits} stored bits: "
            f"there is one for {' and for '.join(map(str, ANNEALING))}."
        )
    if not 0 <= n < N:
        raise LearningError(f"image {n} is not in a run of {N} images, counted from 0.")
    phase = [phase for phase in ANNEALING[stored_bits] if n / N >= phase[0]][-1]
    return Settings(*phase[1:], every_competitor=every_competitor)


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


def learn(
    state: LearningState,
    ticks: np.ndarray,
    labels: np.ndarray,
    settings: Settings,
    exact: bool = False,
    trace: bool = False,
) -> Learned:
    """Learn images one after the other: each is decided with what the ones before it left.

    `ticks`: int32 [n, n_rows] as `encode` makes them; `labels`: int [n], a class or `UNLABELLED`.
    `state` is brought up to date at the end: an interrupt leaves it as it was. With `trace` the
    hidden spikes are kept. Raises `LearningError` for labels that do not fit the network, and
    `EncodingError` for ticks that do not.

    `exact` is an ablation that no hardware has. The correction of hidden neuron h is not
    sign(p - q) but the weight-valued sum that p and q count the signs of, in units of the mean
    absolute output weight w: delta[h] = (sum of W2[h, o] over D_plus - that over D_minus) / w, or
    -1 where it is 0 and the rule has its -1. step * delta[h] is rounded to one of its neighbours
    at random, in the mean to itself; each drawn input row takes one more state of the generator
    for that, with which a larger one begins.
    """
    from .kernel import learn_images  # numba takes a while to import

    network = state.template
    ticks = checked_ticks(network, ticks)
    labels = np.asarray(labels)
    if labels.shape != (len(ticks),) or labels.dtype.kind not in "iu":
        raise LearningError(
            f"the labels are {labels.dtype} {list(labels.shape)}: "
            f"give one integer for each of the {len(ticks)} images."
        )
    labels = labels.astype(np.int64)
    classes = network.shape[-1]
    if labels.size and (labels.min() < UNLABELLED or labels.max() >= classes):
        wrong = int(labels[(labels < UNLABELLED) | (labels >= classes)][0])
        raise LearningError(
            f"the label {wrong} is no class: labels are in 0..{classes - 1}, "
            f"or {UNLABELLED} for none."
        )
    n, n_hidden = len(ticks), network.shape[1]
    learned = Learned(
        *(np.zeros(n, kind) for kind in (np.int32, np.int32, bool, np.int32, bool)),
        *(np.zeros(n, np.int32) for _ in range(5)),
        hidden=(np.zeros((n, n_hidden), np.int32),) if trace else None,
    )
    W1, W2 = (weights.copy() for weights in state.weights)
    generator = learn_images(
        ticks,
        labels,
        W1,
        W2,
        state.stored_bits,
        np.array(network.weight_bits),
        np.array(network.thresholds),
        network.unit,
        network.deadline,
        settings.step,
        settings.row_draw,
        settings.output_draw,
        bool(settings.every_competitor),
        settings.margin_shift,
        settings.margin_minimum,
        exact,
        state.generator,
        *(getattr(learned, field.name) for field in fields(learned)[:-1]),
        learned.hidden[0] if trace else np.zeros((0, n_hidden), np.int32),
    )
    state.weights[0][:], state.weights[1][:] = W1, W2
    state.generator = generator
    state.done += int((labels != UNLABELLED).sum())
    return learned
