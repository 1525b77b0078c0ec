"""Compares what hardware did with the golden model, image by image, down to the spike and cycle.

A layer's spike log must be the beginning of golden's run to the deadline, ordered by tick, then
neuron, and must reach at least to the decision: hardware runs ahead by at most a window, and stops
when the decision is known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from firstspike.golden import Inference

Spike = tuple[int, int, int]
"""(layer, tick, neuron); layer 0 is the first hidden one."""

_NOTHING = np.empty((0, 2), np.int64)


@dataclass(frozen=True)
class Run:
    """What a target reports of n images."""

    decision: np.ndarray
    """[n], the class."""
    tick: np.ndarray
    """[n], the tick of the decision."""
    forced: np.ndarray
    """[n], whether nothing fired up to the deadline."""
    rows: np.ndarray
    """[n, n_layers], inputs of each layer that spiked until the decision."""
    cycles: np.ndarray | Sequence[int | None]
    """[n], clock cycles from the first word to the decision; of golden those it predicts, None for
    networks that the hardware does not run."""
    error: np.ndarray
    """[n], cause of an error, 0 for none."""
    logs: Sequence[Sequence[Spike]] | None
    """Per image the hidden spikes as they were sent on; those after the decision do not count.
    None where the target does not tell them."""


@dataclass(frozen=True)
class Difference:
    """One way in which a target differs from the golden model; `str` makes a sentence of it."""

    image: int
    what: str
    """"spike", "decision", "tick", "forced", "error", "rows" or "cycles"."""
    expected: Any
    """Golden's value; of a spike (tick, neuron), or None where there should be none."""
    found: Any
    """The target's value, likewise."""
    layer: int | None = None
    """For spikes and rows."""

    def __str__(self) -> str:
        where = f"image {self.image}"
        if self.layer is not None:
            where += f", layer {self.layer}"
        if self.what != "spike":
            return f"{where}: {self.what} {self.found}, golden has {self.expected}"
        return f"{where}: {_spike(self.found)}, golden has {_spike(self.expected)}"


def differences(
    inference: Inference,
    cycles: Sequence[int | None] | np.ndarray,
    run: Run,
    error: np.ndarray | None = None,
) -> Iterator[Difference]:
    """Every difference between `run` and golden, image after image; none if they are equal.

    `cycles`: [n], golden's prediction, None where there is nothing to compare. `error`: [n], the
    causes expected, by default none.
    Of a layer's spikes only the first difference in an image is given: it causes the others.
    """
    if error is None:
        error = np.zeros(len(cycles), np.int64)
    for image in range(len(cycles)):
        if run.logs is not None:
            yield from _logged(image, inference, run.logs[image])
        for what, ours, theirs in (
            ("decision", inference.decision, run.decision),
            ("tick", inference.tick, run.tick),
            ("forced", inference.forced, run.forced),
            ("error", error, run.error),
        ):
            if ours[image] != theirs[image]:
                yield Difference(image, what, ours[image].item(), np.asarray(theirs)[image].item())
        for layer, (ours, theirs) in enumerate(
            zip(inference.rows[image].tolist(), np.asarray(run.rows)[image].tolist(), strict=True)
        ):
            if ours != theirs:
                yield Difference(image, "rows", ours, theirs, layer)
        if cycles[image] is not None and cycles[image] != run.cycles[image]:
            yield Difference(image, "cycles", int(cycles[image]), int(run.cycles[image]))


def _logged(image: int, inference: Inference, log: Sequence[Spike]) -> Iterator[Difference]:
    """The first difference of each layer between an image's log and golden."""
    spikes = np.asarray(log, np.int64).reshape(-1, 3)
    for layer in sorted({*range(len(inference.hidden)), *spikes[:, 0].tolist()}):
        known = 0 <= layer < len(inference.hidden)
        expected = by_tick(inference.hidden[layer][image]) if known else _NOTHING
        found = spikes[spikes[:, 0] == layer, 1:]
        yield from _spikes(image, layer, expected, found, inference.tick[image])


def by_tick(ticks: np.ndarray) -> np.ndarray:
    """One layer's spike ticks [n_out] as int [k, 2], (tick, neuron) in the order of the log."""
    neurons = np.flatnonzero(ticks)
    neurons = neurons[np.argsort(ticks[neurons], kind="stable")]
    return np.column_stack([ticks[neurons], neurons])


def _spikes(
    image: int, layer: int, expected: np.ndarray, found: np.ndarray, decision: int
) -> Iterator[Difference]:
    """The first difference between a layer's log and golden's spikes, both [k, 2], if any."""
    common = min(len(expected), len(found))
    unequal = np.flatnonzero((expected[:common] != found[:common]).any(1))
    at = unequal[0] if unequal.size else common
    lost = at < len(expected) and expected[at, 0] < decision
    if at < len(found) or lost:
        yield Difference(
            image,
            "spike",
            tuple(expected[at].tolist()) if at < len(expected) else None,
            tuple(found[at].tolist()) if at < len(found) else None,
            layer,
        )


def _spike(spike: tuple[int, int] | None) -> str:
    return "no spike" if spike is None else f"neuron {spike[1]} at tick {spike[0]}"
