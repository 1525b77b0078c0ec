# SPDX-License-Identifier: BSD-2-Clause
"""The results of images, in one record for every target, and the differences of two records.

The golden model, hardware in simulation, a netlist and a board all return `Results` of images that
are classified or learned. Each target fills in the fields that it can measure; the others are None.
`differences` compares the fields that both records have.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from itertools import zip_longest
from typing import Any, Self

import numpy as np

from .encoding import events
from .shipped import NetworkSource, load_network
from .system.representation import short_repr

LoggedSpike = tuple[int, int, int]
"""(layer, tick, neuron); layer 0 is the first hidden layer."""

UNCOUNTED = -1
"""Value of `cycles` for an image whose clock cycles were not counted."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RuleTrace:
    """Figures of the rule of learning for n images; the letters are those of DESIGN, section 5."""

    until: np.ndarray
    """[n], the last tick regarded: min(deadline, zk + m); the deadline if forced, and zk without a
    label."""
    limit: np.ndarray
    """[n], zc: spikes before this tick take part; 0 without a label."""
    input_rows: np.ndarray
    """[n], number of input rows that spiked before zc; 0 without an update, as in the fields
    below."""
    input_updates: np.ndarray
    """[n], number of these input rows that were drawn."""
    hidden_rows: np.ndarray
    """[n], number of hidden neurons that spiked before zc."""
    output_updates: np.ndarray
    """[n], number of these hidden neurons that were drawn."""

    __repr__ = short_repr


@dataclass(frozen=True, kw_only=True, eq=False)
class Results:
    """The results of n images; arrays hold integers unless documented otherwise."""

    decision: np.ndarray
    """[n], the class."""
    tick: np.ndarray
    """[n], the tick of the decision."""
    forced: np.ndarray
    """bool [n], whether no output fired up to the deadline, so that the largest M won."""
    spikes_in: np.ndarray
    """[n, n_layers], the number of inputs of each layer that spiked until the decision."""
    error: np.ndarray
    """[n], error bits: address, tick, order, abort, label; 0 without errors."""
    cycles: np.ndarray | None = None
    """[n], clock cycles from the first word to the decision, or `UNCOUNTED`."""
    apart: np.ndarray | None = None
    """[n], clock cycles since the previous decision, for images without pauses between them; for
    the first image, equal to `cycles`."""
    lost: np.ndarray | None = None
    """bool [n], of a board: whether the line lost the answer; all figures of a lost image are 0."""

    hidden: tuple[np.ndarray, ...] | None = None
    """Only of the golden model: per hidden layer [n, n_out], the spike tick up to the deadline, 0
    for silent."""
    later: tuple[np.ndarray, ...] | None = None
    """Further spikes of each neuron in the same form: [n, n_out, max_spikes - 1]."""
    logs: Sequence[Sequence[LoggedSpike]] | None = None
    """Only of hardware: per image the hidden spikes in the order sent, until the decision and some
    time after."""

    updated: np.ndarray | None = None
    """bool [n], of a core that learns: whether any weight could change."""
    turnaround: np.ndarray | None = None
    """[n], clock cycles from the first word until the next image can start."""
    weights: tuple[np.ndarray, ...] | None = None
    """The stored weights after the last image, int16 [n_in, n_out] of each layer."""

    run_on: np.ndarray | None = None
    """[n], only of the golden model: `turnaround` without an update."""
    rule: RuleTrace | None = None
    """Only of the golden model, for images that are learned."""

    __repr__ = short_repr

    def __len__(self) -> int:
        return len(self.decision)

    @property
    def input_spikes(self) -> np.ndarray:
        """Number of spikes of connected inputs until the decision, [n]."""
        return self.spikes_in[:, 0]

    @property
    def hidden_spikes(self) -> np.ndarray:
        """Number of spikes of all hidden layers until the decision, [n]."""
        later = [until(ticks, self.tick).sum((1, 2), np.int32) for ticks in self.later or ()]
        return self.spikes_in[:, 1:].sum(1) + sum(later)

    @property
    def arrived(self) -> np.ndarray:
        """Mask bool [n] of the images that were not lost."""
        return np.ones(len(self), bool) if self.lost is None else ~self.lost

    def lookups(self, network: NetworkSource) -> np.ndarray:
        """Return the share of each layer's inputs that spiked until the decision, [n, n_layers].

        The share of the first layer includes unconnected inputs.
        """
        return self.spikes_in / np.array(load_network(network).shape[:-1])

    def spikes(self, image: int) -> list[LoggedSpike]:
        """Return the hidden spikes of one image until the decision, sorted: (layer, tick, neuron).

        Raises ValueError if the record has none.
        """
        if self.logs is not None:
            return sorted(
                (int(layer), int(tick), int(neuron))
                for layer, tick, neuron in self.logs[image]
                if tick < self.tick[image]
            )
        logged: list[LoggedSpike] = []
        for layer, first in enumerate(self.known_hidden()):
            ticks = first[image, :, None]
            if self.later is not None:
                ticks = np.concatenate([ticks, self.later[layer][image]], axis=1)
            neurons, _ = before = np.nonzero(until(ticks[None], self.tick[image, None])[0])
            logged += zip(
                [layer] * len(neurons), ticks[before].tolist(), neurons.tolist(), strict=True
            )
        return sorted(logged)

    def known_hidden(self) -> tuple[np.ndarray, ...]:
        """Return `hidden`. Raises ValueError if the record has none."""
        if self.hidden is None:
            raise ValueError(
                "the hidden spikes of these images are not known: take those of `infer`, or of "
                "`learn` with `trace`."
            )
        return self.hidden

    def select(self, which: np.ndarray | slice) -> Self:
        """Return some of the images, by a mask, numbers or a slice; `weights` are unchanged."""
        numbers = np.arange(len(self))[which]
        return _mapped([self], lambda one: one[0][which], lambda one: [one[0][n] for n in numbers])


def joined(parts: Sequence[Results]) -> Results:
    """Join the results of parts in this order; `weights` are those of the last part.

    A field is None unless all parts have it.
    """
    return _mapped(parts, np.concatenate, lambda lists: [one for part in lists for one in part])


def _mapped(
    parts: Sequence[Any], array: Callable[[Sequence[np.ndarray]], np.ndarray], logs: Callable
) -> Any:
    """Combine the fields of several records: `array` those that are arrays, `logs` the lists."""
    combined: dict[str, Any] = {}
    for field in fields(parts[0]):
        values = [getattr(part, field.name) for part in parts]
        if any(value is None for value in values):
            continue
        if field.name == "weights":
            combined["weights"] = values[-1]
        elif is_dataclass(values[0]):
            combined[field.name] = _mapped(values, array, logs)
        elif isinstance(values[0], np.ndarray):
            combined[field.name] = array(values)
        elif isinstance(values[0], tuple):
            combined[field.name] = tuple(map(array, zip(*values, strict=True)))
        else:
            combined[field.name] = logs(values)
    return type(parts[0])(**combined)


def until(ticks: np.ndarray, decision: np.ndarray) -> np.ndarray:
    """Return whether each of `ticks` [n, ...] is a spike before the tick of `decision` [n]."""
    return (ticks > 0) & (ticks < decision.reshape(-1, *[1] * (ticks.ndim - 1)))


@dataclass(frozen=True)
class Difference:
    """A difference between a target and the golden model; `str` returns it as a sentence."""

    image: int | None
    """Number of the image; None for a weight."""
    what: str
    """Name of the figure that differs, or "spike" or "weight"."""
    expected: Any
    """Value of the golden model; for a spike (tick, neuron), or None for no spike; for a weight
    (row, neuron, value)."""
    found: Any
    """Value of the target, in the same form."""
    layer: int | None = None
    """Layer of a spike, row or weight."""

    def __str__(self) -> str:
        if self.what == "weight":
            row, neuron, found = self.found
            where = f"weight of layer {self.layer}, row {row}, neuron {neuron}"
            return f"{where}: {found}, golden has {self.expected[-1]}"
        where = f"image {self.image}"
        if self.layer is not None:
            where += f", layer {self.layer}"
        if self.what != "spike":
            return f"{where}: {self.what} {self.found}, golden has {self.expected}"
        return f"{where}: {_spike(self.found)}, golden has {_spike(self.expected)}"


_FIGURES = (
    "decision",
    "tick",
    "forced",
    "error",
    "rows",
    "cycles",
    "apart",
    "updated",
    "turnaround",
)
"""Names of fields in differences, with `rows` for `spikes_in`."""


def differences(expected: Results, found: Results) -> Iterator[Difference]:
    """Yield every difference between the results `found` of a target and those of the golden model.

    The differences are in the order of the images, then of the weights. Fields that only one record
    has, and lost images, are not compared. For each layer only the first different spike of an
    image is reported: it causes the others. A log must be the beginning of the golden model's
    spikes up to the deadline, ordered by tick, then neuron, and must include all spikes until the
    decision: hardware runs ahead by at most a window, and stops when the decision is known.
    """
    figures = list(_figures(expected, found))
    for image in np.flatnonzero(found.arrived).tolist():
        if found.logs is not None and expected.hidden is not None:
            yield from _logged(image, expected, found.logs[image])
        for what, layer, ours, theirs in figures:
            if ours[image] != theirs[image]:
                yield Difference(image, what, ours[image], theirs[image], layer)
    if expected.weights is None or found.weights is None:
        return
    for layer, (stored, read) in enumerate(zip(expected.weights, found.weights, strict=True)):
        for at in np.argwhere(stored != read).tolist():
            expects, has = ((*at, int(weights[tuple(at)])) for weights in (stored, read))
            yield Difference(None, "weight", expects, has, layer)


def _figures(
    expected: Results, found: Results
) -> Iterator[tuple[str, int | None, list[Any], list[Any]]]:
    """Yield name, layer, and values [n] on both sides of each field that both records have."""
    for what in _FIGURES:
        field = "spikes_in" if what == "rows" else what
        ours, theirs = getattr(expected, field), getattr(found, field)
        if ours is None or theirs is None:
            continue
        if what in ("cycles", "turnaround"):
            ours = np.where(theirs == UNCOUNTED, UNCOUNTED, ours)
            theirs = np.where(ours == UNCOUNTED, UNCOUNTED, theirs)
        if ours.ndim == 1:
            yield what, None, ours.tolist(), theirs.tolist()
            continue
        for layer, columns in enumerate(zip(ours.T.tolist(), theirs.T.tolist(), strict=True)):
            yield what, layer, *columns


def _logged(image: int, expected: Results, log: Sequence[LoggedSpike]) -> Iterator[Difference]:
    """Yield the first difference of each layer between an image's log and the golden model."""
    spikes, hidden = np.asarray(log, np.int64).reshape(-1, 3), expected.known_hidden()
    for layer in sorted({*range(len(hidden)), *spikes[:, 0].tolist()}):
        ours = events(hidden[layer][image]).tolist() if 0 <= layer < len(hidden) else []
        theirs = spikes[spikes[:, 0] == layer, 1:].tolist()
        for expects, has in zip_longest(map(tuple, ours), map(tuple, theirs)):
            if expects != has:
                if has or expects[0] < expected.tick[image]:
                    yield Difference(image, "spike", expects, has, layer)
                break


def _spike(spike: tuple[int, int] | None) -> str:
    return "no spike" if spike is None else f"neuron {spike[1]} at tick {spike[0]}"
